//! Runs one hot call many times, for its instructions to be counted: `hot_calls WORK TIMES DIR`.
//!
//! `bench/instructions.mjs` runs it under callgrind and keeps the counts in
//! `bench/results/instructions.md`.

use quilltap_store::store::{Durability, Options, Store};
use serde_json::{Value, json};

fn id(kind: &str, number: usize) -> String {
    format!("{kind:0<8}-0000-4000-8000-{number:012x}")
}

fn call(store: &Store, name: &str, args: Value) -> String {
    store.call(name, &args.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// 200 characters, 64 chats, 200 sessions.
fn seed(store: &Store) {
    let user = id("0", 0);
    call(store, "users.create", json!([{ "id": user, "email": "person@example.test" }]));
    let profile = json!({ "id": id("b0f", 0), "userId": user, "name": "Local",
        "provider": "OLLAMA", "modelName": "model" });
    call(store, "connections.create", json!([profile]));
    let characters = (0..200).map(|number| character(number, &user));
    call(store, "characters.createMany", json!([Vec::from_iter(characters)]));
    let chats = (0..64).map(|number| {
        json!({ "id": id("c4a7", number), "userId": user, "characterId": id("c", 0),
            "connectionProfileId": id("b0f", 0), "title": format!("Chat {number}") })
    });
    call(store, "chats.createMany", json!([Vec::from_iter(chats)]));
    let sessions = (0..200).map(|number| {
        json!({ "sessionToken": id("70ce", number), "userId": user,
            "expires": "2099-01-01T00:00:00.000Z" })
    });
    call(store, "sessions.createMany", json!([Vec::from_iter(sessions)]));
}

fn character(number: usize, user: &str) -> Value {
    json!({ "id": id("c", number), "userId": user, "name": format!("Character {number}"),
        "description": "d".repeat(300), "personality": "p".repeat(300),
        "scenario": "s".repeat(200), "firstMessage": "f".repeat(150) })
}

fn message(number: usize) -> Value {
    json!({ "type": "message", "id": id("ae55", number), "role": "USER",
        "content": "m".repeat(380), "rawResponse": null, "tokenCount": 90,
        "attachments": [], "createdAt": "2026-01-01T00:00:00.000Z" })
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(work), Some(times), Some(dir)) = (args.next(), args.next(), args.next()) else {
        panic!("usage: hot_calls WORK TIMES DIR");
    };
    let times: usize = times.parse().expect("a number");
    let options = Options { durability: Durability::Batched, ..Options::new(dir) };
    let store = Store::open(options).expect("opens");
    seed(&store);
    let user = id("0", 0);
    for number in 0..times {
        let (name, args) = match work.as_str() {
            "getSessionAndUser" => ("auth.getSessionAndUser", json!([id("70ce", number % 200)])),
            "getCharacter" => ("characters.findById", json!([id("c", number % 200)])),
            "listCharacters" => ("characters.findByUserId", json!([user])),
            "listChats" => ("chats.findByUserId", json!([user])),
            "createSession" => {
                let session = json!({ "sessionToken": id("70c", number), "userId": user,
                    "expires": "2099-01-01T00:00:00.000Z" });
                ("auth.createSession", json!([session]))
            }
            "createCharacter" => ("characters.create", json!([character(1000 + number, &user)])),
            "createTag" => {
                ("tags.create", json!([{ "userId": user, "name": format!("Tag {number}") }]))
            }
            "addMessage" => ("chats.addMessage", json!([id("c4a7", number % 64), message(number)])),
            "getMessages" => ("chats.getMessages", json!([id("c4a7", 0)])),
            other => panic!("no such work: {other}"),
        };
        call(&store, name, args);
    }
    store.close().expect("closes");
}
