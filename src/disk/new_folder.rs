//! A folder that comes into being whole: it is filled under another name, which says so, and
//! takes its place when it is finished.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::real::{Outside, RealDisk, is_in_one_file_system, real_path};
use super::{Access, Disk, Lock, LockKind, SafePath};
use crate::error::{Code, Error, Result};

/// The file that says that a folder is not finished; it is locked by who fills it.
pub const UNFINISHED: &str = "unfinished-snapshot";
const NOTE: &[u8] = b"This copy of a quilltap-store folder was not finished. Remove the folder.\n";

/// A folder that is being filled.
pub struct NewFolder {
    /// The folder in which it stands, its name there, and the one until it is finished.
    above: Outside,
    place: PathBuf,
    partial: OsString,
    disk: RealDisk,
    finished: bool,
    lock: Option<Box<dyn Lock>>,
}

impl NewFolder {
    /// Begins a folder that will stand at `place`, which is not there yet or empty, and not
    /// within the folder `outside`. What an earlier attempt left unfinished is removed.
    ///
    /// # Errors
    /// `VALIDATION` for another place, `LOCKED` when somebody fills it just now; those of the disk.
    pub fn begin(place: &Path, outside: &RealDisk) -> Result<NewFolder> {
        let place = Place::of(place)?;
        place.refuse_within(outside)?;
        if !place.is_free()? {
            let shown = place.shown();
            let message =
                format!("{shown} is there and not empty; take a new folder, or an empty one");
            return Err(Error::new(Code::Validation, message));
        }
        place.fill()
    }

    /// Begins a folder that will stand at `place`, in which there is nothing, or what an earlier attempt
    /// left unfinished. A volume of its own is filled where it is: it has no other name.
    ///
    /// # Errors
    /// `LOCKED` when somebody fills it just now; those of the disk.
    pub fn begin_free(place: &Path) -> Result<NewFolder> {
        let place = Place::of(&resolved(place))?;
        let is_volume = place.path.is_dir() && !is_in_one_file_system(&place.path, &place.folder);
        if is_volume { place.fill_in_place() } else { place.fill() }
    }

    /// Begins a folder that will stand at `place`, whatever is there by now: see
    /// [`NewFolder::replace`].
    ///
    /// # Errors
    /// `VALIDATION` for a volume of its own, `LOCKED` when somebody fills it just now; those of the disk.
    pub fn begin_over(place: &Path) -> Result<NewFolder> {
        let place = Place::of(&resolved(place))?;
        if !is_in_one_file_system(&place.path, &place.folder) {
            let shown = place.shown();
            let message = format!(
                "{shown} is a volume of its own, which cannot change places with another folder; move \
                 what is in it elsewhere first, or take a folder in it"
            );
            return Err(Error::new(Code::Validation, message));
        }
        place.fill()
    }

    /// Is there a folder whose filling was cut off?
    pub fn was_left_unfinished(place: &Path) -> bool {
        place.join(UNFINISHED).is_file()
    }

    /// Begins a folder for the time in which something is made from it, which is `place`: beside that,
    /// or beside the data folder, so that both are in one file system if they can be.
    ///
    /// # Errors
    /// `VALIDATION` when `place` is within the data folder, `LOCKED` when somebody fills it just now;
    /// those of the disk.
    pub fn for_a_while(place: &Path, data: &RealDisk) -> Result<NewFolder> {
        Place::of(place)?.refuse_within(data)?;
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(".contents");
        let beside = Place::of(&place.with_file_name(&name))?;
        let by_data = data.root().with_file_name(&name);
        if !is_in_one_file_system(&beside.folder, data.root())
            && let Ok(made) = Place::of(&by_data).and_then(Place::fill)
        {
            return Ok(made);
        }
        beside.fill()
    }

    /// The folder to be filled.
    pub fn disk(&self) -> &RealDisk {
        &self.disk
    }

