//! A disk that shows an older folder as this store's own.

use std::sync::{Arc, RwLock};

use crate::catalogue::Catalogue;
use crate::disk::{
    Access, Disk, DiskFile, Entry, EntryKind, Lock, LockKind, RealDisk, SafePath, SharedWords,
    Stamp, Watch,
};
use crate::error::{Code, Error, Result};
use crate::sync;

use super::convert::convert;
use super::shown::{Shown, not_yet};
use super::translate::{Translation, translate};

/// A disk that shows an older folder as this store's own, until it is converted.
pub(crate) struct Older {
    disk: Arc<dyn Disk>,
    shown: RwLock<Option<Arc<Translation>>>,
    /// What the app has declared: the older store had some of it too.
    catalogue: RwLock<Arc<Catalogue>>,
}

impl Older {
    /// A disk that shows what there is.
    pub(crate) fn over(disk: Arc<dyn Disk>) -> Older {
        let catalogue = RwLock::new(Arc::new(Catalogue::builtin()));
        Older { disk, shown: RwLock::new(None), catalogue }
    }

    /// Looks whether the folder is an older one, and shows it as this store's own if it is.
    ///
    /// # Errors
    /// Those of the disk; `UNSUPPORTED_VERSION` for a file of a newer version.
    pub(crate) fn look(&self) -> Result<()> {
        let translation = translate(&*self.disk, self.catalogue())?.map(Arc::new);
        self.set(translation);
        Ok(())
    }

    /// The models that the folder has, once these are known: what it holds of them is shown too.
    ///
    /// # Errors
    /// As for [`Older::look`].
    pub(crate) fn know(&self, catalogue: &Arc<Catalogue>) -> Result<()> {
        if !self.is_unconverted() || self.catalogue().ids().eq(catalogue.ids()) {
            return Ok(());
        }
        *sync::write(&self.catalogue) = Arc::clone(catalogue);
        self.look()
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&sync::read(&self.catalogue))
    }

    /// Does it show an older folder as something else?
    pub(crate) fn is_unconverted(&self) -> bool {
        self.translation().is_some()
    }

    /// Another process has converted the folder: shows what there is.
    pub(crate) fn let_go(&self) {
        self.set(None);
    }

    /// Converts the folder as it is now, unless somebody else has; the caller holds both locks.
    ///
    /// # Errors
    /// Those of the disk: the folder is then as it was, or is converted by the next opening.
    pub(crate) fn convert(&self) -> Result<()> {
        super::settle(&*self.disk)?;
        if let Some(translation) = translate(&*self.disk, self.catalogue())? {
            convert(&*self.disk, &translation)?;
        }
        self.let_go();
        Ok(())
    }

    fn set(&self, translation: Option<Arc<Translation>>) {
        *sync::write(&self.shown) = translation;
    }

    fn translation(&self) -> Option<Arc<Translation>> {
        sync::read(&self.shown).clone()
    }

    /// What is shown at a path in place of what is there, if that is not shown itself.
    fn instead(&self, path: &SafePath) -> Option<Option<Shown>> {
        let translation = self.translation()?;
        let shown = translation.files.get(path).cloned();
        (shown.is_some() || translation.hides(path)).then_some(shown)
    }
}

impl Disk for Older {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        match self.instead(path) {
            None => self.disk.open(path, access),
            Some(Some(shown)) if access == Access::Read => shown.open(&*self.disk),
            Some(_) if access == Access::Read => {
                Err(Error::new(Code::Io, format!("there is no {path}")).path(path.as_str()))
            }
            Some(_) => Err(not_yet(path)),
        }
    }

    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        match self.instead(path) {
            None => self.disk.stamp(path),
            Some(shown) => shown.map_or(Ok(None), |shown| shown.stamp(&*self.disk)),
        }
    }

    fn is_in_state(&self, path: &SafePath, stamp: &Stamp) -> Result<bool> {
        match self.instead(path) {
            None => self.disk.is_in_state(path, stamp),
            Some(_) => Ok(self.stamp(path)?.as_ref() == Some(stamp)),
        }
    }

    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        let mut entries = self.disk.list(dir)?;
        let Some(translation) = self.translation() else { return Ok(entries) };
        entries.retain(|entry| {
            let path = dir.join(&entry.name);
            entry.kind != EntryKind::File || !path.is_ok_and(|path| translation.hides(&path))
        });
        for path in translation.files.keys() {
            let mut below = Some(path.clone());
            while let Some(one) = below.filter(|one| *one != SafePath::root()) {
                if one.parent().as_ref() == Some(dir) {
                    let name = one.file_name().to_owned();
                    let kind = if one == *path { EntryKind::File } else { EntryKind::Folder };
                    if !entries.iter().any(|entry| entry.name == name) {
                        entries.push(Entry { name, kind });
                    }
                }
                below = one.parent();
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        self.disk.create_dir(dir)
    }

    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        match self.instead(from).or_else(|| self.instead(to)) {
            None => self.disk.rename(from, to),
            Some(_) => Err(not_yet(to)),
        }
    }

    fn replace(&self, from: &SafePath, to: &SafePath, known: Option<&Stamp>) -> Result<bool> {
        match self.instead(from).or_else(|| self.instead(to)) {
            None => self.disk.replace(from, to, known),
            Some(_) => Err(not_yet(to)),
        }
    }

    fn remove(&self, path: &SafePath) -> Result<bool> {
        match self.instead(path) {
            None => self.disk.remove(path),
            Some(_) => Err(not_yet(path)),
        }
    }

    fn remove_dir(&self, dir: &SafePath) -> Result<bool> {
        self.disk.remove_dir(dir)
    }

    fn sync_dir(&self, dir: &SafePath) -> Result<()> {
        self.disk.sync_dir(dir)
    }

    fn try_lock(&self, path: &SafePath, kind: LockKind) -> Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock(path, kind)
    }

    fn try_lock_again(&self, path: &SafePath) -> Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock_again(path)
    }

    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>> {
        self.disk.shared(path)
    }

    fn network_file_system(&self) -> Option<String> {
        self.disk.network_file_system()
    }

    fn watch(&self) -> Option<Box<dyn Watch>> {
        self.disk.watch()
    }

    fn shows_as_it_is(&self, path: &SafePath) -> bool {
        self.instead(path).is_none()
    }

    fn as_real(&self) -> Option<&RealDisk> {
        self.disk.as_real()
    }
}
