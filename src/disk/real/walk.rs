//! Opens beneath a folder by opening each part of the path from the one above it, so that a
//! link that is put there meanwhile is not followed either.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::super::SafePath;
use super::link_refused;

/// The mode of what is made with these flags.
pub(super) fn mode_for(flags: OFlags) -> Mode {
    if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o600) } else { Mode::empty() }
}

pub(super) fn beneath(root: &OwnedFd, path: &SafePath, flags: OFlags) -> io::Result<OwnedFd> {
    let mut above: Option<OwnedFd> = None;
    for folder in path.folders() {
        let name = folder.rsplit('/').next().unwrap_or_default();
        let at = above.as_ref().unwrap_or(root).as_fd();
        above = Some(step(at, name, OFlags::RDONLY | OFlags::DIRECTORY)?);
    }
    let last = if path.parent().is_none() { "." } else { path.file_name() };
    step(above.as_ref().unwrap_or(root).as_fd(), last, flags)
}

fn step(at: BorrowedFd<'_>, name: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match openat(at, name, flags, mode_for(flags)) {
        // A link where a folder was wanted is one error on one system and another on the next.
        Err(Errno::LOOP | Errno::MLINK | Errno::NOTDIR) if is_link(at, name) => Err(link_refused()),
        other => Ok(other?),
    }
}

fn is_link(at: BorrowedFd<'_>, name: &str) -> bool {
    statat(at, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}
