//! What the tests share: a store on a simulated disk, and records to start from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use quilltap_store::api::Calls;
use quilltap_store::disk::{Disk, SafePath, SimulatedDisk};
use quilltap_store::error::Error;
use quilltap_store::store::{DatabaseOptions, EarlyStore, Options, Store};
use serde_json::{Value, json};

/// A store on a disk in memory; or, where `QUILLTAP_TEST_DATABASE` is the address of one, in a database.
pub(crate) fn open(disk: &SimulatedDisk) -> Store {
    open_with(disk, Options::new("unused")).unwrap()
}

/// The same with other options.
pub(crate) fn open_with(disk: &SimulatedDisk, options: Options) -> Result<Store, Error> {
    match std::env::var("QUILLTAP_TEST_DATABASE") {
        Err(_) => Store::open_on(Arc::new(disk.clone()), &options),
        Ok(url) => {
            let schema = schema_of(disk);
            let joined = if url.contains('?') { '&' } else { '?' };
            let mut database = DatabaseOptions::new(format!("{url}{joined}schema={schema}"));
            database.connections = 2;
            Store::open(Options { database: Some(database), ..options })
        }
    }
}

/// A schema for each disk: what was opened on one is there again when it is opened anew.
fn schema_of(disk: &SimulatedDisk) -> String {
    let root = SafePath::new("schema").unwrap();
    disk.create_dir(&root).unwrap();
    if let Some(known) = disk.list(&root).unwrap().first() {
        return known.name.clone();
    }
    let schema = format!(
        "s{}",
        NEXT.fetch_add(1, Ordering::Relaxed) + u64::from(std::process::id()) * 100_000
    );
    disk.create_dir(&root.join(&schema).unwrap()).unwrap();
    schema
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A store of which everything that it answered while it opened is what it answers now.
pub(crate) fn open_comparing(disk: Arc<dyn Disk>, options: &Options) -> Result<Store, Error> {
    let answered = Mutex::new(Vec::new());
    let calls = Calls::of(&options.declaration)?;
    let store = Store::open_on_telling(disk, options, &|early: Option<EarlyStore>| {
        let Some(early) = early else { return };
        let told: Vec<Value> = serde_json::from_str(&calls.json()).unwrap();
        for (number, call) in told.iter().enumerate().filter(|(_, call)| call["name"] == "findAll")
        {
            if let Some(answer) = early.read(number, "[]", None) {
                let name = format!("{}.findAll", call["repository"].as_str().unwrap());
                answered.lock().unwrap().push((name, answer.into_text()));
            }
        }
    })?;
    for (name, answer) in answered.into_inner().unwrap() {
        assert_eq!(store.call(&name, "[]")?, answer, "{name} while the store opened, and after it");
    }
    Ok(store)
}

/// Makes a call and parses its answer.
pub(crate) fn call(store: &Store, name: &str, args: Value) -> Value {
    match try_call(store, name, args) {
        Ok(value) => value,
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Makes a call that may fail.
pub(crate) fn try_call(store: &Store, name: &str, args: Value) -> Result<Value, Error> {
    store.call(name, &args.to_string()).map(|text| serde_json::from_str(&text).unwrap())
}

/// The error code of a call that must fail.
pub(crate) fn code(store: &Store, name: &str, args: Value) -> &'static str {
    try_call(store, name, args).expect_err(name).code().name()
}

/// The `id` of a record.
pub(crate) fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

/// A user, a profile, a character and a chat.
pub(crate) struct World {
    pub(crate) user: String,
    pub(crate) profile: String,
    pub(crate) character: String,
    pub(crate) chat: String,
}

pub(crate) fn world(store: &Store) -> World {
    let user = id(&call(store, "users.create", json!([{"email": "Will@Globe.example"}])));
    let profile = id(&call(
        store,
        "connections.create",
        json!([{
            "userId": user, "name": "Local", "provider": "OLLAMA", "modelName": "none",
        }]),
    ));
    let character = id(&call(store, "characters.create", json!([character(&user, "Hamlet")])));
    let chat = id(&call(
        store,
        "chats.create",
        json!([{
            "userId": user, "characterId": character, "connectionProfileId": profile, "title": "Act I",
        }]),
    ));
    World { user, profile, character, chat }
}

pub(crate) fn character(user: &str, name: &str) -> Value {
    json!({"userId": user, "name": name, "description": "", "personality": "", "scenario": "",
        "firstMessage": ""})
}
