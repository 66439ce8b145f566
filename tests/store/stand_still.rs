//! What the thread that asks is not kept from its other work by: it may be the JavaScript thread, so whatever
//! takes long is left to another one, which gives the same answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use quilltap_store::api::Calls;
use quilltap_store::disk::{RealDisk, SafePath, SimulatedDisk};
use quilltap_store::error::Result;
use quilltap_store::store::{Answer, Declaration, Options, Store};
use serde_json::{Value, json};

use super::hooked_disk::{HookedDisk, Next};
use super::support::{call, open, world};

/// What the asking thread is answered at once; `None` when another one must find the answer.
fn at_once(store: &Store, name: &str, args: &Value) -> Option<Result<Answer>> {
    let number = Calls::of(&Declaration::default()).unwrap().number_of(name).unwrap();
    store.read(number, &args.to_string(), None)
}

#[test]
fn what_gathers_many_records_or_a_long_text_is_left_to_another_thread() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let tags: Vec<Value> =
        (0..10_001).map(|n| json!({"userId": world.user, "name": n.to_string()})).collect();
    call(&store, "tags.createMany", json!([tags]));
    let long = "x".repeat(1 << 20);
    let message = |content: &str| json!([world.chat, {"role": "USER", "content": content}]);
    call(&store, "chats.addMessage", message("short"));
    // A log is in memory once it was read.
    call(&store, "chats.getMessages", json!([world.chat]));
    let mine = json!({"userId": world.user});
    let in_order = json!({"where": mine, "orderBy": {"name": "asc"}});
    let cases = [
        ("tags.findAll", json!([]), false),
        ("tags.findByUserId", json!([world.user]), false),
        ("tags.findMany", json!([{"where": mine}]), false),
        ("tags.findMany", json!([in_order]), false),
        ("tags.findMany", json!([{"where": mine, "take": 20}]), true),
        ("tags.count", json!([{"where": mine}]), true),
        ("chats.getMessages", json!([world.chat]), true),
    ];
    for (name, args, is_answered) in cases {
        assert_eq!(at_once(&store, name, &args).is_some(), is_answered, "{name} {args}");
        assert!(!call(&store, name, args.clone()).is_null(), "{name} {args}");
    }
    assert_eq!(call(&store, "tags.findAll", json!([])).as_array().unwrap().len(), 10_001);

    call(&store, "chats.addMessage", message(&long));
    call(&store, "chats.getMessages", json!([world.chat]));
    let last = json!([world.chat, {"limit": 1}]);
    assert!(at_once(&store, "chats.getMessages", &last).is_none(), "a long text");
    assert_eq!(call(&store, "chats.getMessages", last)[0]["content"], json!(long));
}

/// Holds whoever comes by until it is let go.
#[derive(Default)]
struct Gate {
    is_held: Mutex<bool>,
    bell: Condvar,
    has_come: AtomicBool,
}

impl Gate {
    fn pass(&self) {
        self.has_come.store(true, Ordering::Release);
        let mut is_held = self.is_held.lock().unwrap();
        while *is_held {
            is_held = self.bell.wait(is_held).unwrap();
        }
    }

    fn set(&self, is_held: bool) {
        *self.is_held.lock().unwrap() = is_held;
        self.bell.notify_all();
    }
}

#[test]
fn nobody_stands_still_behind_a_read_from_a_slow_disk_and_the_change_that_waits_for_it() {
    let gate = Arc::new(Gate::default());
    let passes = Arc::clone(&gate);
    let before = move |next: Next, path: &SafePath| {
        if next == Next::Read && path.as_str().starts_with("chats/") && path.as_str().len() > 20 {
            passes.pass();
        }
    };
    let disk = HookedDisk { disk: Arc::new(SimulatedDisk::new()), before: Arc::new(before) };
    let disk = Arc::new(disk);
    let options = Options::new("unused");
    let store = Store::open_on(Arc::<HookedDisk>::clone(&disk), &options).unwrap();
    let world = world(&store);
    call(&store, "chats.addMessage", json!([world.chat, {"role": "USER", "content": "Words"}]));
    store.close().unwrap();

    let store = Store::open_on(disk, &options).unwrap();
    gate.set(true);
    gate.has_come.store(false, Ordering::Release);
    let (reader, chat) = (store.clone(), world.chat.clone());
    let reading = thread::spawn(move || call(&reader, "chats.getMessages", json!([chat])));
    while !gate.has_come.load(Ordering::Acquire) {
        thread::yield_now();
    }
    let (writer, user) = (store.clone(), world.user.clone());
    let writing = thread::spawn(move || {
        call(&writer, "tags.create", json!([{"userId": user, "name": "late"}]))
    });
    // It is answered at once until the change waits for the state; then another thread must.
    let (asker, user, (tell, told)) = (store.clone(), world.user.clone(), channel());
    thread::spawn(move || {
        while at_once(&asker, "users.findById", &json!([user])).is_some() {}
        tell.send(()).unwrap();
    });
    let went_on = told.recv_timeout(Duration::from_secs(60));
    gate.set(false);
    assert_eq!(reading.join().unwrap()[0]["content"], "Words");
    assert_eq!(writing.join().unwrap()["name"], "late");
    assert!(went_on.is_ok(), "a thread that asked stood still");
    store.close().unwrap();
}

/// Where the system tells of changes at once, that is all that need be asked.
#[cfg(target_os = "linux")]
#[test]
fn what_the_store_has_just_written_is_not_looked_at_by_a_read() {
    let dir = tempfile::tempdir().unwrap();
    let looks: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&looks);
    let before = move |next: Next, path: &SafePath| {
        if next == Next::Look {
            told.lock().unwrap().push(path.to_string());
        }
    };
    let disk = Arc::new(RealDisk::open(dir.path()).unwrap());
    let disk = Arc::new(HookedDisk { disk, before: Arc::new(before) });
    let options = Options::new("unused");
    let store = Store::open_on(Arc::<HookedDisk>::clone(&disk), &options).unwrap();
    let world = world(&store);
    store.close().unwrap();

    // Its folders are watched from the opening on.
    let store = Store::open_on(disk, &options).unwrap();
    let id = json!([world.character]);
    call(&store, "characters.findById", id.clone());
    // Nobody else looks at what is written meanwhile.
    store.hold_files();
    call(&store, "characters.update", json!([world.character, {"name": "New"}]));
    store.flush_now().unwrap();
    looks.lock().unwrap().clear();
    let Some(Ok(Answer::Text(found, _))) = at_once(&store, "characters.findById", &id) else {
        panic!("another thread must look");
    };
    assert!(found.contains("New"), "{found}");
    assert_eq!(*looks.lock().unwrap(), Vec::<String>::new());
    store.close().unwrap();
}
