//! Which models a folder has: the built-in ones and what its processes declared besides them.
//!
//! What is declared is kept in the folder, as records of one of the built-in models. So every
//! process knows every collection, its relations and its place, whether it declared it or not,
//! and the journal of one is understood by all.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde_json::{Map, Value};

use crate::catalogue::{self, Catalogue, Declaration, Index, Model, not_unique};
use crate::disk::{Access, Disk, read_all};
use crate::error::{Code, Error, Issue, Result};
use crate::json;
use crate::sync::locked;

use crate::engine::core::Engine;
use crate::engine::files::Layout;
use crate::engine::journal::{Change, Commit};
use crate::engine::journal::{Segment, Tail};
use crate::engine::memory::Record;
use crate::engine::memory::State;

/// What a folder keeps of declarations.
#[derive(Default)]
struct Kept {
    declaration: Declaration,
    /// The file that holds them cannot be read, so nothing can be added to it.
    corrupt: bool,
    /// What in it cannot be understood.
    faults: Vec<Issue>,
}

/// Does a line of the journal change what is declared? Such changes are commits of their own.
pub(crate) fn declares(text: &str, catalogue: &Catalogue) -> bool {
    let name = &catalogue.model(catalogue.declaring()).collection;
    let changes = text.split_once(",\"changes\":").map_or("", |(_, changes)| changes);
    changes.starts_with(&format!("[{{\"put\":\"{name}\""))
}

/// What the folder's file and the journal, up to a position, declare.
fn kept(disk: &dyn Disk, base: Option<u64>, upto: Option<u64>) -> Result<Kept> {
    let builtin = Catalogue::builtin();
    let layout = Layout::of(&builtin)?;
    let mut kept = Kept::default();
    let place = layout.shared_file_of(builtin.declaring()).map(|at| &layout.shared_files()[at]);
    if let Some(place) = place
        && let Some(bytes) = read_all(disk, &place.path)?
    {
        let file = json::parse_bytes(&bytes).ok().filter(Value::is_object);
        kept.corrupt = file.is_none();
        let records = file.and_then(|mut file| file.get_mut(&place.arrays[0].0).map(Value::take));
        for record in records.iter().filter_map(Value::as_array).flatten() {
            keep(&mut kept.declaration, record.as_object().cloned().unwrap_or_default());
        }
    }
    let segment = base.map(|base| Segment::open(disk, base, Access::Read)).transpose()?.flatten();
    if let Some(segment) = segment {
        let version = segment.header.version;
        Tail::at_start(segment)?.read(upto, &mut |text| {
            if declares(text, &builtin)
                && let Ok(commit) = Commit::decode(text, &builtin, version)
            {
                for change in &commit.changes {
                    if let Change::Put { record, .. } = change {
                        keep(&mut kept.declaration, record.map());
                    }
                }
            }
            Ok(())
        })?;
    }
    kept.faults = kept.declaration.leave_out_faults();
    Ok(kept)
}

fn keep(declaration: &mut Declaration, record: Map<String, Value>) {
    let Some(name) = record.get("id").and_then(Value::as_str).map(str::to_owned) else { return };
    declaration.keep(&name, Some(record));
}

fn refused(issues: Vec<Issue>) -> Error {
    Error::validation("Collections", issues)
}

impl Engine {
    /// An empty state with the models of the folder and of this process, whose journal begins at
    /// `base` and is read up to a position; with it what must still be kept in the folder.
    /// `alone` tells that no other process has the store open.
    ///
    /// # Errors
    /// `VALIDATION` when the folder's declarations and this process's contradict each other.
    pub(crate) fn empty_state(
        &self,
        base: Option<u64>,
        upto: Option<u64>,
        alone: bool,
    ) -> Result<(State, Vec<Change>)> {
        let kept = kept(&*self.disk, base, upto)?;
        let joined = kept.declaration.joined(&locked(&self.declared), alone).map_err(refused)?;
        let joined = joined.with_addition(&locked(&self.added));
        let catalogue = Catalogue::declared(&joined).map_err(refused)?;
        let catalogue = Arc::new(catalogue.with_migrations(self.settings.migrations));
        self.older.know(&catalogue)?;
        let layout = Arc::new(Layout::of(&catalogue)?);
        let mut state = State::new(Arc::clone(&catalogue), layout);
        let model = catalogue.declaring();
        if !kept.faults.is_empty() {
            let error = Error::validation("settings/collections.json", kept.faults);
            let message = format!("{}; mend the file", error.message());
            state.collection_mut(model).faults.push(Error::new(Code::Corrupt, message));
        }
        let missing = joined.records_beyond(&kept.declaration).into_iter().map(|(name, map)| {
            let map =
                catalogue::validate_stored(catalogue.model(model), map.clone()).unwrap_or(map);
            let declared = catalogue.model(model);
            let record = Arc::new(Record::from_map(declared, &name, &map));
            Change::Put { model, record, new: !kept.declaration.has(&name) }
        });
        let missing = if kept.corrupt { Vec::new() } else { missing.collect() };
        *locked(&self.joined) = joined;
        self.declarations_outdated.store(false, Ordering::Release);
        Ok((state, missing))
    }

