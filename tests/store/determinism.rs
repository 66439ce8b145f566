//! The same calls with the same ids and clock leave the same bytes, however they were grouped,
//! whoever made them; a change of one field is a change of one line.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::{Declaration, Options, Store};
use serde_json::{Value, json};

const START: i64 = 1_780_000_000_000;

/// What happens after a call.
#[derive(Debug, Clone, Copy)]
enum Pause {
    None,
    Flush,
    Compact,
    /// This handle is closed, and another process opens the folder.
    Reopen,
    /// Both processes are killed, and another one opens the folder.
    Kill,
}

fn declaration() -> Value {
    json!({ "collections": {
        "memories": { "file": "memories/{id}.json", "fields": {
            "characterId": {"type": "id", "references": "Character", "onDelete": "Cascade"},
            "content": {"type": "string"} } },
        "profiles": { "file": "settings/embedding-profiles.json", "key": "profiles",
            "fields": { "name": {"type": "string"} } },
        "files": { "file": "files/files.jsonl", "fields": { "name": {"type": "string"} } },
        "notes": { "file": "notes/{characterId}.jsonl", "fields": {
            "characterId": {"type": "id", "references": "Character"},
            "text": {"type": "string"} } },
    }, "fields": { "Chat": { "mood": {"type": "string", "default": "calm"} } } })
}

fn character(id: &str) -> Value {
    json!([{"id": id, "userId": "will", "name": id, "description": "a\nb", "personality": "",
        "scenario": "", "firstMessage": "Who's there?", "zebra": {"b": 1, "a": [1.5, null]}, "apple": "ä"}])
}

fn message(id: &str, content: &str) -> Value {
    json!({"id": id, "role": "USER", "content": content})
}

/// Calls that write every kind of file, with records that change, go, and come in odd orders.
fn calls() -> Vec<(&'static str, Value)> {
    let profile = json!([{"id": "local", "userId": "will", "name": "Local", "provider": "OLLAMA", "modelName": "m"}]);
    let chat = json!([{"id": "act1", "userId": "will", "characterId": "hamlet", "connectionProfileId": "local", "title": "I"}]);
    let session = |token: &str| json!([{"id": token, "sessionToken": token, "userId": "will", "expires": "2099-01-01T00:00:00.000Z"}]);
    let earlier = json!([{"id": "early", "userId": "will", "characterId": "hamlet", "connectionProfileId": "local",
        "title": "0", "createdAt": "2020-01-01T00:00:00.000Z"}]);
    vec![
        ("users.create", json!([{"id": "will", "email": "will@globe.example", "name": "Will"}])),
        ("users.create", json!([{"id": "kit", "email": "kit@rose.example", "name": "K"}])),
        ("connections.create", profile),
        ("characters.create", character("ophelia")),
        ("characters.create", character("hamlet")),
        ("tags.create", json!([{"id": "ghost", "userId": "will", "name": "Ghost"}])),
        ("chats.create", chat),
        (
            "chats.addMessages",
            json!(["act1", [message("m1", "Who's there?"), message("m2", "Nay")]]),
        ),
        ("sessions.create", session("s1")),
        ("sessions.create", session("s2")),
        ("characters.addTag", json!(["hamlet", "ghost"])),
        ("memories.create", json!([{"id": "mem1", "characterId": "ophelia", "content": "x"}])),
        ("memories.create", json!([{"id": "mem2", "characterId": "hamlet", "content": "y"}])),
        ("notes.create", json!([{"id": "n1", "characterId": "hamlet", "text": "one"}])),
        ("notes.create", json!([{"id": "n2", "characterId": "ophelia", "text": "two"}])),
        ("files.createMany", json!([[{"id": "f1", "name": "a"}, {"id": "f2", "name": "b"}]])),
        ("profiles.create", json!([{"id": "p1", "name": "nomic"}])),
        ("chats.updateMessage", json!(["act1", "m1", {"content": "Stand and unfold yourself"}])),
        ("chats.create", earlier),
        ("chats.addMessage", json!(["early", message("m3", "Before")])),
        ("chats.clearMessages", json!(["early"])),
        ("files.update", json!(["f1", {"name": "A"}])),
        ("auth.deleteSession", json!(["s1"])),
        ("chats.update", json!(["act1", {"title": "Act I", "contextSummary": null}])),
        ("characters.setFavorite", json!(["hamlet", true])),
        ("notes.update", json!(["n1", {"text": "ONE"}])),
        ("chats.deleteMessages", json!(["act1", ["m2"]])),
        ("tags.delete", json!(["ghost"])),
        ("characters.delete", json!(["ophelia"])),
        ("users.updateChatSettings", json!(["will", {"avatarDisplayMode": "NEVER"}])),
        (
            "auth.updateSession",
            json!([{"sessionToken": "s2", "expires": "2098-01-01T00:00:00.000Z"}]),
        ),
        ("profiles.delete", json!(["p1"])),
    ]
}

fn open(disk: &SimulatedDisk, at: i64) -> Store {
    let mut options = Options::new("unused");
    options.held_clock = Some(at);
    options.declaration = Declaration::parse(&declaration().to_string()).unwrap();
    Store::open_on(Arc::new(disk.clone()), &options).unwrap()
}

