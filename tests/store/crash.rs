//! Nothing acknowledged is lost and nothing half done is seen, wherever the machine dies.
//!
//! A scenario runs once to count the disk's operations and to note the state after each call.
//! Then it runs again for each operation, with the machine dying there, and for several
//! outcomes of what was not synced. The store that opens afterwards must hold the state after
//! the last acknowledged call, or after the one that was under way.

use std::sync::Arc;

use quilltap_store::disk::{Fault, Outcome, SimulatedDisk};
use quilltap_store::error::Error;
use quilltap_store::store::{Options, Store};
use serde_json::{Value, json};

/// What is left of un-synced writes, for each crash.
const OUTCOMES: [Outcome; 6] = [
    Outcome::Lost,
    Outcome::Done,
    Outcome::Seed(1),
    Outcome::Seed(2),
    Outcome::Seed(3),
    Outcome::Seed(4),
];

/// One step of a scenario: a call, or something that is no change.
#[derive(Clone)]
enum Step {
    Call(&'static str, Value),
    Flush,
    Compact,
    Reopen,
}

fn options() -> Options {
    Options::new("unused")
}

fn open(disk: &SimulatedDisk) -> Result<Store, Error> {
    let store = Store::open_on(Arc::new(disk.clone()), &options())?;
    store.hold_clock(1_780_000_000_000);
    Ok(store)
}

/// Everything that the store holds.
fn dump(store: &Store) -> Value {
    let ask = |name: &str, args: Value| -> Value {
        let text = store.call(name, &args.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        serde_json::from_str(&text).unwrap()
    };
    let mut all = serde_json::Map::new();
    for name in
        ["users", "characters", "personas", "chats", "tags", "connections", "sessions", "images"]
    {
        all.insert(name.into(), ask(&format!("{name}.findAll"), json!([])));
    }
    let chats = all["chats"].as_array().cloned().unwrap_or_default();
    for chat in &chats {
        let events = ask("chats.getEvents", json!([chat["id"]]));
        let messages = events.as_array().unwrap().iter().filter(|e| e["type"] == "message").count();
        assert_eq!(chat["messageCount"], messages, "the count is what the log says");
        all.insert(format!("log {}", chat["id"]), events);
    }
    Value::Object(all)
}

/// Runs the steps until one fails; gives the state after each that did not.
fn run(disk: &SimulatedDisk, steps: &[Step], look: bool) -> (Vec<Value>, usize) {
    let mut states = Vec::new();
    let Ok(mut store) = open(disk) else { return (states, 0) };
    for (number, step) in steps.iter().enumerate() {
        let done = match step {
            Step::Call(name, args) => store.call(name, &args.to_string()).map(|_| ()),
            Step::Flush => store.flush_now(),
            Step::Compact => store.compact_now(),
            Step::Reopen => store.close().and_then(|()| open(disk)).map(|opened| store = opened),
        };
        if done.is_err() {
            // The threads of a dead machine must end too.
            let _ = store.close();
            return (states, number);
        }
        if look {
            states.push(dump(&store));
        }
    }
    let _ = store.close();
    (states, steps.len())
}

/// Dies at every operation of a scenario; gives how many states were looked at.
fn die_everywhere(steps: &[Step]) -> usize {
    let disk = SimulatedDisk::new();
    let empty = dump(&open(&disk).unwrap());
    let disk = SimulatedDisk::new();
    let (states, _) = run(&disk, steps, true);
    assert_eq!(states.len(), steps.len());
    let last = disk.operations();
    let mut looked = 0;
    for at in 1..=last {
        for outcome in OUTCOMES {
            let disk = SimulatedDisk::new();
            disk.fail_from(at, Fault::Crash);
            let (_, acknowledged) = run(&disk, steps, false);
            let after = disk.crash(outcome);
            let state = |n: usize| if n == 0 { &empty } else { &states[n - 1] };
            let may = [state(acknowledged), state((acknowledged + 1).min(steps.len()))];
            // The machine dies again while it recovers, and again.
            let mut next = after;
            for again in [3, 7, 11] {
                next.fail_from(next.operations() + again, Fault::Crash);
                if let Ok(store) = open(&next) {
                    let _ = store.close();
                }
                next = next.crash(outcome);
            }
            let store = open(&next).unwrap_or_else(|e| panic!("operation {at}, {outcome:?}: {e}"));
            let found = dump(&store);
            assert!(
                may.contains(&&found),
                "operation {at} of {last}, {outcome:?}, {acknowledged} acknowledged\nfound {found:#}\nwanted {:#}\nor {:#}",
                may[0],
                may[1],
            );
            store.close().unwrap();
            assert_eq!(
                dump(&open(&next).unwrap()),
                found,
                "operation {at}, {outcome:?}: a second opening"
            );
            looked += 1;
        }
    }
    println!("{last} crash points, {looked} states");
    looked
}

fn world() -> Vec<Step> {
    let character = |id: &str| {
        json!([{"id": id, "userId": "u", "name": id, "description": "", "personality": "",
        "scenario": "", "firstMessage": ""}])
    };
    vec![
        Step::Call("users.create", json!([{"id": "u", "email": "will@globe.example"}])),
        Step::Call(
            "connections.create",
            json!([{"id": "p", "userId": "u", "name": "n", "provider": "OLLAMA", "modelName": "m"}]),
        ),
        Step::Call("characters.create", character("c1")),
        Step::Call("characters.create", character("c2")),
        Step::Call(
            "chats.create",
            json!([{"id": "chat1", "userId": "u", "characterId": "c1", "connectionProfileId": "p", "title": "t"}]),
        ),
    ]
}

fn message(chat: &str, id: &str) -> Step {
    let text = format!("{id} {}", "x".repeat(700));
    Step::Call("chats.addMessage", json!([chat, {"id": id, "role": "USER", "content": text}]))
}

#[test]
fn records_of_every_place() {
    let mut steps = world();
    steps.extend([
        Step::Flush,
        Step::Call("tags.create", json!([{"id": "t", "userId": "u", "name": "Tag"}])),
        Step::Call("characters.addTag", json!(["c1", "t"])),
        Step::Call("users.create", json!([{"id": "u2", "email": "kit@globe.example"}])),
        Step::Call(
            "sessions.create",
            json!([{"id": "s", "sessionToken": "token", "userId": "u", "expires": "2100-01-01"}]),
        ),
        Step::Compact,
        Step::Call("sessions.update", json!(["s", {"expires": "2100-02-01"}])),
        Step::Call("tags.delete", json!(["t"])),
        Step::Flush,
        Step::Call("sessions.delete", json!(["s"])),
    ]);
    assert!(die_everywhere(&steps) > 100);
}

#[test]
fn logs_that_grow_change_and_start_anew() {
    let mut steps = world();
    steps.extend([
        message("chat1", "m1"),
        message("chat1", "m2"),
        Step::Flush,
        message("chat1", "m3"),
        Step::Call("chats.updateMessage", json!(["chat1", "m2", {"content": "other"}])),
        Step::Call("chats.deleteMessages", json!(["chat1", ["m1"]])),
        Step::Compact,
        message("chat1", "m4"),
        Step::Flush,
        Step::Call("chats.clearMessages", json!(["chat1"])),
        message("chat1", "m5"),
        Step::Flush,
        message("chat1", "m6"),
    ]);
    assert!(die_everywhere(&steps) > 100);
}

#[test]
fn a_cascade_and_what_comes_after_it() {
    let mut steps = world();
    steps.extend([
        message("chat1", "m1"),
        Step::Reopen,
        Step::Call("characters.delete", json!(["c1"])),
        Step::Flush,
        Step::Call("chats.create", json!([{"id": "chat1", "userId": "u", "characterId": "c2", "connectionProfileId": "p", "title": "again"}])),
        message("chat1", "m9"),
        Step::Call("users.delete", json!(["u"])),
        Step::Call("users.create", json!([{"id": "u3", "email": "a@b.example"}])),
    ]);
    assert!(die_everywhere(&steps) > 100);
}
