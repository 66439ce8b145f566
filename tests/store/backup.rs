//! A backup is restored as it was made, or refused whole with the target as it was.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use quilltap_store::backup::{Restore, Restored, restore};
use quilltap_store::error::{Code, Error, Result};
use quilltap_store::progress::{Progress, Unheard, Unit, given_up};
use quilltap_store::store::{Options, Store};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::support::{call, world};

/// The bytes of everything below a folder, by their paths.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// A folder with a store and a backup of it.
fn backed_up() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(dir.path().join("data"))).unwrap();
    world(&store);
    store.backup_now(dir.path().join("backup"), None, Arc::new(Unheard)).unwrap();
    (dir, store)
}

fn unpacked(backup: &[u8]) -> Vec<u8> {
    zstd::decode_all(backup).unwrap()
}

/// The entries of an archive: kind, name and content.
type Entries = Vec<(EntryType, String, Vec<u8>)>;

fn entries(backup: &[u8]) -> Entries {
    entries_of(&unpacked(backup))
}

fn entries_of(archive: &[u8]) -> Entries {
    let mut archive = tar::Archive::new(archive);
    let all = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.path().unwrap().display().to_string();
        (entry.header().entry_type(), name, bytes)
    });
    all.collect()
}

/// An archive of entries, whatever they are called.
fn packed(entries: &Entries) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (kind, name, bytes) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        // By hand, for the library writes no name that leaves the folder.
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        archive.append(&header, &**bytes).unwrap();
    }
    zstd::encode_all(&*archive.into_inner().unwrap(), 3).unwrap()
}

/// The same with a manifest that fits the entries behind it, in the order in which they stand.
fn listed(files: &[(EntryType, String, Vec<u8>)]) -> Vec<u8> {
    let list = files.iter().map(|(_, path, bytes)| {
        let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
        serde_json::json!({ "path": path, "bytes": bytes.len(), "sha256": sha256 })
    });
    with_manifest(
        &serde_json::json!({
            "format": "quilltap-store backup", "version": 1, "createdAt": "", "storeVersion": "",
            "files": list.collect::<Vec<_>>(),
        }),
        files,
    )
}

fn with_manifest(manifest: &serde_json::Value, files: &[(EntryType, String, Vec<u8>)]) -> Vec<u8> {
    let manifest = manifest.to_string().into_bytes();
    let checksum = data_encoding::HEXLOWER.encode(&Sha256::digest(&manifest)).into_bytes();
    let mut all = vec![
        (EntryType::Regular, "manifest.json".to_owned(), manifest),
        (EntryType::Regular, "manifest.sha256".to_owned(), checksum),
    ];
    all.extend_from_slice(files);
    packed(&all)
}

fn file(path: &str, bytes: &[u8]) -> (EntryType, String, Vec<u8>) {
    (EntryType::Regular, path.to_owned(), bytes.to_vec())
}

/// Tries to restore a spoilt backup over a full folder; it must be refused, and nothing be changed.
fn refused(backup: &[u8], what: &str) -> Error {
    let dir = tempfile::tempdir().unwrap();
    let (spoilt, target) = (dir.path().join("spoilt"), dir.path().join("target"));
    fs::create_dir(&target).unwrap();
    fs::write(target.join("mine"), "as it was").unwrap();
    fs::write(&spoilt, backup).unwrap();
    let how = Restore { force: true, dry_run: false };
    let error = restore(&spoilt, &target, how, &Unheard).expect_err(what);
    let left = contents(dir.path());
    assert_eq!(left.keys().collect::<Vec<_>>(), ["spoilt", "target/mine"], "{what}");
    assert_eq!(left["target/mine"], b"as it was", "{what}");
    error
}

fn restored(dir: &Path, name: &str, how: Restore) -> Result<Restored> {
    restore(&dir.join("backup"), &dir.join(name), how, &Unheard)
}

const USUAL: Restore = Restore { force: false, dry_run: false };
const FORCED: Restore = Restore { force: true, dry_run: false };

#[test]
fn a_restored_folder_is_a_snapshot() {
    let (dir, store) = backed_up();
    store.snapshot_now(dir.path().join("snapshot")).unwrap();
    store.close().unwrap();
    restored(dir.path(), "copy", USUAL).unwrap();
    let of = |name: &str| contents(&dir.path().join(name));
    assert!(of("copy").len() >= 5, "{:?}", of("copy").keys());
    assert_eq!(of("copy"), of("snapshot"));
    let names =
        contents(dir.path()).into_keys().map(|name| name.split('/').next().unwrap().to_owned());
    let tops: std::collections::BTreeSet<String> = names.collect();
    assert_eq!(tops.into_iter().collect::<Vec<_>>(), ["backup", "copy", "data", "snapshot"]);
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let (dir, store) = backed_up();
    store.hold_clock(1_700_000_000_000);
    let made = |name: &str| {
        store.backup_now(dir.path().join(name), None, Arc::new(Unheard)).unwrap();
        fs::read(dir.path().join(name)).unwrap()
    };
    assert!(made("one") == made("other"));
}

