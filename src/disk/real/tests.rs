//! What only a real folder can show.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};

use rustix::fs::OFlags;

use super::*;
use crate::disk::tests::ALL;

fn path(text: &str) -> SafePath {
    SafePath::new(text).unwrap()
}

fn disk() -> (tempfile::TempDir, RealDisk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(&folder.path().join("data")).unwrap();
    (folder, disk)
}

#[test]
fn what_is_made_is_private() {
    let (_folder, disk) = disk();
    disk.create_dir(&path("a/b")).unwrap();
    disk.open(&path("a/b/c"), Access::Create).unwrap();
    disk.open(&path("a/b/d"), Access::Replace).unwrap();
    disk.try_lock(&path("a/lock"), LockKind::Shared).unwrap();
    disk.shared(&path("a/words")).unwrap();
    let mode = |name: &str| fs::metadata(disk.root().join(name)).unwrap().mode() & 0o777;
    for name in ["", "a", "a/b"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
    for name in ["a/b/c", "a/b/d", "a/lock", "a/words"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
}

#[test]
fn a_lock_file_that_was_removed_is_not_the_one_that_is_locked() {
    let (_folder, disk) = disk();
    let (lock, again) =
        (path("lock"), |disk: &RealDisk| disk.try_lock_again(&path("lock")).unwrap());
    drop(again(&disk).unwrap());
    fs::remove_file(disk.absolute(&lock)).unwrap();
    let other = RealDisk::open(disk.root()).unwrap();
    let held = again(&other);
    assert!(held.is_some() && again(&disk).is_none());
}

#[test]
fn a_linked_file_is_refused_by_every_call() {
    let (folder, disk) = disk();
    let secret = folder.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    symlink(&secret, disk.root().join("link")).unwrap();
    symlink("nowhere", disk.root().join("dangling")).unwrap();
    disk.open(&path("a"), Access::Create).unwrap();
    for name in ["link", "dangling"].map(path) {
        for access in ALL {
            assert!(disk.open(&name, access).is_err(), "{access:?}");
        }
        assert!(disk.stamp(&name).is_err());
        assert!(disk.remove(&name).is_err());
        assert!(disk.rename(&name, &path("b")).is_err());
        assert!(disk.rename(&path("a"), &name).is_err());
        assert!(disk.replace(&path("a"), &name, None).is_err());
        assert!(disk.replace(&name, &path("b"), None).is_err());
        assert!(disk.try_lock(&name, LockKind::Shared).is_err());
        assert!(disk.shared(&name).is_err());
        assert!(disk.create_dir(&name).is_err());
    }
    assert_eq!(disk.list(&SafePath::root()).unwrap()[2].kind, EntryKind::Other);
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
    assert!(!disk.root().join("nowhere").exists());
}

#[test]
fn a_linked_folder_is_refused_by_every_call() {
    let (folder, disk) = disk();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a"), "secret").unwrap();
    fs::create_dir(outside.join("empty")).unwrap();
    symlink(&outside, disk.root().join("link")).unwrap();
    disk.open(&path("own"), Access::Create).unwrap();
    for access in ALL {
        let error = disk.open(&path("link/a"), access).err().unwrap();
        assert!(error.message().contains("a link stands in its path"), "{error}");
    }
    assert!(disk.open(&path("link/new"), Access::Create).is_err());
    assert!(disk.stamp(&path("link/a")).is_err());
    assert!(disk.list(&path("link")).is_err());
    assert!(disk.list(&path("link/empty")).is_err());
    assert!(disk.create_dir(&path("link")).is_err());
    assert!(disk.create_dir(&path("link/new")).is_err());
    assert!(disk.rename(&path("link/a"), &path("b")).is_err());
    assert!(disk.rename(&path("own"), &path("link/own")).is_err());
    assert!(disk.replace(&path("own"), &path("link/own"), None).is_err());
    assert!(disk.replace(&path("link/a"), &path("b"), None).is_err());
    assert!(disk.remove(&path("link/a")).is_err());
    assert!(disk.remove_dir(&path("link/empty")).is_err());
    assert!(disk.sync_dir(&path("link")).is_err());
    assert!(disk.try_lock(&path("link/lock"), LockKind::Shared).is_err());
    assert!(disk.shared(&path("link/words")).is_err());
    let left: Vec<_> = fs::read_dir(&outside).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_pipe_neither_hangs_nor_opens() {
    let (_folder, disk) = disk();
    let pipe = disk.root().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for access in ALL {
        assert!(disk.open(&path("pipe"), access).is_err(), "{access:?}");
    }
    assert!(disk.stamp(&path("pipe")).is_err());
    assert!(disk.remove(&path("pipe")).is_err());
    assert!(pipe.exists());
}

#[test]
fn a_name_that_is_no_text_is_listed_as_other() {
    let (_folder, disk) = disk();
    fs::write(disk.root().join(std::ffi::OsStr::from_bytes(b"a\xFF")), "").unwrap();
    let entry = Entry { name: "a\u{FFFD}".to_owned(), kind: EntryKind::Other };
    assert_eq!(disk.list(&SafePath::root()).unwrap(), [entry]);
}

#[test]
fn the_root_is_made_with_its_parents_and_found_over_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let made = RealDisk::open(&folder.path().join("x/y/z")).unwrap();
    assert!(made.root().ends_with("x/y/z"));
    symlink(made.root(), folder.path().join("link")).unwrap();
    let linked = RealDisk::open(&folder.path().join("link")).unwrap();
    assert_eq!((linked.root(), linked.identity()), (made.root(), made.identity()));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(RealDisk::open(&folder.path().join("file")).is_err());
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    assert!(RealDisk::open(&folder.path().join("dangling")).is_err());
}

#[test]
fn a_short_file_of_words_is_extended_before_it_is_mapped() {
    let (_folder, disk) = disk();
    fs::write(disk.root().join("words"), 5_u64.to_ne_bytes()).unwrap();
    let words = disk.shared(&path("words")).unwrap();
    assert_eq!((words.load(0), words.load(7)), (5, 0));
}

#[test]
fn a_renamed_data_folder_is_still_the_same() {
    let (folder, disk) = disk();
    fs::rename(disk.root(), folder.path().join("moved")).unwrap();
    disk.open(&path("a"), Access::Create).unwrap().write_at(0, b"a").unwrap();
    assert_eq!(fs::read(folder.path().join("moved/a")).unwrap(), b"a");
}

/// Folders in which files are put in place stay open: a file goes where its path leads now.
#[test]
fn a_folder_that_was_swapped_is_not_the_one_that_stayed_open() {
    let (folder, disk) = disk();
    let (at, place) = (
        |name: &str| disk.root().join(name),
        |text: &str| {
            fs::write(disk.root().join("draft"), text).unwrap();
            disk.replace(&path("draft"), &path("d/a"), None)
        },
    );
    disk.create_dir(&path("d")).unwrap();
    assert!(place("one").unwrap());
    fs::rename(at("d"), at("moved")).unwrap();
    assert!(!place("two").unwrap(), "there is no such folder");
    disk.create_dir(&path("d")).unwrap();
    assert!(place("two").unwrap());
    assert_eq!(fs::read(at("d/a")).unwrap(), b"two");
    assert_eq!(fs::read(at("moved/a")).unwrap(), b"one");
    fs::rename(at("d"), folder.path().join("outside")).unwrap();
    symlink(folder.path().join("outside"), at("d")).unwrap();
    fs::remove_file(folder.path().join("outside/a")).unwrap();
    assert!(place("three").is_err(), "a link leads to the folder that stayed open");
    assert!(!folder.path().join("outside/a").exists());
}

/// The way of systems and sandboxes without `openat2`.
#[test]
fn opening_part_by_part_refuses_links_too() {
    let (folder, disk) = disk();
    disk.create_dir(&path("a/b")).unwrap();
    fs::create_dir(folder.path().join("outside")).unwrap();
    symlink(folder.path().join("outside"), disk.root().join("a/link")).unwrap();
    symlink("b", disk.root().join("a/inside")).unwrap();
    let root = OwnedFd::from(fs::File::open(disk.root()).unwrap());
    let make = OFlags::RDWR | OFlags::CREATE;
    walk::beneath(&root, &path("a/b/c"), make).unwrap();
    assert_eq!(fs::metadata(disk.root().join("a/b/c")).unwrap().mode() & 0o777, 0o600);
    walk::beneath(&root, &SafePath::root(), OFlags::RDONLY | OFlags::DIRECTORY).unwrap();
    for name in ["a/link", "a/link/x", "a/inside", "a/inside/c"] {
        let error = walk::beneath(&root, &path(name), make).unwrap_err();
        assert!(error.to_string().contains("link"), "{name}: {error}");
    }
    let folder_flags = OFlags::RDONLY | OFlags::DIRECTORY;
    assert!(is_missing(&walk::beneath(&root, &path("a/b/c"), folder_flags).unwrap_err()));
    assert!(is_missing(&walk::beneath(&root, &path("no/c"), make).unwrap_err()));
}

#[test]
fn shared_words_whose_file_is_cut_are_zeros_and_no_signal() {
    const LAST: usize = super::super::WORDS - 1;
    let (_folder, disk) = disk();
    let file = disk.root().join("words");
    for len in [0, 100] {
        let [words, others] = [(); 2].map(|()| disk.shared(&path("words")).unwrap());
        words.store(LAST, 7);
        assert_eq!(others.load(LAST), 7);
        fs::File::options().write(true).open(&file).unwrap().set_len(len).unwrap();
        assert_eq!(words.load(LAST), 0, "{len}");
        words.store(0, 8);
        assert_eq!((words.load(0), others.load(LAST)), (8, 0), "{len}");
    }
    // Whoever opens it anew finds a whole file again.
    let [anew, others] = [(); 2].map(|()| disk.shared(&path("words")).unwrap());
    anew.reset().unwrap();
    anew.store(LAST, 9);
    assert_eq!((others.load(0), others.load(LAST)), (0, 9));
    assert_eq!(fs::metadata(&file).unwrap().len(), 4096);
}

#[test]
fn the_blocks_of_shared_words_are_allocated_before_they_are_used() {
    let (_folder, disk) = disk();
    let _words = disk.shared(&path("words")).unwrap();
    assert!(fs::metadata(disk.root().join("words")).unwrap().blocks() * 512 >= 4096);
}

/// Whoever writes a file and then asks hears of it, without waiting.
#[cfg(target_os = "linux")]
#[test]
fn a_watched_folder_tells_at_once() {
    use super::super::Changed;
    let (_folder, disk) = disk();
    let watch = disk.watch().expect("a local file system is watched");
    assert!(!watch.add(&path("a/b")).unwrap(), "there is none yet");
    disk.create_dir(&path("a/b")).unwrap();
    assert!(watch.add(&path("a/b")).unwrap());
    let at = |name: &str| disk.root().join(name);
    let told = || watch.changes().unwrap();
    let file = |name: &str| Changed::File(path(name));
    assert_eq!(told(), []);
    fs::write(at("a/b/c"), "one").unwrap();
    assert!(told().contains(&file("a/b/c")));
    assert_eq!(told(), [], "once");
    fs::rename(at("a/b/c"), at("a/b/d")).unwrap();
    assert_eq!(told(), [file("a/b/c"), file("a/b/d")]);
    fs::remove_file(at("a/b/d")).unwrap();
    assert_eq!(told(), [file("a/b/d")]);
    // What is not in the folder itself is not told, nor what is only read.
    fs::write(at("a/elsewhere"), "one").unwrap();
    fs::create_dir(at("a/b/e")).unwrap();
    fs::write(at("a/b/e/f"), "one").unwrap();
    fs::read(at("a/elsewhere")).unwrap();
    assert_eq!(told(), []);
    fs::rename(at("a/b"), at("a/moved")).unwrap();
    assert_eq!(told(), [Changed::Folder(path("a/b"))]);
    fs::write(at("a/moved/g"), "one").unwrap();
    assert_eq!(told(), [], "a folder that was moved is another one");
    disk.create_dir(&path("a/b")).unwrap();
    assert!(watch.add(&path("a/b")).unwrap());
    fs::remove_dir(at("a/b")).unwrap();
    assert_eq!(told(), [Changed::Folder(path("a/b"))]);
}
