//! Which record stands in which file; derived from the places that the catalogue declares.

use hashbrown::HashMap;

use crate::catalogue::{Catalogue, ModelId, Place, is_id};
use crate::disk::SafePath;
use crate::error::{Code, Error, Result};

/// A file that is written whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The file of one record of a place `Directory`.
    Record(ModelId, Box<str>),
    /// The shared file with this number.
    Shared(usize),
    /// The file that the first record of a place `Owner` shares with the record of a `Single`.
    First,
    /// The file of a further record of a place `Owner`.
    Further(Box<str>),
}

/// A file that people see, by what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ShownFile {
    /// A file that is written whole.
    Whole(Target),
    /// The rows of this model.
    Rows(ModelId),
    /// A log: its model, and its owner's key.
    Log(ModelId, Box<str>),
}

/// A file whose arrays hold the records of some models.
#[derive(Debug, Clone)]
pub(crate) struct SharedPlace {
    pub(crate) path: SafePath,
    /// The key of each array, and whose records it holds.
    pub(crate) arrays: Vec<(String, ModelId)>,
}

/// A file of rows.
#[derive(Debug, Clone)]
pub(crate) struct RowsPlace {
    pub(crate) model: ModelId,
    pub(crate) path: SafePath,
    pub(crate) schema: String,
}

/// The files of the places `Owner`, `Beside` and `Single`, which belong together.
#[derive(Debug, Clone)]
pub(crate) struct OwnerPlace {
    pub(crate) model: ModelId,
    pub(crate) key: String,
    pub(crate) first: SafePath,
    pub(crate) dir: SafePath,
    /// Models that stand beside it: model, link field, key.
    pub(crate) beside: Vec<(ModelId, String, String)>,
    /// The model whose one record stands at the top of `first`.
    pub(crate) single: Option<ModelId>,
}

/// A folder of logs.
#[derive(Debug, Clone)]
pub(crate) struct LogPlace {
    pub(crate) model: ModelId,
    pub(crate) owner: ModelId,
    pub(crate) dir: SafePath,
    pub(crate) schema: String,
}

/// Which record stands in which file.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    shared: Vec<SharedPlace>,
    shared_of: HashMap<ModelId, usize>,
    rows: Vec<RowsPlace>,
    directories: Vec<(ModelId, SafePath)>,
    owner: Option<OwnerPlace>,
    logs: Vec<LogPlace>,
    /// For each model, the folders in which its files stand; none for logs.
    folders_of: Vec<Vec<SafePath>>,
}

impl Layout {
    /// The layout of a catalogue.
    ///
    /// # Errors
    /// `VALIDATION` when a declared place is not a safe path.
    pub(crate) fn of(catalogue: &Catalogue) -> Result<Layout> {
        let mut layout = Layout::default();
        for id in catalogue.ids() {
            layout.add(id, &catalogue.model(id).place)?;
        }
        for id in catalogue.ids() {
            layout.add_beside(id, &catalogue.model(id).place);
        }
        for id in catalogue.ids() {
            let mut folders = layout.folders_for(id, &catalogue.model(id).place);
            // What a record says of its logs depends on them.
            let logs = layout.logs.iter().filter(|place| place.owner == id);
            for folder in logs.map(|place| &place.dir) {
                if !folders.contains(folder) {
                    folders.push(folder.clone());
                }
            }
            layout.folders_of.push(folders);
        }
        Ok(layout)
    }

    fn folders_for(&self, model: ModelId, place: &Place) -> Vec<SafePath> {
        let above = |path: &SafePath| path.parent().into_iter().collect();
        match place {
            Place::Directory { .. } => {
                let own = self.directories.iter().filter(|(id, _)| *id == model);
                own.map(|(_, dir)| dir.clone()).collect()
            }
            Place::Document { .. } => self
                .shared_file_of(model)
                .map_or(Vec::new(), |number| above(&self.shared[number].path)),
            Place::Rows { .. } => {
                let own = self.rows.iter().find(|place| place.model == model);
                own.map_or(Vec::new(), |place| above(&place.path))
            }
            Place::Owner { .. } | Place::Beside { .. } | Place::Single { .. } => {
                let folders = |owner: &OwnerPlace| [owner.first.parent(), Some(owner.dir.clone())];
                self.owner.iter().flat_map(folders).flatten().collect()
            }
            Place::Log { .. } => Vec::new(),
        }
    }

