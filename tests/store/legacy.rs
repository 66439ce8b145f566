//! Folders of the app's own earlier store: opened as they are, converted once, with the originals
//! kept aside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use quilltap_store::disk::{Fault, SimulatedDisk};
use quilltap_store::store::{Declaration, Options, Store};
use serde_json::{Value, json};

use super::crash::step::{Dump, difference, dump};
use super::support::{call, code, open};

const SHAPES: [&str; 3] = ["t", "t-prime", "t-prime-users"];
const USER: &str = "6f1d1c0e-52a5-4c7e-9d0e-0f8f6c3a9b11";

type Files = BTreeMap<String, Vec<u8>>;

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn files_in(folder: &Path) -> Files {
    let (mut files, mut folders) = (Files::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn older(shape: &str) -> (SimulatedDisk, Files) {
    let (disk, files) = (SimulatedDisk::new(), files_in(&fixtures("older").join(shape)));
    assert!(files.len() > 15, "{shape} is not there");
    files.iter().for_each(|(path, bytes)| disk.plant(path, bytes));
    (disk, files)
}

/// What is on the disk besides the cache.
fn at_rest(disk: &SimulatedDisk) -> Files {
    let mut files = disk.files();
    files.retain(|path, _| !path.starts_with("cache/"));
    files
}

fn assert_same(found: &Files, wanted: &Files, label: &str) {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    assert!(found == wanted, "{label}\n{}", difference(found, wanted, text));
}

fn opened(disk: &SimulatedDisk) -> Store {
    let store = open(disk);
    store.hold_clock(1_780_000_000_000);
    store.hold_files();
    store
}

/// The first write.
fn write(store: &Store) {
    call(store, "tags.create", json!([{"id": "new", "userId": USER, "name": "New"}]));
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn reading_changes_no_byte() {
    for shape in SHAPES {
        let (disk, files) = older(shape);
        for _ in 0..2 {
            let store = opened(&disk);
            dump(&store);
            store.flush_now().unwrap();
            store.compact_now().unwrap();
            store.close().unwrap();
            assert_same(&at_rest(&disk), &files, shape);
        }
    }
}

#[test]
fn every_record_reads_right() {
    for shape in SHAPES {
        let (disk, _) = older(shape);
        let store = opened(&disk);
        let stats: Value = serde_json::from_str(&store.stats()).unwrap();
        let users = if shape == "t-prime-users" { 2 } else { 1 };
        let count = |name: &str, each: u64| {
            let found = &stats["records"][name];
            assert_eq!(*found, each * users, "{shape}: {name}\n{stats:#}");
        };
        count("users", 1);
        count("chatSettings", 1);
        for name in ["characters", "personas", "tags", "apiKeys", "connections", "imageProfiles"] {
            count(name, 2);
        }
        for name in ["images", "accounts", "sessions", "verificationTokens"] {
            count(name, 2);
        }
        // A row with participants has all that a chat needs.
        count("chats", 3);
        assert_eq!(stats["faults"], json!([]), "{shape}");
    }
}

#[test]
fn what_the_older_store_left_out_is_filled_in() {
    for shape in SHAPES {
        let (disk, _) = older(shape);
        let store = opened(&disk);
        let user = call(&store, "users.getCurrentUser", json!([]));
        assert_eq!((&user["id"], &user["futureField"]["b"]), (&json!(USER), &json!(1)), "{shape}");
        let keys = call(&store, "connections.getAllApiKeys", json!([USER]));
        assert!(keys.as_array().unwrap().iter().any(|key| key["userId"] == USER), "{shape}");
        let clear = call(&store, "connections.findById", json!(["profile1"]));
        assert_eq!(clear["apiKeyId"], "key1");
        let dangling = call(&store, "connections.findById", json!(["profile2"]));
        assert_eq!(dangling["apiKeyId"], "key-gone", "a dangling reference is kept");
        let chat = call(&store, "chats.findById", json!(["act2"]));
        let names = ["characterId", "personaId", "connectionProfileId"].map(|key| &chat[key]);
        assert_eq!(names, ["ophelia", "me", "profile1"], "{shape}");
        assert_eq!(chat["participants"].is_array(), shape != "t");
        let chat = call(&store, "chats.findById", json!(["act1"]));
        assert_eq!(chat["messageCount"], 2, "{shape}: counted, not believed");
        assert_eq!(chat["lastMessageAt"], "2025-11-21T09:30:00.125Z");
        let messages = call(&store, "chats.getMessages", json!(["act1"]));
        assert_eq!(ids(&messages), ["m1", "m2"]);
        assert_eq!(messages[1]["content"], "Nay, answer me. 🕯");
        let empty = call(&store, "chats.getMessages", json!(["act2"]));
        assert_eq!(empty, json!([]));
        let character = call(&store, "characters.findById", json!(["ophelia"]));
        assert_eq!(character["personality"], if shape == "t" { "grüblerisch" } else { "" });
        assert_eq!(character["handMade"], "kept");
        let accounts = call(&store, "accounts.findAll", json!([]));
        let again = opened(&older(shape).0);
        assert_eq!(accounts, call(&again, "accounts.findAll", json!([])), "their ids are stable");
    }
}

/// Converts a shape; gives the folder at rest and what the store then holds.
fn converted(shape: &str) -> (SimulatedDisk, Files, Dump) {
    let (disk, files) = older(shape);
    let store = opened(&disk);
    let before = dump(&store);
    write(&store);
    let mut after = dump(&store);
    store.close().unwrap();
    let again = opened(&disk);
    assert_eq!(dump(&again), after, "{shape}: a second opening finds the same");
    let stats: Value = serde_json::from_str(&again.stats()).unwrap();
    assert_eq!(stats["faults"], json!([]));
    again.close().unwrap();
    // But for the tag that was made, and the settings of the store, nothing is another.
    let tags = "tags.findAll []";
    assert!(after[tags].contains("\"new\""), "{shape}");
    after.insert(tags.to_owned(), before[tags].clone());
    let settings = "store.getSettings []";
    after.insert(settings.to_owned(), before[settings].clone());
    let different = difference(&after, &before, String::clone);
    assert!(different.is_empty(), "{shape}\n{different}");
    (disk, files, after)
}

#[test]
fn the_first_write_converts_and_keeps_the_originals() {
    for shape in SHAPES {
        let (disk, files, _) = converted(shape);
        let mut found = at_rest(&disk);
        let aside: Files = found
            .extract_if(.., |path, _| path.starts_with("older/"))
            .map(|(path, bytes)| (path["older/".len()..].to_owned(), bytes))
            .collect();
        assert!(aside.len() > 10, "{shape}");
        for (path, bytes) in &aside {
            assert_eq!(files.get(path), Some(bytes), "{shape}: {path} aside is the original");
        }
        for (path, bytes) in &files {
            // What was not read is where it was.
            assert!(aside.contains_key(path) || found.get(path) == Some(bytes), "{shape}: {path}");
        }
        let folder = fixtures("converted").join(shape);
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            for (path, bytes) in &found {
                let file = folder.join(path);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, bytes).unwrap();
            }
        }
        assert_same(&found, &files_in(&folder), shape);
    }
}

/// Is it the older folder as it was, or the converted one with its originals?
fn assert_whole(disk: &SimulatedDisk, files: &Files, done: &Files, label: &str) {
    let found = at_rest(disk);
    if found.keys().any(|path| path.starts_with("older/")) {
        let aside = |files: &Files| -> Files {
            let aside = files.iter().filter(|(path, _)| path.starts_with("older/"));
            aside.map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
        };
        assert_same(&aside(&found), &aside(done), label);
        let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(done), "{label}");
    } else {
        assert_same(&found, files, label);
    }
}

