//! What the tests share: a store on a simulated disk, and records to start from.

use std::sync::Arc;

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::Error;
use quilltap_store::store::{Options, Store};
use serde_json::{Value, json};

/// A store on a disk in memory.
pub(crate) fn open(disk: &SimulatedDisk) -> Store {
    Store::open_on(Arc::new(disk.clone()), &Options::new("unused")).unwrap()
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
