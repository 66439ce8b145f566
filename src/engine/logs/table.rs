//! Which rows a log has and where each stands, as its lines say it one after the other.
//!
//! A line that cannot be read has its place among the rows: who asks for rows without touching it is
//! answered, and everybody else is told of it.

use std::collections::BTreeMap;

use hashbrown::HashTable;

use crate::error::{Code, Error, Result};
use crate::jsonl::Fault;

use super::lines::{Kind, Line, Row, Says, hash_of};

/// The time of a row that says none that can be read.
const NO_TIME: i64 = i64::MIN;
/// The number of a type that is no text.
const ODD_KIND: u32 = u32::MAX;
/// So many faults are kept one by one; a log full of them must not fill the memory.
const MOST_FAULTS: usize = 100;

/// One row, or lines that cannot be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) offset: u64,
    id_hash: u128,
    created_ms: i64,
    pub(super) len: u32,
    kind: u32,
    /// Of which version the row is.
    pub(super) version: u16,
    pub(super) standing: Standing,
    /// Is its text read otherwise than it stands there?
    pub(super) rewritten: bool,
}

impl Entry {
    /// When the row was made, where it says so.
    pub(super) fn time(&self) -> Option<i64> {
        (self.created_ms != NO_TIME).then_some(self.created_ms)
    }
}

/// How it stands with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Live,
    Removed,
    /// The line, or the last one about the row, cannot be read.
    Unreadable,
}

/// The rows of a log.
#[derive(Clone)]
pub(super) struct Table {
    path: Box<str>,
    /// In the order in which the rows came.
    pub(super) entries: Vec<Entry>,
    by_id: HashTable<u32>,
    /// The first is the type of a row that says none.
    kinds: Vec<String>,
    /// Has no row an earlier time than one before it?
    rising: bool,
    /// What the last header says, of which there may be several.
    version: u64,
    lines: usize,
    dead: usize,
    live: usize,
    /// What is wrong with entries, by their numbers.
    faults: BTreeMap<u32, Error>,
    /// The first line that cannot be read, and whose row a later line says.
    superseded: Option<Error>,
    /// The first entry that cannot be told to a row.
    nameless: Option<u32>,
    /// The log is of a newer version: its rows may say something else, and none is read or added.
    newer: Option<Error>,
}

fn short(hash: u128) -> u64 {
    (hash & u128::from(u64::MAX)) as u64
}

impl Table {
    /// The table of an empty log; rows that say no type are of `row_type`.
    pub(super) fn new(path: &str, row_type: &str) -> Table {
        Table {
            path: path.into(),
            entries: Vec::new(),
            by_id: HashTable::new(),
            kinds: vec![row_type.to_owned()],
            rising: true,
            version: 1,
            lines: 0,
            dead: 0,
            live: 0,
            faults: BTreeMap::new(),
            superseded: None,
            nameless: None,
            newer: None,
        }
    }

    /// Takes what the next line says; `offset` is that of its text. `refuse_newer` knows up to
    /// which version rows can be read.
    pub(super) fn take(
        &mut self,
        line: Line<'_>,
        offset: u64,
        refuse_newer: impl FnOnce(u64) -> Result<()>,
    ) {
        self.lines += 1;
        match line.says {
            Says::Nothing => {}
            Says::Header { version } => {
                self.version = version;
                self.newer = refuse_newer(version).err().or(self.newer.take());
            }
            Says::Row(row) => {
                let entry = self.entry_of(row, offset, line.len);
                self.put(entry);
            }
            Says::Deleted { id_hash } => self.remove(id_hash),
            Says::Fault { id_hash, fault } => self.note(id_hash, &fault),
        }
    }

    fn entry_of(&mut self, row: Row<'_>, offset: u64, len: usize) -> Entry {
        let kind = match row.kind {
            Kind::Usual => 0,
            Kind::Named(kind) => self.kind_number(&kind),
            Kind::Odd => ODD_KIND,
        };
        Entry {
            offset,
            id_hash: row.id_hash,
            created_ms: row.created_ms.unwrap_or(NO_TIME),
            len: u32::try_from(len).unwrap_or(u32::MAX),
            kind,
            version: u16::try_from(self.version).unwrap_or(u16::MAX),
            standing: Standing::Live,
            rewritten: row.rewritten,
        }
    }

    fn kind_number(&mut self, kind: &str) -> u32 {
        let found = self.kinds.iter().position(|k| k == kind).unwrap_or_else(|| {
            self.kinds.push(kind.to_owned());
            self.kinds.len() - 1
        });
        u32::try_from(found).unwrap_or(ODD_KIND)
    }

    fn put(&mut self, entry: Entry) {
        self.live += 1;
        match self.position_of(entry.id_hash) {
            Some(at) => {
                self.rising &= self.entries[at].created_ms == entry.created_ms;
                self.supersede(at);
                self.entries[at] = entry;
            }
            None => {
                let last = self.entries.last().map_or(NO_TIME, |last| last.created_ms);
                self.rising &= entry.time().is_some_and(|time| last <= time);
                self.add(entry);
            }
        }
    }

    fn add(&mut self, entry: Entry) {
        let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(entry);
        let entries = &self.entries;
        let rehash = |n: &u32| short(entries[*n as usize].id_hash);
        self.by_id.insert_unique(short(entry.id_hash), number, rehash);
    }

    /// The line that an entry stands for counts no more.
    fn supersede(&mut self, at: usize) {
        self.dead += 1;
        match self.entries[at].standing {
            Standing::Live => self.live -= 1,
            Standing::Unreadable => {
                let fault = self.faults.remove(&number(at));
                self.superseded = self.superseded.take().or(fault);
            }
            Standing::Removed => {}
        }
    }