    /// Adds what another handle of this process declares to an open store.
    ///
    /// # Errors
    /// `VALIDATION` when it contradicts what the folder has.
    pub(crate) fn declare(&self, own: &Declaration) -> Result<()> {
        let join = |known: &Declaration| known.joined(own, false).map_err(refused);
        self.declare_joined(&self.declared, &join)
    }

    /// Adds what is declared in addition to what the folder has: what it has already stays as it is.
    ///
    /// # Errors
    /// `VALIDATION` when the folder has something that there is no adding to, and `UNIQUE` when records
    /// have in common what shall be unique from now on.
    pub(crate) fn declare_in_addition(&self, own: &Declaration) -> Result<()> {
        self.declare_joined(&self.added, &|known| Ok(known.with_addition(own)))
    }

    /// Joins a declaration to what the folder has, and to what this process has declared so far.
    fn declare_joined(
        &self,
        own: &Mutex<Declaration>,
        join: &dyn Fn(&Declaration) -> Result<Declaration>,
    ) -> Result<()> {
        // Mostly there is nothing new, and nobody to wait for: what is declared stays declared.
        let is_known = || {
            let known = locked(&self.joined);
            Ok::<_, Error>(join(&known)?.records_beyond(&known).is_empty())
        };
        if is_known()? {
            return Ok(());
        }
        let locks = self.lock_both()?;
        self.catch_up_locked(locks.commit())?;
        if is_known()? {
            return Ok(());
        }
        let joined = join(&locked(&self.joined))?;
        self.check_new_uniques(&Catalogue::declared(&joined).map_err(refused)?)?;
        self.check_health()?;
        let before = {
            let mut own = locked(own);
            let all = join(&own)?;
            std::mem::replace(&mut *own, all)
        };
        // The files are read anew: they may hold records of what was not declared so far.
        let loaded = self.load_anew(locks.commit());
        if loaded.is_err() {
            *locked(own) = before;
        }
        loaded
    }

    /// Refuses a unique that the records do not keep already.
    fn check_new_uniques(&self, coming: &Catalogue) -> Result<()> {
        let state = self.state();
        for model in state.catalogue.ids() {
            let known = state.catalogue.model(model);
            let Some(new) = coming.by_name(&known.name).map(|id| coming.model(id)) else {
                continue;
            };
            let is_new = |index: &Index| index.unique && !known.indexes.contains(index);
            for (number, index) in new.indexes.iter().enumerate().filter(|(_, i)| is_new(i)) {
                let records = state.collection(model).iter().map(|(_, record)| record);
                check_unique(new, number, index, records)?;
            }
        }
        Ok(())
    }
}

/// Refuses records of which two have the same under an index that shall be unique.
fn check_unique<'r>(
    model: &Model,
    number: usize,
    index: &Index,
    records: impl Iterator<Item = &'r Arc<Record>>,
) -> Result<()> {
    let mut holders: HashMap<String, &str> = HashMap::new();
    let mut doubles = Vec::new();
    for record in records {
        let indexed = Record::from_map(model, record.key(), &record.map());
        for value in indexed.index_keys().under(number) {
            match holders.entry(value.text().into_owned()) {
                Entry::Vacant(free) => drop(free.insert(record.key())),
                Entry::Occupied(holder) => doubles.push((*holder.get(), record.key())),
            }
        }
    }
    if doubles.is_empty() {
        return Ok(());
    }
    Err(not_unique(model, index, &doubles))
}
