//! What stands in a file of lines and is not as the store writes it: every call reads a line, or every
//! call that needs it says `CORRUPT` with its place, as `check()` does. Nothing that cannot be read is
//! answered with "none", taken for free, or written over.

use std::sync::{Arc, Mutex};

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::{Declaration, Options, Store};
use serde_json::{Value, json};

use super::support::{World, call, code, open, try_call, world};

/// A chat of three messages at rest, the second of which is the line that a test gives.
struct Chat {
    disk: SimulatedDisk,
    world: World,
}

const HEADER: &str = "{\"type\":\"header\",\"schema\":\"chats/log\",\"version\":1}";

fn message(id: &str, day: u32) -> Value {
    json!({"id": id, "type": "message", "role": "USER", "content": format!("said {id}"),
        "attachments": [], "createdAt": format!("2026-01-{day:02}T00:00:00.000Z")})
}

impl Chat {
    fn of(lines: &[String]) -> Chat {
        let disk = SimulatedDisk::new();
        let store = open(&disk);
        let world = world(&store);
        store.close().unwrap();
        let chat = Chat { disk, world };
        chat.plant(&(lines.join("\n") + "\n"));
        chat
    }

    fn with(line: &str) -> Chat {
        let (first, last) = (message("m0", 1).to_string(), message("m2", 3).to_string());
        Chat::of(&[HEADER.to_owned(), first, line.to_owned(), last])
    }

    fn path(&self) -> String {
        format!("chats/{}.jsonl", self.world.chat)
    }

    fn plant(&self, text: &str) {
        self.disk.plant(&self.path(), text.as_bytes());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.disk.files()[&self.path()]).into_owned()
    }
}

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

/// The faults of a kind that `check` tells of a file.
fn told(store: &Store, kind: &str, path: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(&store.check_now().unwrap()).unwrap();
    let faults = report["faults"].as_array().unwrap().iter();
    let of_file = faults
        .filter(|fault| fault["kind"] == kind && fault["path"].as_str().unwrap().starts_with(path));
    of_file.map(|fault| fault["path"].as_str().unwrap().to_owned()).collect()
}

const READ: &[(&str, &str, &str)] = &[
    (
        "a space before it",
        " {\"id\":\"m1\",\"type\":\"message\",\"role\":\"USER\",\"content\":\"x\",\"createdAt\":\"2026-01-02T00:00:00.000Z\"}",
        "x",
    ),
    (
        "a tab before and spaces behind",
        "\t{ \"id\" : \"m1\", \"type\": \"message\", \"role\": \"USER\", \"content\": \"x\", \"createdAt\": \"2026-01-02T00:00:00.000Z\" }  \r",
        "x",
    ),
    (
        "a byte order mark",
        "\u{feff}{\"id\":\"m1\",\"type\":\"message\",\"role\":\"USER\",\"content\":\"x\",\"createdAt\":\"2026-01-02T00:00:00.000Z\"}",
        "x",
    ),
    (
        "half an emoji",
        "{\"id\":\"m1\",\"type\":\"message\",\"role\":\"USER\",\"content\":\"x \\ud83d\",\"createdAt\":\"2026-01-02T00:00:00.000Z\"}",
        "x \u{fffd}",
    ),
    (
        "an id in escapes",
        "{\"id\":\"\\u006d1\",\"type\":\"message\",\"role\":\"USER\",\"content\":\"x\",\"createdAt\":\"2026-01-02T00:00:00.000Z\"}",
        "x",
    ),
    (
        "a key in escapes",
        "{\"i\\u0064\":\"m1\",\"type\":\"message\",\"role\":\"USER\",\"content\":\"x\",\"createdAt\":\"2026-01-02T00:00:00.000Z\"}",
        "x",
    ),
    (
        "an emoji in escapes",
        "{\"id\":\"m1\",\"type\":\"message\",\"role\":\"USER\",\"content\":\"\\ud83d\\ude00\",\"createdAt\":\"2026-01-02T00:00:00.000Z\"}",
        "\u{1f600}",
    ),
    (
        "no type",
        "{\"id\":\"m1\",\"role\":\"USER\",\"content\":\"x\",\"createdAt\":\"2026-01-02T00:00:00.000Z\"}",
        "x",
    ),
    (
        "many keys",
        "{\"id\":\"m1\",\"type\":\"message\",\"role\":\"USER\",\"content\":\"x\",\"createdAt\":\"2026-01-02T00:00:00.000Z\",\"rawResponse\":{\"a0\":0,\"a1\":0,\"a2\":0,\"a3\":0,\"a4\":0,\"a5\":0,\"a6\":0,\"a7\":0,\"a8\":0,\"a9\":0,\"b0\":0,\"b1\":0,\"b2\":0,\"b3\":0,\"b4\":0,\"b5\":0,\"b6\":0,\"b7\":0,\"b8\":0,\"b9\":0,\"c0\":0,\"c1\":0,\"c2\":0,\"c3\":0,\"c4\":0,\"c5\":0,\"c6\":0,\"c7\":0,\"c8\":0,\"c9\":0,\"d0\":0,\"d1\":0,\"d2\":0,\"d3\":0}}",
        "x",
    ),
];

