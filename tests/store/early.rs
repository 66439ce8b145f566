//! What is answered while a store opens, before everything is read, is what it answers once it is open.

use std::sync::{Arc, Mutex};

use quilltap_store::api::Calls;
use quilltap_store::disk::{Access, Disk, LockKind, RealDisk, SafePath, SimulatedDisk};
use quilltap_store::store::{EarlyStore, Options, Store};
use serde_json::{Value, json};

use super::hooked_disk::{HookedDisk, Next};
use super::support::{World, call, character, open, open_comparing, world};

const SESSION: &str = r#"{"sessionToken":"t0","userId":USER,"expires":"2099-01-01T00:00:00.000Z"}"#;

/// A folder at rest: a user who is signed in and has some of everything.
fn folder() -> (SimulatedDisk, World) {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    let session = SESSION.replace("USER", &json!(world.user).to_string());
    store.call("auth.createSession", &format!("[{session}]")).unwrap();
    call(&store, "tags.create", json!([{"userId": world.user, "name": "one"}]));
    call(&store, "chats.addMessage", json!([world.chat, {"role": "USER", "content": "Words"}]));
    store.close().unwrap();
    (disk, world)
}

/// Asks a store that is still opening.
type Ask<'a> = dyn Fn(&(&str, Value)) -> Option<Value> + 'a;

