//! A file of many records that is edited by hand while the store is open: the next write of it has the
//! edit, all who have the store open hear of it, and what is broken harms nothing and can be mended.

use std::sync::{Arc, Mutex};

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::Store;
use serde_json::{Value, json};

use super::support::{World, call, code, id, open, try_call, world};

fn text(disk: &SimulatedDisk, path: &str) -> String {
    String::from_utf8(disk.files()[path].clone()).unwrap()
}

/// An editor puts one text in the place of another.
fn edit(disk: &SimulatedDisk, path: &str, from: &str, to: &str) {
    let before = text(disk, path);
    assert!(before.contains(from), "{from} is in {path}:\n{before}");
    disk.plant(path, before.replace(from, to).as_bytes());
}

fn tags(disk: &SimulatedDisk) -> (Store, World, Vec<Value>) {
    let store = open(disk);
    let one = world(&store);
    let make = |name| call(&store, "tags.create", json!([{"userId": one.user, "name": name}]));
    let tags = ["sea", "storm"].map(make).to_vec();
    // An edit of what the journal still has would lose against it.
    store.compact_now().unwrap();
    (store, one, tags)
}

fn names(store: &Store) -> Vec<String> {
    let all = call(store, "tags.findAll", json!([]));
    all.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
}

const SEA: (&str, &str) = (
    "\"name\": \"sea\",\n      \"nameLower\": \"sea\"",
    "\"name\": \"Sea\",\n      \"nameLower\": \"sea\",\n      \"mine\": 1",
);

#[test]
fn the_next_write_has_the_edit_and_everybody_hears_of_it() {
    let disk = SimulatedDisk::new();
    let (store, one, made) = tags(&disk);
    let other = open(&disk.process(u64::MAX));
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let hears = Arc::clone(&heard);
    other.subscribe(Box::new(move |events| hears.lock().unwrap().extend(events.iter().cloned())));
    edit(&disk, "tags/tags.json", SEA.0, SEA.1);
    call(&store, "tags.create", json!([{"userId": one.user, "name": "calm"}]));
    store.flush_now().unwrap();
    assert_eq!(names(&store), ["Sea", "storm", "calm"]);
    assert_eq!(names(&other), ["Sea", "storm", "calm"]);
    assert_eq!(call(&other, "tags.findById", json!([made[0]["id"]]))["mine"], 1);
    assert!(text(&disk, "tags/tags.json").contains("\"mine\": 1"));
    assert!(text(&disk, "tags/tags.json").contains("calm"));
    let sea = made[0]["id"].as_str().unwrap();
    assert!(
        heard.lock().unwrap().iter().any(|event| event.contains(sea) && event.contains("update"))
    );
    // Indexes too: nobody may take the new name, and the old record is found by it.
    edit(
        &disk,
        "tags/tags.json",
        "\"name\": \"storm\",\n      \"nameLower\": \"storm\"",
        "\"name\": \"gale\",\n      \"nameLower\": \"gale\"",
    );
    store.flush_now().unwrap();
    assert_eq!(
        code(&store, "tags.create", json!([{"userId": one.user, "name": "Gale"}])),
        "UNIQUE"
    );
    call(&other, "tags.create", json!([{"userId": one.user, "name": "storm"}]));
}

#[test]
fn rows_and_the_owner_are_noticed_as_well() {
    let disk = SimulatedDisk::new();
    let (store, one, _) = tags(&disk);
    edit(&disk, "chats/index.jsonl", "Act I", "Act One");
    edit(&disk, "settings/general.json", "ill@", "ilhelm@");
    store.flush_now().unwrap();
    assert_eq!(call(&store, "chats.findById", json!([one.chat]))["title"], "Act One");
    assert_eq!(call(&store, "users.findById", json!([one.user]))["email"], "Wilhelm@Globe.example");
    store.close().unwrap();
    let again = open(&disk);
    assert_eq!(call(&again, "chats.findById", json!([one.chat]))["title"], "Act One");
}

#[test]
fn a_broken_file_is_never_written_over_and_mending_it_mends_the_store() {
    let disk = SimulatedDisk::new();
    let (store, one, _) = tags(&disk);
    let whole = text(&disk, "tags/tags.json");
    disk.plant("tags/tags.json", whole.replace("\"sea\",", "\"sea\"").as_bytes());
    let broken = text(&disk, "tags/tags.json");
    store.flush_now().unwrap();
    assert_eq!(code(&store, "tags.findAll", json!([])), "CORRUPT");
    // Everything else works, and nothing touches the file, not even the end of the store.
    call(&store, "characters.update", json!([one.character, {"title": "Prince"}]));
    store.flush_now().unwrap();
    assert_eq!(text(&disk, "tags/tags.json"), broken);
    disk.plant("tags/tags.json", whole.replace("storm", "gale").as_bytes());
    store.flush_now().unwrap();
    assert_eq!(names(&store), ["sea", "gale"]);
    store.close().unwrap();
    assert_eq!(names(&open(&disk)), ["sea", "gale"]);
}

