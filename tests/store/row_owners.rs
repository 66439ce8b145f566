//! A message is found by its id without knowing its chat, in one look-up: whatever happened to the logs,
//! and whatever the cache says.

use std::time::Duration;

use proptest::prelude::*;
use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::Result;
use quilltap_store::store::Store;
use serde_json::{Value, json};

use super::support::{World, call, id, open, try_call, world};

/// An edit by hand is noticed within two seconds, by one question earlier than by another.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

const CHATS: u8 = 4;
const MESSAGES: u8 = 6;

fn chat(world: &World, name: &str) -> Value {
    json!({"id": name, "userId": world.user, "characterId": world.character,
        "connectionProfileId": world.profile, "title": "Act"})
}

fn message(id: &str) -> Value {
    json!({"id": id, "role": "USER", "content": "x"})
}

#[derive(Debug, Clone)]
enum Step {
    NewChat(u8),
    RemoveChat(u8),
    Add(u8, u8),
    Delete(u8, u8),
    Clear(u8),
    /// An editor adds a message to a log, or takes one away, or spoils a line.
    Append(u8, u8),
    Empty(u8),
    Spoil(u8),
    Ask(u8),
    Flush,
    Compact,
    Reopen,
    /// While nobody has the store open, something happens to the cache.
    Cache(Cache),
}

#[derive(Debug, Clone)]
enum Cache {
    Lost,
    Torn(prop::sample::Index),
    Flipped(prop::sample::Index),
    /// It is one from an earlier time.
    Older,
}

fn any_step() -> impl Strategy<Value = Step> {
    let cache = prop_oneof![
        Just(Cache::Lost),
        any::<prop::sample::Index>().prop_map(Cache::Torn),
        any::<prop::sample::Index>().prop_map(Cache::Flipped),
        Just(Cache::Older),
    ];
    let both = || (0..CHATS, 0..MESSAGES);
    prop_oneof![
        2 => (0..CHATS).prop_map(Step::NewChat),
        1 => (0..CHATS).prop_map(Step::RemoveChat),
        6 => both().prop_map(|(chat, message)| Step::Add(chat, message)),
        2 => both().prop_map(|(chat, message)| Step::Delete(chat, message)),
        1 => (0..CHATS).prop_map(Step::Clear),
        2 => both().prop_map(|(chat, message)| Step::Append(chat, message)),
        1 => (0..CHATS).prop_map(Step::Empty),
        1 => (0..CHATS).prop_map(Step::Spoil),
        3 => (0..MESSAGES).prop_map(Step::Ask),
        1 => Just(Step::Flush),
        1 => Just(Step::Compact),
        2 => Just(Step::Reopen),
        2 => cache.prop_map(Step::Cache),
    ]
}

/// Two processes with one folder, and the caches that there have been.
struct Processes {
    disk: SimulatedDisk,
    stores: Vec<Store>,
    caches: Vec<Vec<u8>>,
    world: World,
}

const ROWS: &str = "cache/rows";

impl Processes {
    fn new() -> Processes {
        let disk = SimulatedDisk::new();
        let store = open(&disk);
        let world = world(&store);
        for number in 0..CHATS / 2 {
            call(&store, "chats.create", json!([chat(&world, &format!("c{number}"))]));
        }
        store.close().unwrap();
        let mut all = Processes { disk, stores: Vec::new(), caches: Vec::new(), world };
        all.open();
        all
    }

    fn open(&mut self) {
        self.stores = vec![open(&self.disk), open(&self.disk.process(u64::MAX))];
    }

    fn close(&mut self) {
        self.stores.drain(..).for_each(|store| store.close().unwrap());
        self.caches.extend(self.disk.files().get(ROWS).cloned());
    }

    /// Edits a log, where there is one.
    fn edit(&self, chat: u8, edit: impl Fn(&mut String)) {
        let path = format!("chats/c{chat}.jsonl");
        let Some(bytes) = self.disk.files().get(&path).cloned() else { return };
        let mut text = String::from_utf8(bytes).unwrap();
        edit(&mut text);
        self.disk.plant(&path, text.as_bytes());
        // It is noticed within two seconds; who asks for all to be shown need not wait.
        self.stores.iter().for_each(|store| drop(store.flush_now()));
    }

    fn spoil_cache(&self, cache: &Cache) {
        let rows = self.disk.files().get(ROWS).cloned().unwrap_or_default();
        match cache {
            Cache::Lost => self.disk.plant(ROWS, b""),
            Cache::Torn(at) => self.disk.plant(ROWS, &rows[..at.index(rows.len() + 1)]),
            Cache::Flipped(at) => {
                let mut rows = rows;
                if let Some(byte) = (!rows.is_empty()).then(|| at.index(rows.len())) {
                    rows[byte] ^= 0x10;
                }
                self.disk.plant(ROWS, &rows);
            }
            Cache::Older => self.disk.plant(ROWS, self.caches.first().unwrap_or(&rows)),
        }
    }

