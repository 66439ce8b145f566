//! Which logs may hold a row, by the row's id: so that one is found without asking every log.
//!
//! What stands here lacks nothing and may say too much: every row of a log that was read is named, and
//! whoever asks looks into the log. So a row that is gone may stay, two ids may look alike, and threads
//! may add what they find in any order. A log that cannot be read whole is `odd`: it is asked each time.
//! Nothing is kept before somebody asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use hashbrown::{HashMap, HashSet, HashTable};
use siphasher::sip::SipHasher13;

use crate::catalogue::{Migrations, ModelId};
use crate::jsonl;
use crate::sync::locked;

use super::lines::KEY;
use super::owners_file::{RowsOfLogs, RowsToSave, SavedLog};
use super::pending::LogKey;

/// So many rows may be gone before all is read anew, besides half of those that are there.
const MOST_GONE: usize = 4096;

/// Fewer changes wait until the store is closed.
const WORTH_SAVING: usize = 256;

/// The number of a log among those of its model.
type Number = u32;

/// The logs of one model, and which of their rows have which ids.
#[derive(Default)]
struct Owners {
    /// The owners by number; none where one is gone.
    names: Vec<Option<Box<str>>>,
    numbers: HashMap<Box<str>, Number>,
    /// A part of the hash of each row's id, and the log that has it.
    rows: HashTable<(u32, Number)>,
    /// Logs that were not read since they were doubted.
    unread: HashSet<Number>,
    /// Logs of which a line cannot be told to a row.
    odd: HashSet<Number>,
    /// Logs that were read from a file that nobody else had changed before.
    aligned: HashSet<Number>,
    /// About how many of the rows are gone.
    gone: usize,
    /// About how many changes the cache does not say.
    news: usize,
    /// Was the cache asked?
    is_recalled: bool,
}

/// Which logs may hold a row.
pub(crate) struct RowOwners {
    in_use: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// The key of the hash, which nobody who chooses ids may know.
    key: [u8; 16],
    models: HashMap<ModelId, Owners>,
}

/// The rows that some lines name.
#[derive(Default)]
pub(crate) struct Named {
    ids: Vec<Box<str>>,
    /// Can each line be told to a row?
    pub(crate) is_whole: bool,
}

impl Named {
    /// What the lines of a file say, of rows up to the version that can be read.
    pub(crate) fn of_lines(bytes: &[u8], migrations: Migrations, path: &str) -> Named {
        let mut named = Named::of_none();
        let texts = bytes.split(|byte| *byte == b'\n').map(|line| jsonl::trimmed(line).1);
        for text in texts.filter(|text| !text.is_empty()) {
            match jsonl::look(text, KEY) {
                Ok(jsonl::Line::Row(id, _)) => named.ids.push(id.into()),
                Ok(jsonl::Line::Deleted(_)) => {}
                Ok(jsonl::Line::Header { version }) => {
                    named.is_whole &= migrations.check(version, path).is_ok();
                }
                Err(fault) => match fault.key {
                    Some(id) => named.ids.push(id.into()),
                    None => named.is_whole = false,
                },
            }
        }
        named
    }

    /// No rows, and nothing else.
    pub(crate) fn of_none() -> Named {
        Named { ids: Vec::new(), is_whole: true }
    }
}

impl Default for RowOwners {
    fn default() -> RowOwners {
        RowOwners { in_use: AtomicBool::new(false), inside: Mutex::default() }
    }
}

