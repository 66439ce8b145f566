//! Every time that a JavaScript `Date` can hold is kept, compared as a time, and found again.

use quilltap_store::disk::SimulatedDisk;
use serde_json::{Value, json};

use super::support::{World, call, code, open, world};

/// In their order, from the first to the last moment of a `Date`.
const TIMES: [&str; 9] = [
    "-271821-04-20T00:00:00.000Z",
    "-000044-03-15T12:00:00.000Z",
    "-000001-12-31T23:59:59.999Z",
    "0000-01-01T00:00:00.000Z",
    "2026-11-25T20:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "+010000-01-01T00:00:00.000Z",
    "+099999-12-31T23:59:59.999Z",
    "+275760-09-13T00:00:00.000Z",
];

/// 2026-01-01, in milliseconds.
const NOW: i64 = 1_767_225_600_000;

fn contents(found: &Value) -> Vec<usize> {
    let rows = found.as_array().unwrap().iter();
    rows.map(|row| row["content"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_session_lives_until_the_time_that_it_was_given() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    store.hold_clock(NOW);
    let user = world(&store).user;
    for (at, time) in TIMES.iter().enumerate() {
        let session = json!({"userId": user, "sessionToken": at.to_string(), "expires": time});
        assert_eq!(call(&store, "auth.createSession", json!([session]))["expires"], *time);
    }
    let left = |store| -> Vec<Value> {
        let both = |at: usize| call(store, "auth.getSessionAndUser", json!([at.to_string()]));
        (0..TIMES.len()).map(|at| both(at)["session"]["expires"].clone()).collect()
    };
    assert_eq!(left(&store), TIMES.map(|time| json!(time)));
    store.compact_now().unwrap();
    store.close().unwrap();
    // Those of the past were removed.
    let lasting =
        TIMES.iter().enumerate().map(|(at, time)| if at < 4 { json!(null) } else { json!(time) });
    assert_eq!(left(&open(&disk)), lasting.collect::<Vec<_>>());
}

#[test]
fn records_and_messages_are_found_by_their_times() {
    let disk = SimulatedDisk::new();
    let mut store = open(&disk);
    let World { chat, .. } = world(&store);
    for (at, time) in TIMES.iter().enumerate() {
        let message = json!({"role": "USER", "content": at.to_string(), "createdAt": time});
        call(&store, "chats.addMessage", json!([chat, message]));
        let email = format!("{at}@globe.example");
        call(&store, "users.create", json!([{"email": email, "emailVerified": time}]));
    }
    for _ in 0..2 {
        let found = |method: &str, args: Value| call(&store, method, args);
        let last = &found("chats.findById", json!([chat]))["lastMessageAt"];
        assert_eq!(*last, TIMES[8]);
        for (at, time) in TIMES.iter().enumerate() {
            let after = found("chats.getMessages", json!([chat, {"after": time}]));
            assert_eq!(contents(&after), (at + 1..9).collect::<Vec<_>>(), "after {time}");
            let before = found("chats.getMessages", json!([chat, {"before": time}]));
            assert_eq!(contents(&before), (0..at).collect::<Vec<_>>(), "before {time}");
            let query = json!([{"where": {"emailVerified": {"gt": time}}, "orderBy": {"emailVerified": "desc"}}]);
            let users = found("users.findMany", query);
            let verified = users.as_array().unwrap().iter().map(|user| &user["emailVerified"]);
            let later: Vec<&str> = TIMES[at + 1..].iter().rev().copied().collect();
            assert_eq!(verified.collect::<Vec<_>>(), later, "later than {time}");
        }
        store.close().unwrap();
        store = open(&disk);
    }
}

#[test]
fn what_no_date_can_hold_is_refused() {
    let store = open(&SimulatedDisk::new());
    for time in ["+275760-09-13T00:00:00.001Z", "-000000-01-01T00:00:00Z", "10000-01-01T00:00:00Z"]
    {
        let user = json!({"email": "a@globe.example", "emailVerified": time});
        assert_eq!(code(&store, "auth.createUser", json!([user])), "VALIDATION", "{time}");
    }
}
