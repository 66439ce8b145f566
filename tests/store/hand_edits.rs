//! The promise of edits by hand, as a table: every place that records stand in, edited while the store
//! is open. Who asks for the record by its id has the edit at once; lists, queries and listeners have it
//! without being asked, in every process; what is broken is told, harms nothing else and can be mended.
//!
//! The simulated disk watches nothing, so its files are looked at; the real one is watched.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::{Declaration, Options, Store};
use serde_json::{Value, json};

use super::support::{call, code, id, try_call, world};

/// Where the files of a store are.
pub(crate) trait Folder {
    /// Opens the store, as another process would where that is possible.
    fn open(&self) -> Store;
    fn text(&self, path: &str) -> Option<String>;
    fn write(&self, path: &str, text: &str);

    /// An editor puts one text in the place of another.
    fn edit(&self, path: &str, from: &str, to: &str) {
        let before = self.text(path).unwrap_or_else(|| panic!("there is no {path}"));
        assert!(before.contains(from), "{from} is in {path}:\n{before}");
        self.write(path, &before.replace(from, to));
    }
}

impl Folder for SimulatedDisk {
    fn open(&self) -> Store {
        Store::open_on(Arc::new(self.process(u64::MAX)), &options("unused")).unwrap()
    }

    fn text(&self, path: &str) -> Option<String> {
        self.files().remove(path).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn write(&self, path: &str, text: &str) {
        self.plant(path, text.as_bytes());
    }
}

impl Folder for tempfile::TempDir {
    fn open(&self) -> Store {
        Store::open(options(self.path())).unwrap()
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.path().join(path)).ok()
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.path().join(path), text).unwrap();
    }
}

pub(crate) fn options(folder: impl AsRef<Path>) -> Options {
    let declared = json!({ "collections": {
        "memories": { "file": "memories/{id}.json", "fields": { "text": {"type": "string"} } },
        "moods": { "file": "settings/moods.json", "fields": { "text": {"type": "string"} } },
        "files": { "file": "files/files.jsonl", "fields": { "text": {"type": "string"} } },
        "notes": { "file": "notes/{characterId}.jsonl", "fields": {
            "characterId": {"type": "id", "references": "Character"}, "text": {"type": "string"},
        }},
    }});
    let declaration = Declaration::parse(&declared.to_string()).unwrap();
    Options { declaration, ..Options::new(folder.as_ref()) }
}

