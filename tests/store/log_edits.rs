//! A chat's log that is edited by hand while the store is open: the edit stays, no acknowledged message
//! is lost, and the count of messages is right, whether the journal holds lines of the log or not.

use std::sync::{Arc, Mutex};

use quilltap_store::disk::{SafePath, SimulatedDisk};
use quilltap_store::store::{Options, Store};
use serde_json::{Value, json};

use super::hooked_disk::{HookedDisk, Next};
use super::support::{World, call, code, id, open, world};

struct Chat {
    disk: SimulatedDisk,
    store: Store,
    world: World,
}

impl Chat {
    /// A chat whose files only follow when they are asked for.
    fn new() -> Chat {
        let disk = SimulatedDisk::new();
        let store = open(&disk);
        store.hold_files();
        let world = world(&store);
        Chat { disk, store, world }
    }

    fn add(&self, content: &str) -> String {
        let message = json!([self.world.chat, {"role": "USER", "content": content}]);
        id(&call(&self.store, "chats.addMessage", message))
    }

    fn path(&self) -> String {
        format!("chats/{}.jsonl", self.world.chat)
    }

    fn text(&self) -> String {
        String::from_utf8(self.disk.files()[&self.path()].clone()).unwrap()
    }

    fn plant(&self, text: &str) {
        self.disk.plant(&self.path(), text.as_bytes());
    }

    fn edit(&self, from: &str, to: &str) {
        let before = self.text();
        assert!(before.contains(from), "{from} in\n{before}");
        self.plant(&before.replace(from, to));
    }

    fn contents(&self) -> Vec<String> {
        contents(&self.store, &self.world.chat)
    }

    fn count(&self) -> Value {
        call(&self.store, "chats.findById", json!([self.world.chat]))["messageCount"].clone()
    }

    /// What is there now, once the journal is gone, and after the next opening.
    fn expect(self, wanted: &[&str]) {
        let wanted: Vec<String> = wanted.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(self.contents(), wanted, "now");
        self.store.flush_now().unwrap();
        assert_eq!(self.contents(), wanted, "when the files show it");
        self.store.compact_now().unwrap();
        assert_eq!(self.contents(), wanted, "when the journal is gone");
        assert_eq!(self.count(), wanted.len());
        self.store.close().unwrap();
        assert_eq!(self.text().lines().count(), wanted.len() + 1, "{}", self.text());
        let again = open(&self.disk);
        assert_eq!(contents(&again, &self.world.chat), wanted, "opened again");
        let chat = call(&again, "chats.findById", json!([self.world.chat]));
        assert_eq!(chat["messageCount"], wanted.len());
    }
}

fn contents(store: &Store, chat: &str) -> Vec<String> {
    let all = call(store, "chats.getMessages", json!([chat]));
    all.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap().to_owned()).collect()
}

fn line(id: &str, content: &str) -> String {
    json!({"id": id, "type": "message", "role": "USER", "content": content,
        "attachments": [], "createdAt": "2026-01-01T00:00:00.000Z"})
    .to_string()
        + "\n"
}

#[test]
fn a_longer_line_before_what_the_journal_holds() {
    let chat = Chat::new();
    chat.add("one");
    chat.store.compact_now().unwrap();
    chat.add("two");
    chat.store.flush_now().unwrap();
    chat.edit("one", "one, and much more than there was");
    chat.add("three");
    chat.expect(&["one, and much more than there was", "two", "three"]);
}

#[test]
fn an_edit_of_a_new_message() {
    for then in [true, false] {
        let chat = Chat::new();
        chat.add("one");
        chat.add("two");
        chat.store.flush_now().unwrap();
        chat.edit("one", "the first of them");
        if then {
            chat.add("three");
            // A log that has begun in the journal is read from there until the journal goes.
            chat.store.compact_now().unwrap();
            chat.expect(&["the first of them", "two", "three"]);
        } else {
            chat.store.compact_now().unwrap();
            chat.expect(&["the first of them", "two"]);
        }
    }
}

