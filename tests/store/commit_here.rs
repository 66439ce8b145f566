//! In the batched mode a small change is committed on the thread that asks, where nothing is in the way; what
//! would wait, or fails, changes nothing there and is left to the committing thread.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use quilltap_store::api::Calls;
use quilltap_store::disk::{Disk, LockKind, SafePath, SimulatedDisk};
use quilltap_store::store::{
    Command, Declaration, Durability, Options, Settle, Settled, Store, Ticket,
};
use serde_json::{Value, json};

use super::support::{World, call, character, code, world};

fn open(disk: &SimulatedDisk, durability: Durability) -> Store {
    let options = Options { durability, ..Options::new("unused") };
    let store = Store::open_on(Arc::new(disk.clone()), &options).unwrap();
    store.hold_files();
    store
}

/// What a change answers that is made on this thread; `None` where it is left to another one.
fn here(store: &Store, name: &str, args: Value) -> Option<Value> {
    let number = Calls::of(&Declaration::default()).unwrap().number_of(name).unwrap();
    let answer = store.write_here(number, args.to_string())?;
    Some(serde_json::from_str(&answer.into_json()).unwrap())
}

/// The same once the committing thread has come to rest, and nothing is in the way any more.
fn here_soon(store: &Store, name: &str, args: Value) -> Value {
    let start = Instant::now();
    loop {
        if let Some(answer) = here(store, name, args.clone()) {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "something is in the way of {name}");
        thread::yield_now();
    }
}

fn tag(world: &World, name: &str) -> Value {
    json!([{"userId": world.user, "name": name}])
}

#[test]
fn a_small_change_is_committed_before_its_call_returns() {
    let disk = SimulatedDisk::new();
    let store = open(&disk, Durability::Batched);
    let events: Arc<Mutex<Vec<String>>> = Arc::default();
    let world = world(&store);
    let told = Arc::clone(&events);
    store.subscribe(Box::new(move |texts| told.lock().unwrap().extend_from_slice(texts)));
    let made = here_soon(&store, "tags.create", tag(&world, "here"));
    assert_eq!(events.lock().unwrap().len(), 1);
    assert_eq!(call(&store, "tags.findById", json!([made["id"]])), made);
    call(&store, "chats.addMessage", json!([world.chat, {"role": "USER", "content": "First"}]));
    let line = json!([world.chat, {"role": "USER", "content": "Second"}]);
    here_soon(&store, "chats.addMessage", line);
    assert_eq!(call(&store, "chats.findById", json!([world.chat]))["messageCount"], 2);

    // Another process sees it; so does whoever opens the folder after the death of this one.
    let other = open(&disk, Durability::Batched);
    assert_eq!(call(&other, "tags.findById", json!([made["id"]])), made);
    call(&other, "tags.create", tag(&world, "there"));
    assert!(
        here(&store, "tags.create", tag(&world, "behind")).is_none(),
        "another process has news"
    );
    call(&store, "tags.create", tag(&world, "behind"));
    assert_eq!(call(&other, "tags.findAll", json!([])).as_array().unwrap().len(), 3);
    other.close().unwrap();
    store.close().unwrap();
    let again = open(&disk, Durability::Batched);
    assert_eq!(call(&again, "tags.findAll", json!([])).as_array().unwrap().len(), 3);
    again.close().unwrap();
}

#[test]
fn a_message_is_added_here_to_a_log_whose_text_is_too_long_for_memory() {
    let disk = SimulatedDisk::new();
    let store = open(&disk, Durability::Batched);
    let world = world(&store);
    let message = |content: &str| json!([world.chat, {"role": "USER", "content": content}]);
    for _ in 0..17 {
        call(&store, "chats.addMessage", message(&"x".repeat(1 << 20)));
    }
    store.close().unwrap();
    let store = open(&disk, Durability::Batched);
    call(&store, "chats.addMessage", message("which reads the log"));
    let made = here_soon(&store, "chats.addMessage", message("which need not"));
    let again = json!([world.chat, {"id": made["id"], "role": "USER", "content": "again"}]);
    assert!(here(&store, "chats.addMessage", again.clone()).is_none(), "it is there");
    assert_eq!(code(&store, "chats.addMessage", again), "UNIQUE");
    assert_eq!(call(&store, "chats.getMessageCount", json!([world.chat])), 19);
    store.close().unwrap();
}

