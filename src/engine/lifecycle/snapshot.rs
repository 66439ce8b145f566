//! A consistent copy of the whole folder, made while others go on writing.
//!
//! Most of it is copied while nobody waits. Then, for as long as it takes to look at every file
//! and to copy those that have changed meanwhile, nobody writes files: so the copy shows one
//! moment, a whole number of commits. Commits go on all the time, for they only need the journal.
//!
//! Records and logs are written to in place by editors, and logs by the store itself: they are
//! copied, with shared bytes where the file system can do that. Payloads are never written to
//! again, so a second name is copy enough.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::disk::{self, Access, Disk, DiskFile, EntryKind, SafePath, Stamp, UNFINISHED};
use crate::error::{Code, Error, Result};

use crate::engine::core::Engine;
use crate::engine::files::order;
use crate::engine::processes::locks;
use crate::engine::{journal, payload};

/// What a folder needs only while it is in use.
fn is_transient(name: &str) -> bool {
    let other_dot = name.starts_with('.') && name != ".gitignore";
    let folders = [journal::folder(), locks::cache_folder()];
    other_dot || name == UNFINISHED || folders.iter().any(|folder| folder.as_str() == name)
}

/// May a copy of a folder hold such a file? What only a folder in use needs is in none.
pub(crate) fn is_in_copies(path: &SafePath) -> bool {
    let top = path.folders().next().unwrap_or_else(|| path.as_str());
    let is_journal = path.parent() == Some(journal::folder());
    is_journal || *path == order::path() || !(is_transient(top) || payload::is_incoming(path))
}

/// Refuses a folder that is a copy whose making was cut off.
///
/// # Errors
/// `CORRUPT` for such a folder; those of the disk.
pub(crate) fn refuse_unfinished(disk: &dyn Disk) -> Result<()> {
    if disk.stamp(&SafePath::new(UNFINISHED)?)?.is_none() {
        return Ok(());
    }
    let message = "this folder is a snapshot that was never finished, and holds only a part; remove it and use another";
    Err(Error::new(Code::Corrupt, message).path(UNFINISHED))
}

impl Engine {
    /// Fills an empty folder with a copy of everything up to now, and makes it durable.
    ///
    /// # Errors
    /// Those of both disks.
    pub(crate) fn snapshot(&self, target: &dyn Disk) -> Result<()> {
        disk::make_durable(target, &self.copy_into(target)?)
    }

    /// Fills an empty folder with a copy of everything up to now, which a power cut may take; gives its
    /// files.
    ///
    /// # Errors
    /// Those of both disks.
    pub(crate) fn copy_into(&self, target: &dyn Disk) -> Result<Vec<SafePath>> {
        self.check_health()?;
        let catalogue = Arc::clone(&self.state().catalogue);
        let mut copy = Copy { from: &*self.disk, to: target, known: BTreeMap::new(), catalogue };
        copy.bring_up_to_date()?;
        let files = self.lock_files()?;
        self.catch_up_for_files(&files)?;
        // What somebody else is in the middle of writing is copied as it is; the journal has the rest.
        self.write_beside_edits(&files, self.look_now()?)?;
        // What is committed after this may have put bytes where they are looked for no more.
        let journal = self.tail().as_ref().map(|tail| (tail.base(), tail.file(), tail.used()));
        copy.bring_up_to_date()?;
        if self.holds_unwritten()
            && let Some((base, file, used)) = journal
        {
            copy.take_journal(base, &*file, used)?;
        }
        order::save_in(self, target)?;
        drop(files);
        Ok(copy.known.into_keys().collect())
    }
}

/// A folder and its copy.
struct Copy<'a> {
    from: &'a dyn Disk,
    to: &'a dyn Disk,
    /// The files that are copied, as they were before.
    known: BTreeMap<SafePath, Stamp>,
    catalogue: Arc<Catalogue>,
}