/// A record of one place, and how it is asked for.
pub(crate) struct Case {
    pub(crate) path: String,
    /// The call and its arguments that give the record, or a list with it.
    pub(crate) by_id: (&'static str, Value),
    /// The calls that give lists; each must have the new text, and none the old one.
    lists: Vec<(&'static str, Value)>,
    /// What an event of it holds.
    pub(crate) event: Value,
}

pub(crate) const OLD: &str = "as it was";
pub(crate) const NEW: &str = "edited by hand";

/// A record with a text in every place; all of it is in the files when this returns.
pub(crate) fn cases(store: &Store) -> Vec<Case> {
    let one = world(store);
    let user = &one.user;
    let make = |name, args| id(&call(store, name, args));
    call(store, "users.update", json!([user, {"name": OLD}]));
    let other = make("users.create", json!([{"email": "kit@rose.example", "name": OLD}]));
    call(store, "characters.update", json!([one.character, {"title": OLD}]));
    let persona =
        make("personas.create", json!([{"userId": user, "name": OLD, "description": ""}]));
    call(store, "chats.update", json!([one.chat, {"title": OLD}]));
    let message = make("chats.addMessage", json!([one.chat, {"role": "USER", "content": OLD}]));
    let tag = make("tags.create", json!([{"userId": user, "name": "sea", "note": OLD}]));
    call(store, "connections.update", json!([one.profile, {"name": OLD}]));
    let image = make(
        "imageProfiles.create",
        json!([
        {"userId": user, "name": OLD, "provider": "GROK", "modelName": "m"}]),
    );
    let memory = make("memories.create", json!([{"text": OLD}]));
    let mood = make("moods.create", json!([{"text": OLD}]));
    let file = make("files.create", json!([{"text": OLD}]));
    let note = make("notes.create", json!([{"characterId": one.character, "text": OLD}]));
    store.compact_now().unwrap();
    let all = json!([]);
    let of_one = |path: String, model: &str, get, list, id: &str| Case {
        path,
        by_id: (get, json!([id])),
        lists: vec![(list, all.clone())],
        event: json!({"model": model, "id": id}),
    };
    let mut cases = vec![
        of_one("settings/general.json".into(), "User", "users.findById", "users.findAll", user),
        of_one(
            format!("settings/users/{other}.json"),
            "User",
            "users.findById",
            "users.findAll",
            &other,
        ),
        of_one(
            format!("characters/{}.json", one.character),
            "Character",
            "characters.findById",
            "characters.findAll",
            &one.character,
        ),
        of_one(
            format!("personas/{persona}.json"),
            "Persona",
            "personas.findById",
            "personas.findAll",
            &persona,
        ),
        of_one("chats/index.jsonl".into(), "Chat", "chats.findById", "chats.findAll", &one.chat),
        of_one("tags/tags.json".into(), "Tag", "tags.findById", "tags.findAll", &tag),
        of_one(
            "settings/connection-profiles.json".into(),
            "ConnectionProfile",
            "connections.findById",
            "connections.findAll",
            &one.profile,
        ),
        of_one(
            "image-profiles/image-profiles.json".into(),
            "ImageProfile",
            "imageProfiles.findById",
            "imageProfiles.findAll",
            &image,
        ),
        of_one(
            format!("memories/{memory}.json"),
            "Memories",
            "memories.findById",
            "memories.findAll",
            &memory,
        ),
        of_one("settings/moods.json".into(), "Moods", "moods.findById", "moods.findAll", &mood),
        of_one("files/files.jsonl".into(), "Files", "files.findById", "files.findAll", &file),
    ];
    // All users stand in no list of one file.
    let of_user = |id: &str| ("users.findMany", json!([{"where": {"id": {"in": [id]}}}]));
    cases[0].lists = vec![of_user(user), ("users.getCurrentUser", json!([]))];
    cases[1].lists = vec![of_user(&other)];
    // What asks by an index, and what a query finds by its text.
    cases[2].lists.push(("characters.findByUserId", json!([user])));
    cases[2].lists.push(("characters.findMany", json!([{"where": {"title": {"contains": "a"}}}])));
    cases[4].lists.push(("chats.findByCharacterId", json!([one.character])));
    cases.push(Case {
        path: format!("chats/{}.jsonl", one.chat),
        by_id: ("chats.getMessages", json!([one.chat])),
        lists: vec![("chats.findMessage", json!([message]))],
        event: json!({"model": "Message", "chatId": one.chat}),
    });
    cases.push(Case {
        path: format!("notes/{}.jsonl", one.character),
        by_id: ("notes.findByOwner", json!([one.character])),
        lists: vec![("notes.findAll", json!([])), ("notes.findById", json!([note]))],
        event: json!({"model": "Notes"}),
    });
    cases
}

/// What a listener has heard.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Value>>>);

impl Heard {
    fn of(store: &Store) -> Heard {
        let heard = Heard::default();
        let sink = heard.clone();
        let parse = |text: &String| serde_json::from_str(text).unwrap();
        store.subscribe(Box::new(move |events| {
            sink.0.lock().unwrap().extend(events.iter().map(parse))
        }));
        heard
    }

    fn warnings_of(store: &Store) -> Heard {
        let heard = Heard::default();
        let sink = heard.clone();
        let text = |text: &String| Value::from(text.as_str());
        store.on_warning(Box::new(move |all| sink.0.lock().unwrap().extend(all.iter().map(text))));
        heard
    }

    fn has(&self, wanted: &Value, kind: &str) -> bool {
        let wanted = wanted.as_object().unwrap();
        let all = self.0.lock().unwrap();
        all.iter().any(|event| {
            event["type"] == kind && wanted.iter().all(|(key, value)| event[key] == *value)
        })
    }

    fn all(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Waits for what comes by itself; a test that waits in vain has failed.
fn expect(what: &str, mut comes: impl FnMut() -> bool) {
    let start = Instant::now();
    while !comes() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn says(store: &Store, (name, args): &(&'static str, Value), text: &str) -> bool {
    call(store, name, args.clone()).to_string().contains(text)
}

fn on_both(test: impl Fn(&dyn Folder)) {
    test(&SimulatedDisk::new());
    test(&tempfile::tempdir().unwrap());
}

#[test]
fn an_edit_of_any_place_is_there_at_once_by_id_and_soon_everywhere() {
    on_both(|folder| {
        let store = folder.open();
        let cases = cases(&store);
        let other = folder.open();
        let heard = [Heard::of(&store), Heard::of(&other)];
        // Nobody is told of what is no edit: neither of the store's own writing nor of a look at it.
        assert!(heard.iter().all(|heard| heard.0.lock().unwrap().is_empty()));
        for case in &cases {
            let path = &case.path;
            folder.edit(path, OLD, NEW);
            assert!(says(&store, &case.by_id, NEW), "{path}: by id");
            for list in &case.lists {
                for (number, process) in [&store, &other].into_iter().enumerate() {
                    let what = format!("{path}: {list:?} in process {number}");
                    expect(&what, || says(process, list, NEW) && !says(process, list, OLD));
                }
            }
            for heard in &heard {
                expect(&format!("{path}: an event"), || heard.has(&case.event, "update"));
                let about = |event: &Value| event["model"] == case.event["model"];
                let all = heard.all();
                assert!(all.iter().all(about), "{path}: of nothing else: {all:?}");
            }
        }
        // And without anybody asking by id.
        for case in &cases {
            let path = &case.path;
            folder.edit(path, NEW, OLD);
            for heard in &heard {
                expect(&format!("{path}: an event"), || heard.has(&case.event, "update"));
            }
            for list in &case.lists {
                expect(&format!("{path}: {list:?}"), || {
                    says(&store, list, OLD) && says(&other, list, OLD)
                });
            }
            assert!(says(&other, &case.by_id, OLD), "{path}");
        }
        // The files are what they were, and so is everything after the next opening.
        store.close().unwrap();
        other.close().unwrap();
        let again = folder.open();
        for case in &cases {
            assert!(says(&again, &case.by_id, OLD), "{}", case.path);
        }
    });
}

/// The owner's file says nothing of other users.
#[test]
fn a_broken_user_stays_so_when_the_file_of_the_owner_is_edited() {
    on_both(|folder| {
        let store = folder.open();
        let cases = cases(&store);
        let (owner, other) = (&cases[0], &cases[1]);
        let broken = folder.text(&other.path).unwrap().replace("\"version\": 1,", "\"version\": 1");
        folder.write(&other.path, &broken);
        let is_corrupt = || {
            try_call(&store, other.by_id.0, other.by_id.1.clone())
                .is_err_and(|error| error.code().name() == "CORRUPT")
        };
        expect("a broken file", is_corrupt);
        folder.edit(&owner.path, OLD, NEW);
        expect("an edit of the owner", || says(&store, &owner.by_id, NEW));
        assert!(is_corrupt());
        let settings = json!({"avatarDisplayMode": "NEVER"});
        call(&store, "users.updateChatSettings", json!([owner.by_id.1[0], settings]));
        store.flush_now().unwrap();
        assert_eq!(folder.text(&other.path), Some(broken));
        assert!(is_corrupt());
    });
}

/// A file that is no JSON any more, and one that holds something else than it should.
#[test]
fn what_cannot_be_read_is_told_by_every_process_and_mending_it_mends_the_store() {
    on_both(|folder| {
        let store = folder.open();
        let cases = cases(&store);
        let other = folder.open();
        for case in cases.iter().filter(|case| !case.path.ends_with(".jsonl")) {
            let (path, whole) = (&case.path, folder.text(&case.path).unwrap());
            folder.write(path, &whole.replace("\"version\": 1,", "\"version\": 1"));
            let (name, args) = &case.by_id;
            for process in [&store, &other] {
                expect(path, || {
                    try_call(process, name, args.clone())
                        .is_err_and(|error| error.code().name() == "CORRUPT")
                });
                let error = try_call(process, name, args.clone()).unwrap_err();
                assert!(error.message().contains(&format!("{path}:3:")), "{error}");
            }
            // Other places work, and nothing is written over.
            call(&store, "files.create", json!([{"text": "more"}]));
            store.flush_now().unwrap();
            assert!(folder.text(path).unwrap().contains("\"version\": 1\n"), "{path}");
            folder.write(path, &whole);
            for process in [&store, &other] {
                expect(path, || try_call(process, name, args.clone()).is_ok());
                assert!(says(process, &case.by_id, OLD), "{path}");
            }
        }
    });
}

/// Both have changed a record: the app since the file was written, the editor in the file.
#[test]
fn an_edit_and_a_change_of_one_record_are_brought_together() {
    let disk = SimulatedDisk::new();
    let store = disk.open();
    let cases = cases(&store);
    store.hold_files();
    let warned = Heard::warnings_of(&store);
    let character = cases[2].by_id.1[0].as_str().unwrap();
    let path = format!("characters/{character}.json");
    call(&store, "characters.update", json!([character, {"scenario": "a castle"}]));
    disk.edit(&path, OLD, NEW);
    store.flush_now().unwrap();
    let both = call(&store, "characters.findById", json!([character]));
    assert_eq!((&both["title"], &both["scenario"]), (&json!(NEW), &json!("a castle")));
    assert!(warned.all().is_empty());
    // The same field: what was acknowledged stays, and somebody says so.
    call(&store, "characters.update", json!([character, {"title": "Prince"}]));
    disk.edit(&path, NEW, "King");
    disk.edit(&path, "a castle", "a grave");
    store.flush_now().unwrap();
    let both = call(&store, "characters.findById", json!([character]));
    assert_eq!((&both["title"], &both["scenario"]), (&json!("Prince"), &json!("a grave")));
    let warnings = warned.all();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].as_str().unwrap().contains("title"), "{warnings:?}");
    assert!(disk.text(&path).unwrap().contains("Prince"));
    // In a file of many, too; and what one has removed the other one does not bring back.
    let tag = cases[5].by_id.1[0].clone();
    call(&store, "tags.update", json!([tag, {"quickHide": true}]));
    disk.edit("tags/tags.json", OLD, NEW);
    store.flush_now().unwrap();
    let both = call(&store, "tags.findById", json!([tag]));
    assert_eq!((&both["note"], &both["quickHide"]), (&json!(NEW), &json!(true)));
    call(&store, "tags.delete", json!([tag]));
    disk.edit("tags/tags.json", NEW, OLD);
    store.flush_now().unwrap();
    assert_eq!(call(&store, "tags.findById", json!([tag])), Value::Null);
    assert_eq!(warned.all().len(), 1);
}

/// A file that another program has not finished is not taken for what it will be.
#[test]
fn unfinished_files_are_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.open();
    let cases = cases(&store);
    let heard = Heard::of(&store);
    let character = cases[2].by_id.1[0].as_str().unwrap();
    let path = format!("characters/{character}.json");
    let whole = folder.text(&path).unwrap().replace(OLD, NEW);
    // Half of it, a backup of the old one, a new one under another name, and the rename.
    folder.write(&path, &whole[..whole.len() / 2]);
    for name in [format!(".{character}.json.swp"), format!("{character}.json~"), "4913".into()] {
        folder.write(&format!("characters/{name}"), "not JSON");
    }
    folder.write(&path, &whole);
    expect("the whole file", || heard.has(&cases[2].event, "update"));
    let at = |name: &str| folder.path().join("characters").join(name);
    std::fs::rename(at(&format!("{character}.json")), at("aside")).unwrap();
    folder.write("characters/new", &whole.replace(NEW, OLD));
    std::fs::rename(at("new"), at(&format!("{character}.json"))).unwrap();
    expect("the second file", || says(&store, &cases[2].lists[0], OLD));
    assert!(heard.all().iter().all(|event| event["type"] == "update"), "{:?}", heard.all());
    // One that stays away is removed.
    std::fs::remove_file(at(&format!("{character}.json"))).unwrap();
    expect("a removal", || heard.has(&cases[2].event, "delete"));
    assert_eq!(call(&store, "characters.findById", json!([character])), Value::Null);
}

/// A file that cannot be opened costs its record only, and is tried again.
#[cfg(unix)]
#[test]
fn what_is_no_file_costs_its_record_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.open();
    let cases = cases(&store);
    let character = cases[2].by_id.1[0].as_str().unwrap();
    let place = folder.path().join(format!("characters/{character}.json"));
    let whole = std::fs::read(&place).unwrap();
    let kinds: [&dyn Fn(); 2] =
        [&|| std::os::unix::fs::symlink("elsewhere", &place).unwrap(), &|| {
            std::fs::create_dir(&place).unwrap()
        }];
    for (number, put) in kinds.into_iter().enumerate() {
        std::fs::remove_file(&place).unwrap();
        put();
        let by_id = || try_call(&store, "characters.findById", json!([character]));
        expect("a fault", || by_id().is_err_and(|error| error.code().name() == "CORRUPT"));
        // A reference to it is not one to nothing.
        let [user, profile] = [0, 6].map(|at| cases[at].by_id.1[0].clone());
        let chat = json!([{"userId": user, "characterId": character, "connectionProfileId": profile,
            "title": "t"}]);
        assert_eq!(code(&store, "chats.create", chat), "CORRUPT");
        call(&store, "files.create", json!([{"text": "more"}]));
        store.compact_now().unwrap();
        let again = {
            store.flush_now().unwrap();
            folder.open()
        };
        assert_eq!(code(&again, "characters.findById", json!([character])), "CORRUPT");
        assert_eq!(call(&again, "personas.findAll", json!([])).as_array().unwrap().len(), 1);
        match number {
            0 => std::fs::remove_file(&place).unwrap(),
            _ => std::fs::remove_dir(&place).unwrap(),
        }
        std::fs::write(&place, &whole).unwrap();
        expect("the record", || by_id().is_ok_and(|record| record["title"] == OLD));
    }
}

/// Nobody takes what a record has that cannot be read.
#[test]
fn a_value_of_a_broken_record_is_not_free() {
    let spoil: [(&str, &str); 2] =
        [("\"name\": \"as it was\"", "\"name\": as it was"), ("\"as it was\"", "7")];
    for (while_open, (from, to)) in
        [true, false].into_iter().flat_map(|open| spoil.map(|s| (open, s)))
    {
        let disk = SimulatedDisk::new();
        let mut store = disk.open();
        let cases = cases(&store);
        if !while_open {
            store.close().unwrap();
        }
        let heard = Heard::of(&store);
        disk.edit(&cases[1].path, from, to);
        if while_open {
            store.flush_now().unwrap();
        } else {
            store = disk.open();
        }
        let email = json!("KIT@rose.example");
        let table = [
            ("auth.getUserByEmail", json!([email])),
            ("users.findByEmail", json!([email])),
            ("auth.createUser", json!([{"email": email, "emailVerified": null}])),
            ("users.create", json!([{"email": email}])),
        ];
        for (name, args) in table {
            assert_eq!(code(&store, name, args), "CORRUPT", "{name}, {to}");
        }
        // Where it can be told that it is somebody else, it is told.
        let nobody = try_call(&store, "users.findByEmail", json!(["ned@rose.example"]));
        match to {
            "7" => assert_eq!(nobody.unwrap(), Value::Null),
            _ => assert_eq!(nobody.unwrap_err().code().name(), "CORRUPT"),
        }
        let own = call(&store, "users.findByEmail", json!(["will@globe.example"]));
        assert_eq!(own["name"], OLD);
        // What else stands in that file was not taken for removed.
        let removed = |event: &Value| event["type"] == "delete";
        assert!(!heard.all().iter().any(removed), "{to}");
    }
}