#[test]
fn an_editor_that_had_an_older_file_loses_no_message() {
    let chat = Chat::new();
    chat.add("one");
    chat.store.compact_now().unwrap();
    let older = chat.text();
    let two = chat.add("two");
    chat.store.flush_now().unwrap();
    chat.add("three");
    call(&chat.store, "chats.updateMessage", json!([chat.world.chat, two, {"content": "second"}]));
    chat.store.flush_now().unwrap();
    chat.plant(&older.replace("one", "first"));
    chat.expect(&["first", "second", "three"]);
}

#[test]
fn a_file_that_was_put_back_or_removed() {
    for gone in [true, false] {
        let chat = Chat::new();
        chat.add("one");
        chat.store.compact_now().unwrap();
        let older = chat.text();
        chat.add("two");
        chat.store.flush_now().unwrap();
        chat.plant(if gone { "" } else { &older });
        chat.add("three");
        chat.store.compact_now().unwrap();
        chat.expect(if gone { &["two", "three"] } else { &["one", "two", "three"] });
    }
}

#[test]
fn added_and_removed_lines_are_counted() {
    let chat = Chat::new();
    chat.add("one");
    chat.add("two");
    chat.add("three");
    chat.store.compact_now().unwrap();
    let whole = chat.text();
    let lines: Vec<&str> = whole.lines().collect();
    // While the journal holds nothing of it: by whoever reads it.
    chat.plant(&format!("{}\n{}\n{}", lines[0], lines[2], line("by-hand", "mine")));
    assert_eq!(chat.contents(), ["two", "mine"]);
    assert_eq!(chat.count(), 2);
    // And by whoever adds to it.
    chat.plant(&format!("{}\n{}", lines[0], line("by-hand", "mine").trim_end()));
    chat.add("four");
    assert_eq!(chat.count(), 2);
    // While the journal holds its last line, before and after the file has that.
    chat.plant(&format!("{}\n{}{}", lines[0], line("by-hand", "mine"), line("more", "more")));
    chat.store.flush_now().unwrap();
    chat.expect(&["mine", "more", "four"]);
}

#[test]
fn a_message_that_was_removed_stays_so() {
    let chat = Chat::new();
    let one = chat.add("one");
    chat.add("two");
    chat.store.compact_now().unwrap();
    call(&chat.store, "chats.deleteMessages", json!([chat.world.chat, [one]]));
    chat.edit("two", "the second");
    chat.expect(&["the second"]);
}

#[test]
fn a_broken_line_is_told_and_stays_and_mending_it_mends_the_chat() {
    let chat = Chat::new();
    chat.add("one");
    chat.store.compact_now().unwrap();
    chat.add("two");
    chat.store.flush_now().unwrap();
    chat.edit("\"one\",", "\"one\" \"and\",");
    let messages = json!([chat.world.chat]);
    assert_eq!(code(&chat.store, "chats.getMessages", messages.clone()), "CORRUPT");
    chat.add("three");
    chat.store.compact_now().unwrap();
    assert_eq!(code(&chat.store, "chats.getMessages", messages), "CORRUPT");
    assert!(chat.text().contains("\"one\" \"and\","));
    chat.edit("\"one\" \"and\",", "\"one and\",");
    chat.expect(&["one and", "two", "three"]);
}

#[test]
fn what_the_cache_says_of_all_logs_is_not_read_for_each_of_them() {
    let Chat { disk, store, world } = Chat::new();
    let chats: Vec<String> = (0..10)
        .map(|number| {
            let chat = id(&call(
                &store,
                "chats.create",
                json!([{"userId": world.user, "title": number.to_string(),
                "characterId": world.character, "connectionProfileId": world.profile}]),
            ));
            call(&store, "chats.addMessage", json!([chat, {"role": "USER", "content": "one"}]));
            chat
        })
        .collect();
    store.close().unwrap();
    let reads = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&reads);
    let before = move |next: Next, path: &SafePath| {
        *counted.lock().unwrap() +=
            usize::from(next == Next::Read && path.as_str() == "cache/logs.json");
    };
    let hooked = HookedDisk { disk: Arc::new(disk.clone()), before: Arc::new(before) };
    let store = Store::open_on(Arc::new(hooked), &Options::new("unused")).unwrap();
    store.hold_files();
    let at_opening = *reads.lock().unwrap();
    for chat in &chats {
        let path = format!("chats/{chat}.jsonl");
        let text = String::from_utf8(disk.files()[&path].clone()).unwrap();
        disk.plant(&path, (text + &line("m2", "two")).as_bytes());
        assert_eq!(contents(&store, chat), ["one", "two"]);
    }
    let read = *reads.lock().unwrap() - at_opening;
    assert!(read <= 1, "{read} times");
    store.close().unwrap();
}