    fn remove(&mut self, hash: u128) {
        self.dead += 1;
        let Some(at) = self.position_of(hash) else { return };
        self.supersede(at);
        self.entries[at].standing = Standing::Removed;
        let entries = &self.entries;
        let same = |n: &u32| entries[*n as usize].id_hash == hash;
        if let Ok(found) = self.by_id.find_entry(short(hash), same) {
            found.remove();
        }
    }

    fn note(&mut self, id_hash: Option<u128>, fault: &Fault) {
        let error = fault.error(&self.path, self.lines);
        self.take_fault(id_hash, error);
    }

    /// Notes that a line cannot be read, which is about this row where that is known.
    pub(super) fn take_fault(&mut self, id_hash: Option<u128>, error: Error) {
        let known = id_hash.and_then(|hash| self.position_of(hash));
        let at = known.unwrap_or(self.entries.len());
        match (known, id_hash) {
            (Some(at), _) => {
                self.supersede(at);
                self.entries[at].standing = Standing::Unreadable;
            }
            (None, Some(hash)) => self.add(self.unreadable(hash)),
            // A run of such lines is one entry.
            (None, None) if self.nameless.is_some_and(|n| n as usize + 1 == at) => return,
            (None, None) => {
                self.entries.push(self.unreadable(0));
                self.nameless.get_or_insert(number(at));
            }
        }
        if self.faults.len() < MOST_FAULTS {
            self.faults.insert(number(at), error);
        }
    }

    fn unreadable(&self, id_hash: u128) -> Entry {
        // It stands between the rows around it, in time too.
        let created_ms = self.entries.last().map_or(NO_TIME, |last| last.created_ms);
        let (standing, version) = (Standing::Unreadable, 0);
        Entry {
            offset: 0,
            id_hash,
            created_ms,
            len: 0,
            kind: 0,
            version,
            standing,
            rewritten: false,
        }
    }

    /// The line is one more of those that a file has; nothing else is known of it.
    pub(super) fn count_line(&mut self) -> usize {
        self.lines += 1;
        self.lines
    }

    fn position_of(&self, hash: u128) -> Option<usize> {
        let same = |n: &u32| self.entries[*n as usize].id_hash == hash;
        self.by_id.find(short(hash), same).map(|n| *n as usize)
    }

    /// The number of the row with this id; `None` when there is none.
    ///
    /// # Errors
    /// What is wrong with its line, or with one that may be its.
    pub(super) fn find(&self, id: &str) -> Result<Option<usize>> {
        match self.position_of(hash_of(id)) {
            Some(at) if self.entries[at].standing == Standing::Live => Ok(Some(at)),
            Some(at) => Err(self.fault_at(at)),
            None => self.nameless.map_or(Ok(None), |at| Err(self.fault_at(at as usize))),
        }
    }

    /// What is wrong with an entry that cannot be read.
    pub(super) fn fault_at(&self, at: usize) -> Error {
        let fault = self.faults.get(&number(at)).or_else(|| self.faults.values().next_back());
        fault.cloned().unwrap_or_else(|| changed(&self.path))
    }

    /// What is wrong with the log, up to a number of faults.
    pub(super) fn faults(&self) -> impl Iterator<Item = &Error> {
        self.newer.iter().chain(self.faults.values()).chain(&self.superseded)
    }

    /// Can every row be read?
    pub(super) fn is_readable(&self) -> bool {
        self.newer.is_none() && self.faults.is_empty()
    }

    /// Fails for a log of a newer version.
    pub(super) fn refuse_newer(&self) -> Result<()> {
        self.newer.clone().map_or(Ok(()), Err)
    }

    /// The version of rows that would stand behind the last line as it is.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The rows that follow are of this version, whatever the last header says.
    pub(super) fn go_on_as(&mut self, version: u64) {
        self.version = version;
    }

    pub(super) fn is_rising(&self) -> bool {
        self.rising
    }

    pub(super) fn dead(&self) -> usize {
        self.dead
    }

    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Tells of a row whether it is of one of these types; all are where none are named.
    pub(super) fn of_kinds(&self, types: Option<&[String]>) -> impl Fn(&Entry) -> bool {
        let numbers = types.map(|types| {
            let numbered = self.kinds.iter().zip(0..).filter(|(kind, _)| types.contains(kind));
            numbered.map(|(_, number)| number).collect::<Vec<u32>>()
        });
        move |entry| numbers.as_ref().is_none_or(|numbers| numbers.contains(&entry.kind))
    }

    /// The number of live rows of the usual type and the latest of their times, without the rows
    /// with these ids.
    pub(super) fn count(&self, without: &[String]) -> (u64, Option<i64>) {
        let gone: Vec<u128> = without.iter().map(|id| hash_of(id)).collect();
        let counted = self.entries.iter().filter(|entry| {
            entry.standing == Standing::Live && entry.kind == 0 && !gone.contains(&entry.id_hash)
        });
        counted.fold((0, None), |(count, last), entry| (count + 1, last.max(entry.time())))
    }

    /// The numbers of all rows that can be read.
    pub(super) fn live_rows(&self) -> Vec<usize> {
        let live = |at: &usize| self.entries[*at].standing == Standing::Live;
        (0..self.entries.len()).filter(live).collect()
    }

    /// Bytes of memory that the table takes, roughly.
    pub(super) fn weight(&self) -> usize {
        self.entries.capacity() * (size_of::<Entry>() + 8)
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The error of a log whose bytes are no longer those that were indexed.
pub(super) fn changed(path: &str) -> Error {
    let message = format!("{path} was changed while it was read; read it again");
    Error::new(Code::Corrupt, message).path(path)
}