    fn add(&mut self, model: ModelId, place: &Place) -> Result<()> {
        match place {
            Place::Directory { dir } => self.directories.push((model, SafePath::new(dir)?)),
            Place::Document { file, key } => self.add_document(model, SafePath::new(file)?, key),
            Place::Rows { file, schema } => {
                let path = SafePath::new(file)?;
                self.rows.push(RowsPlace { model, path, schema: schema.clone() });
            }
            Place::Owner { first, dir, key } => {
                let (first, dir) = (SafePath::new(first)?, SafePath::new(dir)?);
                let (key, beside) = (key.clone(), Vec::new());
                self.owner = Some(OwnerPlace { model, key, first, dir, beside, single: None });
            }
            Place::Log { dir, owner, schema, .. } => {
                let (dir, schema) = (SafePath::new(dir)?, schema.clone());
                self.logs.push(LogPlace { model, owner: *owner, dir, schema });
            }
            Place::Beside { .. } | Place::Single { .. } => {}
        }
        Ok(())
    }

    fn add_document(&mut self, model: ModelId, path: SafePath, key: &str) {
        let found = self.shared.iter().position(|place| place.path == path);
        let number = found.unwrap_or_else(|| {
            self.shared.push(SharedPlace { path, arrays: Vec::new() });
            self.shared.len() - 1
        });
        self.shared[number].arrays.push((key.to_owned(), model));
        self.shared_of.insert(model, number);
    }

    fn add_beside(&mut self, model: ModelId, place: &Place) {
        let Some(owner) = &mut self.owner else { return };
        match place {
            Place::Beside { by, key, .. } => {
                owner.beside.push((model, by.clone(), key.clone()));
            }
            Place::Single { .. } => owner.single = Some(model),
            _ => {}
        }
    }

    /// The files that several records share as arrays.
    pub(crate) fn shared_files(&self) -> &[SharedPlace] {
        &self.shared
    }

    /// The number of the shared file that holds a model's records.
    pub(crate) fn shared_file_of(&self, model: ModelId) -> Option<usize> {
        self.shared_of.get(&model).copied()
    }

    /// The files of rows.
    pub(crate) fn rows(&self) -> &[RowsPlace] {
        &self.rows
    }

    /// The folders with one file a record.
    pub(crate) fn directories(&self) -> &[(ModelId, SafePath)] {
        &self.directories
    }

