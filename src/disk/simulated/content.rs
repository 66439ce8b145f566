//! The bytes of one file on the simulated disk, and the writes that were not synced.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::outcome::{Chooser, Dice};

/// What the disk writes at once, in bytes; a write is torn at multiples of it.
const SECTOR: u64 = 512;

/// A change of a file's bytes.
#[derive(Debug, Clone)]
pub(super) enum Write {
    /// These bytes at this offset.
    Bytes(u64, Arc<[u8]>),
    /// This length.
    Len(u64),
}

/// What becomes of a sector, or of a whole write.
#[derive(Clone, Copy)]
enum Fate {
    Done,
    Garbage,
    Lost,
}

impl Fate {
    const ALL: [Fate; 3] = [Fate::Done, Fate::Garbage, Fate::Lost];

    fn choose(chooser: &mut Chooser) -> Fate {
        Fate::ALL[chooser.choose(Fate::ALL.len())]
    }
}

/// The bytes of a file; clones share them until one is changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    /// As a reader sees them.
    pub(super) now: Arc<Vec<u8>>,
    /// As they are on the platter for sure.
    pub(super) durable: Arc<Vec<u8>>,
    /// What was written since the last sync, in order.
    pending: Vec<Write>,
    /// What was to be synced when that failed.
    given_up: Vec<Write>,
    /// When it was changed, on the disk's own clock.
    pub(super) modified: u64,
}

impl Content {
    /// Bytes that are durable.
    pub(super) fn settled(bytes: Vec<u8>, modified: u64) -> Content {
        let bytes = Arc::new(bytes);
        Content { now: Arc::clone(&bytes), durable: bytes, modified, ..Content::default() }
    }

    pub(super) fn change(&mut self, write: Write, clock: u64) {
        apply(Arc::make_mut(&mut self.now), &write);
        self.pending.push(write);
        self.modified = clock;
    }

    /// Makes durable what was written since the last sync, be it one that failed: what that one
    /// gave up is lost for good, though readers see it until the machine dies.
    pub(super) fn sync(&mut self) {
        self.given_up.clear();
        for write in std::mem::take(&mut self.pending) {
            apply(Arc::make_mut(&mut self.durable), &write);
        }
    }

    /// A sync failed: the system takes the pages for clean, and writes them no more.
    pub(super) fn give_up(&mut self) {
        self.given_up.append(&mut self.pending);
    }

    /// Has it anything that a crash may lose?
    pub(super) fn is_unsettled(&self) -> bool {
        !(self.given_up.is_empty() && self.pending.is_empty())
    }

    /// May the next start find these bytes? Those of a write that was not synced may be anything.
    pub(super) fn allows(&self, found: &[u8]) -> bool {
        let mut free = vec![false; found.len()];
        let mut lengths = BTreeSet::from([self.durable.len() as u64]);
        let mut cut = u64::MAX;
        for write in self.given_up.iter().chain(&self.pending) {
            match write {
                Write::Len(len) => {
                    lengths.insert(*len);
                    cut = cut.min(*len);
                }
                Write::Bytes(offset, new) => {
                    let ends = sectors_of(*offset, new).into_iter();
                    let ends: Vec<u64> = ends.map(|(at, part)| at + part.len() as u64).collect();
                    let grown = |end: &u64| lengths.iter().map(|len| *len.max(end)).collect();
                    let grown: Vec<Vec<u64>> = ends.iter().map(grown).collect();
                    lengths.extend(grown.into_iter().flatten());
                    let within = |at: u64| position(at).min(found.len());
                    free[within(*offset)..within(*offset + new.len() as u64)].fill(true);
                }
            }
        }
        let fits = |(at, byte): (usize, &u8)| {
            let old = self.durable.get(at).copied().unwrap_or(0);
            free[at] || *byte == old || (*byte == 0 && at as u64 >= cut)
        };
        lengths.contains(&(found.len() as u64)) && found.iter().enumerate().all(fits)
    }

    /// What the next start finds: each write for itself done, lost, garbage, or torn.
    pub(super) fn after_crash(&self, chooser: &mut Chooser) -> Vec<u8> {
        let mut bytes = self.durable.to_vec();
        for write in self.given_up.iter().chain(&self.pending) {
            match write {
                Write::Len(_) if chooser.choose(2) == 0 => apply(&mut bytes, write),
                Write::Len(_) => {}
                Write::Bytes(offset, new) => write_badly(&mut bytes, *offset, new, chooser),
            }
        }
        bytes
    }
}