impl RowOwners {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        locked(&self.inside)
    }

    /// Calls `work` with what is known of a model's logs, where something is.
    fn with(&self, model: ModelId, work: impl FnOnce(&mut Owners, &[u8; 16])) {
        if !self.in_use.load(Ordering::Acquire) {
            return;
        }
        let inside = &mut *self.inside();
        let Some(owners) = inside.models.get_mut(&model) else { return };
        work(owners, &inside.key);
        if owners.gone > owners.rows.len() / 2 + MOST_GONE {
            inside.models.remove(&model);
        }
    }

    /// Begins to follow the logs of a model, of which nothing is known yet.
    pub(crate) fn begin<'o>(&self, model: ModelId, owners: impl Iterator<Item = &'o str>) {
        let inside = &mut *self.inside();
        if inside.models.contains_key(&model) {
            return;
        }
        if inside.models.is_empty() {
            inside.key = *uuid::Uuid::new_v4().as_bytes();
        }
        let known = inside.models.entry(model).or_default();
        owners.for_each(|owner| known.doubt(owner));
        self.in_use.store(true, Ordering::Release);
    }

    /// Must the cache still be asked about the logs of a model?
    pub(crate) fn is_new(&self, model: ModelId) -> bool {
        let mut is_new = false;
        self.with(model, |owners, _| is_new = !owners.is_recalled);
        is_new
    }

    /// As [`RowOwners::is_new`], and from now on it was asked.
    pub(crate) fn takes_new(&self, model: ModelId) -> bool {
        let mut is_new = false;
        self.with(model, |owners, _| is_new = !std::mem::replace(&mut owners.is_recalled, true));
        is_new
    }

    /// Some of the logs of a model that must be read, at most so many.
    pub(crate) fn unread(&self, model: ModelId, most: usize) -> Vec<Box<str>> {
        let mut unread = Vec::new();
        self.with(model, |owners, _| {
            let some = owners.unread.iter().filter_map(|number| owners.name(*number));
            unread = some.take(most).map(Into::into).collect();
        });
        unread
    }

    /// The owners of the logs that may hold a row, as far as logs could be read.
    pub(crate) fn of(&self, model: ModelId, id: &str) -> Vec<Box<str>> {
        let mut found = Vec::new();
        self.with(model, |owners, key| {
            let part = part_of(key, id);
            let rows = owners.rows.iter_hash(spread(part)).filter(|row| row.0 == part);
            found = rows.filter_map(|row| owners.name(row.1)).map(Into::into).collect();
        });
        found
    }

    /// The owners of the logs that must be asked each time.
    pub(crate) fn odd(&self, model: ModelId) -> Vec<Box<str>> {
        let mut odd = Vec::new();
        self.with(model, |owners, _| {
            let names = owners.odd.iter().filter_map(|number| owners.name(*number));
            odd = names.map(Into::into).collect();
        });
        odd
    }

    /// Rows were added to a log.
    pub(crate) fn add<'i>(&self, log: &LogKey, ids: impl Iterator<Item = &'i str>) {
        self.with(log.0, |owners, key| {
            let number = owners.number(&log.1);
            ids.for_each(|id| owners.add(part_of(key, id), number));
        });
    }

    /// Rows were removed.
    pub(crate) fn removed(&self, model: ModelId, rows: usize) {
        self.with(model, |owners, _| owners.gone += rows);
    }

    /// A log begins anew, with nothing in it.
    pub(crate) fn cleared(&self, log: &LogKey) {
        self.with(log.0, |owners, _| {
            let number = owners.number(&log.1);
            owners.gone += owners.usual();
            owners.unread.remove(&number);
            owners.odd.remove(&number);
            owners.aligned.insert(number);
        });
    }

    /// A log was read: these are its rows. `is_aligned` says that its file was as the store had left it.
    pub(crate) fn learn(&self, log: &LogKey, named: &Named, is_aligned: bool) {
        self.with(log.0, |owners, key| {
            let number = owners.number(&log.1);
            named.ids.iter().for_each(|id| owners.add(part_of(key, id), number));
            owners.read(number, named.is_whole, is_aligned);
        });
    }

    /// Nobody knows any more which rows a log has.
    pub(crate) fn doubt(&self, log: &LogKey) {
        self.with(log.0, |owners, _| owners.doubt(&log.1));
    }

    /// A log is gone, with its owner.
    pub(crate) fn forget(&self, log: &LogKey) {
        self.with(log.0, |owners, _| owners.forget(&log.1));
    }

    /// The key with which the hashes of a cache were made becomes ours; `false` where there are others.
    pub(crate) fn takes_key(&self, key: &[u8; 16]) -> bool {
        let inside = &mut *self.inside();
        if inside.models.values().all(|owners| owners.rows.is_empty()) {
            inside.key = *key;
        }
        inside.key == *key
    }

    /// A log whose file is as it was when it was saved has these rows.
    pub(crate) fn recall(&self, model: ModelId, log: &SavedLog) {
        self.with(model, |owners, _| {
            let number = owners.number(&log.owner);
            log.rows.iter().for_each(|part| owners.add(*part, number));
            owners.read(number, true, true);
        });
    }

    /// Is it time to write the cache anew? It is of the size of all logs, so a little news may wait.
    pub(crate) fn is_time_to_save(&self, closing: bool) -> bool {
        let is_time = |owners: &Owners| {
            let enough = if closing { 0 } else { WORTH_SAVING.max(owners.rows.len() / 8) };
            // What the cache says already is worth more than the beginning of something newer.
            owners.news > enough && owners.unread.len() <= owners.aligned.len()
        };
        self.in_use.load(Ordering::Acquire) && self.inside().models.values().any(is_time)
    }

    /// What a cache must say of the logs that were read, with the rows of each.
    pub(crate) fn to_save(&self) -> RowsToSave {
        let inside = &mut *self.inside();
        let models = inside.models.iter_mut().map(|(model, owners)| {
            owners.news = 0;
            (*model, owners.saved())
        });
        RowsToSave { models: models.collect(), key: inside.key }
    }
}