    /// Puts the folder, whose files are durable, in its place.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn finish(self) -> Result<()> {
        self.put(|new, name| new.above.put_in_place(&new.disk, &new.partial, name))
    }

    /// Puts the folder, whose files are durable, in the place of another one, which gets the name
    /// `aside` beside it; gives its path.
    ///
    /// # Errors
    /// `VALIDATION` when something has that name; those of the disk.
    pub fn replace(self, aside: &OsStr) -> Result<PathBuf> {
        let kept = self.place.with_file_name(aside);
        self.put(|new, name| new.above.replace(&new.disk, &new.partial, name, aside))?;
        Ok(kept)
    }

    fn put(mut self, put: impl FnOnce(&NewFolder, &OsStr) -> io::Result<()>) -> Result<()> {
        self.disk.remove(&mark()?)?;
        self.disk.sync_dir(&SafePath::root())?;
        // Windows renames no folder in which a file is open.
        drop(self.lock.take());
        let shown = self.place.display().to_string();
        let name = self.place.file_name().unwrap_or_default();
        if self.partial != name {
            put(&self, name).map_err(|error| Error::io("put in place", &shown, &error))?;
        }
        self.finished = true;
        self.above.sync().map_err(|error| Error::io("make durable", &shown, &error))
    }
}

/// Where a folder is to stand.
struct Place {
    above: Outside,
    /// The path of the folder in which it will stand, and its own, without links.
    folder: PathBuf,
    path: PathBuf,
}

