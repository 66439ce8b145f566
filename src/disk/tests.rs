//! What every disk does alike: a list of checks that both run, and random operations that must
//! give the same results on both.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> SafePath {
    SafePath::new(text).unwrap()
}

pub(super) const ALL: [Access; 5] =
    [Access::Read, Access::Write, Access::Create, Access::Replace, Access::New];

fn write(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Box<dyn DiskFile> {
    let file = disk.open(&path(name), Access::Replace).unwrap();
    file.write_at(0, bytes).unwrap();
    file
}

fn bytes_of(disk: &dyn Disk, name: &str) -> Option<Vec<u8>> {
    read_all(disk, &path(name)).unwrap()
}

/// Runs a check on both disks.
fn on_both(check: impl Fn(&dyn Disk)) {
    let folder = tempfile::tempdir().unwrap();
    check(&RealDisk::open(folder.path()).unwrap());
    check(&SimulatedDisk::new());
}

#[test]
fn what_is_written_is_read() {
    on_both(|disk| {
        let file = write(disk, "a", b"hello");
        file.write_at(7, b"!").unwrap();
        file.write_at(100, b"").unwrap();
        assert_eq!(bytes_of(disk, "a").unwrap(), b"hello\0\0!");
        let mut buffer = [9; 4];
        assert_eq!(file.read_at(6, &mut buffer).unwrap(), 2);
        assert_eq!(buffer, [0, b'!', 9, 9]);
        assert_eq!(file.read_at(1000, &mut buffer).unwrap(), 0);
        file.set_len(2).unwrap();
        assert_eq!(bytes_of(disk, "a").unwrap(), b"he");
        file.sync().unwrap();
        write(disk, "a", b"");
        assert!(file.is_empty().unwrap());
    });
}

#[test]
fn allocating_extends_and_never_cuts() {
    on_both(|disk| {
        let file = write(disk, "a", b"abc");
        file.allocate(0).unwrap();
        file.allocate(2).unwrap();
        assert_eq!(file.len().unwrap(), 3);
        file.allocate(5).unwrap();
        assert_eq!(bytes_of(disk, "a").unwrap(), b"abc\0\0");
    });
}

#[test]
fn what_is_not_there_is_not_made_by_looking() {
    on_both(|disk| {
        assert_eq!(disk.stamp(&path("d/a")).unwrap(), None);
        assert_eq!(disk.list(&path("d")).unwrap(), []);
        assert!(disk.open(&path("a"), Access::Read).is_err());
        assert!(disk.open(&path("a"), Access::Write).is_err());
        assert!(disk.open(&path("d/a"), Access::Create).is_err());
        assert!(!disk.remove(&path("a")).unwrap());
        assert!(!disk.remove_dir(&path("d")).unwrap());
        assert!(!disk.remove_dir(&SafePath::root()).unwrap());
        disk.create_dir(&SafePath::root()).unwrap();
        assert!(disk.rename(&path("a"), &path("b")).is_err());
        disk.sync_dir(&path("d")).unwrap();
        assert_eq!(disk.list(&SafePath::root()).unwrap(), []);
    });
}

#[test]
fn a_file_for_reading_is_not_written() {
    on_both(|disk| {
        write(disk, "a", b"abc");
        let file = disk.open(&path("a"), Access::Read).unwrap();
        assert!(file.write_at(0, b"x").is_err());
        assert!(file.set_len(0).is_err());
        assert!(file.allocate(9).is_err());
        assert_eq!(bytes_of(disk, "a").unwrap(), b"abc");
    });
}

#[test]
fn folders_are_made_listed_and_removed_when_empty() {
    on_both(|disk| {
        disk.create_dir(&path("b/c")).unwrap();
        disk.create_dir(&path("b/c")).unwrap();
        write(disk, "b/z", b"");
        write(disk, "b/a", b"");
        let listed = disk.list(&path("b")).unwrap();
        let names: Vec<_> = listed.iter().map(|e| (e.name.as_str(), e.kind)).collect();
        let file = EntryKind::File;
        assert_eq!(names, [("a", file), ("c", EntryKind::Folder), ("z", file)]);
        assert!(!disk.remove_dir(&path("b")).unwrap());
        assert!(disk.remove_dir(&path("b/c")).unwrap());
        disk.sync_dir(&path("b")).unwrap();
        disk.sync_dir(&SafePath::root()).unwrap();
    });
}

#[test]
fn a_file_is_no_folder_and_a_folder_no_file() {
    on_both(|disk| {
        disk.create_dir(&path("d")).unwrap();
        write(disk, "a", b"");
        assert!(disk.create_dir(&path("a")).is_err());
        assert!(disk.create_dir(&path("a/b")).is_err());
        assert!(disk.stamp(&path("d")).is_err());
        assert!(disk.stamp(&SafePath::root()).is_err());
        assert!(disk.remove(&path("d")).is_err());
        assert!(disk.rename(&path("d"), &path("e")).is_err());
        assert!(disk.rename(&path("a"), &path("d")).is_err());
        for access in ALL {
            assert!(disk.open(&path("d"), access).is_err(), "{access:?}");
        }
        assert_eq!(disk.stamp(&path("a/b")).unwrap(), None);
    });
}

#[test]
fn a_rename_replaces_and_open_files_stay() {
    on_both(|disk| {
        disk.create_dir(&path("d")).unwrap();
        let (old, new) = (write(disk, "d/a", b"old"), write(disk, "draft", b"new"));
        disk.rename(&path("draft"), &path("d/a")).unwrap();
        assert_eq!(bytes_of(disk, "d/a").unwrap(), b"new");
        assert_eq!(bytes_of(disk, "draft"), None);
        assert_eq!(old.len().unwrap(), 3);
        let stamp = disk.stamp(&path("d/a")).unwrap().unwrap();
        assert_eq!(stamp, new.stamp().unwrap());
        assert_ne!(stamp.file_number, old.stamp().unwrap().file_number);
        assert!(disk.remove(&path("d/a")).unwrap());
        assert_eq!(new.stamp().unwrap().file_number, stamp.file_number);
    });
}

#[test]
fn a_file_is_replaced_only_in_the_state_in_which_it_is_known() {
    on_both(|disk| {
        let at = path("a");
        let replace = |known: Option<Stamp>, text: &[u8]| {
            write(disk, "draft", text);
            let done = disk.replace(&path("draft"), &at, known.as_ref()).unwrap();
            assert_eq!(bytes_of(disk, "draft").is_none(), done);
            done
        };
        let known = || disk.stamp(&at).unwrap();
        assert!(replace(None, b"first") && !replace(None, b"another"));
        let before = known();
        assert!(replace(before, b"second") && !replace(before, b"third"));
        assert_eq!(bytes_of(disk, "a").unwrap(), b"second");
        let before = known();
        write(disk, "a", b"an edit");
        assert!(!replace(before, b"third"));
        assert_eq!(bytes_of(disk, "a").unwrap(), b"an edit");
        let before = known();
        assert!(disk.remove(&at).unwrap() && !replace(before, b"third"));
        assert_eq!(bytes_of(disk, "a"), None);
        assert!(disk.replace(&path("none"), &at, None).is_err());
    });
}

#[test]
fn a_new_file_takes_the_place_of_nothing() {
    on_both(|disk| {
        disk.open(&path("a"), Access::New).unwrap().write_at(0, b"first").unwrap();
        assert!(disk.open(&path("a"), Access::New).is_err());
        assert_eq!(bytes_of(disk, "a").unwrap(), b"first");
        assert!(disk.remove(&path("a")).unwrap());
        assert!(disk.open(&path("a"), Access::New).unwrap().is_empty().unwrap());
        assert!(disk.open(&path("d/a"), Access::New).is_err());
    });
}

#[test]
fn locks_exclude_each_other_and_end_with_their_value() {
    on_both(|disk| {
        let lock = |kind| disk.try_lock(&path("lock"), kind).unwrap();
        let first = lock(LockKind::Shared).unwrap();
        let second = lock(LockKind::Shared).unwrap();
        assert!(lock(LockKind::Exclusive).is_none());
        drop(first);
        assert!(lock(LockKind::Exclusive).is_none());
        drop(second);
        let alone = lock(LockKind::Exclusive).unwrap();
        assert!(lock(LockKind::Exclusive).is_none() && lock(LockKind::Shared).is_none());
        assert!(disk.try_lock(&path("other"), LockKind::Exclusive).unwrap().is_some());
        // Closing another handle of the file releases nothing.
        drop(disk.open(&path("lock"), Access::Write).unwrap());
        assert!(lock(LockKind::Shared).is_none());
        drop(alone);
        assert!(lock(LockKind::Exclusive).is_some());
        assert_eq!(bytes_of(disk, "lock").unwrap(), b"");
    });
}

#[test]
fn a_lock_that_is_taken_again_and_again_excludes_as_any_other() {
    on_both(|disk| {
        let (at, again) = (path("lock"), || disk.try_lock_again(&path("lock")).unwrap());
        for _ in 0..3 {
            let held = again();
            assert!(held.is_some() && again().is_none());
            assert!(disk.try_lock(&at, LockKind::Shared).unwrap().is_none());
            drop(held);
            let other = disk.try_lock(&at, LockKind::Shared).unwrap();
            assert!(other.is_some() && again().is_none());
        }
    });
}

#[test]
fn words_are_shared_by_all_who_open_them() {
    on_both(|disk| {
        let one = disk.shared(&path("words")).unwrap();
        let other = disk.shared(&path("words")).unwrap();
        assert_eq!(other.load(7), 0);
        one.store(7, u64::MAX);
        assert_eq!(other.load(7), u64::MAX);
        assert_eq!(one.increment(0), 1);
        assert_eq!(other.increment(0), 2);
        one.raise(0, 9);
        other.raise(0, 5);
        assert_eq!((one.load(0), one.load(1)), (9, 0));
        assert_eq!(disk.stamp(&path("words")).unwrap().unwrap().len, 4096);
    });
}

#[test]
fn many_threads_count_without_losing_one() {
    on_both(|disk| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let words = disk.shared(&path("words")).unwrap();
                    (0..1000).for_each(|_| assert!(words.increment(1) > 0));
                });
            }
        });
        assert_eq!(disk.shared(&path("words")).unwrap().load(1), 4000);
    });
}

