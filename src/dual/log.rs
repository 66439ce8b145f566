//! The log of what is asked of both sides, as one process sees it: it appends, and reads what all append.
//!
//! It lies in `.dual/` in the data folder, but is no part of the store: it goes on when the store fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::fold::{Operation, State};
use super::line::{Kind, Line, What};
use super::touched::Touched;
use serde::{Deserialize, Serialize};

use crate::disk::{Alive, SharedLog, Unsynced};
use crate::error::{Code, Error, Result};

/// A file of more bytes is followed by a new one.
const LONGEST: u64 = 1 << 20;
/// Nobody begins files as often as this while a line is to be appended.
const MOST_ATTEMPTS: usize = 8;

/// The folder of the log.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join(".dual")
}

/// The log, open for reading and writing.
pub(super) struct Log {
    folder: PathBuf,
    file: SharedLog,
    pub(super) state: State,
    pub(super) writer: String,
    lines: u64,
    operations: u64,
    /// Operations of ours that the primary has not answered.
    unanswered: BTreeSet<u64>,
    /// When operations of ours that are under way began.
    begun: BTreeMap<u64, Moment>,
    /// How long the first line of the file is, which says everything before.
    head: u64,
    unsynced: bool,
    _alive: Alive,
}

/// What the log in a data folder says; none where there is no log.
///
/// # Errors
/// Those of the disk.
pub(super) fn look(data_dir: &Path) -> Result<Option<State>> {
    let folder = folder(data_dir);
    let Some(mut file) = SharedLog::open(&folder, false)? else { return Ok(None) };
    let mut state = State::default();
    read(&mut file, &mut state)?;
    for writer in state.lines.keys().cloned().collect::<Vec<_>>() {
        if Alive::is_over(&folder, &writer) {
            let (number, time) = (u64::MAX, now());
            let what = What::Gone { who: writer.clone() };
            state.apply(Line { writer, number, time, what });
        }
    }
    Ok(Some(state))
}