impl Place {
    fn of(path: &Path) -> Result<Place> {
        let (folder, path) = real_place(path)?;
        let shown = path.display().to_string();
        let above = Outside::at(&folder).map_err(|error| Error::io("open", &shown, &error))?;
        Ok(Place { above, folder, path })
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn refuse_within(&self, outside: &RealDisk) -> Result<()> {
        if !self.path.starts_with(outside.root()) && !outside.root().starts_with(&self.path) {
            return Ok(());
        }
        let shown = self.shown();
        let message =
            format!("{shown} and the data folder are within each other; take a place outside");
        Err(Error::new(Code::Validation, message))
    }

    /// Is there nothing, or an empty folder?
    fn is_free(&self) -> Result<bool> {
        let name = self.path.file_name().unwrap_or_default();
        self.above.is_free(name).map_err(|error| Error::io("look at", &self.shown(), &error))
    }

    fn fill(self) -> Result<NewFolder> {
        let mut partial = self.path.file_name().unwrap_or_default().to_owned();
        partial.push(".partial");
        self.fill_as(partial)
    }

    fn fill_in_place(self) -> Result<NewFolder> {
        let name = self.path.file_name().unwrap_or_default().to_owned();
        self.fill_as(name)
    }

    fn fill_as(self, partial: OsString) -> Result<NewFolder> {
        let (disk, lock) = unfinished(&self.above, &self.folder, &partial)?;
        disk.open(&mark()?, Access::Write)?.write_at(0, NOTE)?;
        let Place { above, path: place, .. } = self;
        Ok(NewFolder { above, place, partial, disk, finished: false, lock: Some(lock) })
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.finished {
            // What is left says itself that it is not finished.
            let _ = self.disk.clear(UNFINISHED);
            let _ = self.disk.clear("");
            let _ = self.above.remove_empty(&self.partial);
        }
    }
}

fn mark() -> Result<SafePath> {
    SafePath::new(UNFINISHED)
}

/// The folder to be filled, empty but for the mark, and the lock on it.
fn unfinished(above: &Outside, folder: &Path, name: &OsStr) -> Result<(RealDisk, Box<dyn Lock>)> {
    let shown = folder.join(name).display().to_string();
    let disk = above.folder(name).map_err(|error| Error::io("make", &shown, &error))?;
    // Asked of the folder that was opened: its name may lead to another one by now.
    if !disk.list(&SafePath::root())?.is_empty() && disk.stamp(&mark()?)?.is_none() {
        let message =
            format!("{shown} is in the way, and no unfinished snapshot; move or remove it");
        return Err(Error::new(Code::Validation, message));
    }
    let Some(lock) = disk.try_lock(&mark()?, LockKind::Exclusive)? else {
        let message = format!("another snapshot is being made in {shown}; wait for it");
        return Err(Error::new(Code::Locked, message));
    };
    disk.clear(UNFINISHED)?;
    Ok((disk, lock))
}

/// The folder that a link leads to; a path by which nothing is found stays as it is.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The absolute path of the folder in which a new one is to stand, without links, and that of the
/// new one.
fn real_place(place: &Path) -> Result<(PathBuf, PathBuf)> {
    let shown = place.display().to_string();
    let context = |error| Error::io("find a place for", &shown, &error);
    let place = std::path::absolute(place).map_err(context)?;
    let (Some(above), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(Error::new(Code::Validation, format!("{shown} cannot be a new folder")));
    };
    fs::create_dir_all(above).map_err(context)?;
    let above = real_path(above).map_err(context)?;
    let place = above.join(name);
    Ok((above, place))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    struct World {
        folder: tempfile::TempDir,
        data: RealDisk,
    }

    /// A data folder, and somebody's folder that looks like an unfinished snapshot.
    fn world() -> World {
        let folder = tempfile::tempdir().unwrap();
        let data = RealDisk::open(&folder.path().join("data")).unwrap();
        fs::create_dir(folder.path().join("foreign")).unwrap();
        fs::write(folder.path().join("foreign").join(UNFINISHED), "").unwrap();
        fs::write(folder.path().join("foreign/photo"), "photo").unwrap();
        World { folder, data }
    }

    impl World {
        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn begin(&self) -> Result<NewFolder> {
            NewFolder::begin(&self.path("copy"), &self.data)
        }

        /// Puts a link to the foreign folder, or that folder itself, in the place of the new one.
        fn swap(&self, by_link: bool) {
            fs::rename(self.path("copy.partial"), self.path("moved")).unwrap();
            if by_link {
                symlink(self.path("foreign"), self.path("copy.partial")).unwrap();
            } else {
                fs::rename(self.path("foreign"), self.path("copy.partial")).unwrap();
            }
        }

        fn photo(&self, by_link: bool) -> Vec<u8> {
            let name = if by_link { "foreign/photo" } else { "copy.partial/photo" };
            fs::read(self.path(name)).unwrap()
        }
    }

    #[test]
    fn what_is_put_in_the_place_of_a_folder_meanwhile_is_neither_emptied_nor_taken() {
        for by_link in [true, false] {
            for finish in [true, false] {
                let world = world();
                let new = world.begin().unwrap();
                let file = SafePath::new("record.json").unwrap();
                world.swap(by_link);
                new.disk().open(&file, Access::Create).unwrap();
                assert!(world.path("moved/record.json").exists());
                if finish {
                    let error = new.finish().unwrap_err();
                    assert!(error.message().contains("somebody has put another"), "{error}");
                } else {
                    drop(new);
                }
                assert_eq!(world.photo(by_link), b"photo", "{by_link} {finish}");
                assert!(!world.path("copy").exists());
                assert!(fs::read_dir(world.path("moved")).unwrap().next().is_none());
            }
        }
    }

    #[test]
    fn a_link_that_waits_at_the_place_of_a_snapshot_is_not_followed() {
        for name in ["copy", "copy.partial"] {
            let world = world();
            symlink(world.path("foreign"), world.path(name)).unwrap();
            assert!(world.begin().is_err(), "{name}");
            assert_eq!(fs::read(world.path("foreign/photo")).unwrap(), b"photo");
        }
    }

    #[test]
    fn a_folder_that_others_may_write_is_not_filled() {
        let world = world();
        fs::create_dir(world.path("copy.partial")).unwrap();
        let mode = fs::Permissions::from_mode(0o777);
        fs::set_permissions(world.path("copy.partial"), mode).unwrap();
        let error = world.begin().err().unwrap();
        assert!(error.message().contains("every user may write it (mode 0777)"), "{error}");
    }

    #[test]
    fn what_an_attempt_left_behind_is_removed_with_all_that_is_in_it() {
        let world = world();
        let left = world.path("copy.partial/chats/deep");
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("file"), "").unwrap();
        fs::write(world.path("copy.partial").join(UNFINISHED), "").unwrap();
        symlink(world.path("foreign"), left.join("link")).unwrap();
        world.begin().unwrap().finish().unwrap();
        assert!(fs::read_dir(world.path("copy")).unwrap().next().is_none());
        assert_eq!(fs::read(world.path("foreign/photo")).unwrap(), b"photo");
    }
}
