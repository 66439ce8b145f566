//! Opens beneath a folder: Linux, where the kernel itself refuses links and `..` on the way
//! (`openat2`, Linux 5.6); a sandbox without that call gets each part opened by itself.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

use super::super::SafePath;
use super::{link_refused, walk};

pub(super) fn beneath(root: &OwnedFd, path: &SafePath, flags: OFlags) -> io::Result<OwnedFd> {
    // Without NOFOLLOW, which would make a link at the end of the path "not a folder".
    let flags = flags | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match openat2(root, path.as_str(), flags, walk::mode_for(flags), resolve) {
        Ok(fd) => Ok(fd),
        Err(Errno::NOSYS | Errno::PERM) => walk::beneath(root, path, flags),
        Err(Errno::LOOP | Errno::XDEV) => Err(link_refused()),
        Err(error) => Err(error.into()),
    }
}