#[test]
fn what_can_be_read_every_call_reads() {
    for (what, line, content) in READ {
        let chat = Chat::with(line);
        let store = open(&chat.disk);
        assert_eq!(told(&store, "unreadable", &chat.path()), [""; 0], "{what}");
        assert_eq!(told(&store, "invalid", &chat.path()), [""; 0], "{what}");
        let all = call(&store, "chats.getMessages", json!([chat.world.chat]));
        assert_eq!(ids(&all), ["m0", "m1", "m2"], "{what}");
        assert_eq!(all[1]["content"], *content, "{what}");
        let found = call(&store, "chats.findMessage", json!(["m1"]));
        assert_eq!(
            (&found["content"], &found["chatId"]),
            (&json!(content), &json!(chat.world.chat))
        );
        assert_eq!(call(&store, "chats.getMessageCount", json!([chat.world.chat])), 3, "{what}");
        assert_eq!(
            ids(&call(&store, "chats.getMessages", json!([chat.world.chat, {"after": "m1"}]))),
            ["m2"]
        );
        let note = json!([chat.world.chat, "m1", {"swipeGroupId": "g"}]);
        let updated = call(&store, "chats.updateMessage", note);
        assert_eq!(
            (&updated["content"], &updated["type"]),
            (&json!(content), &json!("message")),
            "{what}"
        );
        let swipes = call(&store, "chats.getSwipes", json!([chat.world.chat, "g"]));
        assert_eq!(ids(&swipes), ["m1"], "{what}");
        let again = json!([chat.world.chat, {"id": "m1", "role": "USER", "content": "y"}]);
        assert_eq!(code(&store, "chats.addMessage", again), "UNIQUE", "{what}");
        assert_eq!(
            call(&store, "chats.deleteMessages", json!([chat.world.chat, "m1"])),
            1,
            "{what}"
        );
        store.close().unwrap();
        assert!(!chat.text().contains("m1"), "{what}: {}", chat.text());
    }
}

#[test]
fn a_byte_order_mark_before_the_header_is_read() {
    let chat = Chat::of(&[format!("\u{feff}{HEADER}"), message("m0", 1).to_string()]);
    let store = open(&chat.disk);
    assert_eq!(ids(&call(&store, "chats.getMessages", json!([chat.world.chat]))), ["m0"]);
    call(&store, "chats.addMessage", json!([chat.world.chat, {"role": "USER", "content": "x"}]));
    store.close().unwrap();
    let store = open(&chat.disk);
    assert_eq!(
        call(&store, "chats.getMessages", json!([chat.world.chat])).as_array().unwrap().len(),
        2
    );
}