    /// The folders that hold a file for each of some records.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &SafePath> {
        let owner = self.owner.iter().map(|place| &place.dir);
        let logs = self.logs.iter().map(|place| &place.dir);
        self.directories.iter().map(|(_, dir)| dir).chain(logs).chain(owner)
    }

    /// The folders in which the files of a model's records and of their logs stand; none for the rows
    /// of logs.
    pub(crate) fn folders_of(&self, model: ModelId) -> &[SafePath] {
        self.folders_of.get(usize::from(model.0)).map_or(&[], Vec::as_slice)
    }

    /// The models of which each record has a file of its own: their order stands in none.
    pub(crate) fn in_own_files(&self) -> impl Iterator<Item = ModelId> {
        let owner = self.owner.iter().map(|place| place.model);
        self.directories.iter().map(|(model, _)| *model).chain(owner)
    }

    /// Is a file named by the key of a record of this model: its own one, or a log that it owns?
    pub(crate) fn is_named_by_key(&self, model: ModelId) -> bool {
        self.in_own_files().any(|own| own == model) || self.logs_of(model).next().is_some()
    }

    /// The files of the places `Owner`, `Beside` and `Single`.
    pub(crate) fn owner(&self) -> Option<&OwnerPlace> {
        self.owner.as_ref()
    }

    /// The folders of logs.
    pub(crate) fn logs(&self) -> &[LogPlace] {
        &self.logs
    }

    /// The models whose records are the lines of the logs that `owner` owns.
    pub(crate) fn logs_of(&self, owner: ModelId) -> impl Iterator<Item = ModelId> {
        self.logs.iter().filter(move |place| place.owner == owner).map(|place| place.model)
    }

    /// The folder of a log model.
    ///
    /// # Errors
    /// `IO` when the model has no logs, which is a fault of the caller.
    pub(crate) fn log_place(&self, model: ModelId) -> Result<&LogPlace> {
        let found = self.logs.iter().find(|place| place.model == model);
        found.ok_or_else(|| Error::new(Code::Io, "this model is not kept in logs"))
    }

    /// The file of a log.
    ///
    /// # Errors
    /// `VALIDATION` when the owner's key cannot be a file name.
    pub(crate) fn log_path(&self, model: ModelId, owner: &str) -> Result<SafePath> {
        self.log_place(model)?.dir.join(&[owner, ".jsonl"].concat())
    }

    /// The file of a record of a place `Directory`.
    ///
    /// # Errors
    /// `VALIDATION` when the key cannot be a file name.
    pub(crate) fn record_path(&self, model: ModelId, key: &str) -> Result<Option<SafePath>> {
        let found = self.directories.iter().find(|(id, _)| *id == model);
        found.map(|(_, dir)| dir.join(&[key, ".json"].concat())).transpose()
    }

    /// What stands at a path; `None` where nothing of the store does, for the drafts, locks and
    /// backups of an editor too.
    pub(crate) fn file_at(&self, path: &SafePath) -> Option<ShownFile> {
        if let Some(number) = self.shared.iter().position(|place| place.path == *path) {
            return Some(ShownFile::Whole(Target::Shared(number)));
        }
        if let Some(place) = self.rows.iter().find(|place| place.path == *path) {
            return Some(ShownFile::Rows(place.model));
        }
        if self.owner.as_ref().is_some_and(|owner| owner.first == *path) {
            return Some(ShownFile::Whole(Target::First));
        }
        let folder = path.parent()?;
        let key = |ending| path.file_name().strip_suffix(ending).filter(|key| is_id(key));
        if let Some(key) = key(".jsonl") {
            let place = self.logs.iter().find(|place| place.dir == folder)?;
            return Some(ShownFile::Log(place.model, key.into()));
        }
        let key = key(".json")?;
        if self.owner.as_ref().is_some_and(|owner| owner.dir == folder) {
            return Some(ShownFile::Whole(Target::Further(key.into())));
        }
        let (model, _) = self.directories.iter().find(|(_, dir)| *dir == folder)?;
        Some(ShownFile::Whole(Target::Record(*model, key.into())))
    }

    /// Where a file is.
    ///
    /// # Errors
    /// `VALIDATION` when a key cannot be a file name.
    pub(crate) fn path_of(&self, file: &ShownFile) -> Result<SafePath> {
        match file {
            ShownFile::Whole(target) => self.path(target),
            ShownFile::Rows(model) => {
                let place = self.rows.iter().find(|place| place.model == *model);
                let none = || Error::new(Code::Io, "this model is not kept in rows");
                place.map(|place| place.path.clone()).ok_or_else(none)
            }
            ShownFile::Log(model, owner) => self.log_path(*model, owner),
        }
    }

    /// The models of which records stand in a file; none for a log.
    pub(crate) fn models_in(&self, file: &ShownFile) -> Vec<ModelId> {
        match file {
            ShownFile::Whole(Target::Record(model, _)) | ShownFile::Rows(model) => vec![*model],
            ShownFile::Whole(Target::Shared(number)) => {
                self.shared[*number].arrays.iter().map(|(_, model)| *model).collect()
            }
            ShownFile::Whole(Target::First | Target::Further(_)) => {
                let owner = self.owner.iter();
                let mut models: Vec<ModelId> = owner.clone().map(|owner| owner.model).collect();
                models
                    .extend(owner.clone().flat_map(|o| o.beside.iter().map(|(model, ..)| *model)));
                let single = owner.filter_map(|owner| owner.single);
                models.extend(single.filter(|_| *file == ShownFile::Whole(Target::First)));
                models
            }
            ShownFile::Log(..) => Vec::new(),
        }
    }

    /// The files that hold the records of several keys, but for those of further owners.
    pub(crate) fn files_of_many(&self) -> impl Iterator<Item = &SafePath> {
        let shared = self.shared.iter().map(|place| &place.path);
        let rows = self.rows.iter().map(|place| &place.path);
        shared.chain(rows).chain(self.owner.iter().map(|owner| &owner.first))
    }

    /// The file of a target.
    ///
    /// # Errors
    /// `VALIDATION` when a key cannot be a file name.
    pub(crate) fn path(&self, target: &Target) -> Result<SafePath> {
        let none = || Error::new(Code::Io, "this model has no file of its own");
        match target {
            Target::Record(model, key) => self.record_path(*model, key)?.ok_or_else(none),
            Target::Shared(number) => Ok(self.shared[*number].path.clone()),
            Target::First => self.owner.as_ref().map(|o| o.first.clone()).ok_or_else(none),
            Target::Further(key) => {
                self.owner.as_ref().ok_or_else(none)?.dir.join(&format!("{key}.json"))
            }
        }
    }
}