/// Opens a store; `tell` is told how it can be asked meanwhile, and then that it no longer can.
fn open_telling(disk: Arc<dyn Disk>, tell: &dyn Fn(Option<&Ask<'_>>)) -> Store {
    let options = Options::new("unused");
    let calls = Calls::of(&options.declaration).unwrap();
    let store = Store::open_on_telling(disk, &options, &|early: Option<EarlyStore>| {
        let Some(early) = early else { return tell(None) };
        tell(Some(&|(name, args)| {
            let answer = early.read(calls.number_of(name).unwrap(), &args.to_string(), None)?;
            Some(serde_json::from_str(&answer.into_text()).unwrap())
        }));
    });
    store.unwrap()
}

/// What each of some calls is answered while the store opens; nothing where it opens without.
fn early(disk: Arc<dyn Disk>, asked: &[(&str, Value)]) -> Option<Vec<Option<Value>>> {
    let told: Mutex<Option<Vec<Option<Value>>>> = Mutex::default();
    let store = open_telling(disk, &|ask| {
        let Some(ask) = ask else { return };
        *told.lock().unwrap() = Some(asked.iter().map(ask).collect());
    });
    let answers = told.into_inner().unwrap();
    for ((name, args), answer) in asked.iter().zip(answers.iter().flatten()) {
        if let Some(answer) = answer {
            assert_eq!(&call(&store, name, args.clone()), answer, "{name} {args}");
        }
    }
    store.close().unwrap();
    answers
}

fn questions(world: &World) -> Vec<(&'static str, Value)> {
    vec![
        ("auth.getSessionAndUser", json!(["t0"])),
        ("auth.getSessionAndUser", json!(["unknown"])),
        ("users.findByEmail", json!(["will@globe.example"])),
        ("tags.findByUserId", json!([world.user])),
        ("characters.findById", json!([world.character])),
        ("chats.findById", json!([world.chat])),
        ("chats.getMessages", json!([world.chat])),
    ]
}

#[test]
fn a_session_is_found_before_the_characters_are_read() {
    let (disk, world) = folder();
    let read: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = Arc::clone(&read);
    let before = move |next: Next, path: &SafePath| {
        if next == Next::Read {
            notes.lock().unwrap().push(path.to_string());
        }
    };
    let hooked = HookedDisk { disk: Arc::new(disk), before: Arc::new(before) };
    let seen = Arc::clone(&read);
    let was_read = Mutex::new(Vec::new());
    let store = open_telling(Arc::new(hooked), &|ask| {
        if ask.is_some() {
            was_read.lock().unwrap().extend(seen.lock().unwrap().iter().cloned());
        }
    });
    store.close().unwrap();
    let was_read = was_read.into_inner().unwrap();
    assert!(was_read.contains(&"auth/sessions.jsonl".to_owned()), "{was_read:?}");
    assert!(!was_read.iter().any(|path| path.starts_with("characters/")), "{was_read:?}");

    let (disk, _) = folder();
    let answers = early(Arc::new(disk), &questions(&world)).expect("the folder is at rest");
    let is_answered: Vec<bool> = answers.iter().map(Option::is_some).collect();
    assert_eq!(is_answered, [true, true, true, true, false, false, false]);
    assert!(answers[1].as_ref().unwrap().is_null());
}

#[test]
fn what_cannot_be_read_or_is_not_in_the_files_yet_is_not_answered_early() {
    let path = SafePath::new("auth/sessions.jsonl").unwrap();
    let (disk, _) = folder();
    let file = disk.open(&path, Access::Write).unwrap();
    file.write_at(file.len().unwrap(), b"{\"sessionToken\":\"t0\",\"userId\":1}\n").unwrap();
    let asked = [("auth.getSessionAndUser", json!(["t0"])), ("tags.findAll", json!([]))];
    let told = Mutex::new(Vec::new());
    let store = open_telling(Arc::new(disk), &|ask| {
        told.lock().unwrap().extend(ask.iter().flat_map(|ask| asked.iter().map(ask)));
    });
    store.close().unwrap();
    let told = told.into_inner().unwrap();
    assert!(told[0].is_none() && told[1].is_some(), "a line that cannot be read: {told:?}");

    let (disk, world) = folder();
    let store = open(&disk);
    call(&store, "tags.create", json!([{"userId": world.user, "name": "two"}]));
    assert_eq!(early(Arc::new(disk.kill()), &asked), None, "a journal after a kill");
}

#[test]
fn a_short_file_of_a_model_that_owns_logs_waits_for_them() {
    let (disk, world) = folder();
    let path = SafePath::new(&format!("chats/{}.jsonl", world.chat)).unwrap();
    let file = disk.open(&path, Access::Write).unwrap();
    let line = json!({"type": "message", "id": "m2", "role": "USER", "content": "By hand",
        "createdAt": "2026-01-01T00:00:00.000Z"});
    file.write_at(file.len().unwrap(), format!("{line}\n").as_bytes()).unwrap();
    let answers = early(Arc::new(disk.clone()), &questions(&world)).unwrap();
    assert_eq!(answers[5], None, "its count is not known yet");
    let store = open_comparing(Arc::new(disk), &Options::new("unused")).unwrap();
    assert_eq!(call(&store, "chats.findById", json!([world.chat]))["messageCount"], 2);
    store.close().unwrap();
}

#[test]
fn a_long_file_is_read_once() {
    let (disk, world) = folder();
    let store = open(&disk);
    let long = "x".repeat(4000);
    for number in 0..150 {
        let mut made = character(&world.user, &format!("No {number}"));
        made["description"] = json!(long);
        let tag = json!([{"userId": world.user, "name": format!("{number} {long}")}]);
        call(&store, "tags.create", tag);
        call(&store, "characters.create", json!([made]));
    }
    store.close().unwrap();
    let asked = [("auth.getSessionAndUser", json!(["t0"])), ("tags.findAll", json!([]))];
    let answers = early(Arc::new(disk), &asked).unwrap();
    assert!(answers[0].is_some() && answers[1].is_none(), "{answers:?}");
}

#[test]
fn nobody_can_commit_before_what_was_answered_early_is_taken_back() {
    let (disk, _) = folder();
    let lock = SafePath::new("cache/commit.lock").unwrap();
    let told = Mutex::new(Vec::new());
    let store = open_telling(Arc::new(disk.clone()), &|ask| {
        let is_free = disk.try_lock(&lock, LockKind::Exclusive).unwrap().is_some();
        told.lock().unwrap().push((ask.is_some(), is_free));
    });
    store.close().unwrap();
    assert_eq!(told.into_inner().unwrap(), [(true, false), (false, false)]);
}

/// Opens a folder in which a tag gets another name by hand once it was answered early.
fn edit_while_it_opens(disk: &dyn Fn() -> Arc<dyn Disk>) {
    let store = Store::open_on(disk(), &Options::new("unused")).unwrap();
    let world = world(&store);
    let tag = call(&store, "tags.create", json!([{"userId": world.user, "name": "one"}]));
    store.close().unwrap();
    let asked = ("tags.findById", json!([tag["id"]]));
    let path = SafePath::new("tags/tags.json").unwrap();
    let edited = disk();
    let was_asked = Mutex::new(false);
    let store = open_telling(disk(), &|ask| {
        let Some(ask) = ask else { return };
        assert_eq!(ask(&asked).unwrap()["name"], "one");
        let file = edited.open(&path, Access::Write).unwrap();
        let mut text = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(0, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap().replace("one", "another");
        file.write_at(0, text.as_bytes()).unwrap();
        assert_eq!(ask(&asked), None);
        *was_asked.lock().unwrap() = true;
    });
    assert!(was_asked.into_inner().unwrap());
    assert_eq!(call(&store, asked.0, asked.1)["name"], "another");
    store.close().unwrap();
}

#[test]
fn behind_an_edit_nothing_is_answered_early() {
    let dir = tempfile::tempdir().unwrap();
    edit_while_it_opens(&|| Arc::new(RealDisk::open(dir.path()).unwrap()));
    // Here the system tells of no edit.
    let disk = SimulatedDisk::new();
    edit_while_it_opens(&|| Arc::new(disk.clone()));
}
