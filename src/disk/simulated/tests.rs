//! What the simulated disk may lose, and what never.

use super::*;

const LIMIT: usize = 5000;

fn path(text: &str) -> SafePath {
    SafePath::new(text).expect("safe")
}

fn write(disk: &SimulatedDisk, name: &str, bytes: &[u8]) -> Box<dyn DiskFile> {
    let file = disk.open(&path(name), Access::Create).expect("open");
    file.write_at(0, bytes).expect("write");
    file
}

/// The files after every outcome of a crash now.
fn all_after(disk: &SimulatedDisk) -> Vec<BTreeMap<String, Vec<u8>>> {
    let outcomes = disk.crash_outcomes(LIMIT, 0);
    assert!(matches!(outcomes[0], Outcome::Numbered(_)), "more than {LIMIT}");
    outcomes.into_iter().map(|outcome| disk.crash(outcome).files()).collect()
}

fn names(files: &BTreeMap<String, Vec<u8>>) -> Vec<&str> {
    files.keys().map(String::as_str).collect()
}

#[test]
fn what_was_synced_survives_every_crash() {
    let disk = SimulatedDisk::new();
    write(&disk, "a", b"kept").sync().expect("sync");
    disk.sync_dir(&SafePath::root()).expect("sync");
    disk.open(&path("a"), Access::Write).expect("open").write_at(4, b"more").expect("write");
    write(&disk, "b", b"unseen");
    for files in all_after(&disk) {
        assert_eq!(files["a"][..4], *b"kept");
    }
}

#[test]
fn what_was_not_synced_may_be_lost() {
    let disk = SimulatedDisk::new();
    write(&disk, "a", b"bytes").sync().expect("sync");
    assert!(disk.crash(Outcome::Lost).files().is_empty());
    assert_eq!(disk.crash(Outcome::Done).files()["a"], b"bytes");
    let disk = SimulatedDisk::new();
    write(&disk, "a", b"bytes");
    disk.sync_dir(&SafePath::root()).expect("sync");
    assert_eq!(disk.crash(Outcome::Lost).files()["a"], b"");
}

#[test]
fn a_rename_in_a_folder_may_be_lost_but_never_half_done() {
    let disk = SimulatedDisk::new();
    disk.plant("new", b"new");
    disk.plant("old", b"old");
    disk.rename(&path("new"), &path("old")).expect("rename");
    let after = all_after(&disk);
    assert_eq!(after.len(), 2);
    assert_eq!((names(&after[0]), &*after[0]["old"]), (vec!["old"], &b"new"[..]));
    assert_eq!((names(&after[1]), &*after[1]["old"]), (vec!["new", "old"], &b"old"[..]));
}

#[test]
fn a_rename_across_folders_leaves_one_name_both_or_none() {
    let disk = SimulatedDisk::new();
    disk.plant("from/a", b"new");
    disk.plant("to/b", b"old");
    disk.rename(&path("from/a"), &path("to/a")).expect("rename");
    let after = all_after(&disk);
    let found: Vec<Vec<&str>> = after.iter().map(names).collect();
    assert_eq!(found.len(), 4);
    for expected in [&["to/a", "to/b"][..], &["from/a", "to/b"], &["to/b"]] {
        assert!(found.contains(&expected.to_vec()), "{expected:?}");
    }
    let outcomes = disk.crash_outcomes(LIMIT, 0);
    let both = outcomes.into_iter().map(|o| disk.crash(o));
    let both = both.into_iter().find(|d| d.files().len() == 3).expect("both names");
    write(&both, "from/a", b"NEW");
    assert_eq!(both.files()["to/a"], b"new", "each name has its own copy");
}

#[test]
fn a_durable_rename_of_an_unsynced_file_may_leave_it_empty_or_garbage() {
    let disk = SimulatedDisk::new();
    disk.plant("a", b"old");
    write(&disk, "draft", b"new");
    disk.rename(&path("draft"), &path("a")).expect("rename");
    disk.sync_dir(&SafePath::root()).expect("sync");
    let found: Vec<Vec<u8>> = all_after(&disk).into_iter().map(|f| f["a"].clone()).collect();
    assert_eq!(found.len(), 3);
    assert_eq!((&*found[0], &*found[2]), (&b"new"[..], &b""[..]));
    assert!(found[1].iter().zip(b"new").all(|(one, other)| one != other));
}

#[test]
fn a_lost_folder_takes_along_what_was_synced_in_it() {
    let disk = SimulatedDisk::new();
    disk.create_dir(&path("a/b")).expect("folders");
    write(&disk, "a/b/c", b"c").sync().expect("sync");
    disk.sync_dir(&path("a/b")).expect("sync");
    assert!(disk.crash(Outcome::Lost).files().is_empty());
    let disk = SimulatedDisk::new();
    disk.create_dir(&path("a/b")).expect("folders");
    write(&disk, "a/b/c", b"c").sync().expect("sync");
    [path("a/b"), path("a"), SafePath::root()].iter().for_each(|dir| {
        disk.sync_dir(dir).expect("sync");
    });
    assert_eq!(names(&disk.crash(Outcome::Lost).files()), ["a/b/c"]);
}

