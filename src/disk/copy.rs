//! Copies of files from one folder into another, as cheap as the file systems allow.

use super::{Access, Disk, SafePath, visit_pieces};
use crate::error::Result;

/// Copies a file to the same path in another folder: its bytes are shared until one of the two
/// is written to, where the file system can do that.
///
/// # Errors
/// Those of the disks.
pub fn copy(from: &dyn Disk, path: &SafePath, to: &dyn Disk) -> Result<()> {
    path.parent().map_or(Ok(()), |folder| to.create_dir(&folder))?;
    if from.shows_as_it_is(path)
        && let (Some(from), Some(to)) = (from.as_real(), to.as_real())
    {
        return from.copy_into(path, to);
    }
    let (source, copy) = (from.open(path, Access::Read)?, to.open(path, Access::Replace)?);
    let mut offset = 0;
    visit_pieces(&*source, 0, |piece| {
        copy.write_at(offset, piece)?;
        offset += piece.len() as u64;
        Ok(())
    })
}

/// Gives a file, which nobody ever writes to, its name in another folder too; `false` where the
/// file systems cannot.
///
/// # Errors
/// Those of the disks.
pub fn share(from: &dyn Disk, path: &SafePath, to: &dyn Disk) -> Result<bool> {
    let (Some(real_from), Some(real)) = (from.as_real(), to.as_real()) else { return Ok(false) };
    if !from.shows_as_it_is(path) {
        return Ok(false);
    }
    path.parent().map_or(Ok(()), |folder| to.create_dir(&folder))?;
    Ok(real_from.share_into(path, real))
}

/// Makes files and their names durable.
///
/// # Errors
/// Those of the disk.
pub fn make_durable(disk: &dyn Disk, files: &[SafePath]) -> Result<()> {
    if let Some(real) = disk.as_real()
        && real.sync_file_system()?
    {
        return Ok(());
    }
    let mut folders = vec![SafePath::root()];
    for path in files {
        disk.open(path, Access::Write)?.sync()?;
        folders.extend(std::iter::successors(path.parent(), SafePath::parent));
    }
    folders.sort();
    folders.dedup();
    folders.iter().try_for_each(|folder| disk.sync_dir(folder))
}
