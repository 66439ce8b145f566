//! A folder stands in the place of a log, or of a record, that a change is on its way into, and the
//! machine dies at any moment after that: what opens has everything else at once, and that change when
//! the file is put back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use quilltap_store::disk::{Disk, SafePath, SimulatedDisk};
use quilltap_store::store::{Durability, Store};
use serde_json::{Value, json};

use super::step;
use crate::support::{call, code, try_call, world};

/// Outcomes of a crash that are looked at.
const OUTCOMES: usize = 4;

fn open(disk: &SimulatedDisk) -> Store {
    step::open(disk, Durability::Strict).unwrap()
}

fn say(store: &Store, chat: &str, id: &str) {
    call(store, "chats.addMessage", json!([chat, {"id": id, "role": "USER", "content": "x"}]));
}

fn count(store: &Store, chat: &str) -> usize {
    call(store, "chats.getMessages", json!([chat])).as_array().unwrap().len()
}

/// Moves a file aside, or back.
fn swap(disk: &SimulatedDisk, path: &str, is_back: bool) {
    let safe = |path: &str| SafePath::new(path).unwrap();
    let (place, aside) = (safe(path), safe(&format!("{path}.kept")));
    if is_back {
        assert!(disk.remove_dir(&place).unwrap());
        disk.rename(&aside, &place).unwrap();
    } else {
        disk.rename(&place, &aside).unwrap();
        disk.create_dir(&place).unwrap();
    }
    disk.sync_dir(&place.parent().unwrap()).unwrap();
}

struct Case {
    path: String,
    change: (&'static str, Value),
    question: (&'static str, Value),
}

/// Two chats with a message each, at rest, and the changes whose files are spoilt.
fn cases(disk: &SimulatedDisk) -> [Case; 2] {
    let store = open(disk);
    let one = world(&store);
    let mut chat = call(&store, "chats.findById", json!([one.chat]));
    chat["id"] = "second".into();
    call(&store, "chats.create", json!([chat]));
    say(&store, &one.chat, "m1");
    say(&store, "second", "m2");
    store.close().unwrap();
    let message = json!([one.chat, {"id": "m3", "role": "USER", "content": "pending"}]);
    [
        Case {
            path: format!("chats/{}.jsonl", one.chat),
            change: ("chats.addMessage", message),
            question: ("chats.getMessages", json!([one.chat])),
        },
        Case {
            path: format!("characters/{}.json", one.character),
            change: ("characters.update", json!([one.character, {"title": "pending"}])),
            question: ("characters.findById", json!([one.character])),
        },
    ]
}

/// Every moment from when the file was spoilt on, and how many messages were acknowledged by then.
fn moments(disk: &SimulatedDisk, case: &Case) -> Vec<(SimulatedDisk, usize)> {
    let store = open(disk);
    call(&store, case.change.0, case.change.1.clone());
    swap(disk, &case.path, false);
    let acknowledged = Arc::new(AtomicUsize::new(1));
    let moments = Arc::new(Mutex::new(Vec::new()));
    let (told, seen) = (Arc::clone(&acknowledged), Arc::clone(&moments));
    disk.watch(move |copy| seen.lock().unwrap().push((copy, told.load(Ordering::SeqCst))));
    for number in 0..2 {
        say(&store, "second", &format!("later{number}"));
        acknowledged.fetch_add(1, Ordering::SeqCst);
        assert_eq!(store.flush_now().unwrap_err().file(), Some(&*case.path));
    }
    assert_eq!(store.compact_now().unwrap_err().file(), Some(&*case.path));
    assert_eq!(store.close().unwrap_err().file(), Some(&*case.path));
    std::mem::take(&mut *moments.lock().unwrap())
}

#[test]
fn what_cannot_be_written_survives_any_crash_until_it_can_be() {
    for number in 0..2 {
        let disk = SimulatedDisk::new();
        let case = cases(&disk).into_iter().nth(number).unwrap();
        let moments = moments(&disk, &case);
        assert!(moments.len() >= 8, "{}: {}", case.path, moments.len());
        for (at, (moment, acknowledged)) in moments.iter().enumerate() {
            for outcome in moment.crash_outcomes(OUTCOMES, at as u64) {
                let crashed = moment.crash(outcome);
                let label = format!("{} at {at}, {outcome:?}", case.path);
                if number == 0 {
                    let store = open(&crashed);
                    let found = count(&store, "second");
                    assert!(
                        (*acknowledged..=acknowledged + 1).contains(&found),
                        "{label}: {found}"
                    );
                    assert_eq!(code(&store, case.question.0, case.question.1.clone()), "CORRUPT");
                    assert_eq!(store.close().unwrap_err().file(), Some(&*case.path), "{label}");
                }
                swap(&crashed, &case.path, true);
                let store = open(&crashed);
                let found = try_call(&store, case.question.0, case.question.1.clone());
                let found = found.unwrap_or_else(|error| panic!("{label}: {error}")).to_string();
                assert!(found.contains("pending"), "{label}: {found}");
                assert!(count(&store, "second") >= *acknowledged, "{label}");
                store.close().unwrap_or_else(|error| panic!("{label}: {error}"));
                let is_journal = |path: &String| path.starts_with("journal/");
                assert!(!crashed.files().keys().any(is_journal), "{label}");
            }
        }
    }
}