/// What a crash at each moment of an opening leaves, where that is looked at.
fn caught_at_opening(disk: &SimulatedDisk, look: bool) -> Vec<SimulatedDisk> {
    if !look {
        return Vec::new();
    }
    let (disk, caught) = (disk.copy(), Arc::new(Mutex::new(Vec::new())));
    let sink = Arc::clone(&caught);
    disk.watch(move |copy| sink.lock().unwrap().push(copy));
    drop(opened(&disk));
    let moments = std::mem::take(&mut *caught.lock().unwrap());
    let crashed = moments.iter().enumerate();
    crashed
        .flat_map(|(n, moment)| {
            let outcome = moment.crash_outcomes(1, n as u64);
            outcome.into_iter().map(|outcome| moment.crash(outcome)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_crash_leaves_the_older_folder_or_the_converted_one() {
    for shape in ["t", "t-prime-users"] {
        let (disk, files) = older(shape);
        let store = opened(&disk);
        let before = dump(&store);
        let caught = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&caught);
        disk.watch(move |copy| sink.lock().unwrap().push(copy));
        write(&store);
        let after = dump(&store);
        store.close().unwrap();
        let done = at_rest(&disk);
        let moments = std::mem::take(&mut *caught.lock().unwrap());
        assert!(moments.len() > 100, "{shape}: {}", moments.len());
        let settings = "store.getSettings []";
        let mut ends = [0, 0];
        for (number, moment) in moments.iter().enumerate() {
            let crashed =
                moment.crash_outcomes(2, number as u64).into_iter().map(|o| moment.crash(o));
            for state in std::iter::once(moment.copy()).chain(crashed) {
                let label = format!("{shape}, operation {number}");
                let again = caught_at_opening(&state, number.is_multiple_of(29));
                for state in again.into_iter().chain([state]) {
                    let store = opened(&state);
                    let mut found = dump(&store);
                    let wanted = if found == after { &after } else { &before };
                    found.insert(settings.to_owned(), wanted[settings].clone());
                    let different = difference(&found, wanted, String::clone);
                    assert!(different.is_empty(), "{label}\n{different}");
                    store.close().unwrap();
                    assert_whole(&state, &files, &done, &label);
                    let aside = at_rest(&state).contains_key("older/settings/general.json")
                        || at_rest(&state).keys().any(|path| path.starts_with("older/users/"));
                    ends[usize::from(aside)] += 1;
                }
            }
        }
        assert!(ends.iter().all(|states| *states > 20), "{shape}: {ends:?}");
        println!("{shape}: {} moments, {ends:?} states as before and converted", moments.len());
    }
}

#[test]
fn a_full_disk_in_the_middle_leaves_it_as_it_was() {
    let (disk, files) = older("t");
    let store = opened(&disk);
    let before = dump(&store);
    let start = disk.operations();
    let mut tried = 0;
    for operation in (start + 20..start + 110).step_by(10) {
        let (disk, _) = older("t");
        let store = opened(&disk);
        disk.fail_from(operation, Fault::Error(std::io::ErrorKind::StorageFull));
        let tag = json!([{"id": "new", "userId": USER, "name": "New"}]);
        assert_eq!(code(&store, "tags.create", tag), "NO_SPACE");
        disk.clear_faults();
        assert_eq!(dump(&store), before);
        let reader = opened(&disk);
        assert_eq!(dump(&reader), before);
        assert_same(&at_rest(&disk), &files, "as it was");
        write(&store);
        assert!(at_rest(&disk).contains_key("older/settings/general.json"));
        tried += 1;
    }
    assert_eq!(tried, 9);
}

#[test]
fn two_processes_convert_once() {
    let (disk, _) = older("t-prime-users");
    let stores = [opened(&disk), opened(&disk)];
    let expected = dump(&stores[1]);
    std::thread::scope(|scope| {
        for (number, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                let id = format!("tag-of-{number}");
                call(store, "tags.create", json!([{"id": id, "userId": USER, "name": id}]));
            });
        }
    });
    for store in &stores {
        let tags = call(store, "tags.findAll", json!([]));
        assert_eq!(ids(&tags).iter().filter(|id| id.starts_with("tag-of")).count(), 2);
        assert_eq!(dump(store)["chats.findAll []"], expected["chats.findAll []"]);
    }
    stores.iter().for_each(|store| store.close().unwrap());
    assert!(!at_rest(&disk).keys().any(|path| path.starts_with("older-2/")));
}

/// What the app added a month later stood in files of its own: declared as collections they are there.
#[test]
fn declared_collections_find_what_the_older_store_wrote() {
    let declared = json!({ "collections": {
        "embeddingProfiles": { "file": "settings/embedding-profiles.json", "key": "profiles", "fields": {
            "userId": {"type": "id", "references": "User", "onDelete": "Cascade"},
            "name": {"type": "string"}, "modelName": {"type": "string"},
        }},
        "fileEntries": { "file": "files/files.jsonl", "fields": {
            "userId": {"type": "id", "references": "User"}, "originalFilename": {"type": "string"},
        }},
    }, "fields": { "Chat": { "participants": { "type": "array", "optional": true, "items": {
        "type": "object", "fields": {
            "characterId": {"type": "id", "references": "Character", "onDelete": "Cascade", "optional": true},
    }}}}}});
    let open = |disk: &SimulatedDisk| {
        let declaration = Declaration::parse(&declared.to_string()).unwrap();
        let store = Store::open_on(
            Arc::new(disk.clone()),
            &Options { declaration, ..Options::new("unused") },
        );
        store.unwrap()
    };
    for shape in ["t-prime", "t-prime-users"] {
        let (disk, files) = older(shape);
        let read = |store: &Store| {
            let all = |name: &str| {
                let found = call(store, &format!("{name}.findAll"), json!([]));
                ids(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
            };
            (all("embeddingProfiles"), all("fileEntries"), call(store, "chats.findAll", json!([])))
        };
        let store = open(&disk);
        let before = read(&store);
        assert!(before.0.contains(&"emb1".to_owned()), "{shape}: {:?}", before.0);
        assert!(before.1.contains(&"f1".to_owned()), "{shape}: {:?}", before.1);
        store.close().unwrap();
        assert_same(&at_rest(&disk), &files, shape);
        let store = open(&disk);
        call(&store, "embeddingProfiles.update", json!(["emb1", {"name": "Mine"}]));
        for store in [store, open(&disk)] {
            assert_eq!(read(&store), before, "{shape}");
            let profile = call(&store, "embeddingProfiles.findById", json!(["emb1"]));
            assert_eq!(
                (&profile["name"], &profile["provider"]),
                (&json!("Mine"), &json!("OPENAI"))
            );
            store.close().unwrap();
        }
    }
}

#[test]
fn a_newer_version_is_refused_and_left_alone() {
    let documents = [
        "settings/general.json",
        "settings/connection-profiles.json",
        "settings/image-profiles.json",
        "tags/tags.json",
    ];
    for path in documents {
        let (disk, files) = older("t");
        let text = String::from_utf8(files[path].clone()).unwrap();
        disk.plant(path, text.replacen("\"version\": 1", "\"version\": 2", 1).as_bytes());
        let before = at_rest(&disk);
        let error = Store::open_on(Arc::new(disk.clone()), &Options::new("unused"));
        let error = error.err().unwrap_or_else(|| panic!("{path} is taken"));
        assert_eq!(error.code().name(), "UNSUPPORTED_VERSION", "{path}");
        assert_same(&at_rest(&disk), &before, path);
    }
}

#[test]
fn a_newer_version_of_our_own_is_refused_in_every_kind_of_file() {
    let (disk, ..) = converted("t-prime-users");
    let other = "settings/users/b2a4f0b7-1c1d-4f5a-8d3e-2f6f7c9e8a22.json";
    // What the whole store needs, and what harms only itself, with a call that needs it.
    let table: [(&str, Option<(&str, Value)>); 10] = [
        ("settings/general.json", None),
        ("settings/connection-profiles.json", None),
        ("image-profiles/image-profiles.json", None),
        ("tags/tags.json", None),
        ("auth/accounts.json", None),
        ("auth/sessions.jsonl", None),
        ("chats/index.jsonl", None),
        (other, Some(("users.findById", json!(["b2a4f0b7-1c1d-4f5a-8d3e-2f6f7c9e8a22"])))),
        ("characters/hamlet.json", Some(("characters.update", json!(["hamlet", {"name": "H"}])))),
        (
            "chats/act1.jsonl",
            Some(("chats.addMessage", json!(["act1", {"role": "USER", "content": "?"}]))),
        ),
    ];
    for (path, needs) in table {
        let disk = disk.copy();
        let text = String::from_utf8(disk.files()[path].clone()).unwrap();
        let newer = text.replacen("\"version\": 1", "\"version\": 2", 1);
        let newer = newer.replacen("\"version\":1}", "\"version\":2}", 1);
        assert_ne!(text, newer, "{path}");
        disk.plant(path, newer.as_bytes());
        let opened = Store::open_on(Arc::new(disk.clone()), &Options::new("unused"));
        match (opened, needs) {
            (Err(error), None) => {
                assert_eq!(error.code().name(), "UNSUPPORTED_VERSION", "{path}");
            }
            (Ok(store), Some((name, args))) => {
                assert_eq!(code(&store, name, args), "UNSUPPORTED_VERSION", "{path}");
                write_another(&store);
                store.compact_now().unwrap();
                store.close().unwrap();
            }
            (opened, _) => panic!("{path}: opened: {}", opened.is_ok()),
        }
        assert_eq!(disk.files()[path], newer.as_bytes(), "{path} is left alone");
    }
}

fn write_another(store: &Store) {
    call(store, "tags.create", json!([{"id": "another", "userId": USER, "name": "Another"}]));
}

#[test]
fn what_the_app_sealed_itself_stays_and_opens_with_its_pepper() {
    for shape in SHAPES {
        let (disk, ..) = converted(shape);
        let store = opened(&disk);
        let key = call(&store, "connections.findApiKeyById", json!(["key1"]));
        let sealed = json!([{"userId": USER, "pepper": "a-pepper-of-at-least-thirty-two-characters",
            "ciphertext": key["ciphertext"], "iv": key["iv"], "authTag": key["authTag"]}]);
        assert_eq!(call(&store, "secrets.openLegacy", sealed), "sk-older-0001", "{shape}");
    }
}

/// On the machine's disk, where an opening also sweeps what has expired.
fn on_disk(files: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// The only shape that the app ever wrote them in has neither an id nor a time.
#[test]
fn avatars_of_single_chats_that_lack_an_id_cost_no_character() {
    let (disk, files) = older("t-prime");
    let path = "characters/hamlet.json";
    let text = String::from_utf8(files[path].clone()).unwrap();
    let avatars = "\"avatarOverrides\": [{ \"chatId\": \"act1\", \"imageId\": \"img1\" }]";
    let with = text.replace("\"avatarOverrides\": []", avatars);
    assert_ne!(text, with);
    disk.plant(path, with.as_bytes());
    let mut store = opened(&disk);
    for converted in [false, true] {
        let hamlet = call(&store, "characters.findById", json!(["hamlet"]));
        assert_eq!(hamlet["avatarOverrides"][0]["imageId"], "img1", "{converted}: {hamlet}");
        write(&store);
        store.close().unwrap();
        store = opened(&disk);
        call(&store, "tags.delete", json!(["new"]));
    }
    call(&store, "characters.clearAvatarOverride", json!(["hamlet", "act1"]));
    let set = call(&store, "characters.setAvatarOverride", json!(["hamlet", "act1", "img1"]));
    assert!(set["avatarOverrides"][0]["id"].is_string(), "{set}");
}

#[test]
fn an_expired_session_is_no_reason_to_convert() {
    for shape in SHAPES {
        let (_, mut files) = older(shape);
        let sessions: Vec<String> =
            files.keys().filter(|path| path.ends_with("sessions.jsonl")).cloned().collect();
        for path in &sessions {
            let row = json!({"id": format!("old-{}", path.len()), "sessionToken": path, "userId": USER,
                "expires": "2020-01-01T00:00:00.000Z"});
            files.get_mut(path).unwrap().extend(format!("{row}\n").bytes());
        }
        let folder = on_disk(&files);
        let store = Store::open(Options::new(folder.path())).unwrap();
        dump(&store);
        store.flush_now().unwrap();
        store.compact_now().unwrap();
        store.close().unwrap();
        let mut found = files_in(folder.path());
        found.retain(|path, _| !path.starts_with("cache/"));
        assert_same(&found, &files, shape);
        // With the first change it goes as in any other folder.
        let store = Store::open(Options::new(folder.path())).unwrap();
        write(&store);
        store.compact_now().unwrap();
        let left = call(&store, "sessions.findAll", json!([]));
        assert!(ids(&left).iter().all(|id| !id.starts_with("old-")), "{shape}: {left}");
    }
}

/// The app moved the users into folders of their own, and left some documents where they were.
#[test]
fn what_was_not_moved_to_a_users_folder_is_read_too() {
    let (_, files) = older("t-prime-users");
    let (_, before) = older("t-prime");
    let moved = format!("users/{USER}/");
    for name in
        ["settings/connection-profiles.json", "settings/image-profiles.json", "tags/tags.json"]
    {
        let mut left = files.clone();
        assert!(left.remove(&format!("{moved}{name}")).is_some(), "{name}");
        left.insert(name.to_owned(), before[name].clone());
        let (disk, whole) = (SimulatedDisk::new(), SimulatedDisk::new());
        left.iter().for_each(|(path, bytes)| disk.plant(path, bytes));
        files.iter().for_each(|(path, bytes)| whole.plant(path, bytes));
        let (store, whole) = (opened(&disk), opened(&whole));
        for (list, args) in [
            ("connections.getAllApiKeys", json!([USER])),
            ("connections.findByUserId", json!([USER])),
            ("imageProfiles.findByUserId", json!([USER])),
            ("tags.findByUserId", json!([USER])),
        ] {
            let (found, wanted) = (call(&store, list, args.clone()), call(&whole, list, args));
            assert_eq!(ids(&found), ids(&wanted), "{name}: {list}");
            assert!(!ids(&found).is_empty(), "{name}: {list}");
        }
        write(&store);
        store.close().unwrap();
        assert_eq!(call(&open(&disk), "tags.findById", json!(["new"]))["name"], "New", "{name}");
    }
}

/// What the older store had of collections that the app declares now.
#[test]
fn declared_collections_have_what_the_older_store_kept_of_them() {
    let fields = json!({ "characterId": {"type": "id", "references": "Character"},
        "content": {"type": "string"} });
    let memories = [
        json!({ "file": "memories/{id}.json", "fields": fields }),
        json!({ "file": "memories/memories.json", "fields": fields }),
        json!({ "file": "memories/memories.jsonl", "fields": fields }),
    ];
    let shapes = ["t-prime", "t-prime-users"];
    for (shape, memories) in shapes.iter().flat_map(|s| memories.iter().map(move |m| (s, m))) {
        let name = json!({ "name": {"type": "string", "optional": true} });
        let declared = json!({ "collections": {
            "memories": memories,
            "embeddings": { "file": "settings/embedding-profiles.json", "key": "profiles", "fields": name },
            "files": { "file": "files/files.jsonl", "fields": name },
        }});
        let (disk, files) = older(shape);
        let mut options = Options::new("unused");
        options.declaration = Declaration::parse(&declared.to_string()).unwrap();
        let open = || Store::open_on(Arc::new(disk.clone()), &options).unwrap();
        let users = if *shape == "t-prime" { 1 } else { 2 };
        let look = |store: &Store| {
            for list in ["memories", "embeddings", "files"] {
                let all = call(store, &format!("{list}.findAll"), json!([]));
                assert_eq!(all.as_array().unwrap().len(), users, "{shape}: {list}: {all}");
            }
            let memory = call(store, "memories.findById", json!(["mem1"]));
            assert_eq!(memory["content"], "a ghost", "{shape}, {memories}");
            assert_eq!(memory["createdAt"], "2025-11-20T08:00:00.000Z");
        };
        let store = open();
        look(&store);
        assert!(at_rest(&disk) == files, "{shape}: reading changes nothing");
        call(&store, "memories.update", json!(["mem1", {"summary": "a king"}]));
        look(&store);
        store.close().unwrap();
        let left = at_rest(&disk);
        let strays = |path: &&String| path.contains("by-character") && !path.starts_with("older/");
        assert_eq!(left.keys().find(strays), None, "{shape}");
        assert!(
            left.keys().any(|path| path.starts_with("older/") && path.contains("by-character"))
        );
        let again = open();
        look(&again);
        assert_eq!(call(&again, "memories.findById", json!(["mem1"]))["summary"], "a king");
    }
}

/// The lists of everything that a user has files of; `findAll` gives each.
const KINDS: [&str; 8] = [
    "users",
    "tags",
    "accounts",
    "imageProfiles",
    "connections",
    "characters",
    "chats",
    "sessions",
];

/// The ids in each list, without those of one user's in one of them.
fn ids_of_all(
    store: &Store,
    without: Option<(&str, &str)>,
) -> BTreeMap<&'static str, BTreeSet<String>> {
    let list = |kind: &'static str| {
        let all = call(store, &format!("{kind}.findAll"), json!([]));
        let owner = if kind == "users" { "id" } else { "userId" };
        let gone = |one: &Value| without.is_some_and(|(of, user)| of == kind && one[owner] == user);
        let kept = all.as_array().unwrap().iter().filter(|one| !gone(one));
        (kind, kept.map(|one| one["id"].as_str().unwrap().to_owned()).collect())
    };
    KINDS.into_iter().map(list).collect()
}

/// One user's file that cannot be read costs what stands in it and no more, and is told of: in the
/// folder as it is, once it is converted, and opened anew. Who must know what it says is not told "none".
#[test]
fn what_cannot_be_read_of_one_user_costs_nobody_else() {
    const OTHER: &str = "b2a4f0b7-1c1d-4f5a-8d3e-2f6f7c9e8a22";
    let whole = opened(&older("t-prime-users").0);
    for (user, other) in [(USER, OTHER), (OTHER, USER)] {
        let tag = json!([{"userId": other, "name": "New"}]);
        let account = json!([{"provider": "github", "providerAccountId": "of nobody known"}]);
        let profile =
            json!([{"userId": other, "name": "New", "provider": "OPENAI", "modelName": "m"}]);
        let own = &format!("settings/users/{user}.json");
        let images = "image-profiles/image-profiles.json";
        for (name, kind, told, must_know, args) in [
            ("tags/tags.json", "tags", "tags/tags.json", "tags.create", tag),
            (
                "auth/accounts.json",
                "accounts",
                "auth/accounts.json",
                "auth.getUserByAccount",
                account,
            ),
            (
                "settings/image-profiles.json",
                "imageProfiles",
                images,
                "imageProfiles.create",
                profile,
            ),
            ("settings.json", "users", own, "users.findByEmail", json!(["of@nobody.known"])),
        ] {
            let wanted = ids_of_all(&whole, Some((kind, user)));
            let (disk, files) = older("t-prime-users");
            let file = format!("users/{user}/{name}");
            let broken = &files[&file][..files[&file].len() / 2];
            disk.plant(&file, broken);
            let mut store = opened(&disk);
            for state in ["shown", "converted", "opened anew"] {
                let label = format!("{file}, {state}");
                if state == "converted" {
                    let message = json!({"role": "USER", "content": "converts"});
                    call(&store, "chats.addMessage", json!(["act1", message]));
                } else if state == "opened anew" {
                    store.close().unwrap();
                    store = opened(&disk);
                }
                assert_eq!(ids_of_all(&store, None), wanted, "{label}");
                assert_eq!(code(&store, must_know, args.clone()), "CORRUPT", "{label}");
                let report: Value = serde_json::from_str(&store.check_now().unwrap()).unwrap();
                let faults = report["faults"].as_array().unwrap();
                let is_told = |fault: &Value| {
                    fault["kind"] == "unreadable"
                        && fault["path"].as_str().unwrap().starts_with(told)
                };
                assert!(faults.iter().any(is_told), "{label}: {faults:#?}");
            }
            let kept = disk.files();
            let places = [file.clone(), format!("older/{file}")];
            assert!(places.iter().any(|at| kept.get(at).is_some_and(|it| it == broken)), "{file}");
        }
    }
}