const PATHS: [&str; 7] = ["a", "b", "d", "d/a", "d/b", "d/e", "d/e/a"];

#[derive(Debug, Clone)]
enum Step {
    Open(usize, Access),
    Write(usize, u64, Vec<u8>),
    Read(usize, u64, usize),
    SetLen(usize, u64),
    Allocate(usize, u64),
    Sync(usize),
    State(usize),
    Stamp(usize),
    List(usize),
    CreateDir(usize),
    Rename(usize, usize),
    Remove(usize),
    RemoveDir(usize),
    SyncDir(usize),
    Lock(usize, LockKind),
    Unlock(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    let file = || 0..4_usize;
    let access = prop::sample::select(ALL.to_vec());
    let kind = prop::sample::select(vec![LockKind::Shared, LockKind::Exclusive]);
    let bytes = prop::collection::vec(any::<u8>(), 0..700);
    prop_oneof![
        6 => (path(), access).prop_map(|(p, a)| Step::Open(p, a)),
        4 => (file(), 0..1500_u64, bytes).prop_map(|(f, o, b)| Step::Write(f, o, b)),
        2 => (file(), 0..1500_u64, 0..900_usize).prop_map(|(f, o, l)| Step::Read(f, o, l)),
        1 => (file(), 0..2000_u64).prop_map(|(f, l)| Step::SetLen(f, l)),
        1 => (file(), 0..2000_u64).prop_map(|(f, l)| Step::Allocate(f, l)),
        1 => file().prop_map(Step::Sync),
        1 => file().prop_map(Step::State),
        2 => path().prop_map(Step::Stamp),
        1 => path().prop_map(Step::List),
        4 => path().prop_map(Step::CreateDir),
        3 => (path(), path()).prop_map(|(from, to)| Step::Rename(from, to)),
        2 => path().prop_map(Step::Remove),
        1 => path().prop_map(Step::RemoveDir),
        1 => path().prop_map(Step::SyncDir),
        2 => (path(), kind).prop_map(|(p, k)| Step::Lock(p, k)),
        1 => file().prop_map(Step::Unlock),
    ]
}

/// A disk, and what a process holds of it.
struct Player<'a> {
    disk: &'a dyn Disk,
    files: Vec<Box<dyn DiskFile>>,
    locks: Vec<Box<dyn Lock>>,
}