#[test]
fn a_folder_in_use_or_not_empty_is_replaced_only_when_told_and_then_kept() {
    let (dir, store) = backed_up();
    let before = contents(&dir.path().join("data"));
    assert_eq!(restored(dir.path(), "data", USUAL).unwrap_err().code(), Code::Locked);
    let forced = restored(dir.path(), "data", FORCED).unwrap();
    assert!(forced.was_open);
    // The process that has it open goes on with the folder where it is now.
    call(&store, "tags.findAll", serde_json::json!([]));
    store.close().unwrap();
    assert_eq!(
        forced.replaced,
        Some(dir.path().canonicalize().unwrap().join("data.before-restore"))
    );

    assert_eq!(restored(dir.path(), "data", USUAL).unwrap_err().code(), Code::Validation);
    let again = restored(dir.path(), "data", FORCED).unwrap();
    assert!(!again.was_open);
    assert!(again.replaced.unwrap().ends_with("data.before-restore-2"));
    let kept = contents(&dir.path().join("data.before-restore"));
    for (name, bytes) in before.iter().filter(|(name, _)| name.starts_with("characters/")) {
        assert_eq!(kept.get(name), Some(bytes), "{name}");
    }
    let store = Store::open(Options::new(dir.path().join("data"))).unwrap();
    assert_eq!(store.check_now().unwrap().matches("\"faults\":[]").count(), 1);
}

#[test]
fn a_backup_takes_no_place_that_is_taken_and_none_within_the_folder() {
    let (dir, store) = backed_up();
    for place in ["backup", "data/backup", "data"] {
        let made = store.backup_now(dir.path().join(place), None, Arc::new(Unheard));
        assert_eq!(made.unwrap_err().code(), Code::Validation, "{place}");
    }
    let names: Vec<String> = contents(dir.path()).into_keys().collect();
    assert!(
        names.iter().all(|name| !name.contains("partial") && !name.contains("contents")),
        "{names:?}"
    );
}

/// Tries each way of spoiling a backup: it is refused, or is the same backup still.
fn refused_or_the_same(spoilt: impl Iterator<Item = (usize, Vec<u8>)>, dir: &Path) -> Vec<usize> {
    let mut same = Vec::new();
    restored(dir, "whole", USUAL).unwrap();
    let whole = contents(&dir.join("whole"));
    let place = dir.join("spoilt");
    for (at, backup) in spoilt {
        fs::write(&place, &backup).unwrap();
        let look = Restore { force: false, dry_run: true };
        if restore(&place, Path::new("unused"), look, &Unheard).is_ok() {
            let target = dir.join(format!("target-{at}"));
            restore(&place, &target, USUAL, &Unheard).unwrap();
            assert_eq!(contents(&target), whole, "spoilt at {at}");
            same.push(at);
        } else if at % 64 == 0 {
            refused(&backup, &format!("spoilt at {at}"));
        }
    }
    same
}

#[test]
fn every_cut_is_refused() {
    let (dir, _store) = backed_up();
    let whole = fs::read(dir.path().join("backup")).unwrap();
    let cut = (0..whole.len()).map(|length| (length, whole[..length].to_vec()));
    assert!(refused_or_the_same(cut, dir.path()).is_empty());
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[at] ^= 1 << (at % 8);
    flipped
}

#[test]
fn every_flipped_byte_is_refused() {
    let (dir, _store) = backed_up();
    let whole = fs::read(dir.path().join("backup")).unwrap();
    let all = (0..whole.len()).map(|at| (at, flipped(&whole, at)));
    // zstd has some bits that mean nothing.
    let same = refused_or_the_same(all, dir.path());
    assert!(same.len() < whole.len() / 50, "{same:?}");
}

/// Under the compression, where its checksum does not see it.
#[test]
fn every_flipped_byte_of_the_manifest_is_refused() {
    let (dir, _store) = backed_up();
    let whole = unpacked(&fs::read(dir.path().join("backup")).unwrap());
    let manifest = serde_json::from_slice::<serde_json::Value>(&entries_of(&whole)[0].2).unwrap();
    assert!(manifest["files"].as_array().unwrap().len() >= 5);
    // A header, the text, and the entry with its checksum.
    let text = 512..512 + entries_of(&whole)[0].2.len();
    let end = text.end.next_multiple_of(512) + 512 + 64;
    let all = (0..end).map(|at| (at, zstd::encode_all(&*flipped(&whole, at), 1).unwrap()));
    let same = refused_or_the_same(all, dir.path());
    // What fills a block, and the blank that may begin a number, mean nothing.
    let checksum = end - 64..end;
    assert!(same.iter().all(|at| !text.contains(at) && !checksum.contains(at)), "{same:?}");
}

