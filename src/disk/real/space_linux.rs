//! Shared bytes, syncs of a whole file system, and what kind of disk it is: Linux.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Lets an empty file share the bytes of another one until either is written to; `false` where
/// the file system cannot (Btrfs, XFS and bcachefs can).
pub(super) fn clone_file(from: &File, copy: &File) -> bool {
    rustix::fs::ioctl_ficlone(copy, from).is_ok()
}

/// Makes everything in a file system durable: one call is cheaper than one for each file.
pub(super) fn sync_file_system(folder: &OwnedFd) -> io::Result<bool> {
    rustix::fs::syncfs(folder)?;
    Ok(true)
}

/// File systems over a network, or behind another process, by the number that `statfs` gives:
/// Linux's `magic.h`, and those of Lustre and GPFS.
const NETWORK: &[(i64, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB2"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x00C3_6400, "Ceph"),
    (0x5346_414F, "AFS"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
];

pub(super) fn network_file_system(path: &Path) -> Option<String> {
    let kind = kind_of(&rustix::fs::statfs(path).ok()?)?;
    let found = NETWORK.iter().find(|(number, _)| *number == kind)?;
    Some(found.1.to_owned())
}

/// File systems whose files the kernel makes up as they are read: proc, sysfs, cgroup, cgroup2,
/// debugfs, tracefs, securityfs, selinuxfs, bpf, pstore, efivarfs, configfs, nsfs, mqueue and
/// binfmt_misc in Linux's `magic.h`.
const KERNEL: &[i64] = &[
    0x9FA0,
    0x6265_6572,
    0x0027_E0EB,
    0x6367_7270,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xF97C_FF8C,
    0xCAFE_4A11,
    0x6165_676C,
    0xDE5E_81E4,
    0x6265_6570,
    0x6E73_6673,
    0x1980_0202,
    0x4249_4E4D,
];

pub(in super::super) fn is_made_by_the_kernel(file: &File) -> bool {
    let kind = rustix::fs::fstatfs(file).ok().and_then(|about| kind_of(&about));
    kind.is_some_and(|kind| KERNEL.contains(&kind))
}

/// The number of a file system.
#[allow(clippy::useless_conversion, reason = "f_type has another type on other machines")]
fn kind_of(about: &rustix::fs::StatFs) -> Option<i64> {
    i64::try_from(about.f_type).ok()
}