/// Makes all calls, each by one of two processes, with pauses; gives the folder afterwards.
fn run(steps: &[(bool, Pause)]) -> BTreeMap<String, Vec<u8>> {
    let mut disk = SimulatedDisk::new();
    let mut stores = [open(&disk, START), open(&disk, START)];
    for (number, (name, args)) in calls().into_iter().enumerate() {
        let (second, pause) = steps.get(number).copied().unwrap_or((false, Pause::None));
        let now = START + i64::try_from(number).unwrap() * 1000;
        stores.iter().for_each(|store| store.hold_clock(now));
        let own = usize::from(second);
        stores[own].call(name, &args.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        match pause {
            Pause::None => {}
            Pause::Flush => stores[own].flush_now().unwrap(),
            Pause::Compact => stores[own].compact_now().unwrap(),
            Pause::Reopen => {
                stores[own].close().unwrap();
                stores[own] = open(&disk, now);
            }
            Pause::Kill => {
                disk = disk.kill();
                stores = [open(&disk, now), open(&disk, now)];
            }
        }
    }
    stores.iter().for_each(|store| store.close().unwrap());
    let mut files = disk.files();
    files.retain(|path, _| !path.starts_with("cache/"));
    files
}

fn texts(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<&str, &str> {
    files.iter().map(|(path, bytes)| (&**path, std::str::from_utf8(bytes).unwrap())).collect()
}

#[test]
fn every_kind_of_file_is_as_it_was_written_down() {
    let files = run(&[]);
    let version = quilltap_store::store::Migrations::default().version();
    let folder = format!("{}/tests/fixtures/version-{version}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        for (path, text) in texts(&files) {
            let file = std::path::Path::new(&folder).join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }
    let mut expected = BTreeMap::new();
    let mut folders = vec![std::path::PathBuf::from(&folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
            expected.insert(name, std::fs::read(&path).unwrap());
        }
    }
    assert_eq!(texts(&files), texts(&expected), "UPDATE_FIXTURES=1 writes them anew");
}

fn pause() -> impl Strategy<Value = Pause> {
    prop_oneof![
        4 => Just(Pause::None),
        2 => Just(Pause::Flush),
        1 => Just(Pause::Compact),
        2 => Just(Pause::Reopen),
        1 => Just(Pause::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_calls_leave_the_same_bytes(
        steps in proptest::collection::vec((any::<bool>(), pause()), 32),
    ) {
        let (paused, straight) = (run(&steps), run(&[]));
        for (path, text) in texts(&straight) {
            let other = paused.get(path).map(|bytes| std::str::from_utf8(bytes).unwrap());
            prop_assert_eq!(other, Some(text), "{}", path);
        }
        prop_assert_eq!(paused.len(), straight.len());
    }
}

#[test]
fn a_change_of_one_field_is_a_change_of_one_line() {
    let disk = SimulatedDisk::new();
    let before = {
        let store = open(&disk, START);
        for (name, args) in calls() {
            store.call(name, &args.to_string()).unwrap();
        }
        store.close().unwrap();
        disk.files()
    };
    let changes = [
        (
            "characters.update",
            json!(["hamlet", {"title": "Prince", "updatedAt": "2026-05-28T20:26:40.000Z"}]),
        ),
        ("tags.create", json!([{"id": "t", "userId": "will", "name": "t"}])),
        ("connections.update", json!(["local", {"modelName": "other"}])),
        ("users.update", json!(["will", {"name": "William"}])),
        ("users.update", json!(["kit", {"name": "Kit"}])),
        ("users.updateChatSettings", json!(["will", {"avatarDisplayMode": "ALWAYS"}])),
        ("memories.update", json!(["mem2", {"content": "Y"}])),
        ("chats.update", json!(["act1", {"title": "Act One"}])),
        ("files.update", json!(["f2", {"name": "B"}])),
        ("notes.update", json!(["n1", {"text": "uno"}])),
        ("chats.updateMessage", json!(["act1", "m1", {"content": "Long live the king"}])),
        (
            "auth.updateSession",
            json!([{"sessionToken": "s2", "expires": "2097-01-01T00:00:00.000Z"}]),
        ),
    ];
    for (name, args) in changes {
        let disk = SimulatedDisk::new();
        before.iter().for_each(|(path, bytes)| disk.plant(path, bytes));
        let store = open(&disk, START);
        store.call(name, &args.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        store.close().unwrap();
        let after = disk.files();
        let changed: Vec<_> = after
            .iter()
            .filter(|(path, bytes)| !path.starts_with("cache/") && before.get(*path) != Some(bytes))
            .collect();
        assert_eq!(
            changed.len(),
            1,
            "{name}: {:?}",
            changed.iter().map(|c| c.0).collect::<Vec<_>>()
        );
        if name == "tags.create" {
            continue;
        }
        let (path, bytes) = changed[0];
        let lines = |bytes: &[u8]| -> Vec<String> {
            std::str::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
        };
        let (old, new) = (lines(&before[path]), lines(bytes));
        let added = usize::from(name == "characters.update");
        assert_eq!(new.len(), old.len() + added, "{name}");
        let differ = new.iter().filter(|line| !old.contains(line)).count();
        assert_eq!(differ, 1, "{name} in {path}:\n{}", new.join("\n"));
    }
}

#[test]
fn no_folder_is_left_of_records_that_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(folder.path())).unwrap();
    store.call("users.create", "[{\"id\":\"will\",\"email\":\"a@b.c\"}]").unwrap();
    store.call("characters.create", &character("hamlet").to_string()).unwrap();
    store.flush_now().unwrap();
    assert!(folder.path().join("characters").is_dir());
    store.call("characters.delete", "[\"hamlet\"]").unwrap();
    store.close().unwrap();
    assert!(!folder.path().join("characters").exists());
}
