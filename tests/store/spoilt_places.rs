//! One file that cannot be read costs what is in it, and nothing else: a link or a folder in place of a
//! chat's log, a record or a log that is far too long.

#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use quilltap_store::store::{Options, Store};
use serde_json::{Value, json};

use super::support::{World, call, character, code, id, world};

struct Place {
    dir: tempfile::TempDir,
    one: World,
    /// A second chat and character.
    chat: String,
    character: String,
}

fn open(dir: &Path) -> Store {
    Store::open(Options::new(dir.to_str().unwrap())).unwrap()
}

fn say(store: &Store, chat: &str, id: &str) {
    call(store, "chats.addMessage", json!([chat, {"id": id, "role": "USER", "content": "x"}]));
}

impl Place {
    /// Two chats of a message each, at rest.
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let one = world(&store);
        let character =
            id(&call(&store, "characters.create", json!([character(&one.user, "Ophelia")])));
        let mut chat = call(&store, "chats.findById", json!([one.chat]));
        chat["id"] = "second".into();
        call(&store, "chats.create", json!([chat]));
        say(&store, &one.chat, "m1");
        say(&store, "second", "m2");
        store.close().unwrap();
        Place { dir, one, chat: "second".to_owned(), character }
    }

    fn log(&self) -> std::path::PathBuf {
        self.dir.path().join(format!("chats/{}.jsonl", self.one.chat))
    }

    /// Everything but the first chat's log works, through another opening.
    fn expect_the_rest(&self, wanted: &str) {
        for _ in 0..2 {
            let store = open(self.dir.path());
            assert_eq!(code(&store, "chats.getMessages", json!([self.one.chat])), wanted);
            assert_eq!(code(&store, "chats.findMessage", json!(["nobody"])), wanted);
            assert_eq!(call(&store, "chats.findMessage", json!(["m2"]))["chatId"], self.chat);
            assert_eq!(call(&store, "chats.findAll", json!([])).as_array().unwrap().len(), 2);
            say(&store, &self.chat, &format!("m{}", uuid::Uuid::new_v4()));
            store.flush_now().unwrap();
            let report: Value = serde_json::from_str(&store.check_now().unwrap()).unwrap();
            let path = format!("chats/{}.jsonl", self.one.chat);
            let faults = report["faults"].as_array().unwrap();
            let tells = |fault: &Value| fault["path"].as_str().unwrap().starts_with(&path);
            assert!(!faults.is_empty() && faults.iter().all(tells), "{faults:?}");
            store.close().unwrap();
        }
    }
}

#[test]
fn a_link_or_a_folder_in_place_of_a_log_costs_that_chat() {
    for folder in [true, false] {
        let place = Place::new();
        let kept = place.dir.path().parent().unwrap().join(format!("{}.kept", place.one.chat));
        fs::rename(place.log(), &kept).unwrap();
        if folder {
            fs::create_dir(place.log()).unwrap();
        } else {
            symlink(&kept, place.log()).unwrap();
        }
        place.expect_the_rest("CORRUPT");
        if folder {
            fs::remove_dir(place.log()).unwrap();
        } else {
            fs::remove_file(place.log()).unwrap();
        }
        fs::rename(&kept, place.log()).unwrap();
        let store = open(place.dir.path());
        assert_eq!(call(&store, "chats.findMessage", json!(["m1"]))["chatId"], place.one.chat);
    }
}

#[test]
fn a_log_of_one_endless_line_costs_that_chat_and_little_memory() {
    let place = Place::new();
    let file = File::options().write(true).open(place.log()).unwrap();
    file.set_len(200 << 20).unwrap();
    place.expect_the_rest("TOO_LARGE");
    // What stands before the line can be read.
    let store = open(place.dir.path());
    let before = call(&store, "chats.getMessages", json!([place.one.chat, {"before": "m1"}]));
    assert_eq!(before, json!([]));
}

#[test]
fn a_record_of_three_gigabytes_is_refused_by_its_length() {
    let place = Place::new();
    let path = place.dir.path().join(format!("characters/{}.json", place.character));
    File::options().write(true).open(&path).unwrap().set_len(3 << 30).unwrap();
    let store = open(place.dir.path());
    assert_eq!(code(&store, "characters.findById", json!([place.character])), "TOO_LARGE");
    assert_eq!(
        code(&store, "characters.update", json!([place.character, {"title": "x"}])),
        "TOO_LARGE"
    );
    let found = call(&store, "characters.findById", json!([place.one.character]));
    assert_eq!(found["name"], "Hamlet");
    store.close().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 3 << 30);
}
