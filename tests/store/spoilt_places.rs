//! One file that cannot be read costs what is in it, and nothing else: a link or a folder in place of any
//! file, also while something is on its way into it; a record or a log that is far too long.

#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use quilltap_store::store::{Options, Store};
use serde_json::{Value, json};

use super::support::{World, call, character, code, id, try_call, world};

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

/// A change of what stands in a file, and the question that shows it.
struct Pending {
    path: String,
    change: (&'static str, Value),
    question: (&'static str, Value),
}

const CHANGED: &str = "changed just before";

/// A change in a file of every shape.
fn pending(place: &Place, store: &Store) -> Vec<Pending> {
    let Place { one, .. } = place;
    let tags = call(store, "tags.findAll", json!([]));
    let tag = &tags[0]["id"];
    let users = call(store, "users.findAll", json!([]));
    let further = &users[1]["id"];
    let name = json!({"name": CHANGED});
    let by_id = |path: String, update, find, id: &Value, change: &Value| Pending {
        path,
        change: (update, json!([id, change])),
        question: (find, json!([id])),
    };
    let title = json!({"title": CHANGED});
    let (character, chat, owner) = (json!(one.character), json!(one.chat), json!(one.user));
    let message = json!([one.chat, {"id": "m3", "role": "USER", "content": CHANGED}]);
    vec![
        Pending {
            path: format!("chats/{}.jsonl", one.chat),
            change: ("chats.addMessage", message),
            question: ("chats.getMessages", json!([one.chat])),
        },
        by_id(
            format!("characters/{}.json", one.character),
            "characters.update",
            "characters.findById",
            &character,
            &title,
        ),
        by_id("tags/tags.json".into(), "tags.update", "tags.findById", tag, &name),
        by_id("chats/index.jsonl".into(), "chats.update", "chats.findById", &chat, &title),
        by_id(
            format!("settings/users/{}.json", further.as_str().unwrap()),
            "users.update",
            "users.findById",
            further,
            &name,
        ),
        by_id("settings/general.json".into(), "users.update", "users.findById", &owner, &name),
    ]
}

/// Puts something in the place of a file; gives where the file is now.
fn spoil(path: &Path, folder: bool) -> std::path::PathBuf {
    let kept = path.with_extension("kept");
    fs::rename(path, &kept).unwrap();
    if folder {
        fs::create_dir(path).unwrap()
    } else {
        symlink(&kept, path).unwrap()
    }
    kept
}

fn mend(path: &Path, kept: &Path, folder: bool) {
    if folder {
        fs::remove_dir(path).unwrap()
    } else {
        fs::remove_file(path).unwrap()
    }
    fs::rename(kept, path).unwrap();
}

fn file_of(result: quilltap_store::error::Result<()>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code().name(), "CORRUPT", "{error}");
    assert!(error.message().contains("in the journal, which is kept"), "{error}");
    error.file().unwrap().to_owned()
}

/// Everything but what stands in one file can be changed, and is shown by the files at once.
fn the_rest_goes_on(place: &Place, store: &Store, spoilt: &str, title: &str) {
    let update = json!([place.character, {"title": title}]);
    assert_eq!(call(store, "characters.update", update)["title"], title);
    let rows = place.dir.path().join("chats/index.jsonl");
    if spoilt != "chats/index.jsonl" {
        call(store, "chats.update", json!([place.chat, {"title": title}]));
    }
    let mut lengths = Vec::new();
    for _ in 0..2 {
        assert_eq!(file_of(store.flush_now()), spoilt);
        let file = place.dir.path().join(format!("characters/{}.json", place.character));
        assert!(fs::read_to_string(file).unwrap().contains(title), "{spoilt}");
        lengths.push(fs::metadata(&rows).map_or(0, |rows| rows.len()));
    }
    assert_eq!(lengths[0], lengths[1], "{spoilt}: what is written is not written again");
    let stats: Value = serde_json::from_str(&store.stats()).unwrap();
    assert_eq!(stats["filesShowEverything"], false);
}

#[test]
fn a_file_that_cannot_be_written_costs_no_more_than_its_changes() {
    for (number, folder, while_open) in (0..6).flat_map(|number| {
        [(number, false, true), (number, true, true), (number, false, false), (number, true, false)]
    }) {
        let place = Place::new();
        let store = open(place.dir.path());
        call(&store, "tags.create", json!([{"userId": place.one.user, "name": "sea"}]));
        call(&store, "users.create", json!([{"email": "kit@rose.example"}]));
        store.compact_now().unwrap();
        store.hold_files();
        let Pending { path, change, question } = pending(&place, &store).remove(number);
        let full = place.dir.path().join(&path);
        call(&store, change.0, change.1);
        let kept = spoil(&full, folder);
        the_rest_goes_on(&place, &store, &path, "first");
        let store = if while_open {
            store
        } else {
            assert_eq!(file_of(store.close()), path);
            // With what was changed since, in the journal.
            let store = open(place.dir.path());
            // Of the rows and users in a file that cannot be read, the journal's are known.
            match try_call(&store, question.0, question.1.clone()) {
                Ok(known) if matches!(number, 3 | 5) => {
                    assert!(known.to_string().contains(CHANGED), "{path}: {known}");
                }
                answer => assert_eq!(answer.unwrap_err().code().name(), "CORRUPT", "{path}"),
            }
            the_rest_goes_on(&place, &store, &path, "second");
            store
        };
        mend(&full, &kept, folder);
        store.flush_now().unwrap();
        let mut store = Some(store);
        for _ in 0..2 {
            let store = store.take().unwrap_or_else(|| open(place.dir.path()));
            let shown = call(&store, question.0, question.1.clone()).to_string();
            assert!(shown.contains(CHANGED), "{path}: {shown}");
            let text = fs::read_to_string(&full).unwrap();
            assert!(text.contains(CHANGED), "{path}: {text}");
            store.close().unwrap();
            let journal = fs::read_dir(place.dir.path().join("journal"));
            assert_eq!(journal.map_or(0, Iterator::count), 0, "{path}");
        }
    }
}

/// What was written, and not made sure yet, when somebody put a link over it.
#[test]
fn a_file_that_cannot_be_made_durable_keeps_its_changes_in_the_journal() {
    for (number, folder) in (0..6).flat_map(|number| [(number, false), (number, true)]) {
        let place = Place::new();
        let store = open(place.dir.path());
        call(&store, "tags.create", json!([{"userId": place.one.user, "name": "sea"}]));
        call(&store, "users.create", json!([{"email": "kit@rose.example"}]));
        store.compact_now().unwrap();
        store.hold_files();
        let Pending { path, change, question } = pending(&place, &store).remove(number);
        let full = place.dir.path().join(&path);
        call(&store, change.0, change.1);
        store.flush_now().unwrap();
        let kept = spoil(&full, folder);
        let done = store.compact_now();
        assert!(done.is_err() || !path.contains("chats/"), "{path}");
        // Nothing of it is lost, and the store takes changes.
        let update = json!([place.character, {"title": "later"}]);
        assert_eq!(call(&store, "characters.update", update)["title"], "later", "{path}");
        assert_ne!(fs::read_dir(place.dir.path().join("journal")).unwrap().count(), 0, "{path}");
        let _ = store.close();
        mend(&full, &kept, folder);
        let store = open(place.dir.path());
        let shown = call(&store, question.0, question.1.clone()).to_string();
        assert!(shown.contains(CHANGED), "{path}: {shown}");
        store.close().unwrap();
    }
}
