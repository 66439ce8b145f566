//! Puts payloads in their places, within a commit.

use crate::disk::{Disk, SafePath};
use crate::error::{Code, Error, Result};

use super::arriving::Arrived;
use super::{check_derived_name, home, place_of};
use crate::catalogue::is_content;
use crate::engine::memory::State;
use crate::engine::txn::Tx;

impl Tx<'_> {
    fn folder_of_payloads(&self) -> Result<(&State, &dyn Disk)> {
        let folder = self.base.folder("bytes of images")?;
        Ok((folder.state, folder.files.disk))
    }

    /// Puts a payload in its place; durable when this returns.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn place_payload(&mut self, arrived: &Arrived) -> Result<()> {
        let (state, disk) = self.folder_of_payloads()?;
        let home = home(&state.catalogue)?;
        // Should the record not come to be, the payload goes again.
        state.unreferenced.add(&arrived.sha256);
        let (raw, folder) = place_of(&state.catalogue, &arrived.sha256)?;
        let was_there = disk.stamp(&raw)?.is_some();
        disk.create_dir(&folder)?;
        // Over one that is there as well: it may have been changed by hand, and this mends it.
        disk.rename(&arrived.temporary.path, &raw)?;
        let synced = sync(disk, &folder, &home);
        if synced.is_err() && !was_there {
            // A later sync may claim a success that this one has lost: the name is made anew.
            disk.remove(&raw)?;
        }
        synced
    }

    /// Puts a derived file beside the payload of a record, over whatever has this name.
    ///
    /// # Errors
    /// `VALIDATION` for a name that is none, `CORRUPT` when the payload is not there, those of
    /// the disk.
    pub(crate) fn place_derived(
        &mut self,
        content: &str,
        name: &str,
        file: &Arrived,
    ) -> Result<()> {
        check_derived_name(name)?;
        let (state, disk) = self.folder_of_payloads()?;
        let (raw, folder) = place_of(&state.catalogue, content)?;
        if !is_content(content) || disk.stamp(&raw)?.is_none() {
            return Err(missing(&raw));
        }
        disk.rename(&file.temporary.path, &folder.join(name)?)?;
        disk.sync_dir(&folder)
    }
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