#[test]
fn a_restored_backup_takes_the_place_of_what_there_was() {
    let disk = SimulatedDisk::new();
    let (store, one, _) = tags(&disk);
    store.close().unwrap();
    let backup = text(&disk, "tags/tags.json");
    let store = open(&disk);
    call(&store, "tags.create", json!([{"userId": one.user, "name": "calm"}]));
    store.compact_now().unwrap();
    disk.plant("tags/tags.json", backup.as_bytes());
    store.flush_now().unwrap();
    assert_eq!(names(&store), ["sea", "storm"]);
    call(&store, "tags.create", json!([{"userId": one.user, "name": "calm"}]));
    store.close().unwrap();
    assert_eq!(names(&open(&disk)), ["sea", "storm", "calm"]);
}

#[test]
fn what_nobody_understands_stays_in_the_file() {
    let disk = SimulatedDisk::new();
    let (store, one, _) = tags(&disk);
    let other = open(&disk.process(u64::MAX));
    store.hold_files();
    other.hold_files();
    // A key of the file that nobody declared, and a tag without a name.
    edit(
        &disk,
        "tags/tags.json",
        "\"tags\": [",
        "\"mine\": {\"a\": 1},\n  \"tags\": [\n    {\"id\": \"odd\"},",
    );
    store.flush_now().unwrap();
    for (number, writer) in [&store, &other, &store].into_iter().enumerate() {
        call(writer, "tags.create", json!([{"userId": one.user, "name": format!("tag {number}")}]));
        writer.flush_now().unwrap();
        assert_eq!(code(writer, "tags.findById", json!(["odd"])), "CORRUPT");
        let now: Value = serde_json::from_str(&text(&disk, "tags/tags.json")).unwrap();
        assert_eq!(now["mine"], json!({"a": 1}), "{number}");
        let tags = now["tags"].as_array().unwrap();
        assert!(
            tags.contains(&json!({"id": "odd"})) && tags.len() == 4 + number,
            "{number}: {now}"
        );
    }
}

const PATHS: [&str; 3] = ["tags/tags.json", "settings/general.json", "chats/index.jsonl"];

#[test]
fn no_process_writes_over_what_another_one_found_broken() {
    for (path, mended_by) in PATHS.iter().flat_map(|path| [0, 1, 2].map(|by| (*path, by))) {
        let disk = SimulatedDisk::new();
        let (store, one, made) = tags(&disk);
        let other = open(&disk.process(u64::MAX));
        store.hold_files();
        other.hold_files();
        edit(&disk, path, "\"userId\":", "\"userId\"");
        let broken = text(&disk, path);
        store.flush_now().unwrap();
        call(&other, "tags.update", json!([made[0]["id"], {"name": "lake"}]));
        call(&other, "users.update", json!([one.user, {"name": "Will"}]));
        call(&other, "chats.update", json!([one.chat, {"title": "Act One"}]));
        for process in [&other, &store] {
            // The rest of a file of rows stays as it is, and what is changed in it can be added.
            if !path.ends_with(".jsonl") {
                assert_eq!(process.flush_now().unwrap_err().code().name(), "CORRUPT", "{path}");
                assert_eq!(process.compact_now().unwrap_err().file(), Some(path), "{path}");
            }
            let _ = process.flush_now();
            assert!(
                text(&disk, path).starts_with(broken.trim_end()),
                "{path}:\n{}",
                text(&disk, path)
            );
        }
        let mended = text(&disk, path).replace("\"userId\":", "\"userId\"");
        disk.plant(path, mended.replace("\"userId\"", "\"userId\":").as_bytes());
        let check = |store: &Store| {
            let field = |call_name, key: &Value, field: &str| {
                call(store, call_name, json!([key]))[field].clone()
            };
            assert_eq!(field("tags.findById", &made[0]["id"], "name"), "lake", "{path}");
            assert_eq!(field("users.findById", &json!(one.user), "name"), "Will", "{path}");
            assert_eq!(field("chats.findById", &json!(one.chat), "title"), "Act One", "{path}");
        };
        match mended_by {
            // Each while it is open.
            0 => [&store, &other].into_iter().for_each(|process| {
                process.flush_now().unwrap();
                check(process);
            }),
            // One of them, and that one makes the checkpoint too.
            1 => other.compact_now().unwrap(),
            // The next opening.
            _ => {}
        }
        store.close().unwrap();
        other.close().unwrap();
        check(&open(&disk));
        assert!(!disk.files().keys().any(|path| path.starts_with("journal/")), "{path}");
        check(&open(&disk));
    }
}

