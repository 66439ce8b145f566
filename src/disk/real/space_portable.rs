//! Shared bytes, syncs of a whole file system, and what kind of disk it is: systems other than Linux.

use std::fs::File;
use std::path::Path;

/// Shared bytes are Linux's only, here.
pub(super) fn clone_file(_from: &File, _copy: &File) -> bool {
    false
}

/// Others have no call that waits for a whole file system.
#[cfg(unix)]
pub(super) fn sync_file_system(_folder: &std::os::fd::OwnedFd) -> std::io::Result<bool> {
    Ok(false)
}

/// Other Unix systems give a name of the file system only through calls that differ on each; so
/// none is told from a local one here, and the documentation says so. On Windows a path without
/// a drive is a share.
pub(super) fn network_file_system(path: &Path) -> Option<String> {
    let text = path.to_string_lossy();
    let share =
        text.starts_with(r"\\?\UNC\") || (text.starts_with(r"\\") && !text.starts_with(r"\\?\"));
    share.then(|| "SMB".to_owned())
}

/// Elsewhere than on Linux such files are hardly to be met.
pub(in super::super) fn is_made_by_the_kernel(_file: &File) -> bool {
    false
}
