//! What is written comes back: at once, after a reopening, after a kill.

use quilltap_store::disk::SimulatedDisk;
use serde_json::json;

use super::support::{call, id, open, try_call, world};

#[test]
fn records_come_back_after_close_and_after_a_kill() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    call(
        &store,
        "chats.addMessage",
        json!([world.chat, {"role": "USER", "content": "Who's there?"}]),
    );
    let chat = call(&store, "chats.findById", json!([world.chat]));
    assert_eq!(chat["messageCount"], 1);
    let killed = open(&disk.kill());
    assert_eq!(call(&killed, "chats.findById", json!([world.chat])), chat);
    let messages = call(&killed, "chats.getMessages", json!([world.chat]));
    assert_eq!(messages[0]["content"], "Who's there?");
    killed.close().unwrap();
}

#[test]
fn a_closed_folder_is_at_rest_and_opens_again() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    let said =
        call(&store, "chats.addMessage", json!([world.chat, {"role": "USER", "content": "Ay"}]));
    store.close().unwrap();
    let files = disk.files();
    for (path, bytes) in &files {
        println!("--- {path}\n{}", String::from_utf8_lossy(bytes));
    }
    assert!(!files.keys().any(|path| path.starts_with("journal/")), "{:?}", files.keys());
    let store = open(&disk);
    assert_eq!(call(&store, "chats.getMessages", json!([world.chat])), json!([said]));
    assert_eq!(
        call(&store, "users.findByEmail", json!(["will@globe.EXAMPLE"]))["id"],
        json!(world.user)
    );
    call(&store, "chats.updateMessage", json!([world.chat, id(&said), {"content": "Nay"}]));
    assert_eq!(call(&store, "chats.getMessages", json!([world.chat]))[0]["content"], "Nay");
    store.close().unwrap();
    assert_eq!(call(&open(&disk), "chats.getMessages", json!([world.chat]))[0]["content"], "Nay");
}

#[test]
fn a_log_that_was_edited_by_hand_is_counted_anew() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    for text in ["one", "two"] {
        call(&store, "chats.addMessage", json!([world.chat, {"role": "USER", "content": text}]));
    }
    store.close().unwrap();
    let path = format!("chats/{}.jsonl", world.chat);
    let log = String::from_utf8(disk.files()[&path].clone()).unwrap();
    let shorter: String = log.lines().take(2).map(|line| format!("{line}\n")).collect();
    disk.plant(&path, shorter.as_bytes());
    let store = open(&disk);
    assert_eq!(call(&store, "chats.findById", json!([world.chat]))["messageCount"], 1);
    store.close().unwrap();
    assert!(
        String::from_utf8_lossy(&disk.files()["chats/index.jsonl"]).contains("\"messageCount\":1")
    );
    // Without a line feed at the end, as some editors leave it.
    disk.plant(&path, shorter.trim_end().as_bytes());
    let store = open(&disk);
    call(&store, "chats.addMessage", json!([world.chat, {"role": "USER", "content": "three"}]));
    assert_eq!(call(&store, "chats.getMessages", json!([world.chat])).as_array().unwrap().len(), 2);
    store.close().unwrap();
    let store = open(&disk);
    assert_eq!(call(&store, "chats.getMessages", json!([world.chat])).as_array().unwrap().len(), 2);
    assert_eq!(call(&store, "chats.findById", json!([world.chat]))["messageCount"], 2);
}

#[test]
fn one_may_open_while_the_last_one_leaves() {
    let disk = SimulatedDisk::new();
    let mut leaving = open(&disk);
    let world = world(&leaving);
    for round in 0..100 {
        let text = format!("line {round}");
        call(&leaving, "chats.addMessage", json!([world.chat, {"role": "USER", "content": text}]));
        let closing = std::thread::spawn(move || leaving.close());
        leaving = open(&disk);
        assert_eq!(call(&leaving, "chats.getMessageCount", json!([world.chat])), round + 1);
        closing.join().unwrap().unwrap();
    }
}

#[test]
fn a_field_that_nobody_declared_is_not_taken_for_the_version_of_its_file() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    let verse = json!("\"version\":");
    let made = call(&store, "characters.findById", json!([world.character]));
    call(&store, "characters.update", json!([made["id"], {"verse": verse}]));
    let mut other = made.clone();
    other["id"] = json!("other");
    other["version"] = json!(2);
    for (name, arguments) in [
        ("characters.update", json!([made["id"], {"version": 99}])),
        ("characters.update", json!([made["id"], {"version": null}])),
        ("characters.create", json!([other])),
    ] {
        let error = try_call(&store, name, arguments).expect_err(name);
        assert!(error.to_string().contains("version is the file's own key"), "{name}: {error}");
    }
    store.close().unwrap();
    let found = call(&open(&disk), "characters.findById", json!([id(&made)]));
    assert_eq!((&found["name"], &found["verse"]), (&made["name"], &verse));
}