/// Nobody takes the place of the owner whose file cannot be read, and loses their own file by it.
#[test]
fn a_further_user_is_changed_while_the_owners_file_is_broken() {
    for while_open in [true, false] {
        let disk = SimulatedDisk::new();
        let (mut store, one, _) = tags(&disk);
        let kit = id(&call(&store, "users.create", json!([{"email": "kit@rose.example"}])));
        store.compact_now().unwrap();
        if !while_open {
            store.close().unwrap();
        }
        let whole = text(&disk, "settings/general.json");
        disk.plant("settings/general.json", whole.replace("\"user\":", "\"user\"").as_bytes());
        if while_open {
            store.flush_now().unwrap();
        } else {
            store = open(&disk);
        }
        // Who else has the name nobody can tell; but the user's settings are their own.
        assert_eq!(code(&store, "users.update", json!([kit, {"name": "Kit"}])), "CORRUPT");
        let mode = json!([kit, {"avatarDisplayMode": "NEVER"}]);
        let done = try_call(&store, "users.updateChatSettings", mode).is_ok();
        store.compact_now().unwrap();
        store.close().unwrap();
        let file = text(&disk, &format!("settings/users/{kit}.json"));
        assert!(file.contains("kit@rose.example"), "{file}");
        assert_eq!(file.contains("\"NEVER\""), done, "{file}");
        disk.plant("settings/general.json", whole.as_bytes());
        let again = open(&disk);
        let kit = call(&again, "users.findById", json!([kit]));
        assert_eq!(kit["email"], "kit@rose.example");
        assert_eq!(
            call(&again, "users.findById", json!([one.user]))["email"],
            "Will@Globe.example"
        );
    }
}

#[test]
fn the_file_of_a_further_user_is_noticed_too() {
    let disk = SimulatedDisk::new();
    let (store, _, _) = tags(&disk);
    let kit =
        id(&call(&store, "users.create", json!([{"email": "kit@rose.example", "name": "Kit"}])));
    store.compact_now().unwrap();
    let other = open(&disk.process(u64::MAX));
    let path = format!("settings/users/{kit}.json");
    edit(&disk, &path, "\"Kit\"", "\"Christopher\"");
    for process in [&store, &other] {
        process.flush_now().unwrap();
        assert_eq!(call(process, "users.findById", json!([kit]))["name"], "Christopher");
    }
    call(&other, "users.update", json!([kit, {"image": "kit.png"}]));
    other.close().unwrap();
    store.close().unwrap();
    assert!(text(&disk, &path).contains("\"Christopher\""), "{}", text(&disk, &path));
}

/// A change that reaches a record whose file is broken is refused; its removal is not.
#[test]
fn a_broken_record_is_not_written_over_by_what_reaches_it() {
    for removed in [true, false] {
        let disk = SimulatedDisk::new();
        let (store, one, made) = tags(&disk);
        store.hold_files();
        call(&store, "characters.addTag", json!([one.character, made[0]["id"]]));
        store.compact_now().unwrap();
        let path = format!("characters/{}.json", one.character);
        edit(&disk, &path, "\"name\":", "\"name\"");
        let broken = text(&disk, &path);
        assert_eq!(code(&store, "characters.findById", json!([one.character])), "CORRUPT");
        if removed {
            call(&store, "users.delete", json!([one.user]));
            store.close().unwrap();
            assert!(!disk.files().contains_key(&path));
            continue;
        }
        let tag = json!([made[0]["id"]]);
        assert_eq!(code(&store, "tags.delete", tag.clone()), "CORRUPT");
        store.compact_now().unwrap();
        assert_eq!(text(&disk, &path), broken);
        disk.plant(&path, broken.replace("\"name\"", "\"name\":").as_bytes());
        call(&store, "characters.findById", json!([one.character]));
        call(&store, "tags.delete", tag);
        store.close().unwrap();
        let character = call(&open(&disk), "characters.findById", json!([one.character]));
        assert_eq!((&character["name"], &character["tags"]), (&json!("Hamlet"), &json!([])));
    }
}
