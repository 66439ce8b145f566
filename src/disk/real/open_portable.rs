//! Opens beneath a folder: Unix without `openat2`.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;

use super::super::SafePath;
use super::walk;

pub(super) fn beneath(root: &OwnedFd, path: &SafePath, flags: OFlags) -> io::Result<OwnedFd> {
    walk::beneath(root, path, flags)
}
