//! Folders of older versions: every version that there was still opens, each step is made once, what
//! is written is of the newest version, and a package that does not know that leaves it alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::{Migration, Migrations, ModelId, Options, Store, models};
use serde_json::{Map, Value, json};

use super::support::{call, code};

const USER: &str = "will";
const MODELS: [ModelId; 7] = [
    models::USER,
    models::CHARACTER,
    models::CHAT,
    models::MESSAGE,
    models::CONNECTION_PROFILE,
    models::SESSION,
    models::SETTINGS,
];

/// Makes a step visible, however often it is made.
fn note(record: &mut Map<String, Value>, step: &str) {
    let steps = record.entry("steps").or_insert_with(|| json!([]));
    steps.as_array_mut().unwrap().push(step.into());
}

const fn steps<const N: usize>(version: u64, models: [ModelId; N]) -> [Migration; N] {
    let change = if version == 2 {
        |record: &mut Map<String, Value>| note(record, "2")
    } else {
        |record: &mut Map<String, Value>| note(record, "3")
    };
    let mut all = [Migration { version, model: models[0], change }; N];
    let mut at = 0;
    while at < N {
        all[at].model = models[at];
        at += 1;
    }
    all
}

static SECOND: [Migration; 7] = steps(2, MODELS);
static THIRD: [[Migration; 7]; 2] = [steps(2, MODELS), steps(3, MODELS)];

/// A package that knows so many versions.
fn package(version: u64) -> Migrations {
    match version {
        1 => Migrations::default(),
        2 => Migrations::of(&SECOND),
        _ => Migrations::of(THIRD.as_flattened()),
    }
}

fn try_open(disk: &SimulatedDisk, version: u64) -> quilltap_store::error::Result<Store> {
    let options = Options { migrations: package(version), ..Options::new("unused") };
    let store = Store::open_on(Arc::new(disk.clone()), &options)?;
    store.hold_files();
    Ok(store)
}

fn open(disk: &SimulatedDisk, version: u64) -> Store {
    try_open(disk, version).unwrap()
}

fn fixture(version: u64) -> BTreeMap<String, Vec<u8>> {
    let root = format!("{}/tests/fixtures/version-{version}", env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut folders) = (BTreeMap::new(), vec![PathBuf::from(&root)]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(Path::new(&root)).unwrap().to_str().unwrap();
            files.insert(name.replace('\\', "/"), std::fs::read(&path).unwrap());
        }
    }
    files
}

fn disk_of(files: &BTreeMap<String, Vec<u8>>) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    files.iter().for_each(|(path, bytes)| disk.plant(path, bytes));
    disk
}

fn at_rest(disk: &SimulatedDisk) -> BTreeMap<String, Vec<u8>> {
    let mut files = disk.files();
    files.retain(|path, _| !path.starts_with("cache/"));
    files
}

fn text(disk: &SimulatedDisk, path: &str) -> String {
    String::from_utf8(disk.files()[path].clone()).unwrap()
}

/// A record of each kind that has steps, read from the store.
fn kinds(store: &Store) -> BTreeMap<&'static str, Value> {
    let first = |name: &str, args: Value| call(store, name, args)[0].clone();
    BTreeMap::from([
        ("user", call(store, "users.findById", json!([USER]))),
        ("character", call(store, "characters.findById", json!(["hamlet"]))),
        ("chat", call(store, "chats.findById", json!(["act1"]))),
        ("message", first("chats.getMessages", json!(["act1"]))),
        ("profile", first("connections.findByUserId", json!([USER]))),
        ("settings", call(store, "store.getSettings", json!([]))),
    ])
}

fn assert_steps(store: &Store, wanted: &[&str], when: &str) {
    for (kind, record) in kinds(store) {
        let steps = if wanted.is_empty() { Value::Null } else { json!(wanted) };
        assert_eq!(record["steps"], steps, "{kind} {when}");
    }
}

#[test]
fn every_version_has_a_folder_that_opens() {
    let newest = Migrations::default().version();
    let open = |version| {
        let options = Options::new("unused");
        Store::open_on(Arc::new(disk_of(&fixture(version))), &options).unwrap()
    };
    let expected = kinds(&open(newest));
    for version in 1..=newest {
        let store = open(version);
        assert_eq!(kinds(&store), expected, "version {version}");
        let stats: Value = serde_json::from_str(&store.stats()).unwrap();
        assert_eq!(stats["faults"], json!([]), "version {version}");
    }
}

#[test]
fn who_only_reads_changes_nothing() {
    let files = fixture(1);
    let disk = disk_of(&files);
    for _ in 0..2 {
        let store = open(&disk, 3);
        assert_steps(&store, &["2", "3"], "read");
        store.close().unwrap();
        assert_eq!(at_rest(&disk), files);
    }
    assert_steps(&open(&disk, 1), &[], "by the first package");
}

fn change_everything(store: &Store) {
    call(store, "users.update", json!([USER, {"name": "William"}]));
    call(store, "characters.update", json!(["hamlet", {"title": "Prince"}]));
    call(store, "chats.update", json!(["act1", {"title": "Act One"}]));
    call(
        store,
        "chats.addMessage",
        json!(["act1", {"role": "USER", "content": "Long live the king"}]),
    );
    let profile = call(store, "connections.findByUserId", json!([USER]))[0]["id"].clone();
    call(store, "connections.update", json!([profile, {"modelName": "other"}]));
    call(store, "store.updateSettings", json!([{"flags": {"seen": true}}]));
}