/// A line, and whether it is known which row it is; none where it may be one of two.
fn unreadable() -> Vec<(&'static str, String, Option<bool>)> {
    let sound = message("m1", 2).to_string();
    let with = |field: &str| format!("{{\"id\":\"m1\",{field}}}");
    vec![
        ("torn", sound[..sound.len() / 2].to_owned(), Some(true)),
        ("torn within the id", "{\"id\":\"m".to_owned(), Some(false)),
        (
            "a key twice",
            with("\"type\":\"message\",\"content\":\"a\",\"content\":\"b\""),
            Some(true),
        ),
        ("the id twice", "{\"id\":\"m1\",\"id\":\"m9\"}".to_owned(), None),
        (
            "a key twice deep within",
            with("\"rawResponse\":{\"a\":[{\"b\":1,\"b\":2}]}"),
            Some(true),
        ),
        ("a number beyond a double", with("\"tokenCount\":1e400"), Some(true)),
        (
            "nested too deep",
            with(&format!("\"a\":{}{}", "[".repeat(101), "]".repeat(101))),
            Some(true),
        ),
        ("no object", "[\"m1\"]".to_owned(), Some(false)),
        (
            "no id",
            "{\"type\":\"message\",\"role\":\"USER\",\"content\":\"x\"}".to_owned(),
            Some(false),
        ),
        ("an id that is a number", "{\"id\":1,\"type\":\"message\"}".to_owned(), Some(false)),
        ("a conflict of git", "<<<<<<< HEAD".to_owned(), Some(false)),
        ("zeros", "\0".repeat(200), Some(false)),
        ("a removal that is torn", "{\"type\":\"deleted\",\"id\":\"m1\"".to_owned(), Some(true)),
    ]
}

#[test]
fn what_cannot_be_read_is_corrupt_for_every_call_that_needs_it_and_no_other() {
    for (what, line, names_itself) in unreadable() {
        let chat = Chat::with(&line);
        let (store, id) = (open(&chat.disk), &chat.world.chat);
        let place = format!("{}:3:", chat.path());
        let faults = told(&store, "unreadable", &place);
        assert_eq!(faults.len(), 1, "{what}");
        let error = |name: &str, args: Value| {
            let error = try_call(&store, name, args).expect_err(what);
            assert_eq!(error.code().name(), "CORRUPT", "{what}: {name}");
            assert_eq!(error.file(), Some(&*faults[0]), "{what}: {name}");
        };
        error("chats.getMessages", json!([id]));
        error("chats.getEvents", json!([id]));
        error("chats.getMessages", json!([id, {"limit": 2}]));
        error("chats.getMessages", json!([id, {"after": "m0"}]));
        error("chats.getMessages", json!([id, {"before": "m2", "limit": 1}]));
        error("chats.getMessages", json!([id, {"types": ["note"]}]));
        error("chats.getMessages", json!([id, {"after": "2026-01-01T00:00:00.000Z"}]));
        error("chats.getSwipes", json!([id, "g"]));
        error("chats.clearMessages", json!([id]));
        error("chats.findMessage", json!(["m1"]));
        error("chats.updateMessage", json!([id, "m1", {"content": "y"}]));
        error("chats.deleteMessages", json!([id, "m1"]));
        error("chats.addMessage", json!([id, {"id": "m1", "role": "USER", "content": "y"}]));
        error("chats.getMessages", json!([id, {"after": "m1"}]));
        let list = |options: Value| {
            let rows = call(&store, "chats.getMessages", json!([id, options]));
            ids(&rows).join(" ")
        };
        assert_eq!(list(json!({"limit": 1})), "m2", "{what}");
        assert_eq!(list(json!({"limit": 0})), "", "{what}");
        assert_eq!(list(json!({"after": "m2"})), "", "{what}");
        assert_eq!(list(json!({"before": "m0"})), "", "{what}");
        assert_eq!(list(json!({"after": "2026-01-03T00:00:00.000Z"})), "", "{what}");
        assert_eq!(list(json!({"before": "2026-01-01T00:00:00.000Z"})), "", "{what}");
        assert_eq!(call(&store, "chats.findMessage", json!(["m2"]))["content"], "said m2");
        if names_itself == Some(true) {
            assert_eq!(call(&store, "chats.findMessage", json!(["m8"])), json!(null), "{what}");
            let named = json!([id, {"id": "m8", "role": "USER", "content": "y"}]);
            call(&store, "chats.addMessage", named);
        } else if names_itself == Some(false) {
            error("chats.findMessage", json!(["m8"]));
            error("chats.getMessages", json!([id, {"after": "m8"}]));
        }
        // A new row takes nobody's place; and the line stays.
        call(&store, "chats.addMessage", json!([id, {"role": "USER", "content": "new"}]));
        call(&store, "chats.updateMessage", json!([id, "m2", {"content": "newer"}]));
        call(&store, "chats.deleteMessages", json!([id, "m0"]));
        store.compact_now().unwrap();
        store.close().unwrap();
        assert!(chat.text().lines().any(|found| found == line), "{what}: {}", chat.text());
        let store = open(&chat.disk);
        assert_eq!(code(&store, "chats.getMessages", json!([id])), "CORRUPT", "{what}");
    }
}