fn write_badly(bytes: &mut Vec<u8>, offset: u64, new: &[u8], chooser: &mut Chooser) {
    let sectors = sectors_of(offset, new);
    if sectors.len() == 1 {
        return write_sector(bytes, sectors[0], Fate::choose(chooser));
    }
    let fate = match chooser.choose(4) {
        0 => Fate::Done,
        1 => Fate::Garbage,
        2 => {
            let each = |sector| write_sector(bytes, sector, Fate::choose(chooser));
            return sectors.into_iter().for_each(each);
        }
        _ => Fate::Lost,
    };
    sectors.into_iter().for_each(|sector| write_sector(bytes, sector, fate));
}

fn write_sector(bytes: &mut Vec<u8>, (offset, new): (u64, &[u8]), fate: Fate) {
    match fate {
        Fate::Done => put(bytes, offset, new),
        Fate::Garbage => put(bytes, offset, &garbage(offset, new)),
        Fate::Lost => {}
    }
}

/// The parts of a write that lie in one sector each, with their offsets.
fn sectors_of(offset: u64, mut new: &[u8]) -> Vec<(u64, &[u8])> {
    let mut sectors = Vec::new();
    let mut at = offset;
    while !new.is_empty() {
        let room = usize::try_from(SECTOR - at % SECTOR).unwrap_or(usize::MAX);
        let (first, rest) = new.split_at(room.min(new.len()));
        sectors.push((at, first));
        at += first.len() as u64;
        new = rest;
    }
    sectors
}

/// Bytes each of which differs from what was to be written.
fn garbage(offset: u64, new: &[u8]) -> Vec<u8> {
    let mut dice = Dice::new(offset);
    new.iter().map(|byte| byte ^ (1 + dice.roll() % 255) as u8).collect()
}

fn apply(bytes: &mut Vec<u8>, write: &Write) {
    match write {
        Write::Len(len) => bytes.resize(position(*len), 0),
        Write::Bytes(offset, new) => put(bytes, *offset, new),
    }
}

fn put(bytes: &mut Vec<u8>, offset: u64, new: &[u8]) {
    let from = position(offset);
    let end = from + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[from..end].copy_from_slice(new);
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).expect("the world refuses what is beyond its greatest length")
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{Outcome, outcomes};
    use super::*;

    fn all_after(content: &Content) -> Vec<Vec<u8>> {
        let crash = |outcome: Outcome| content.after_crash(&mut Chooser::new(outcome));
        outcomes(10_000, 0, |chooser| drop(content.after_crash(chooser)))
            .into_iter()
            .map(crash)
            .collect()
    }

    #[test]
    fn a_write_is_torn_at_the_borders_of_the_disk() {
        let parts: Vec<(u64, usize)> =
            sectors_of(500, &[1; 600]).iter().map(|(at, part)| (*at, part.len())).collect();
        assert_eq!(parts, [(500, 12), (512, 512), (1024, 76)]);
    }

    #[test]
    fn nothing_outside_of_the_written_range_is_damaged() {
        let mut content = Content::settled(vec![7; 2000], 0);
        content.change(Write::Bytes(500, Arc::new([1; 600])), 1);
        let after = all_after(&content);
        assert_eq!(after.len(), 3 + 27);
        for bytes in &after {
            assert_eq!(bytes.len(), 2000);
            assert!(bytes[..500].iter().chain(&bytes[1100..]).all(|byte| *byte == 7));
        }
        assert!(after.iter().any(|b| b[511] == 7 && b[512] == 1), "torn");
        assert!(after.iter().any(|b| b[511] == 1 && b[512] != 1 && b[512] != 7), "garbage");
    }

    #[test]
    fn a_failed_sync_is_not_mended_by_the_next() {
        let mut content = Content::default();
        content.change(Write::Bytes(0, Arc::new([1])), 1);
        content.give_up();
        assert!(all_after(&content).contains(&vec![1]));
        content.change(Write::Bytes(1, Arc::new([2])), 2);
        content.sync();
        assert_eq!(*content.now, [1, 2]);
        assert_eq!(all_after(&content), [vec![0, 2]]);
    }

    #[test]
    fn writes_are_lost_each_for_itself() {
        let mut content = Content::default();
        content.change(Write::Bytes(0, Arc::new([1])), 1);
        content.change(Write::Bytes(1, Arc::new([2])), 2);
        let after = all_after(&content);
        for state in [vec![], vec![1], vec![0, 2], vec![1, 2]] {
            assert!(after.contains(&state), "{state:?}");
        }
    }
}
