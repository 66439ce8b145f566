//! Opens a store: locks, recovery, loading.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::catalogue::{Catalogue, Declaration};
use crate::disk::{Access, Disk, LockKind, SafePath};
use crate::error::{Code, Error, Result};
use crate::legacy::{self, Older};
use crate::sync::locked;

use super::early::Early;
use super::snapshot;
use crate::engine::core::{Engine, Settings};
use crate::engine::edits::recount;
use crate::engine::files::order;
use crate::engine::files::{Layout, Loader, load};
use crate::engine::journal::{self, Segment, Tail};
use crate::engine::journal::{Change, Commit};
use crate::engine::memory::State;
use crate::engine::processes::locks::{BothLocks, cache_folder, open_path, words_lost, words_path};
use crate::engine::processes::replay;
use crate::engine::processes::shared_memory::{is_mark, new_mark, word};

/// What git must not take: sessions, and what only this machine needs.
const GITIGNORE: &str = "auth/\njournal/\ncache/\n";

/// While another process is leaving, look again this often.
const LEAVING_PAUSE: Duration = Duration::from_millis(2);

/// Opens the store in a folder; after a crash, brings it back to what was committed. `tell_early` is told what can
/// be answered before everything is read, where something can, and `None` when that may no longer be asked.
///
/// # Errors
/// Those of the disk, `LOCKED`, `UNSUPPORTED_VERSION`.
pub(crate) fn open(
    disk: Arc<dyn Disk>,
    declared: Declaration,
    settings: Settings,
    tell_early: &dyn Fn(Option<Early>),
) -> Result<Arc<Engine>> {
    snapshot::refuse_unfinished(&*disk)?;
    let disk = Arc::new(Older::over(disk));
    // Which models there are, the folder says.
    let builtin = Arc::new(Catalogue::builtin());
    let layout = Arc::new(Layout::of(&builtin)?);
    let state = State::new(builtin, layout);
    match disk.create_dir(&cache_folder()).and_then(|()| disk.shared(&words_path())) {
        Ok(words) => {
            let engine = Engine::new(disk, settings, state, words.into(), declared);
            let engine = Arc::new(engine);
            open_shared(&engine, tell_early)?;
            Ok(engine)
        }
        Err(error) if error.code() == Code::ReadOnly => {
            open_read_only(disk, settings, state, declared, &error)
        }
        Err(error) => Err(error),
    }
}

/// Does a process have the store in a folder open? Where there is no store nothing is made.
///
/// # Errors
/// Those of the disk.
pub(crate) fn is_open(disk: &dyn Disk) -> Result<bool> {
    let path = open_path();
    Ok(disk.stamp(&path)?.is_some() && disk.try_lock(&path, LockKind::Exclusive)?.is_none())
}

/// What a process holds while it opens a store.
struct Opening<'a> {
    locks: BothLocks<'a>,
    /// Has no other process the store open?
    first: bool,
}

fn open_shared(engine: &Arc<Engine>, tell_early: &dyn Fn(Option<Early>)) -> Result<()> {
    // With both locks nobody commits or writes files until everything here is done.
    let opening = enter(engine)?;
    let opened = open_locked(engine, &opening, tell_early);
    // Before others can commit what was not read.
    tell_early(None);
    opened
}

