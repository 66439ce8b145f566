//! Reads everything that the folder holds, and tells every fault of it.
//!
//! Opening reads what it must, and a call what it asks for; this alone looks at all of it: files
//! that cannot be read, values that occur twice, references to nothing, counts that are not those
//! of the log, payloads, and what is nobody's. It changes nothing. Writers go on meanwhile: only the
//! files stay as they are until the records are read.

mod folder;
mod known;
mod payloads;
mod records;
mod rows;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::catalogue::{ModelId, Place};
use crate::disk::Access;
use crate::error::{Error, Result};

use crate::engine::core::Engine;
use crate::engine::files::{Loader, load};
use crate::engine::folder::{Files, Folder};
use crate::engine::journal::{self, Segment, Tail};
use crate::engine::logs::{LogCache, Source};
use crate::engine::memory::Record;
use crate::engine::memory::State;
use crate::engine::processes::locks::FilesLock;
use crate::engine::processes::replay;
use crate::engine::processes::shared_memory::word;
use crate::engine::txn::{Base, View};

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FaultKind {
    Unreadable,
    Invalid,
    Unique,
    Relation,
    Count,
    Payload,
    Orphan,
    Stranger,
}

impl FaultKind {
    fn name(self) -> &'static str {
        match self {
            FaultKind::Unreadable => "unreadable",
            FaultKind::Invalid => "invalid",
            FaultKind::Unique => "unique",
            FaultKind::Relation => "relation",
            FaultKind::Count => "count",
            FaultKind::Payload => "payload",
            FaultKind::Orphan => "orphan",
            FaultKind::Stranger => "stranger",
        }
    }
}

/// What was looked at, and what is wrong with it.
#[derive(Default)]
struct Report {
    files: usize,
    records: usize,
    rows: usize,
    payloads: usize,
    faults: Vec<Value>,
}

/// A record that a fault is about.
struct Subject<'a> {
    model: ModelId,
    record: &'a Record,
}

impl Report {
    fn add(&mut self, kind: FaultKind, path: &str, about: Option<(&str, &str)>, message: String) {
        let mut fault = Map::new();
        fault.insert("kind".into(), kind.name().into());
        fault.insert("path".into(), path.into());
        if let Some((model, id)) = about {
            fault.insert("model".into(), model.into());
            fault.insert("id".into(), id.into());
        }
        fault.insert("message".into(), message.into());
        let fault = Value::Object(fault);
        // A file of several models tells each of them that it cannot be read.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn unreadable(&mut self, error: &Error) {
        let path = error.file().unwrap_or_default();
        self.add(FaultKind::Unreadable, path, None, error.message().to_owned());
    }

    fn about(&mut self, kind: FaultKind, state: &State, subject: &Subject<'_>, message: String) {
        let name = &state.catalogue.model(subject.model).name;
        let path = path_of(state, subject);
        self.add(kind, &path, Some((name, subject.record.key())), message);
    }

    fn json(self) -> String {
        json!({
            "files": self.files,
            "records": self.records,
            "rows": self.rows,
            "payloads": self.payloads,
            "faults": self.faults,
        })
        .to_string()
    }
}

impl Engine {
    /// Reads everything, and tells every fault: the text of a JSON object.
    ///
    /// # Errors
    /// Those of the disk and of the locks; what a file says is a fault in the answer.
    pub(crate) fn audit(&self) -> Result<String> {
        let mut report = Report::default();
        let (state, files) = self.found()?;
        let (now, logs) = (self.clock.now(), LogCache::new(self.settings.max_record_bytes));
        let folder = Folder::as_found(&state, Files { logs: &logs, ..self.files() }, Source::Disk);
        let view = View::new(Base::from(&folder), None, self.context(&now));
        records::look(&state, &view, &mut report);
        rows::look(&folder, &mut report);
        folder::look(&*self.disk, &state, &mut report)?;
        drop(files);
        payloads::look(self, &state, &view, &mut report)?;
        Ok(report.json())
    }

    /// The state as the files and the journal have it, and what keeps it so.
    fn found(&self) -> Result<(State, Option<FilesLock>)> {
        if self.is_read_only() {
            let base = journal::list(&*self.disk)?.pop();
            return Ok((self.read_files(base, None)?, None));
        }
        let files = self.lock_files()?;
        self.catch_up_for_files(&files)?;
        // What was edited by hand is told as it is.
        if self.check_health().is_ok() && self.edited_before_writing()?.is_empty() {
            self.write_files(&files)?;
        }
        let commit = self.lock_commit()?;
        self.catch_up_locked(&commit)?;
        let base = self.words.load(word::BASE).checked_sub(1);
        let state = self.read_files(base, Some(self.words.load(word::COMMITTED)))?;
        drop(commit);
        Ok((state, Some(files)))
    }

    /// The state as the files have it, and the journal from the segment at `base` up to a position.
    fn read_files(&self, base: Option<u64>, upto: Option<u64>) -> Result<State> {
        let (catalogue, layout) = {
            let state = self.state();
            (Arc::clone(&state.catalogue), Arc::clone(&state.layout))
        };
        let mut state = State::new(catalogue, layout);
        let open = |base| Segment::open(&*self.disk, base, Access::Read);
        let segment = base.map(open).transpose()?.flatten();
        let mut tail = segment.map(Tail::at_start).transpose()?;
        let mut loader = Loader::new(&*self.disk, tail.as_ref().map_or(&[], Tail::rows));
        load(&mut loader, &mut state)?;
        replay(&mut state, &mut tail, upto)?;
        Ok(state)
    }
}

/// The file that a record stands in.
fn path_of(state: &State, subject: &Subject<'_>) -> String {
    if let Place::Log { dir, .. } = &state.catalogue.model(subject.model).place {
        return dir.clone();
    }
    let file = state.file_of(subject.model, subject.record.key());
    let path = file.and_then(|file| state.layout.path_of(&file).ok());
    path.map_or_else(String::new, |path| path.as_str().to_owned())
}
