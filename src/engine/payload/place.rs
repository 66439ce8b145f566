//! Puts payloads in their places, within a commit.

use crate::disk::{Disk, SafePath};
use crate::error::{Code, Error, Result};

use super::arriving::Arrived;
use super::{check_derived_name, home, place_of};
use crate::engine::folder::Folder;
use crate::engine::txn::{Base, Tx};

impl Tx<'_> {
    /// Puts a payload in its place; durable when this returns, or with the transaction.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn place_payload(&mut self, arrived: &Arrived) -> Result<()> {
        match self.base {
            Base::Folder(folder) => place(folder, arrived),
            #[cfg(feature = "database")]
            Base::Database(database) => {
                database.place(&arrived.sha256, arrived.berth.hand_over(), arrived.size)
            }
        }
    }

    /// Puts a derived file beside the payload of a record, over whatever has this name.
    ///
    /// # Errors
    /// `VALIDATION` for a name that is none, `CORRUPT` when the payload is not there, those of
    /// writing.
    pub(crate) fn place_derived(
        &mut self,
        content: &str,
        name: &str,
        file: &Arrived,
    ) -> Result<()> {
        check_derived_name(name)?;
        if !self.view().has_payload(content)? {
            return Err(missing(&place_of(self.catalogue(), content)?.0));
        }
        match self.base {
            Base::Folder(folder) => {
                let disk = folder.files.disk;
                let beside = place_of(&folder.state.catalogue, content)?.1;
                disk.rename(&SafePath::new(file.berth.hand_over())?, &beside.join(name)?)?;
                disk.sync_dir(&beside)
            }
            #[cfg(feature = "database")]
            Base::Database(database) => {
                database.place_derived((content, name), file.berth.hand_over(), file.size)
            }
        }
    }
}

fn place(there: &Folder<'_>, arrived: &Arrived) -> Result<()> {
    let (state, disk) = (there.state, there.files.disk);
    let home = home(&state.catalogue)?;
    // Should the record not come to be, the payload goes again.
    state.unreferenced.add(&arrived.sha256);
    let (raw, folder) = place_of(&state.catalogue, &arrived.sha256)?;
    let was_there = disk.stamp(&raw)?.is_some();
    disk.create_dir(&folder)?;
    // Over one that is there as well: it may have been changed by hand, and this mends it.
    disk.rename(&SafePath::new(arrived.berth.hand_over())?, &raw)?;
    let synced = sync(disk, &folder, &home);
    if synced.is_err() && !was_there {
        // A later sync may claim a success that this one has lost: the name is made anew.
        disk.remove(&raw)?;
    }
    synced
}

fn sync(disk: &dyn Disk, folder: &SafePath, home: &SafePath) -> Result<()> {
    disk.sync_dir(folder)?;
    disk.sync_dir(home)
}

/// A record whose payload is not there.
pub(super) fn missing(path: &SafePath) -> Error {
    let message = format!("{path} is missing; restore it from a backup, or put the bytes again");
    Error::new(Code::Corrupt, message).path(path.as_str())
}