#[test]
fn a_line_that_cannot_be_read_hides_the_row_that_it_may_have_changed() {
    let torn = message("m0", 1).to_string();
    let lines = [HEADER, &message("m0", 1).to_string(), &message("m1", 2).to_string(), &torn[..60]];
    let chat = Chat::of(&lines.map(str::to_owned));
    let store = open(&chat.disk);
    assert_eq!(code(&store, "chats.findMessage", json!(["m0"])), "CORRUPT");
    assert_eq!(code(&store, "chats.getMessages", json!([chat.world.chat])), "CORRUPT");
    let last = call(&store, "chats.getMessages", json!([chat.world.chat, {"limit": 1}]));
    assert_eq!(ids(&last), ["m1"]);
    let behind = call(&store, "chats.getMessages", json!([chat.world.chat, {"after": "m1"}]));
    assert_eq!(ids(&behind), [""; 0]);
}

/// Rows that are read, and are not what the model says.
const INVALID: &[(&str, &str)] = &[
    (
        "no role",
        r#"{"id":"m1","type":"message","content":"x","createdAt":"2026-01-02T00:00:00.000Z"}"#,
    ),
    (
        "another role",
        r#"{"id":"m1","type":"message","role":"user","content":"x","createdAt":"2026-01-02T00:00:00.000Z"}"#,
    ),
    (
        "no content",
        r#"{"id":"m1","type":"message","role":"USER","content":null,"createdAt":"2026-01-02T00:00:00.000Z"}"#,
    ),
    (
        "a time of another kind",
        r#"{"id":"m1","type":"message","role":"USER","content":"x","createdAt":"April 26, 2024 6:06am"}"#,
    ),
    (
        "a time that is a number",
        r#"{"id":"m1","type":"message","role":"USER","content":"x","createdAt":1767312000000}"#,
    ),
    ("a type that is a number", r#"{"id":"m1","type":7,"createdAt":"2026-01-02T00:00:00.000Z"}"#),
    ("an event without a time", r#"{"id":"m1","type":"note"}"#),
    ("a removal with a note", r#"{"type":"deleted","id":"m1","note":"why"}"#),
    (
        "an id that is none",
        r#"{"id":"../m1","type":"note","createdAt":"2026-01-02T00:00:00.000Z"}"#,
    ),
];

#[test]
fn a_row_that_is_not_what_its_model_says_is_given_out_and_told() {
    for (what, line) in INVALID {
        let chat = Chat::with(line);
        let store = open(&chat.disk);
        assert_eq!(told(&store, "invalid", &chat.path()).len(), 1, "{what}");
        assert_eq!(told(&store, "unreadable", &chat.path()).len(), 0, "{what}");
        let given: Value = serde_json::from_str(line).unwrap();
        let events = call(&store, "chats.getEvents", json!([chat.world.chat]));
        assert_eq!(events[1], given, "{what}");
        let mut found = call(&store, "chats.findMessage", json!([given["id"]]));
        found.as_object_mut().unwrap().remove("chatId");
        assert_eq!(found, given, "{what}");
    }
}

/// A note each in a rows file of the app's own.
fn declared() -> Value {
    json!({"collections": {"notes": {"file": "notes/notes.jsonl", "fields": {"title": {"type": "string"}}},
        "pings": {"file": "pings/{profileId}.jsonl", "fields": {
            "profileId": {"type": "id", "references": "ConnectionProfile"},
            "word": {"type": "string"}}}}})
}

fn open_declared(disk: &SimulatedDisk) -> Store {
    let mut options = Options::new("unused");
    options.declaration = Declaration::parse(&declared().to_string()).unwrap();
    Store::open_on(Arc::new(disk.clone()), &options).unwrap()
}

#[test]
fn a_row_that_cannot_be_read_is_not_written_over() {
    for (line, names_itself) in [
        ("{\"id\":\"n1\",\"title\":\"x\"", true),
        ("{\"id\":\"n1\",\"title\":5}", true),
        ("{\"id\":\"n1\",\"title\":\"a\",\"title\":\"b\"}", true),
        ("{\"title\":\"x\"}", false),
        ("<<<<<<< HEAD", false),
    ] {
        let disk = SimulatedDisk::new();
        let store = open_declared(&disk);
        call(&store, "notes.create", json!([{"id": "n0", "title": "kept"}]));
        call(&store, "notes.create", json!([{"id": "n1", "title": "older"}]));
        store.close().unwrap();
        let before = String::from_utf8(disk.files()["notes/notes.jsonl"].clone()).unwrap();
        disk.plant("notes/notes.jsonl", format!("{before}{line}\n").as_bytes());
        let store = open_declared(&disk);
        let corrupt = |name: &str, args: Value| {
            assert_eq!(code(&store, name, args), "CORRUPT", "{name}: {line}")
        };
        if names_itself {
            corrupt("notes.findById", json!(["n1"]));
            corrupt("notes.update", json!(["n1", {"title": "y"}]));
            corrupt("notes.create", json!([{"id": "n1", "title": "y"}]));
            corrupt(
                "notes.createMany",
                json!([[{"id": "n1", "title": "y"}], {"skipDuplicates": true}]),
            );
            assert_eq!(call(&store, "notes.findById", json!(["n9"])), json!(null), "{line}");
            call(&store, "notes.create", json!([{"id": "n9", "title": "y"}]));
        } else {
            corrupt("notes.findById", json!(["n9"]));
            corrupt("notes.create", json!([{"id": "n9", "title": "y"}]));
            corrupt(
                "notes.createMany",
                json!([[{"id": "n9", "title": "y"}], {"skipDuplicates": true}]),
            );
        }
        assert_eq!(call(&store, "notes.findById", json!(["n0"]))["title"], "kept");
        call(&store, "notes.create", json!([{"title": "new"}]));
        call(&store, "notes.update", json!(["n0", {"title": "changed"}]));
        assert!(!told(&store, "unreadable", "notes/notes.jsonl:4:").is_empty(), "{line}");
        store.compact_now().unwrap();
        store.close().unwrap();
        let after = String::from_utf8(disk.files()["notes/notes.jsonl"].clone()).unwrap();
        assert!(after.lines().any(|found| found == line), "{after}");
    }
}

#[test]
fn a_record_is_never_read_as_its_own_removal() {
    let disk = SimulatedDisk::new();
    let mut options = Options::new("unused");
    let marks = json!({"collections": {"marks": {"file": "marks/marks.jsonl", "timestamps": false,
        "fields": {"type": {"type": "string"}, "note": {"type": "string", "optional": true}}}}});
    options.declaration = Declaration::parse(&marks.to_string()).unwrap();
    let open = || Store::open_on(Arc::new(disk.clone()), &options).unwrap();
    let store = open();
    let alone = json!([{"id": "a", "type": "deleted"}]);
    assert_eq!(code(&store, "marks.create", alone), "VALIDATION");
    call(&store, "marks.create", json!([{"id": "b", "type": "deleted", "note": "x"}]));
    call(&store, "marks.create", json!([{"id": "c", "type": "header"}]));
    store.close().unwrap();
    let all = call(&open(), "marks.findAll", json!([]));
    assert_eq!(ids(&all), ["b", "c"]);
}

#[test]
fn the_messages_of_a_chat_whose_row_cannot_be_read_are_not_none() {
    let chat = Chat::with(&message("m1", 2).to_string());
    let index = String::from_utf8(chat.disk.files()["chats/index.jsonl"].clone()).unwrap();
    for broken in [
        index.replace("\"title\":", "\"title\""),
        index.replace("\"title\":\"Act I\"", "\"title\":1"),
    ] {
        assert_ne!(broken, index);
        chat.disk.plant("chats/index.jsonl", broken.as_bytes());
        let (store, id) = (open(&chat.disk), &chat.world.chat);
        for (name, args) in [
            ("chats.getMessages", json!([id])),
            ("chats.getEvents", json!([id])),
            ("chats.getSwipes", json!([id, "g"])),
            ("chats.findMessage", json!(["m1"])),
            ("chats.getMessageCount", json!([id])),
            ("chats.addMessage", json!([id, {"role": "USER", "content": "x"}])),
            ("chats.deleteMessages", json!([id, "m1"])),
            ("chats.clearMessages", json!([id])),
        ] {
            assert_eq!(code(&store, name, args), "CORRUPT", "{name}");
        }
        assert_eq!(call(&store, "chats.getMessages", json!(["nobody"])), json!([]));
    }
}

#[test]
fn half_an_emoji_in_any_file_costs_nothing() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let one = world(&store);
    call(&store, "tags.create", json!([{"userId": one.user, "name": "sea half"}]));
    call(&store, "tags.create", json!([{"userId": one.user, "name": "storm"}]));
    call(&store, "users.update", json!([one.user, {"name": "Will half"}]));
    let account = json!([{"userId": one.user, "type": "oauth", "provider": "p",
        "providerAccountId": "1", "note": "half"}]);
    call(&store, "auth.linkAccount", account);
    call(&store, "characters.update", json!([one.character, {"title": "Prince half"}]));
    call(&store, "chats.update", json!([one.chat, {"title": "Act half"}]));
    store.close().unwrap();
    for (path, bytes) in disk.files() {
        let text = String::from_utf8(bytes).unwrap();
        disk.plant(&path, text.replace("half", "\\ud83d").as_bytes());
    }
    let store = open(&disk);
    assert_eq!(call(&store, "tags.findAll", json!([]))[0]["name"], "sea \u{fffd}");
    assert_eq!(call(&store, "users.findById", json!([one.user]))["name"], "Will \u{fffd}");
    assert_eq!(call(&store, "auth.getAccount", json!(["1", "p"]))["note"], "\u{fffd}");
    assert_eq!(
        call(&store, "characters.findById", json!([one.character]))["title"],
        "Prince \u{fffd}"
    );
    assert_eq!(call(&store, "chats.findById", json!([one.chat]))["title"], "Act \u{fffd}");
    let report: Value = serde_json::from_str(&store.check_now().unwrap()).unwrap();
    assert_eq!(report["faults"], json!([]));
    call(&store, "tags.create", json!([{"userId": one.user, "name": "calm"}]));
    store.close().unwrap();
    assert!(
        String::from_utf8(disk.files()["tags/tags.json"].clone()).unwrap().contains("sea \u{fffd}")
    );
}

#[test]
fn the_event_of_a_log_names_the_owner_by_its_field() {
    let disk = SimulatedDisk::new();
    let store = open_declared(&disk);
    let one = world(&store);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    store.subscribe(Box::new(move |events| hears.lock().unwrap().extend_from_slice(events)));
    call(&store, "pings.create", json!([{"id": "p1", "profileId": one.profile, "word": "x"}]));
    call(
        &store,
        "chats.addMessage",
        json!([one.chat, {"id": "m1", "role": "USER", "content": "x"}]),
    );
    let heard = heard.lock().unwrap();
    let events: Vec<Value> = heard.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let of = |id: &str| events.iter().find(|event| event["id"] == id).unwrap();
    assert_eq!(
        *of("p1"),
        json!({"model": "Pings", "collection": "pings", "id": "p1", "type": "create", "profileId": one.profile})
    );
    assert_eq!(of("m1")["chatId"], one.chat);
}