#[test]
fn what_would_leave_the_target_is_refused() {
    let kinds = [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::GNUSparse,
        EntryType::XHeader,
    ];
    for kind in kinds {
        let entry = (kind, "tags/tags.json".to_owned(), Vec::new());
        assert_eq!(refused(&listed(&[entry]), &format!("{kind:?}")).code(), Code::Corrupt);
    }
    let names = [
        "../outside",
        "tags/../../outside",
        "/etc/outside",
        "tags//tags.json",
        "./tags.json",
        "tags\\..\\..\\outside",
        "C:outside",
        "nul",
        "",
        ".git/hooks/post-commit",
        ".env",
        "cache/words",
        "unfinished-snapshot",
        "tags/a\u{0}b",
    ];
    for name in names {
        refused(&listed(&[file(name, b"{}")]), &format!("{name:?}"));
    }
}

#[test]
fn doubled_and_disordered_names_are_refused() {
    let (one, other) = (file("tags/one.json", b"1"), file("tags/two.json", b"2"));
    let same_but_for_case = file("tags/ONE.json", b"3");
    let lists = [
        vec![one.clone(), one.clone()],
        vec![same_but_for_case, one.clone()],
        vec![other.clone(), one.clone()],
        vec![file("tags", b""), one.clone()],
    ];
    for list in &lists {
        refused(&listed(list), &format!("{list:?}"));
    }
    // An entry that the manifest does not list, or that is not what it lists.
    let honest = listed(&[one.clone(), other.clone()]);
    let mut all = entries(&honest);
    all.push(file("tags/three.json", b"3"));
    refused(&packed(&all), "one more than listed");
    for (at, changed) in [(2, file("tags/one.json", b"2")), (2, file("tags/one.json", b"12"))] {
        let mut all = entries(&honest);
        all[at] = changed;
        refused(&packed(&all), "another content");
    }
    let mut all = entries(&honest);
    all.swap(2, 3);
    refused(&packed(&all), "another order");
    all.truncate(3);
    refused(&packed(&all), "one too few");
}

#[test]
fn bombs_are_refused() {
    // As large as is said, and there is no such room.
    let sha256 = "0".repeat(64);
    let list =
        serde_json::json!([{ "path": "tags/tags.json", "bytes": u64::MAX, "sha256": sha256 }]);
    let manifest = serde_json::json!({
        "format": "quilltap-store backup", "version": 1, "createdAt": "", "storeVersion": "", "files": list,
    });
    assert_eq!(refused(&with_manifest(&manifest, &[]), "huge").code(), Code::NoSpace);
    // Larger than is said.
    let zeros = vec![0; 64 << 20];
    let mut all = entries(&listed(&[file("tags/tags.json", b"{}")]));
    all[2].2.clone_from(&zeros);
    assert_eq!(refused(&packed(&all), "a larger file").code(), Code::Corrupt);
    all[0].2.clone_from(&zeros);
    assert_eq!(refused(&packed(&all), "a manifest of zeros").code(), Code::Corrupt);
    all.insert(0, (EntryType::GNULongName, "././@LongLink".to_owned(), zeros.clone()));
    assert_eq!(refused(&packed(&all), "a long name").code(), Code::Corrupt);
    // Behind the end.
    let mut behind = unpacked(&listed(&[file("tags/tags.json", b"{}")]));
    behind.extend_from_slice(&zeros);
    assert_eq!(
        refused(&zstd::encode_all(&*behind, 1).unwrap(), "zeros behind").code(),
        Code::Corrupt
    );
}

#[test]
fn other_files_are_told_from_backups() {
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a text", b"hello".to_vec()),
        ("zstd of a text", zstd::encode_all(&b"hello"[..], 1).unwrap()),
        ("another archive", packed(&vec![file("a", b"b")])),
        ("two backups", [listed(&[]), listed(&[])].concat()),
    ] {
        let error = refused(&bytes, what);
        assert_eq!(error.code(), Code::Corrupt, "{what}");
        assert!(error.message().contains("take another one"), "{what}: {error}");
    }
    let newer = serde_json::json!({
        "format": "quilltap-store backup", "version": 2, "createdAt": "", "storeVersion": "9.9.9", "files": [],
    });
    let error = refused(&with_manifest(&newer, &[]), "of a newer version");
    assert_eq!(error.code(), Code::UnsupportedVersion);
    assert!(error.message().contains("9.9.9"));
}