fn open_locked(
    engine: &Arc<Engine>,
    opening: &Opening<'_>,
    tell_early: &dyn Fn(Option<Early>),
) -> Result<()> {
    // A conversion that a process died in is finished or undone before any file is believed.
    legacy::settle(&*engine.disk)?;
    engine.older.look()?;
    let was_poisoned = engine.words.load(word::POISONED) != 0;
    know_words(engine, opening.first)?;
    if opening.first {
        write_gitignore(&*engine.disk)?;
    }
    let mut segment = find_segment(engine, opening.first)?;
    if opening.first && was_poisoned {
        segment = segment.map(|segment| trust(engine, segment)).transpose()?;
    }
    // The last process to leave removes the journal: one that is there means a crash.
    let recovered = segment.is_some();
    if opening.first && recovered {
        expect_torn_files(engine);
    }
    // Behind the committed end may stand what a failed sync has lost.
    let upto = (!opening.first).then(|| engine.words.load(word::COMMITTED));
    // Which models there are must be known before a record is read, and the journal may say it too.
    let base = segment.as_ref().map(|segment| segment.header.base);
    let (state, undeclared) = engine.empty_state(base, upto, opening.first)?;
    *engine.state_mut() = state;
    engine.watch_from_now_on();
    // With an empty journal the files say everything, and nothing must be put right first.
    if segment.is_none() && undeclared.is_empty() && !engine.older.is_unconverted() {
        // What is wrong with a file is told by the whole opening.
        if let Ok(early) = Early::load(engine) {
            tell_early(Some(early));
        }
    }
    let changes = load_all(engine, segment, upto)?;
    if opening.first && engine.check_health().is_ok() {
        // Before the journal goes, which alone tells that there was a crash.
        let swept = engine.sweep_after_crash(opening.locks.commit(), recovered);
        if recovered {
            recover(engine, &opening.locks)?;
        }
        // A payload too many does no harm; it goes at the next opening.
        if let Err(error) = swept {
            *locked(&engine.last_flush_error) = Some(error);
        }
    }
    engine.stamps.know_news(engine.words.load(word::EDITS));
    // What must be put right is a commit like any other, so that the other processes hear of it.
    for changes in [undeclared, changes] {
        // An older folder that is only read stays as it is.
        if !engine.older.is_unconverted() && !changes.is_empty() && engine.check_health().is_ok() {
            let commit = Commit { at: engine.clock.now(), changes };
            engine.persist(opening.locks.commit(), vec![commit])?;
        }
    }
    Ok(())
}

/// Takes both locks and a share of the presence. The last one to leave holds the presence alone
/// and needs both locks to tidy up: it is let go first.
fn enter(engine: &Engine) -> Result<Opening<'_>> {
    let (disk, timeout) = (&*engine.disk, engine.settings.lock_timeout);
    let start = Instant::now();
    loop {
        let locks = engine.lock_both()?;
        let first = disk.try_lock(&open_path(), LockKind::Exclusive)?.is_some();
        if let Some(presence) = disk.try_lock(&open_path(), LockKind::Shared)? {
            *locked(&engine.presence) = Some(presence);
            return Ok(Opening { locks, first });
        }
        if start.elapsed() >= timeout {
            let message = "another process takes too long to close the store; see what it does";
            return Err(Error::new(Code::Locked, message));
        }
        drop(locks);
        std::thread::sleep(LEAVING_PAUSE);
    }
}

/// Begins the words anew as the first, or takes those of the processes that have the store open.
fn know_words(engine: &Engine, first: bool) -> Result<()> {
    if first {
        // They are of processes that are gone, and after a power loss they may say anything.
        engine.words.reset()?;
        engine.words.store(word::MARK, new_mark());
    }
    let mark = engine.words.load(word::MARK);
    engine.known_mark.store(mark, Ordering::Release);
    if first {
        return Ok(());
    }
    if !(is_mark(mark) && engine.are_words_intact()) {
        // Those who have the store open find it out too; nobody begins anew before they leave.
        return Err(words_lost());
    }
    finish_dead_switch(engine)
}

/// A process died while it dropped the journal.
fn finish_dead_switch(engine: &Engine) -> Result<()> {
    let base = engine.words.load(word::BASE);
    if base > 0 && Segment::open(&*engine.disk, base - 1, Access::Read)?.is_none() {
        engine.words.store(word::BASE, 0);
    }
    Ok(())
}

fn find_segment(engine: &Engine, first: bool) -> Result<Option<Segment>> {
    let disk = &*engine.disk;
    if !first {
        return match engine.words.load(word::BASE) {
            0 => Ok(None),
            base => Segment::open(disk, base - 1, Access::Write),
        };
    }
    for base in journal::list(disk)?.into_iter().rev() {
        if let Some(segment) = Segment::open(disk, base, Access::Write)? {
            return Ok(Some(segment));
        }
    }
    Ok(None)
}

/// There was a crash: a file may have bytes that nobody wrote, and the state that it had before.
fn expect_torn_files(engine: &Engine) {
    engine.logs.after_crash();
    engine.drop_saved_row_owners();
}