#[test]
fn another_process_sees_it_too() {
    let chat = Chat::new();
    chat.add("one");
    chat.store.compact_now().unwrap();
    let other = open(&chat.disk.process(u64::MAX));
    other.hold_files();
    chat.add("two");
    assert_eq!(contents(&other, &chat.world.chat), ["one", "two"]);
    chat.store.flush_now().unwrap();
    chat.edit("one", "one and a half");
    assert_eq!(contents(&other, &chat.world.chat), ["one and a half", "two"]);
    other.flush_now().unwrap();
    call(
        &other,
        "chats.addMessage",
        json!([chat.world.chat, {"role": "USER", "content": "three"}]),
    );
    assert_eq!(chat.contents(), ["one and a half", "two", "three"]);
    other.compact_now().unwrap();
    other.close().unwrap();
    chat.expect(&["one and a half", "two", "three"]);
}

#[test]
fn a_newer_version_is_left_alone() {
    let chat = Chat::new();
    chat.add("one");
    chat.store.compact_now().unwrap();
    chat.add("two");
    chat.store.flush_now().unwrap();
    chat.edit("\"version\":1", "\"version\":12");
    let newer = chat.text();
    chat.add("three");
    assert_eq!(chat.store.compact_now().unwrap_err().code().name(), "UNSUPPORTED_VERSION");
    assert_eq!(chat.text(), newer);
    chat.plant(&newer.replace("\"version\":12", "\"version\":1"));
    chat.expect(&["one", "two", "three"]);
}

/// Wherever the process or the machine dies while an edit is brought together with the journal,
/// both are there afterwards.
#[test]
fn a_crash_while_it_is_brought_together() {
    let chat = Chat::new();
    chat.add("one");
    chat.store.compact_now().unwrap();
    chat.add("two");
    chat.store.flush_now().unwrap();
    chat.edit("one", "one and a half");
    let caught = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&caught);
    chat.disk.watch(move |copy| sink.lock().unwrap().push(copy));
    chat.add("three");
    chat.store.flush_now().unwrap();
    chat.store.compact_now().unwrap();
    chat.store.close().unwrap();
    let moments = std::mem::take(&mut *caught.lock().unwrap());
    let (mut states, mut ends) = (0, [0, 0]);
    for (number, moment) in moments.iter().enumerate() {
        let crashed = moment.crash_outcomes(6, number as u64).into_iter().map(|o| moment.crash(o));
        for disk in std::iter::once(moment.copy()).chain(crashed) {
            let store = Store::open_on(Arc::new(disk.clone()), &Options::new("unused")).unwrap();
            let found = contents(&store, &chat.world.chat);
            let acknowledged = found.len() == 3;
            let wanted = ["one and a half", "two", "three"];
            assert_eq!(found, wanted[..2 + usize::from(acknowledged)], "operation {number}");
            let record = call(&store, "chats.findById", json!([chat.world.chat]));
            assert_eq!(record["messageCount"], found.len(), "operation {number}");
            store.close().unwrap();
            assert_eq!(
                contents(&open(&disk), &chat.world.chat),
                found,
                "operation {number}, again"
            );
            states += 1;
            ends[usize::from(acknowledged)] += 1;
        }
    }
    assert!(moments.len() > 15 && ends.iter().all(|number| *number > 5), "{states} {ends:?}");
    println!("an edited log: {} crash points, {states} states", moments.len());
}