impl Owners {
    fn name(&self, number: Number) -> Option<&str> {
        self.names.get(number as usize)?.as_deref()
    }

    fn number(&mut self, owner: &str) -> Number {
        *self.numbers.entry_ref(owner).or_insert_with(|| {
            self.names.push(Some(owner.into()));
            Number::try_from(self.names.len() - 1).unwrap_or(Number::MAX)
        })
    }

    fn add(&mut self, part: u32, number: Number) {
        let row = (part, number);
        let rehash = |row: &(u32, Number)| spread(row.0);
        self.news += 1;
        let place = self.rows.entry(spread(part), |known| *known == row, rehash);
        place.or_insert(row);
    }

    fn read(&mut self, number: Number, is_whole: bool, is_aligned: bool) {
        self.unread.remove(&number);
        if is_whole {
            self.odd.remove(&number);
        } else {
            self.odd.insert(number);
        }
        if is_whole && is_aligned {
            self.aligned.insert(number);
        }
    }

    fn doubt(&mut self, owner: &str) {
        let number = self.number(owner);
        self.unread.insert(number);
        self.aligned.remove(&number);
        self.news += 1;
    }

    fn forget(&mut self, owner: &str) {
        let Some(number) = self.numbers.remove(owner) else { return };
        self.gone += self.usual();
        self.names[number as usize] = None;
        self.unread.remove(&number);
        self.odd.remove(&number);
        self.aligned.remove(&number);
        self.news += 1;
    }

    /// About how many rows a log has.
    fn usual(&self) -> usize {
        self.rows.len() / self.names.len().max(1) + 1
    }

    fn saved(&self) -> RowsOfLogs {
        let mut logs = RowsOfLogs::new();
        let names = |number: &Number| self.name(*number);
        self.aligned
            .iter()
            .filter_map(names)
            .for_each(|owner| drop(logs.insert(owner.into(), Vec::new())));
        for (part, number) in &self.rows {
            let log = self.name(*number).and_then(|owner| logs.get_mut(owner));
            log.into_iter().for_each(|rows| rows.push(*part));
        }
        logs
    }
}

/// The part of an id's hash that is kept.
fn part_of(key: &[u8; 16], id: &str) -> u32 {
    (SipHasher13::new_with_key(key).hash(id.as_bytes()) >> 32) as u32
}

/// The kept part of a hash, spread over all bits.
fn spread(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