/// Gives up at the n-th step.
struct Impatient(std::sync::atomic::AtomicI64);

impl Progress for Impatient {
    fn begin(&self, _what: &str, _unit: Unit, _total: Option<u64>) {}

    fn advance(&self, _steps: u64) -> Result<()> {
        let left = self.0.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        if left == 0 { Err(given_up()) } else { Ok(()) }
    }
}

#[test]
fn given_up_at_any_step_nothing_is_left() {
    let (dir, store) = backed_up();
    let names = || {
        contents(dir.path())
            .into_keys()
            .filter(|name| !name.starts_with("data/"))
            .collect::<Vec<_>>()
    };
    let before = names();
    for step in 0.. {
        let progress = Arc::new(Impatient(step.into()));
        if store.backup_now(dir.path().join("another"), None, progress).is_ok() {
            assert!(step > 5);
            break;
        }
        assert_eq!(names(), before, "step {step}");
    }
    let before = names();
    for step in 0.. {
        let progress = Impatient(step.into());
        if restore(&dir.path().join("backup"), &dir.path().join("new"), USUAL, &progress).is_ok() {
            assert!(step > 3);
            break;
        }
        assert_eq!(names(), before, "step {step}");
    }
}

#[test]
fn what_an_earlier_attempt_left_is_no_obstacle() {
    let (dir, store) = backed_up();
    fs::write(dir.path().join("again.partial"), "half of a backup").unwrap();
    store.backup_now(dir.path().join("again"), None, Arc::new(Unheard)).unwrap();
    fs::create_dir(dir.path().join("new.partial")).unwrap();
    fs::write(dir.path().join("new.partial/unfinished-snapshot"), "").unwrap();
    fs::write(dir.path().join("new.partial/half"), "").unwrap();
    restored(dir.path(), "new", USUAL).unwrap();
    assert!(!dir.path().join("new.partial").exists() && !dir.path().join("again.partial").exists());
}

#[test]
fn a_dry_run_touches_nothing() {
    let (dir, store) = backed_up();
    let before = contents(&dir.path().join("data"));
    let how = Restore { force: false, dry_run: true };
    assert!(restored(dir.path(), "data", how).unwrap().files >= 5);
    assert_eq!(contents(&dir.path().join("data")), before);
    drop(store);
    let mut bytes = fs::read(dir.path().join("backup")).unwrap();
    bytes.pop();
    fs::write(dir.path().join("backup"), bytes).unwrap();
    assert_eq!(restored(dir.path(), "data", how).unwrap_err().code(), Code::Corrupt);
}

#[test]
fn long_names_of_others_files_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(dir.path().join("data"))).unwrap();
    world(&store);
    let name = "n".repeat(250);
    fs::write(dir.path().join("data").join(&name), "mine").unwrap();
    store.backup_now(dir.path().join("backup"), None, Arc::new(Unheard)).unwrap();
    restored(dir.path(), "copy", USUAL).unwrap();
    assert_eq!(fs::read(dir.path().join("copy").join(&name)).unwrap(), b"mine");
}

#[test]
fn a_schedule_keeps_the_newest_of_each_period() {
    const HOUR: i64 = 3_600_000;
    let (dir, store) = backed_up();
    let folder = dir.path().join("backups");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("quilltap-19990101T000000Z.tar.zst.txt"), "somebody's").unwrap();
    let start = 1_700_000_000_000;
    let mut removed = 0;
    // Every twelve hours for thirty days.
    for half_day in 0..60 {
        store.hold_clock(start + half_day * 12 * HOUR);
        let keep = Some("3d,4w,2m".parse().unwrap());
        let made = store.backup_now(&folder, keep, Arc::new(Unheard)).unwrap();
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        removed += made["removed"].as_array().unwrap().len();
    }
    let mut names: Vec<String> = contents(&folder).into_keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            // Somebody else's.
            "quilltap-19990101T000000Z.tar.zst.txt",
            // The last of November, of three weeks before this one, and of three days.
            "quilltap-20231126T221320Z.tar.zst",
            "quilltap-20231130T221320Z.tar.zst",
            "quilltap-20231203T221320Z.tar.zst",
            "quilltap-20231210T221320Z.tar.zst",
            "quilltap-20231212T221320Z.tar.zst",
            "quilltap-20231213T221320Z.tar.zst",
            "quilltap-20231214T101320Z.tar.zst",
        ]
    );
    assert_eq!(removed, 60 - 7);
    for wrong in ["", "7", "d", "0d", "7x", "7d;4w", "-1d", "7d,"] {
        let schedule = wrong.parse::<quilltap_store::backup::Schedule>();
        assert_eq!(schedule.unwrap_err().code(), Code::Validation, "{wrong:?}");
    }
}
