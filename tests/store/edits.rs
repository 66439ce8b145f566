//! A file of many records that is edited by hand while the store is open: the next write of it has the
//! edit, all who have the store open hear of it, and what is broken harms nothing and can be mended.

use std::sync::{Arc, Mutex};

use quilltap_store::disk::SimulatedDisk;
use serde_json::{Value, json};

use super::support::{World, call, code, open, world};

fn text(disk: &SimulatedDisk, path: &str) -> String {
    String::from_utf8(disk.files()[path].clone()).unwrap()
}

/// An editor puts one text in the place of another.
fn edit(disk: &SimulatedDisk, path: &str, from: &str, to: &str) {
    let before = text(disk, path);
    assert!(before.contains(from), "{from} is in {path}:\n{before}");
    disk.plant(path, before.replace(from, to).as_bytes());
}

fn tags(disk: &SimulatedDisk) -> (quilltap_store::store::Store, World, Vec<Value>) {
    let store = open(disk);
    let one = world(&store);
    let make = |name| call(&store, "tags.create", json!([{"userId": one.user, "name": name}]));
    let tags = ["sea", "storm"].map(make).to_vec();
    // An edit of what the journal still has would lose against it.
    store.compact_now().unwrap();
    (store, one, tags)
}

fn names(store: &quilltap_store::store::Store) -> Vec<String> {
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