impl Player<'_> {
    fn play(&mut self, step: &Step) -> String {
        let result = match step {
            Step::Open(..) | Step::Lock(..) | Step::Unlock(_) => self.hold(step),
            Step::Write(at, ..) | Step::Read(at, ..) | Step::SetLen(at, _) => self.file(*at, step),
            Step::Allocate(at, _) | Step::Sync(at) | Step::State(at) => self.file(*at, step),
            _ => self.name(step),
        };
        result.unwrap_or_else(|error| error.code().name().to_owned())
    }

    fn hold(&mut self, step: &Step) -> Result<String> {
        match step {
            Step::Open(at, access) => {
                self.files.insert(0, self.disk.open(&path(PATHS[*at]), *access)?);
                self.files.truncate(4);
            }
            Step::Lock(at, kind) => {
                let lock = self.disk.try_lock(&path(PATHS[*at]), *kind)?;
                let got = lock.is_some();
                self.locks.extend(lock);
                return Ok(got.to_string());
            }
            Step::Unlock(at) if *at < self.locks.len() => drop(self.locks.remove(*at)),
            _ => {}
        }
        Ok(String::new())
    }

    fn file(&self, at: usize, step: &Step) -> Result<String> {
        let Some(file) = self.files.get(at) else {
            return Ok(String::new());
        };
        match step {
            Step::Write(_, offset, bytes) => file.write_at(*offset, bytes)?,
            Step::SetLen(_, len) => file.set_len(*len)?,
            Step::Allocate(_, len) => file.allocate(*len)?,
            Step::Sync(_) => file.sync()?,
            Step::Read(_, offset, len) => {
                let mut buffer = vec![0; *len];
                return Ok(format!("{} {buffer:?}", file.read_at(*offset, &mut buffer)?));
            }
            _ => return Ok(format!("{} {}", file.len()?, file.stamp()?.len)),
        }
        Ok(String::new())
    }

    fn name(&self, step: &Step) -> Result<String> {
        let at = |index: &usize| path(PATHS[*index]);
        Ok(match step {
            Step::Stamp(p) => format!("{:?}", self.disk.stamp(&at(p))?.map(|stamp| stamp.len)),
            Step::List(p) => format!("{:?}", self.disk.list(&at(p))?),
            Step::CreateDir(p) => format!("{:?}", self.disk.create_dir(&at(p))?),
            Step::Rename(from, to) => format!("{:?}", self.disk.rename(&at(from), &at(to))?),
            Step::Remove(p) => format!("{:?}", self.disk.remove(&at(p))?),
            Step::RemoveDir(p) => format!("{:?}", self.disk.remove_dir(&at(p))?),
            Step::SyncDir(p) => format!("{:?}", self.disk.sync_dir(&at(p))?),
            _ => String::new(),
        })
    }
}

