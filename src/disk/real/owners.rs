//! Whose the files are: what others could have written is refused where it decides who somebody is,
//! and what the system does not let us write is told with its owner and what to type.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{About, RealDisk, is_missing, system};
use crate::disk::{Disk, EntryKind, SafePath};
use crate::error::{Code, Error, Result};

impl RealDisk {
    /// Refuses files in these folders, from here on, where another user could have written them.
    /// Each is a path in the data folder, of a file too, in which `*` is any one name.
    pub fn guarding(mut self, folders: &'static [&'static str]) -> RealDisk {
        self.guarded = folders;
        self
    }

    /// Who else may write in the data folder, besides this process's user and root; `None` where
    /// nobody may, or the system tells only by means that are not read here (Windows).
    pub fn shared_with(&self) -> Option<String> {
        self.folder.about(&SafePath::root()).ok()?.rights.not_ours_alone()
    }

    /// The files and folders that others than this process's user and root may write, each with why.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn shared_files(&self) -> Result<Vec<(SafePath, String)>> {
        let mut found = Vec::new();
        let mut folders = vec![SafePath::root()];
        while let Some(folder) = folders.pop() {
            for entry in self.list(&folder)? {
                let Ok(path) = folder.join(&entry.name) else { continue };
                let about = self.folder.look(path.as_str());
                found.extend(
                    about
                        .ok()
                        .and_then(|about| Some((path.clone(), about.rights.not_ours_alone()?))),
                );
                if entry.kind == EntryKind::Folder {
                    folders.push(path);
                }
            }
        }
        Ok(found)
    }

    /// The command that keeps the folder to this process's user.
    pub fn to_own(&self) -> String {
        system::to_own(&self.root.display().to_string())
    }

    /// Refuses an opened file, or one in a folder, that another user could have written.
    pub(super) fn check_guarded(&self, path: &SafePath, file: &File) -> Result<()> {
        let guarded = self.guarded.iter().find_map(|pattern| guarded_part(path.as_str(), pattern));
        let Some(top) = guarded else { return Ok(()) };
        let look = |error| Error::io("look at", path.as_str(), &error);
        for folder in path.folders() {
            self.refuse(top, folder, &self.folder.look(folder).map_err(look)?)?;
        }
        self.refuse(top, path.as_str(), &system::about(file).map_err(look)?)
    }

    fn refuse(&self, top: &str, path: &str, about: &About) -> Result<()> {
        let Some(why) = about.rights.not_ours_alone() else { return Ok(()) };
        let folder = self.root.join(top).display().to_string();
        let message = format!(
            "{path} decides who somebody is, and {why}: it may be another user's work. Look at it, \
             then keep it to this process's user ({}) and open the store anew; where the volume \
             cannot do that, open it with trustSharedFolder: true",
            system::to_own(&folder)
        );
        Err(Error::new(Code::Corrupt, message).path(path))
    }

    /// Refuses to write another person's file.
    pub(super) fn check_owner(&self, path: &SafePath, about: &About) -> io::Result<()> {
        if about.rights.is_of_another() { Err(self.told(path, about)) } else { Ok(()) }
    }

    /// Says whose a file or folder is that the system did not let us write or look into, or the folder
    /// it would be in.
    pub(super) fn name_owner(&self, path: &SafePath, error: io::Error) -> io::Error {
        if error.kind() != io::ErrorKind::PermissionDenied || error.get_ref().is_some() {
            return error;
        }
        for path in std::iter::successors(Some(path.clone()), SafePath::parent) {
            match self.folder.about(&path) {
                Ok(about) if about.rights.explain_refusal().is_some() => {
                    return self.told(&path, &about);
                }
                Err(error) if !is_missing(&error) && !is_denied(&error) => return error,
                _ => {}
            }
        }
        error
    }

    fn told(&self, path: &SafePath, about: &About) -> io::Error {
        refusal(&self.root, &self.absolute(path), about)
    }
}

/// The beginning of a path that a pattern fits.
fn guarded_part<'p>(path: &'p str, pattern: &str) -> Option<&'p str> {
    let mut names = path.split('/');
    let mut end = 0;
    for part in pattern.split('/') {
        let name = names.next().filter(|name| part == "*" || part == *name)?;
        end += name.len() + 1;
    }
    path.get(..end - 1)
}

/// Says whose the data folder is, where the system did not let us look into it.
pub(super) fn name_owner_of_root(root: &Path, error: io::Error) -> io::Error {
    let about = system::look(root).ok().filter(|_| is_denied(&error));
    match about.filter(|about| about.rights.explain_refusal().is_some()) {
        Some(about) => refusal(root, root, &about),
        None => error,
    }
}

/// Says whose the folder is in which the data folder was to be made, where the system did not let us.
pub(super) fn name_owner_above(root: &Path, error: io::Error) -> io::Error {
    let Ok(root) = std::path::absolute(root) else { return error };
    let above = root.ancestors().find(|folder| folder.exists()).filter(|_| is_denied(&error));
    let look = |above| Some((above, system::look(above).ok()?.rights.explain_refusal()?));
    let Some((above, why)) = above.and_then(look) else { return error };
    let (above, root) = (above.display(), root.display().to_string());
    let own = system::to_own(&root);
    denied(format!("{above} {why}: mkdir -p '{root}' && {own}, or run the app as its owner"))
}

fn is_denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

fn refusal(root: &Path, shown: &Path, about: &About) -> io::Error {
    let why = about.rights.explain_refusal().unwrap_or_default();
    let own = system::to_own(&root.display().to_string());
    denied(format!("{} {why}: {own}, or run the app as its owner", shown.display()))
}

fn denied(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, message)
}
