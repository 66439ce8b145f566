//! What the next start finds after the death of the process or of the machine.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::content::Content;
use super::names::{Names, Node};
use super::outcome::{Chooser, Outcome, any, outcomes};
use super::world::{SharedArray, World};

impl World {
    /// The disk after the death of the process.
    pub(super) fn after_kill(&self) -> World {
        let reachable = self.names.reachable();
        let kept = self.contents.iter().filter(|(number, _)| reachable.contains(number));
        World {
            contents: kept.map(|(number, content)| (*number, content.clone())).collect(),
            names: self.names.clone(),
            words: self.words.iter().map(|(number, words)| (*number, copy_of(words))).collect(),
            ..self.same_machine()
        }
    }

    fn same_machine(&self) -> World {
        World {
            capacity: self.capacity,
            read_only: self.read_only,
            clock: self.clock,
            numbers: self.numbers,
            ..World::default()
        }
    }

    /// The disk after the death of the machine.
    pub(super) fn after_crash(&self, outcome: Outcome) -> World {
        let (names, mut changed) = self.decide(&mut Chooser::new(outcome));
        let files = names.files();
        let mut next = World { clock: self.clock + 1, names, ..self.same_machine() };
        for (path, number) in files {
            if let Some(first) = next.contents.get(&number).cloned() {
                // Half of a rename: each of the two names gets a file of its own.
                let copy = next.add(first);
                next.names.settle(&path, Node::File(copy));
                continue;
            }
            let known = &self.contents[&number];
            let bytes = changed.remove(&number).unwrap_or_else(|| known.durable.to_vec());
            next.contents.insert(number, Content::settled(bytes, known.modified));
        }
        next
    }

    /// Makes all the decisions of a crash: which names are there, and the bytes of those files
    /// that had something to lose.
    fn decide(&self, chooser: &mut Chooser) -> (Names, HashMap<u64, Vec<u8>>) {
        let names = self.names.after_crash(chooser);
        let mut changed = HashMap::new();
        for number in names.files().into_values() {
            let content = &self.contents[&number];
            if content.is_unsettled() && !changed.contains_key(&number) {
                changed.insert(number, content.after_crash(chooser));
            }
        }
        (names, changed)
    }

    /// May the next start find exactly these files?
    pub(super) fn allows(&self, files: &BTreeMap<String, Vec<u8>>) -> bool {
        any(|chooser| {
            let names = self.names.after_crash(chooser).files();
            names.keys().eq(files.keys())
                && names.values().zip(files.values()).all(|(number, bytes)| {
                    self.contents.get(number).is_some_and(|content| content.allows(bytes))
                })
        })
    }

    pub(super) fn crash_outcomes(&self, limit: usize, seed: u64) -> Vec<Outcome> {
        outcomes(limit, seed, |chooser| drop(self.decide(chooser)))
    }
}

fn copy_of(words: &SharedArray) -> SharedArray {
    Arc::new(std::array::from_fn(|index| AtomicU64::new(words[index].load(Ordering::Acquire))))
}