/// A sync of the journal has failed: what can be read of it may be in memory alone, where no
/// later sync takes it from. A copy can be relied upon; without one, nothing may be written.
fn trust(engine: &Engine, segment: Segment) -> Result<Segment> {
    let base = segment.header.base;
    match segment.copy(&*engine.disk) {
        Ok(copy) => Ok(copy),
        Err(error) => {
            engine.poison(&error);
            let again = Segment::open(&*engine.disk, base, Access::Read)?;
            Ok(again.unwrap_or(segment))
        }
    }
}

/// Reads the files, and over them the journal up to a position, or as far as it goes; gives what
/// was edited by hand and must be put right.
fn load_all(engine: &Engine, segment: Option<Segment>, upto: Option<u64>) -> Result<Vec<Change>> {
    let base_word = segment.as_ref().map_or(0, |segment| segment.header.base + 1);
    let mut tail = segment.map(Tail::at_start).transpose()?;
    let mut state = engine.state_mut();
    let mut loader = Loader::new(&*engine.disk, tail.as_ref().map_or(&[], Tail::rows));
    loader.known_order = order::load(&*engine.disk, &state.catalogue);
    load(&mut loader, &mut state)?;
    let end = engine.words.load(word::COMMITTED);
    let position = replay(&mut state, &mut tail, upto)?.unwrap_or(end);
    state.end_reservations();
    let miscounted = recount::check(engine, &mut state)?;
    for change in &miscounted {
        if let Change::Put { model, record, .. } = change {
            state.put(*model, Arc::clone(record));
        }
    }
    engine.note_read(loader, &state)?;
    *engine.tail() = tail;
    engine.position.store(position, Ordering::Release);
    engine.known_base.store(base_word, Ordering::Release);
    engine.words.store(word::BASE, base_word);
    engine.words.raise(word::COMMITTED, position);
    Ok(miscounted)
}

/// Brings what the journal holds safely into the files.
fn recover(engine: &Engine, locks: &BothLocks<'_>) -> Result<()> {
    match engine.finish_checkpoint(locks, true, None) {
        // The journal stays, and everything is there; room or a better disk may come.
        Err(error) if error.code() != Code::UnsupportedVersion => {
            *locked(&engine.last_flush_error) = Some(error);
            Ok(())
        }
        other => other.map(drop),
    }
}

fn write_gitignore(disk: &dyn Disk) -> Result<()> {
    let path = SafePath::new(".gitignore")?;
    let root = disk.list(&SafePath::root())?;
    if root.iter().any(|entry| entry.name != cache_folder().as_str()) {
        return Ok(());
    }
    // It is whole before anything else is in the folder, for it is written this once.
    let draft = cache_folder().join("gitignore.draft")?;
    disk.remove(&draft)?;
    let file = disk.open(&draft, Access::Replace)?;
    file.write_at(0, GITIGNORE.as_bytes())?;
    file.sync()?;
    disk.rename(&draft, &path)?;
    disk.sync_dir(&SafePath::root())
}

fn open_read_only(
    disk: Arc<Older>,
    settings: Settings,
    state: State,
    declared: Declaration,
    cause: &Error,
) -> Result<Arc<Engine>> {
    disk.look()?;
    let engine = Engine::new(disk, settings, state, Arc::new(NoWords), declared);
    engine.become_read_only(cause);
    let bases = journal::list(&*engine.disk)?;
    let segment = match bases.last() {
        Some(base) => Segment::open(&*engine.disk, *base, Access::Read)?,
        None => None,
    };
    let base = segment.as_ref().map(|segment| segment.header.base);
    *engine.state_mut() = engine.empty_state(base, None, true)?.0;
    load_all(&engine, segment, None)?;
    engine.known_base.store(0, Ordering::Release);
    engine.state_mut().dirty.note_flushed(u64::MAX);
    Ok(Arc::new(engine))
}

/// Stands in for shared words where a folder can only be read: nothing changes.
struct NoWords;

impl crate::disk::SharedWords for NoWords {
    fn load(&self, _index: usize) -> u64 {
        0
    }

    fn store(&self, _index: usize, _value: u64) {}

    fn raise(&self, _index: usize, _value: u64) {}

    fn increment(&self, _index: usize) -> u64 {
        0
    }

    fn reset(&self) -> Result<()> {
        Ok(())
    }
}
