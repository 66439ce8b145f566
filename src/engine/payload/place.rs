//! Puts payloads in their places, within a commit.

use crate::disk::{Disk, SafePath};
use crate::error::{Code, Error, Result};

use super::arriving::Arrived;
use super::{check_derived_name, home, place_of};
use crate::catalogue::is_content;
use crate::engine::txn::Tx;

impl Tx<'_> {
    /// Puts a payload in its place; durable when this returns.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) fn place_payload(&mut self, arrived: &Arrived) -> Result<()> {
        let home = home(&self.base.state.catalogue)?;
        // Should the record not come to be, the payload goes again.
        self.base.state.unreferenced.add(&arrived.sha256);
        let (raw, folder) = place_of(&self.base.state.catalogue, &arrived.sha256)?;
        let disk = self.base.files.disk;
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
        let (raw, folder) = place_of(&self.base.state.catalogue, content)?;
        let disk = self.base.files.disk;
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