#[test]
fn what_would_wait_or_fails_changes_nothing_here() {
    let disk = SimulatedDisk::new();
    let store = open(&disk, Durability::Batched);
    let world = world(&store);
    call(&store, "tags.create", tag(&world, "taken"));
    let many: Vec<Value> = (0..17).map(|n| tag(&world, &n.to_string())[0].clone()).collect();
    let text = "x".repeat(17 << 10);
    let cases = [
        ("a long argument", "tags.create", tag(&world, &text)),
        ("many changes", "tags.createMany", json!([many])),
        ("what follows from a deletion", "users.delete", json!([world.user])),
        (
            "a log that is not in memory",
            "chats.addMessage",
            json!([world.chat, {"role": "USER", "content": "x"}]),
        ),
        ("a name that is taken", "tags.create", tag(&world, "taken")),
        ("a wrong value", "tags.create", json!([{"userId": world.user, "name": 1}])),
    ];
    for (why, name, args) in cases {
        assert!(here(&store, name, args).is_none(), "{why}");
    }
    assert_eq!(call(&store, "tags.findAll", json!([])).as_array().unwrap().len(), 1);
    assert_eq!(code(&store, "tags.create", tag(&world, "taken")), "UNIQUE");

    let lock = disk.try_lock(&SafePath::new("cache/commit.lock").unwrap(), LockKind::Exclusive);
    let lock = lock.unwrap().expect("nobody holds it");
    assert!(
        here(&store, "tags.create", tag(&world, "locked")).is_none(),
        "another process commits"
    );
    drop(lock);
    store
        .transaction(|_| {
            assert!(here(&store, "tags.create", tag(&world, "inside")).is_none(), "a transaction");
            Ok(())
        })
        .unwrap();
    here_soon(&store, "tags.create", tag(&world, "free"));
    store.close().unwrap();
    assert!(here(&store, "tags.create", tag(&world, "closed")).is_none(), "a closed store");

    let strict = open(&SimulatedDisk::new(), Durability::Strict);
    let world = super::support::world(&strict);
    assert!(here(&strict, "tags.create", tag(&world, "strict")).is_none(), "a sync is waited for");
    strict.close().unwrap();
}

/// Nobody waits for it.
struct Unheard;

impl Settle for Unheard {
    fn settle(&self, _: Vec<(u64, quilltap_store::error::Result<Settled>)>) {}
}

#[test]
fn a_change_never_overtakes_what_was_asked_for_before_it() {
    let store = open(&SimulatedDisk::new(), Durability::Batched);
    let world = world(&store);
    let number =
        Calls::of(&Declaration::default()).unwrap().number_of("characters.update").unwrap();
    let made = call(&store, "characters.create", json!([character(&world.user, "Ophelia")]));
    for round in 0..500 {
        let named = |name: String| json!([made["id"], {"name": name}]);
        let args = named(format!("queued {round}")).to_string();
        store.run(Command::Write { call: number, args }, Ticket::new(Arc::new(Unheard), 1));
        let last = named(format!("last {round}"));
        // Either way it comes behind the one that waits.
        if here(&store, "characters.update", last.clone()).is_none() {
            call(&store, "characters.update", last);
        }
        let now = call(&store, "characters.findById", json!([made["id"]]));
        assert_eq!(now["name"], format!("last {round}"));
    }
    store.close().unwrap();
}

#[test]
fn threads_that_commit_here_and_there_lose_nothing() {
    let disk = SimulatedDisk::new();
    let (store, second) = (open(&disk, Durability::Batched), open(&disk, Durability::Batched));
    let world = world(&store);
    thread::scope(|scope| {
        for worker in 0..4 {
            let (store, world) = (if worker < 3 { &store } else { &second }, &world);
            scope.spawn(move || {
                for number in 0..100 {
                    call(store, "tags.create", tag(world, &format!("{worker} {number}")));
                }
            });
        }
    });
    for store in [&store, &second] {
        assert_eq!(call(store, "tags.findAll", json!([])).as_array().unwrap().len(), 400);
    }
    second.close().unwrap();
    store.close().unwrap();
    let again = open(&disk, Durability::Batched);
    assert_eq!(call(&again, "tags.findAll", json!([])).as_array().unwrap().len(), 400);
    again.close().unwrap();
}