    fn step(&mut self, number: usize, step: &Step) {
        let store = &self.stores[number % 2];
        let ask = |name: &str, args: Value| drop(try_call(store, name, args));
        let (c, m) = (|chat: &u8| format!("c{chat}"), |message: &u8| format!("m{message}"));
        match step {
            Step::NewChat(one) => ask("chats.create", json!([chat(&self.world, &c(one))])),
            Step::RemoveChat(one) => ask("chats.delete", json!([c(one)])),
            Step::Add(one, said) => ask("chats.addMessage", json!([c(one), message(&m(said))])),
            Step::Delete(one, said) => ask("chats.deleteMessages", json!([c(one), m(said)])),
            Step::Clear(one) => ask("chats.clearMessages", json!([c(one)])),
            Step::Append(one, said) => {
                let line = json!({"type": "message", "id": m(said), "role": "USER", "content": "y",
                    "createdAt": "2026-01-01T00:00:00.000Z"});
                self.edit(*one, |text| *text += &format!("{line}\n"));
            }
            Step::Empty(one) => self.edit(*one, |text| {
                text.truncate(text.find('\n').map_or(0, |end| end + 1));
            }),
            Step::Spoil(one) => self.edit(*one, |text| *text += "<<<<<<< HEAD\n"),
            Step::Ask(said) => ask("chats.findMessage", json!([m(said)])),
            Step::Flush => drop(store.flush_now()),
            Step::Compact => drop(store.compact_now()),
            Step::Reopen => {
                self.close();
                self.open();
            }
            Step::Cache(cache) => {
                self.close();
                self.spoil_cache(cache);
                self.open();
            }
        }
    }
}

type Place = (Option<String>, Vec<String>);

/// Where a message is, as the chats say one after the other: the first that has it, and the chats that
/// cannot be read as a whole, in which it may be too.
fn where_it_is(store: &Store, message: &str) -> Place {
    let (mut first, mut unreadable) = (None, Vec::new());
    for chat in call(store, "chats.findAll", json!([])).as_array().unwrap() {
        match try_call(store, "chats.getEvents", json!([chat["id"]])) {
            Ok(events) => {
                let has_it = events.as_array().unwrap().iter().any(|event| event["id"] == message);
                first = first.or(has_it.then(|| id(chat)));
            }
            Err(_) => unreadable.push(id(chat)),
        }
    }
    (first, unreadable)
}

/// Is this what `findMessage` must say of a message that is there?
fn fits(found: &Result<Value>, (first, unreadable): &Place) -> bool {
    match found {
        Ok(Value::Null) => first.is_none() && unreadable.is_empty(),
        Ok(found) => {
            let chat = id(&json!({"id": found["chatId"]}));
            first.as_ref() == Some(&chat) || unreadable.contains(&chat)
        }
        Err(_) => first.is_none() && !unreadable.is_empty(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn a_message_is_found_where_the_chats_say_that_it_is(
        steps in proptest::collection::vec(any_step(), 1..24),
    ) {
        let mut all = Processes::new();
        for (number, step) in steps.iter().enumerate() {
            all.step(number, step);
            for store in &all.stores {
                for said in 0..MESSAGES {
                    let said = format!("m{said}");
                    let mut looks = (0..LOOKS).map(|look| {
                        std::thread::sleep(BETWEEN_LOOKS * look);
                        let before = where_it_is(store, &said);
                        let found = try_call(store, "chats.findMessage", json!([said]));
                        (before, found, where_it_is(store, &said))
                    });
                    let is_right = |(before, found, after): &(Place, Result<Value>, Place)| {
                        fits(found, before) || fits(found, after)
                    };
                    prop_assert!(looks.any(|look| is_right(&look)), "{step:?}: {said}");
                }
            }
        }
    }
}

/// How often the disk is asked; where the system tells of changes, an answer needs no look at the files.
#[cfg(target_os = "linux")]
mod counted {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use quilltap_store::disk::{RealDisk, SafePath};
    use quilltap_store::store::{Options, Store};
    use serde_json::json;

    use super::super::hooked_disk::{HookedDisk, Next};
    use super::super::support::{call, world};
    use super::{chat, message};

    #[test]
    fn one_log_is_asked_and_none_for_an_unknown_id() {
        let dir = tempfile::tempdir().unwrap();
        let looks = Arc::new(AtomicUsize::new(0));
        let open = || {
            let (disk, looks) = (RealDisk::open(dir.path()).unwrap(), Arc::clone(&looks));
            let count = move |next, path: &SafePath| {
                let is_look = next != Next::Replace && path.as_str().starts_with("chats/c");
                looks.fetch_add(usize::from(is_look), Ordering::SeqCst);
            };
            let disk = HookedDisk { disk: Arc::new(disk), before: Arc::new(count) };
            Store::open_on(Arc::new(disk), &Options::new("unused")).unwrap()
        };
        let store = open();
        let world = world(&store);
        for number in 0..40 {
            let name = format!("c{number}");
            call(&store, "chats.create", json!([chat(&world, &name)]));
            call(&store, "chats.addMessage", json!([name, message(&format!("m{number}"))]));
        }
        store.close().unwrap();
        let store = open();
        // Who writes files looks at them.
        store.hold_files();
        let looks_for = |id: &str| {
            let before = looks.load(Ordering::SeqCst);
            let found = call(&store, "chats.findMessage", json!([id]));
            (found["chatId"].as_str().map(str::to_owned), looks.load(Ordering::SeqCst) - before)
        };
        assert_eq!(looks_for("nobody").0, None);
        assert_eq!(looks_for("nobody"), (None, 0));
        let (found, asked) = looks_for("m7");
        assert!(found.as_deref() == Some("c7") && asked < 20, "{found:?} {asked}");
        call(&store, "chats.addMessage", json!(["c3", message("new")]));
        let (found, asked) = looks_for("new");
        assert!(found.as_deref() == Some("c3") && asked < 20, "{found:?} {asked}");
        store.close().unwrap();
    }
}
