//! The records of a model by number: what indexes hold instead of records.

use std::sync::Arc;

use super::record::{Order, Record};

/// The number of a record, as long as it is there.
pub(super) type Slot = u32;

/// The records of one model, by number.
#[derive(Debug, Default)]
pub(super) struct Slots {
    records: Vec<Option<(Order, Arc<Record>)>>,
    free: Vec<Slot>,
}

impl Slots {
    /// The record with a number, and its place in creation order.
    pub(super) fn get(&self, slot: Slot) -> Option<(Order, &Arc<Record>)> {
        let held = self.records.get(slot as usize)?.as_ref()?;
        Some((held.0, &held.1))
    }

    /// Takes a record; gives its number.
    pub(super) fn add(&mut self, order: Order, record: Arc<Record>) -> Slot {
        let held = Some((order, record));
        match self.free.pop() {
            Some(slot) => {
                self.records[slot as usize] = held;
                slot
            }
            None => {
                self.records.push(held);
                Slot::try_from(self.records.len() - 1).expect("fewer records than memory holds")
            }
        }
    }

    /// Puts a record into the place of another; gives that.
    pub(super) fn replace(&mut self, slot: Slot, record: Arc<Record>) -> Option<Arc<Record>> {
        let held = self.records.get_mut(slot as usize)?.as_mut()?;
        Some(std::mem::replace(&mut held.1, record))
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<(Order, Arc<Record>)> {
        let held = self.records.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(held)
    }
}
