//! What is committed in a folder: the state in memory, and the files where that does not say all.
//!
//! Only this module knows that a file may have been edited behind the store's back, and that an answer may
//! need the disk while its caller must not wait.

mod logs;
mod records;
mod row_owners;

use std::cell::{Cell, RefCell};

use crate::catalogue::ModelId;
use crate::disk::{Disk, SafePath};
use crate::error::{Code, Error};

use super::edits::{Asked, LogMarks, Lookout, Stamps};
use super::logs::{LogCache, Source};
use super::memory::State;

/// What a look needs besides the state.
#[derive(Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) logs: &'a LogCache,
    pub(crate) stamps: &'a Stamps,
    pub(crate) lookout: &'a Lookout,
    pub(crate) counted: &'a LogMarks,
}

/// Who looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// A reader, who is told of edits.
    Reader,
    /// A change, which has caught up with them.
    Change,
    /// Who has just read the state from the files: no edit is to be looked for.
    AsFound,
}

/// What is committed in a folder.
pub(crate) struct Folder<'a> {
    pub(crate) state: &'a State,
    pub(crate) files: Files<'a>,
    /// With `Memory`, whatever needs the disk gives up.
    source: Source,
    who: Looks,
    /// Was an answer given up because it needs the disk?
    needs_disk: Cell<bool>,
    /// Files that changed behind the store's back.
    suspects: RefCell<Vec<SafePath>>,
    /// A model of which nobody knows yet which log has which rows.
    unread_logs: Cell<Option<ModelId>>,
    /// Was asked what the system has told of edits? This is a look at one moment.
    has_asked: Cell<bool>,
}

impl<'a> Folder<'a> {
    /// For a reader.
    pub(crate) fn to_read(state: &'a State, files: Files<'a>, source: Source) -> Folder<'a> {
        Folder::new(state, files, source, Looks::Reader)
    }

    /// For a change.
    pub(crate) fn to_change(state: &'a State, files: Files<'a>, source: Source) -> Folder<'a> {
        Folder::new(state, files, source, Looks::Change)
    }

    /// A state that was just read from the files.
    pub(crate) fn as_found(state: &'a State, files: Files<'a>, source: Source) -> Folder<'a> {
        Folder::new(state, files, source, Looks::AsFound)
    }

    fn new(state: &'a State, files: Files<'a>, source: Source, who: Looks) -> Folder<'a> {
        Folder {
            state,
            files,
            source,
            who,
            needs_disk: Cell::default(),
            suspects: RefCell::default(),
            unread_logs: Cell::default(),
            has_asked: Cell::default(),
        }
    }

    /// This file changed behind the store's back.
    fn suspect(&self, path: SafePath) {
        self.suspects.borrow_mut().push(path);
    }

    /// May a file of which the state says all there is have been edited?
    fn may_suspect(&self) -> bool {
        self.who == Looks::Reader
    }

    /// Was an answer given up because it needs the disk?
    pub(crate) fn needs_disk(&self) -> bool {
        self.needs_disk.get()
    }

    /// The files that changed behind the store's back.
    pub(crate) fn take_suspects(&self) -> Vec<SafePath> {
        self.suspects.take()
    }

    /// The model whose logs must be read before the call is made again.
    pub(crate) fn unread_logs(&self) -> Option<ModelId> {
        self.unread_logs.get()
    }

    fn asks(&self) -> Asked {
        if self.has_asked.replace(true) { Asked::Again } else { Asked::First }
    }

    fn needs(&self) -> Error {
        self.needs_disk.set(true);
        Error::new(Code::Io, "the answer needs the disk")
    }
}
