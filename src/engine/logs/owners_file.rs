//! The bytes in which `cache/rows` keeps which rows the logs have: a key, then for each model the logs,
//! each with the state of its file and the hashes of its rows' ids; behind it all a checksum.
//!
//! Nobody trusts it: what does not read as it was written counts as no cache, and a log whose file is in
//! another state is read.

use hashbrown::HashMap;

use crate::catalogue::ModelId;
use crate::disk::Stamp;

/// How the bytes begin.
const BEGINNING: &[u8; 16] = b"quilltap rows 1\n";

/// The owners of logs, each with the hashes of its rows' ids.
pub(super) type RowsOfLogs = HashMap<Box<str>, Vec<u32>>;

/// What is to be saved, by model.
pub(crate) struct RowsToSave {
    pub(crate) key: [u8; 16],
    pub(crate) models: Vec<(ModelId, RowsOfLogs)>,
}

/// One log as it was saved.
#[derive(Debug, PartialEq)]
pub(crate) struct SavedLog {
    pub(crate) owner: Box<str>,
    /// Of its file; none where there was none.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) rows: Vec<u32>,
}

/// What was saved: by the name of the collection, its logs.
#[derive(Debug, PartialEq)]
pub(crate) struct Saved {
    pub(crate) key: [u8; 16],
    pub(crate) collections: Vec<(String, Vec<SavedLog>)>,
}

impl Saved {
    /// The bytes of a cache.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = BEGINNING.to_vec();
        bytes.extend(self.key);
        for (collection, logs) in &self.collections {
            put_text(&mut bytes, collection);
            put_number(&mut bytes, logs.len());
            logs.iter().for_each(|log| put_log(&mut bytes, log));
        }
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// What some bytes say; `None` when they are not just as [`Saved::encode`] writes them.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Saved> {
        let (bytes, checksum) = bytes.split_last_chunk()?;
        let (beginning, mut rest) = bytes.split_first_chunk()?;
        if crc32fast::hash(bytes) != u32::from_le_bytes(*checksum) || beginning != BEGINNING {
            return None;
        }
        let key = *take::<16>(&mut rest)?;
        let mut collections = Vec::new();
        while !rest.is_empty() {
            let collection = take_text(&mut rest)?.to_owned();
            let count = take_number(&mut rest)?;
            let logs: Option<Vec<SavedLog>> = (0..count).map(|_| take_log(&mut rest)).collect();
            collections.push((collection, logs?));
        }
        Some(Saved { key, collections })
    }
}

fn put_number(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len());
    bytes.extend(text.as_bytes());
}

fn put_log(bytes: &mut Vec<u8>, log: &SavedLog) {
    put_text(bytes, &log.owner);
    bytes.push(u8::from(log.stamp.is_some()));
    if let Some(stamp) = log.stamp {
        bytes.extend(stamp.len.to_le_bytes());
        bytes.extend(stamp.modified_ns.to_le_bytes());
        bytes.extend(stamp.file_number.to_le_bytes());
    }
    put_number(bytes, log.rows.len());
    bytes.extend(log.rows.iter().flat_map(|row| row.to_le_bytes()));
}

fn take<'b, const N: usize>(rest: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(taken)
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()
}

fn take_text<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    let len = take_number(rest)?;
    let (text, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}

fn take_log(rest: &mut &[u8]) -> Option<SavedLog> {
    let owner = take_text(rest)?.into();
    let stamp = match take::<1>(rest)? {
        [0] => None,
        _ => Some(Stamp {
            len: u64::from_le_bytes(*take(rest)?),
            modified_ns: i128::from_le_bytes(*take(rest)?),
            file_number: u64::from_le_bytes(*take(rest)?),
        }),
    };
    let len = take_number(rest)?.checked_mul(4)?;
    let (rows, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    let row = |row: &[u8]| Some(u32::from_le_bytes(*row.first_chunk()?));
    Some(SavedLog { owner, stamp, rows: rows.chunks_exact(4).filter_map(row).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log() -> impl Strategy<Value = SavedLog> {
        let stamp = (any::<u64>(), any::<i128>(), any::<u64>())
            .prop_map(|(len, modified_ns, file_number)| Stamp { len, modified_ns, file_number });
        let rows = proptest::collection::vec(any::<u32>(), 0..4);
        (".{0,4}", proptest::option::of(stamp), rows).prop_map(|(owner, stamp, rows)| SavedLog {
            owner: owner.into(),
            stamp,
            rows,
        })
    }

    fn saved() -> impl Strategy<Value = Saved> {
        let logs = proptest::collection::vec(log(), 0..4);
        let collections = proptest::collection::vec((".{0,4}", logs), 0..3);
        (any::<[u8; 16]>(), collections).prop_map(|(key, collections)| Saved { key, collections })
    }

    proptest! {
        #[test]
        fn what_was_saved_comes_back(saved in saved()) {
            prop_assert_eq!(Saved::decode(&saved.encode()), Some(saved));
        }

        #[test]
        fn a_torn_or_spoilt_cache_is_none(saved in saved(), at: prop::sample::Index, bit in 0..8_u8) {
            let mut bytes = saved.encode();
            let at = at.index(bytes.len());
            prop_assert_eq!(Saved::decode(&bytes[..at]), None);
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Saved::decode(&bytes), None);
        }
    }
}
