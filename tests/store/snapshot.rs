//! A copy of the folder holds all that was acknowledged, and nothing half done.

use quilltap_store::disk::{Fault, SimulatedDisk};
use quilltap_store::error::Error;
use quilltap_store::store::Store;
use serde_json::json;

use super::support::{call, character, open, world};

fn snapshot(store: &Store) -> Result<SimulatedDisk, Error> {
    let target = SimulatedDisk::new();
    store.snapshot_on(&target).map(|()| target)
}

#[test]
fn a_copy_becomes_what_the_folder_becomes() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let w = world(&store);
    let say = |content: &str| json!([w.chat, {"role": "USER", "content": content}]);
    call(&store, "chats.addMessage", say("one"));
    // Of one millisecond: only the order that is kept beside the files tells which came first.
    let names: Vec<String> = (0..20).map(|n| format!("{}", 97 - n)).collect();
    for name in &names {
        let mut data = character(&w.user, name);
        data["createdAt"] = json!("2026-01-01T00:00:00.000Z");
        call(&store, "characters.create", json!([data]));
    }
    let copy = snapshot(&store).unwrap();
    let early = snapshot(&store).unwrap();
    call(&store, "chats.addMessage", say("two"));
    call(&store, "characters.delete", json!([w.character]));
    let late = snapshot(&store).unwrap();

    let opened = open(&copy);
    assert_eq!(call(&opened, "chats.getMessageCount", json!([w.chat])), 1);
    let order = |store: &Store| {
        let all = call(store, "characters.findAll", json!([]));
        all.as_array().unwrap().iter().map(|c| c["name"].clone()).collect::<Vec<_>>()
    };
    let live: Vec<_> = order(&opened).into_iter().filter(|name| name != "Hamlet").collect();
    assert_eq!(live, names);
    opened.close().unwrap();
    store.close().unwrap();
    assert!(early.files().keys().all(|path| !path.starts_with("journal/")));
    open(&late).close().unwrap();
    let bytes = |disk: &SimulatedDisk| {
        let mut files = disk.files();
        files.retain(|path, _| !path.starts_with("cache/"));
        files
    };
    assert_eq!(bytes(&late), bytes(&disk));
}

#[test]
fn what_a_broken_file_keeps_in_the_journal_is_copied_too() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let w = world(&store);
    call(&store, "tags.create", json!([{"id": "ghost", "userId": w.user, "name": "Ghost"}]));
    let disk = disk.kill();
    disk.plant("tags/tags.json", b"{ broken");
    let store = open(&disk);
    let copy = snapshot(&store).unwrap();
    assert_eq!(copy.files()["tags/tags.json"], b"{ broken");
    copy.plant("tags/tags.json", b"{\"version\": 1, \"tags\": []}");
    let opened = open(&copy);
    assert_eq!(call(&opened, "tags.findById", json!(["ghost"]))["name"], "Ghost");
    assert_eq!(call(&opened, "chats.count", json!([])), 1);
    drop(store);
}

#[test]
fn whatever_fails_is_told_and_harms_nothing() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let w = world(&store);
    let target = SimulatedDisk::new();
    store.snapshot_on(&target).unwrap();
    for operation in 1..=target.operations() {
        let target = SimulatedDisk::new();
        target.fail_at(operation, Fault::SystemError(5));
        let error = store.snapshot_on(&target).expect_err("it failed");
        assert_eq!(error.code().name(), "IO", "operation {operation}");
    }
    let small = SimulatedDisk::new();
    small.set_capacity(Some(500));
    assert_eq!(store.snapshot_on(&small).expect_err("full").code().name(), "NO_SPACE");
    assert_eq!(call(&store, "characters.findById", json!([w.character]))["name"], "Hamlet");
    store.close().unwrap();
    disk.set_read_only(true);
    let store = open(&disk);
    assert_eq!(snapshot(&store).err().expect("refused").code().name(), "READ_ONLY");
}