#[test]
fn a_killed_process_loses_nothing_and_frees_its_locks() {
    let disk = SimulatedDisk::new();
    write(&disk, "a", b"bytes");
    let words = disk.shared(&path("words")).expect("words");
    words.store(3, 7);
    let held = disk.try_lock(&path("lock"), LockKind::Exclusive).expect("lock");
    assert!(held.is_some());
    let other = disk.clone();
    assert!(other.try_lock(&path("lock"), LockKind::Shared).expect("lock").is_none());
    let next = disk.kill();
    assert_eq!(next.files()["a"], b"bytes");
    words.store(3, 8);
    assert_eq!(next.shared(&path("words")).expect("words").load(3), 7);
    assert!(next.try_lock(&path("lock"), LockKind::Exclusive).expect("lock").is_some());
    assert!(disk.open(&path("a"), Access::Read).is_err());
    assert_eq!(next.crash(Outcome::Done).shared(&path("words")).expect("words").load(3), 0);
}

#[test]
fn faults_come_when_told() {
    let disk = SimulatedDisk::new();
    let file = write(&disk, "a", b"1");
    disk.fail_at(disk.operations() + 1, Fault::Error(io::ErrorKind::StorageFull));
    let error = file.write_at(0, b"2").expect_err("full");
    assert_eq!(error.code().name(), "NO_SPACE");
    file.write_at(0, b"3").expect("room again");
    disk.fail_at(disk.operations() + 1, Fault::ShortWrite);
    assert!(file.write_at(0, b"4444").is_err());
    assert_eq!(disk.files()["a"], b"44");
    disk.fail_from(disk.operations() + 1, Fault::SystemError(5));
    assert!(file.sync().is_err() && file.write_at(0, b"5").is_err());
    disk.clear_faults();
    file.sync().expect("no fault");
}

#[test]
fn a_dead_machine_does_nothing_more() {
    let disk = SimulatedDisk::new();
    let file = write(&disk, "a", b"1");
    disk.fail_at(disk.operations() + 1, Fault::Crash);
    assert!(file.sync().is_err());
    disk.clear_faults();
    assert!(file.write_at(0, b"2").is_err() && file.stamp().is_err());
    assert!(disk.list(&SafePath::root()).is_err());
    assert!(disk.shared(&path("words")).is_err());
    assert_eq!(disk.crash(Outcome::Done).files()["a"], b"1");
}

#[test]
fn a_full_and_a_read_only_disk_say_so() {
    let disk = SimulatedDisk::new();
    disk.set_capacity(Some(3));
    let file = write(&disk, "a", b"abc");
    assert_eq!(file.write_at(3, b"d").expect_err("full").code().name(), "NO_SPACE");
    assert_eq!(file.allocate(4).expect_err("full").code().name(), "NO_SPACE");
    file.write_at(0, b"ABC").expect("no more room is needed");
    disk.set_read_only(true);
    assert_eq!(file.write_at(0, b"x").expect_err("read-only").code().name(), "READ_ONLY");
    assert!(disk.open(&path("a"), Access::Create).is_err());
    assert_eq!(disk.open(&path("a"), Access::Read).expect("reading").len(), Ok(3));
}

#[test]
fn an_outcome_gives_the_same_state_again() {
    let disk = SimulatedDisk::new();
    for name in ["a", "b", "c"] {
        write(&disk, name, &[1; 2000]);
    }
    for outcome in disk.crash_outcomes(100, 42) {
        assert_eq!(disk.crash(outcome).files(), disk.crash(outcome).files(), "{outcome:?}");
    }
}

#[test]
fn what_no_crash_can_leave_is_not_allowed() {
    let disk = SimulatedDisk::new();
    write(&disk, "a", b"kept").sync().expect("sync");
    disk.sync_dir(&SafePath::root()).expect("sync");
    disk.open(&path("a"), Access::Write).expect("open").write_at(4, b"more").expect("write");
    let files = |name: &str, bytes: &[u8]| BTreeMap::from([(name.to_owned(), bytes.to_vec())]);
    assert!(disk.allows(&files("a", b"kept")));
    assert!(disk.allows(&files("a", b"kept\0\0\0\0")));
    for (name, bytes) in
        [("b", &b"kept"[..]), ("a", b"lost"), ("a", b"kep"), ("a", b"keptmoreover")]
    {
        assert!(!disk.allows(&files(name, bytes)), "{name}");
    }
    assert!(!disk.allows(&BTreeMap::new()));
}