impl Log {
    /// Opens the log of a data folder, which is made where there is none.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn open(data_dir: &Path) -> Result<Log> {
        let folder = folder(data_dir);
        let missing = || Error::new(Code::Io, "the log of dual writing has gone");
        let mut file = SharedLog::open(&folder, true)?.ok_or_else(missing)?;
        let writer = uuid::Uuid::new_v4().simple().to_string()[..12].to_owned();
        let alive = Alive::say(&folder, &writer)?;
        let mut state = State::default();
        let head = read(&mut file, &mut state)?;
        let (unanswered, begun) = (BTreeSet::new(), BTreeMap::new());
        let (lines, operations, unsynced) = (0, 0, false);
        Ok(Log {
            folder,
            file,
            state,
            writer,
            lines,
            operations,
            unanswered,
            begun,
            head,
            unsynced,
            _alive: alive,
        })
    }

    /// Takes in what was appended since.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn catch_up(&mut self) -> Result<()> {
        loop {
            let head = read(&mut self.file, &mut self.state)?;
            self.head = self.head.max(head);
            if !self.state.is_over {
                return Ok(());
            }
            // What stands behind the end of a file counts for nobody, so all have the same state here.
            self.state.is_over = false;
            let line = serde_json::to_vec(&self.state).unwrap_or_default();
            self.file.start_next(&line)?;
            let gone = || Error::new(Code::Io, "the log of dual writing has gone");
            self.file = SharedLog::open(&self.folder, true)?.ok_or_else(gone)?;
            (self.state, self.head) = (State::default(), 0);
        }
    }

    /// Appends a line, and takes in everything up to it.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn append(&mut self, what: What) -> Result<()> {
        self.lines += 1;
        let (writer, number, time) = (self.writer.clone(), self.lines, now());
        let text = serde_json::to_vec(&Line { writer, number, time, what }).unwrap_or_default();
        self.unsynced = true;
        // Behind the end of a file it counts for nobody.
        for _ in 0..MOST_ATTEMPTS {
            self.file.append(&text)?;
            self.catch_up()?;
            if self.state.lines.get(&self.writer).is_some_and(|seen| *seen >= number) {
                return Ok(());
            }
        }
        Err(Error::new(
            Code::Io,
            "a line that was appended to the log of dual writing is not in it",
        ))
    }

    /// An operation begins.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn begin(&mut self, kind: Kind, touched: Touched) -> Result<u64> {
        self.operations += 1;
        let (op, moment) = (self.operations, self.moment());
        let with = moment.unanswered.clone();
        self.begun.insert(op, moment);
        if kind == Kind::Write {
            self.unanswered.insert(op);
        }
        let Touched { scopes, tables } = touched;
        self.append(What::Begin { op, kind, scopes, tables, with })?;
        Ok(op)
    }

    /// The primary has answered.
    pub(super) fn answered(&mut self, op: u64) {
        self.unanswered.remove(&op);
    }

    /// Tells of processes that are no more, and begins the next file when this one is long.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn tend(&mut self) -> Result<()> {
        self.catch_up()?;
        let others = self.state.lines.keys().filter(|writer| **writer != self.writer);
        let gone = others.filter(|writer| Alive::is_over(&self.folder, writer));
        for who in gone.cloned().collect::<Vec<String>>() {
            self.append(What::Gone { who })?;
        }
        if self.file.read_bytes() > LONGEST.max(2 * self.head) {
            self.append_end()?;
        }
        Ok(())
    }

    fn append_end(&mut self) -> Result<()> {
        let (writer, number, time) = (self.writer.clone(), self.lines, now());
        let line = Line { writer, number, time, what: What::Next };
        self.file.append(&serde_json::to_vec(&line).unwrap_or_default())?;
        self.catch_up()
    }

    /// What was appended and is not durable yet; nobody should wait for it with the log in his hands.
    pub(super) fn unsynced(&mut self) -> Option<Unsynced> {
        std::mem::take(&mut self.unsynced).then(|| self.file.unsynced())
    }

    /// Now.
    pub(super) fn moment(&self) -> Moment {
        let unanswered = self.unanswered.iter().copied().collect();
        Moment { position: self.state.position, operations: self.operations, unanswered }
    }

    /// Has nothing happened to rows of these tables since a moment, but what the primary had answered by
    /// then and the store has done by now?
    pub(super) fn is_quiet(&self, tables: u64, since: &Moment) -> bool {
        self.state.is_quiet(tables, since.position, &|operation| self.is_before(operation, since))
    }

    /// Was an operation of ours on both sides before anything that began at a moment?
    fn is_before(&self, operation: &Operation, moment: &Moment) -> bool {
        let op = operation.op;
        operation.kind == Kind::Write
            && operation.writer == self.writer
            && op <= moment.operations
            && !moment.unanswered.contains(&op)
            && !self.begun.contains_key(&op)
    }

    /// An operation of ours is over; was it alone with the rows of these tables?
    pub(super) fn was_alone(&mut self, op: u64, tables: u64) -> bool {
        let Some(since) = self.begun.remove(&op) else { return false };
        let itself = self.state.open.values().find(|one| one.writer == self.writer && one.op == op);
        let tables = tables | itself.map_or(0, |operation| operation.tables);
        // It counts itself among those that had begun by then, and is done.
        let since = Moment { operations: op, ..since };
        self.is_quiet(tables, &since)
    }
}

/// A moment, as a client sees it.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Moment {
    position: u64,
    /// How many operations have begun.
    operations: u64,
    /// Those among them that the primary has not answered.
    unanswered: Vec<u64>,
}

/// Reads what is new; gives how long the first line is, where it says everything before.
fn read(file: &mut SharedLog, state: &mut State) -> Result<u64> {
    let mut head = 0;
    file.read_new(|line| {
        if state.is_over {
            return;
        }
        if let Ok(line) = serde_json::from_slice::<Line>(line) {
            state.apply(line);
            return;
        }
        match serde_json::from_slice::<State>(line) {
            Ok(known) if state.position == 0 => {
                *state = known;
                head = line.len() as u64;
            }
            _ => state.skip(),
        }
    })?;
    Ok(head)
}

/// The time, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