#[test]
fn what_is_written_is_of_the_newest_version_and_each_step_was_made_once() {
    let disk = disk_of(&fixture(1));
    for version in [2, 3] {
        let store = open(&disk, version);
        change_everything(&store);
        store.flush_now().unwrap();
        let wanted = &["2", "3"][..usize::try_from(version).unwrap() - 1];
        assert_steps(&store, wanted, "written");
        store.close().unwrap();
        assert_steps(&open(&disk, version), wanted, "read again");
        for path in
            ["settings/general.json", "characters/hamlet.json", "settings/connection-profiles.json"]
        {
            assert!(text(&disk, path).contains(&format!("\"version\": {version},")), "{path}");
        }
        let chats = text(&disk, "chats/index.jsonl");
        let header = |schema| {
            format!("{{\"type\":\"header\",\"schema\":\"{schema}\",\"version\":{version}}}\n")
        };
        assert!(chats.starts_with(&header("chats/index")), "{chats}");
        // A log goes on where it stands: its older rows are behind an older header.
        let log = text(&disk, "chats/act1.jsonl");
        assert!(
            log.contains(&header("chats/log")) && log.contains("\"version\":1}\n{\"id\":\"m1\""),
            "{log}"
        );
        let messages = call(&open(&disk, version), "chats.getMessages", json!(["act1"]));
        let new = messages.as_array().unwrap().last().unwrap().clone();
        assert_eq!((&new["steps"], &new["content"]), (&Value::Null, &json!("Long live the king")));
        let report: Value =
            serde_json::from_str(&open(&disk, version).check_now().unwrap()).unwrap();
        assert_eq!(report["faults"], json!([]));
    }
    for version in [1, 2] {
        let refused = try_open(&disk, version).err().unwrap();
        assert_eq!(refused.code().name(), "UNSUPPORTED_VERSION", "{refused}");
    }
    // Once it is written whole, a log has one header.
    let store = open(&disk, 3);
    call(&store, "chats.updateMessage", json!(["act1", "m1", {"content": "Long"}]));
    store.close().unwrap();
    let log = text(&disk, "chats/act1.jsonl");
    assert_eq!(log.matches("\"header\"").count(), 1, "{log}");
    assert_steps(&open(&disk, 3), &["2", "3"], "written whole");
}

/// A journal of an older package is brought into the files by a newer one, wherever that dies.
#[test]
fn a_journal_of_an_older_version_loses_nothing() {
    let disk = disk_of(&fixture(1));
    let store = open(&disk, 1);
    change_everything(&store);
    call(&store, "chats.updateMessage", json!(["act1", "m1", {"content": "Stand"}]));
    let expected = {
        let mut kinds = kinds(&store);
        kinds.values_mut().for_each(|record| record["steps"] = json!(["2", "3"]));
        kinds
    };
    let disk = disk.kill();
    let caught = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&caught);
    disk.watch(move |copy| sink.lock().unwrap().push(copy));
    let newer = open(&disk, 3);
    assert_eq!(kinds(&newer), expected);
    newer.close().unwrap();
    let moments = std::mem::take(&mut *caught.lock().unwrap());
    assert!(moments.len() > 20, "{}", moments.len());
    for (number, moment) in moments.iter().enumerate() {
        let crashed = moment.crash_outcomes(3, number as u64).into_iter().map(|o| moment.crash(o));
        for disk in std::iter::once(moment.copy()).chain(crashed) {
            for _ in 0..2 {
                let store = open(&disk, 3);
                assert_eq!(kinds(&store), expected, "operation {number}");
                assert_eq!(
                    call(&store, "chats.getMessages", json!(["act1"])).as_array().unwrap().len(),
                    2
                );
                store.close().unwrap();
            }
        }
    }
}

#[test]
fn two_versions_at_once_do_not_write_over_each_other() {
    let disk = disk_of(&fixture(1));
    let older = open(&disk, 1);
    call(&older, "characters.update", json!(["hamlet", {"title": "Prince"}]));
    let newer = open(&disk.process(u64::MAX), 3);
    assert_steps(&newer, &["2", "3"], "beside an older process");
    let title = json!(["hamlet", {"title": "King"}]);
    assert_eq!(code(&newer, "characters.update", title.clone()), "UNSUPPORTED_VERSION");
    older.close().unwrap();
    newer.compact_now().unwrap();
    call(&newer, "characters.update", title);
    assert_eq!(call(&newer, "characters.findById", json!(["hamlet"]))["title"], "King");
    assert_eq!(try_open(&disk, 1).err().unwrap().code().name(), "UNSUPPORTED_VERSION");
}

#[test]
fn an_older_log_that_is_edited_meanwhile_says_of_which_version_its_lines_are() {
    let disk = disk_of(&fixture(1));
    let store = open(&disk, 3);
    let before = text(&disk, "chats/act1.jsonl");
    call(&store, "chats.addMessage", json!(["act1", {"role": "USER", "content": "Who's there?"}]));
    store.flush_now().unwrap();
    disk.plant("chats/act1.jsonl", before.replace("Stand and", "Do stand and").as_bytes());
    store.compact_now().unwrap();
    for store in [store, open(&disk, 3)] {
        let messages = call(&store, "chats.getMessages", json!(["act1"]));
        assert_eq!(messages[0]["steps"], json!(["2", "3"]));
        assert_eq!(messages[1]["steps"], Value::Null);
        store.close().unwrap();
    }
}