impl Copy<'_> {
    /// Copies what is new or has changed, and removes what is gone.
    fn bring_up_to_date(&mut self) -> Result<()> {
        let mut found = BTreeSet::new();
        let mut folders = vec![SafePath::root()];
        while let Some(folder) = folders.pop() {
            for entry in self.from.list(&folder)? {
                // What has a name that no store gives is no part of it.
                let Ok(path) = folder.join(&entry.name) else { continue };
                let at_root = folder == SafePath::root();
                let transient = at_root && is_transient(&entry.name) || payload::is_incoming(&path);
                match entry.kind {
                    _ if transient => {}
                    EntryKind::Folder => folders.push(path),
                    EntryKind::File if self.copy(&path)? => drop(found.insert(path)),
                    EntryKind::File | EntryKind::Other => {}
                }
            }
        }
        let gone: Vec<SafePath> =
            self.known.keys().filter(|path| !found.contains(*path)).cloned().collect();
        for path in gone {
            self.known.remove(&path);
            self.to.remove(&path)?;
            let mut folder = path.parent();
            while let Some(dir) = folder.filter(|dir| *dir != SafePath::root()) {
                folder = if self.to.remove_dir(&dir)? { dir.parent() } else { None };
            }
        }
        Ok(())
    }

    /// The journal's beginning, where a file that cannot be read keeps it from being written.
    fn take_journal(&mut self, base: u64, file: &dyn DiskFile, used: u64) -> Result<()> {
        let mut bytes = vec![0; usize::try_from(used).unwrap_or(usize::MAX)];
        file.read_at(0, &mut bytes)?;
        let path = journal::path_of(base)?;
        self.to.create_dir(&journal::folder())?;
        let written = self.to.open(&path, Access::Replace)?;
        written.write_at(0, &bytes)?;
        self.known.insert(path, written.stamp()?);
        Ok(())
    }

    /// Is it a payload, or something made from one?
    fn is_payload(&self, path: &SafePath) -> bool {
        let payload = self.catalogue.payload();
        payload.is_some_and(|(_, payload)| payload.content_of(path.as_str()).is_some())
    }

    /// Copies a file unless it is there as it is now; `false` when it is gone.
    fn copy(&mut self, path: &SafePath) -> Result<bool> {
        let Some(stamp) = self.from.stamp(path)? else { return Ok(false) };
        if self.known.get(path) == Some(&stamp) {
            return Ok(true);
        }
        // A file is written to behind its end, or replaced: with the same stamp it is the same. What
        // stands there may be a second name of a file in the folder, or in another copy: it is
        // never written to.
        self.to.remove(path)?;
        let shared = self.is_payload(path) && disk::share(self.from, path, self.to)?;
        if !shared && let Err(error) = disk::copy(self.from, path, self.to) {
            if self.from.stamp(path)?.is_some() {
                return Err(error);
            }
            self.to.remove(path)?;
            return Ok(false);
        }
        self.known.insert(path.clone(), stamp);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    /// An empty folder to work in.
    #[allow(clippy::disallowed_methods, reason = "the folders that a disk is opened on")]
    fn made(path: &std::path::Path) -> &std::path::Path {
        std::fs::create_dir(path).expect("made");
        path
    }

    /// The name came to stand for another file after its stamp was taken and before it was shared.
    #[test]
    fn a_shared_payload_is_never_written_to() {
        let dir = tempfile::tempdir().expect("a folder");
        let disk = |name: &str| RealDisk::open(made(&dir.path().join(name))).expect("opened");
        let (from, to) = (disk("data"), disk("copy"));
        let path = SafePath::new(&format!("binaries/{}/raw", "a".repeat(64))).expect("safe");
        from.create_dir(&path.parent().expect("a folder")).expect("made");
        let file = from.open(&path, Access::Create).expect("made");
        file.write_at(0, b"bytes").expect("written");
        assert!(disk::share(&from, &path, &to).expect("shared"));
        let before = Stamp { len: 5, modified_ns: 0, file_number: 0 };
        let known = BTreeMap::from([(path.clone(), before)]);
        let catalogue = Arc::new(Catalogue::builtin());
        let mut copy = Copy { from: &from, to: &to, known, catalogue };
        assert!(copy.copy(&path).expect("copied"));
        for disk in [&from, &to] {
            let bytes = disk::read_all(disk, &path).expect("read").unwrap_or_default();
            assert_eq!(bytes, b"bytes");
        }
    }
}
