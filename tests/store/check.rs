//! `check` reads everything, tells every fault at once, and changes nothing.

use std::sync::Arc;

use quilltap_store::disk::{Disk, SafePath, SimulatedDisk};
use quilltap_store::store::{Bytes, Store, Use};
use serde_json::{Value, json};

use super::support::{World, call, open, world};

fn check(store: &Store) -> Value {
    serde_json::from_str(&store.check_now().unwrap()).unwrap()
}

/// The kind and the path of each fault.
fn faults(report: &Value) -> Vec<(String, String)> {
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
    let all = report["faults"].as_array().unwrap().iter();
    let mut all: Vec<_> = all.map(|fault| (text(fault, "kind"), text(fault, "path"))).collect();
    all.sort();
    all
}

fn image(store: &Store, user: &str, bytes: &[u8]) -> Value {
    let data = json!({"userId": user}).to_string();
    let row = store.put_now(Bytes::Memory(Arc::from(bytes)), Use::Row(data)).unwrap();
    serde_json::from_str(&row).unwrap()
}

/// A folder with something of every kind in it, closed.
fn full(disk: &SimulatedDisk) -> (World, Value, Value) {
    let store = open(disk);
    let one = world(&store);
    for name in ["sea", "storm"] {
        call(&store, "tags.create", json!([{"userId": one.user, "name": name}]));
    }
    for number in 0..3 {
        let message = json!({"role": "USER", "content": format!("line {number}")});
        call(&store, "chats.addMessage", json!([one.chat, message]));
    }
    let images = (image(&store, &one.user, b"one text"), image(&store, &one.user, b"another"));
    store.close().unwrap();
    (one, images.0, images.1)
}

fn text(disk: &SimulatedDisk, path: &str) -> String {
    String::from_utf8(disk.files()[path].clone()).unwrap()
}

#[test]
fn a_healthy_folder_has_no_faults_while_it_is_written_to() {
    let disk = SimulatedDisk::new();
    let (one, ..) = full(&disk);
    let store = open(&disk);
    let report = check(&store);
    assert_eq!(report["faults"], json!([]));
    assert_eq!((&report["rows"], &report["payloads"]), (&json!(3), &json!(2)));
    assert!(report["files"].as_u64() > Some(5) && report["records"].as_u64() > Some(5), "{report}");
    // What only the journal has counts too.
    call(&store, "chats.addMessage", json!([one.chat, {"role": "USER", "content": "more"}]));
    call(&store, "characters.delete", json!([one.character]));
    assert_eq!(check(&store)["faults"], json!([]));
}

#[test]
fn a_folder_that_can_only_be_read_is_looked_at_too() {
    let disk = SimulatedDisk::new();
    let (one, ..) = full(&disk);
    let character = format!("characters/{}.json", one.character);
    // What a process that was killed has left in the journal counts.
    let store = open(&disk);
    call(&store, "tags.create", json!([{"userId": one.user, "name": "gale"}]));
    let disk = disk.kill();
    disk.set_read_only(true);
    let store = open(&disk);
    assert_eq!(check(&store)["faults"], json!([]));
    drop(store);
    disk.set_read_only(false);
    disk.plant(&character, b"{");
    disk.set_read_only(true);
    let found = faults(&check(&open(&disk)));
    let is_told =
        |(kind, path): &(String, String)| kind == "unreadable" && path.starts_with(&character);
    assert!(found.iter().any(is_told), "{found:?}");
}

#[test]
fn every_kind_of_fault_is_told_at_once_and_nothing_is_changed() {
    let disk = SimulatedDisk::new();
    let (one, missing, changed) = full(&disk);
    let character = format!("characters/{}.json", one.character);
    let log = format!("chats/{}.jsonl", one.chat);
    let with = |from: &str, to: &str, path: &str| {
        let before = text(&disk, path);
        let after = before.replacen(from, to, 1);
        assert_ne!(before, after, "{from} is in {path}");
        disk.plant(path, after.as_bytes());
    };
    with("\"name\": \"storm\"", "\"name\": \"sea\"", "tags/tags.json");
    with("\"nameLower\": \"storm\"", "\"nameLower\": \"sea\"", "tags/tags.json");
    disk.plant("personas/half.json", b"{\n  \"name\": \"Ariel\",\n}\n");
    disk.plant(&log, format!("{}no JSON\n", text(&disk, &log)).as_bytes());
    disk.plant(
        "chats/gone.jsonl",
        b"{\"type\":\"header\",\"schema\":\"chats/log\",\"version\":1}\n",
    );
    disk.plant("characters/notes.txt", b"mine");
    disk.plant("letters/one.md", b"mine");
    disk.plant(".git/HEAD", b"mine");
    let stranded = text(&disk, &character).replace(&one.character, "stranded");
    let stranded = stranded.replace(&one.user, "nobody");
    disk.plant("characters/stranded.json", stranded.as_bytes());
    disk.plant(changed["relativePath"].as_str().unwrap(), b"changed");
    let lost = missing["relativePath"].as_str().unwrap();
    disk.remove(&SafePath::new(lost).unwrap()).unwrap();
    let orphan = format!("binaries/{}", "ab".repeat(32));
    disk.plant(&format!("{orphan}/raw"), b"whose?");
    let store = open(&disk);
    store.flush_now().unwrap();
    let before = disk.files();
    let report = check(&store);
    let expected = [
        ("orphan", orphan.clone()),
        ("orphan", "chats/gone.jsonl".to_owned()),
        ("payload", changed["relativePath"].as_str().unwrap().to_owned()),
        ("payload", lost.to_owned()),
        ("relation", "characters/stranded.json".to_owned()),
        ("stranger", "characters/notes.txt".to_owned()),
        ("stranger", "letters".to_owned()),
        ("unique", "tags/tags.json".to_owned()),
        ("unreadable", format!("{log}:5:2")),
        ("unreadable", "personas/half.json:3:1".to_owned()),
    ];
    let expected: Vec<_> = expected.map(|(kind, path)| (kind.to_owned(), path)).into();
    assert_eq!(faults(&report), expected, "{report:#}");
    assert_eq!(disk.files(), before);
}

#[test]
fn a_count_that_is_not_that_of_the_log_is_told() {
    let disk = SimulatedDisk::new();
    let (one, ..) = full(&disk);
    let store = open(&disk);
    let log = format!("chats/{}.jsonl", one.chat);
    let kept: Vec<String> = text(&disk, &log).lines().take(3).map(|l| format!("{l}\n")).collect();
    disk.plant(&log, kept.concat().as_bytes());
    let report = check(&store);
    assert_eq!(faults(&report), [("count".to_owned(), "chats/index.jsonl".to_owned())]);
    assert_eq!(report["faults"][0]["id"], json!(one.chat));
    drop(store);
    assert_eq!(check(&open(&disk))["faults"], json!([]));
}
