//! The lines of a log as its index sees them, read apart from it: many of them on several threads.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use super::row::{DELETED, HEADER, Head};
use crate::engine::clock;

/// Bytes that are looked at in one go while a log is indexed.
const SHARE: usize = 16 << 10;

/// Two independent hashes of an id, under keys that an attacker cannot know.
pub(crate) fn hash_of(id: &str) -> u128 {
    static KEYS: OnceLock<(RandomState, RandomState)> = OnceLock::new();
    let (one, other) = KEYS.get_or_init(|| (RandomState::new(), RandomState::new()));
    u128::from(one.hash_one(id)) << 64 | u128::from(other.hash_one(id))
}

/// What a line says of itself.
pub(crate) enum Line<'t> {
    Blank,
    Header { version: Option<u64> },
    Row { id_hash: u128, kind: Cow<'t, str>, created_ms: i64 },
    Deleted { id_hash: u128 },
    Fault { column: usize, problem: String },
}

impl<'t> Line<'t> {
    /// Reads one, without its line feed.
    pub(crate) fn read(line: &'t [u8]) -> Line<'t> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Line::Blank;
        }
        let head = std::str::from_utf8(line)
            .map_err(|e| (e.valid_up_to() + 1, "UTF-8 text".to_owned()))
            .and_then(|text| Head::of(text).map_err(|e| (e.column(), e.to_string())));
        let head = match head {
            Ok(head) => head,
            Err((column, problem)) => return Line::Fault { column, problem },
        };
        let kind = head.kind.unwrap_or(Cow::Borrowed("message"));
        let Some(id_hash) = head.id.as_deref().map(hash_of) else {
            if kind == HEADER {
                return Line::Header { version: head.version };
            }
            return Line::Fault { column: 1, problem: "a row needs an id".to_owned() };
        };
        if kind == DELETED {
            return Line::Deleted { id_hash };
        }
        let created_ms = head.created_at.as_deref().and_then(clock::parse_ms).unwrap_or(0);
        Line::Row { id_hash, kind, created_ms }
    }
}

/// The lines of a share that stands at `start`: each one's place, its length, and what it says.
pub(crate) fn lines(start: usize, share: &[u8]) -> impl Iterator<Item = (usize, usize, Line<'_>)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = share.get(from..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let at = start + from;
        from += len + 1;
        Some((at, len, Line::read(&rest[..len])))
    })
}

/// Whole lines in pieces of about the size of a share, each with its place.
pub(crate) fn shares(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut shares = Vec::with_capacity(bytes.len() / SHARE + 1);
    let mut from = 0;
    while from < bytes.len() {
        let least = (from + SHARE).min(bytes.len());
        let to = memchr::memchr(b'\n', &bytes[least..]).map_or(bytes.len(), |at| least + at + 1);
        shares.push((from, &bytes[from..to]));
        from = to;
    }
    shares
}