/// Every file and folder of a disk.
fn whole(disk: &dyn Disk, dir: &SafePath, found: &mut BTreeMap<String, Option<Vec<u8>>>) {
    for entry in disk.list(dir).unwrap() {
        let path = dir.join(&entry.name).unwrap();
        let is_file = entry.kind == EntryKind::File;
        let bytes = if is_file { read_all(disk, &path).unwrap() } else { None };
        found.insert(path.to_string(), bytes);
        if !is_file {
            whole(disk, &path, found);
        }
    }
}

fn dump(disk: &dyn Disk) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    whole(disk, &SafePath::root(), &mut found);
    found
}

fn player(disk: &dyn Disk) -> Player<'_> {
    Player { disk, files: Vec::new(), locks: Vec::new() }
}

/// What is durable for sure: the bytes of each file at its last sync, when nothing has touched
/// the file, or any name of its folders, since.
#[derive(Default)]
struct Promise {
    kept: BTreeMap<String, Vec<u8>>,
}

impl Promise {
    fn settle(&mut self, disk: &SimulatedDisk) {
        for path in disk.files().into_keys() {
            disk.open(&self::path(&path), Access::Write).unwrap().sync().unwrap();
        }
        for dir in ["d/e", "d"].map(path).into_iter().chain([SafePath::root()]) {
            disk.sync_dir(&dir).unwrap();
        }
        self.kept = disk.files();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_disks_give_the_same_results(steps in prop::collection::vec(step(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let (real, simulated) = (RealDisk::open(folder.path()).unwrap(), SimulatedDisk::new());
        let (mut one, mut other) = (player(&real), player(&simulated));
        for step in &steps {
            prop_assert_eq!(one.play(step), other.play(step), "{:?}", step);
        }
        prop_assert_eq!(dump(&real), dump(&simulated));
    }

    #[test]
    fn what_was_settled_survives_and_a_kill_loses_nothing(
        before in prop::collection::vec(step(), 1..40),
        after in prop::collection::vec(step(), 0..4),
        seed in any::<u64>(),
    ) {
        let disk = SimulatedDisk::new();
        let mut process = player(&disk);
        before.iter().for_each(|step| drop(process.play(step)));
        let mut promise = Promise::default();
        promise.settle(&disk);
        for outcome in disk.crash_outcomes(50, seed) {
            prop_assert_eq!(&disk.kill().crash(outcome).files(), &promise.kept);
        }
        after.iter().for_each(|step| drop(process.play(step)));
        let seen = disk.files();
        prop_assert_eq!(&disk.kill().files(), &seen);
        prop_assert_eq!(&disk.crash(Outcome::Done).files(), &seen);
        prop_assert_eq!(&disk.crash(Outcome::Lost).files(), &promise.kept);
        for outcome in disk.crash_outcomes(50, seed) {
            let next = disk.crash(outcome);
            prop_assert!(disk.allows(&next.files()), "{:?}", outcome);
            prop_assert_eq!(next.files(), next.crash(Outcome::Lost).files(), "{:?}", outcome);
        }
    }
}
