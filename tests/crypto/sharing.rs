//! Two engines on one folder, as two processes have them: one changes keys while the other reads and
//! writes secrets.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use quilltap_store::disk::RealDisk;
use quilltap_store::error::{Code, Result};
use quilltap_store::store::{Costs, Durability, Options, Store};
use serde_json::{Value, json};

fn open(folder: &Path) -> Store {
    let disk = RealDisk::open(folder).unwrap();
    let options =
        Options { costs: Costs::LOWEST, durability: Durability::Batched, ..Options::new(folder) };
    Store::open_on(Arc::new(disk), &options).unwrap()
}

fn try_call(store: &Store, name: &str, args: Value) -> Result<Value> {
    store.call(name, &args.to_string()).map(|text| serde_json::from_str(&text).unwrap())
}

fn call(store: &Store, name: &str, args: Value) -> Value {
    try_call(store, name, args).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn api_key(id: &str) -> Value {
    json!({"id": id, "userId": "will", "provider": "OPENAI", "label": id, "key": clear(id)})
}

fn clear(id: &str) -> String {
    format!("sk-{id}")
}

/// Two engines, both unlocked, and a user.
fn two(folder: &Path) -> [Store; 2] {
    let both = [open(folder), open(folder)];
    for store in &both {
        call(store, "secrets.unlock", json!(["correct horse"]));
    }
    call(&both[0], "users.create", json!([{"id": "will", "email": "will@globe.example"}]));
    both
}

#[test]
fn the_first_passphrase_wins_whoever_gives_it() {
    let folder = tempfile::tempdir().unwrap();
    let both = [open(folder.path()), open(folder.path())];
    let unlocked = thread::scope(|scope| {
        let tries = [(&both[0], "one"), (&both[1], "two")].map(|(store, passphrase)| {
            scope.spawn(move || try_call(store, "secrets.unlock", json!([passphrase])))
        });
        tries.map(|handle| handle.join().unwrap())
    });
    let codes = unlocked.map(|result| result.err().map(|error| error.code()));
    let wrong = Some(Code::WrongPassphrase);
    assert!(codes == [None, wrong] || codes == [wrong, None], "{codes:?}");
    both.iter().for_each(|store| store.close().unwrap());
}

#[test]
fn secrets_are_read_and_written_while_another_process_rotates() {
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs] = two(folder.path());
    // More than one commit of a rotation takes.
    let many = 600;
    for number in 0..many {
        call(&ours, "connections.createApiKey", json!([api_key(&format!("k{number}"))]));
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                call(&ours, "secrets.rotateKey", json!([]));
            }
            done.store(true, Ordering::Release);
        });
        let mut number = 0;
        while !done.load(Ordering::Acquire) {
            number += 1;
            let (old, new) = (format!("k{}", number * 7 % many), format!("n{number}"));
            let revealed = call(&theirs, "connections.revealApiKey", json!([old]));
            assert_eq!(revealed, json!(clear(&old)));
            call(&theirs, "connections.createApiKey", json!([api_key(&new)]));
            let revealed = call(&ours, "connections.revealApiKey", json!([new]));
            assert_eq!(revealed, json!(clear(&new)));
        }
    });
    let status = call(&theirs, "secrets.status", json!([]));
    assert_eq!(status["rotating"], false);
    let current = status["keyId"].as_str().unwrap();
    for key in call(&theirs, "connections.getAllApiKeys", json!([])).as_array().unwrap() {
        assert!(key["ciphertext"].as_str().unwrap().contains(current), "{key}");
    }
    for store in [ours, theirs] {
        store.close().unwrap();
    }
}

#[test]
fn a_process_follows_another_passphrase_and_learns_of_a_lock_from_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs] = two(folder.path());
    call(&ours, "connections.createApiKey", json!([api_key("k")]));
    call(&ours, "secrets.changePassphrase", json!(["battery staple"]));
    call(&ours, "secrets.lock", json!([]));
    assert_eq!(call(&theirs, "connections.revealApiKey", json!(["k"])), json!(clear("k")));
    let locked = try_call(&ours, "connections.revealApiKey", json!(["k"])).expect_err("locked");
    assert_eq!(locked.code(), Code::NoPassphrase);
    let old = try_call(&ours, "secrets.unlock", json!(["correct horse"])).expect_err("the old one");
    assert_eq!(old.code(), Code::WrongPassphrase);
    call(&ours, "secrets.unlock", json!(["battery staple"]));
    assert_eq!(call(&ours, "connections.revealApiKey", json!(["k"])), json!(clear("k")));
    for store in [ours, theirs] {
        store.close().unwrap();
    }
}

#[test]
fn a_backup_code_is_good_once_among_processes() {
    let folder = tempfile::tempdir().unwrap();
    let both = two(folder.path());
    let codes = ["aaaa-1111", "bbbb-2222", "cccc-3333"];
    call(&both[0], "users.setBackupCodes", json!(["will", codes]));
    for code in codes {
        let good = thread::scope(|scope| {
            let tries = [&both[0], &both[1], &both[0]].map(|store| {
                scope.spawn(move || call(store, "users.consumeBackupCode", json!(["will", code])))
            });
            tries
                .into_iter()
                .map(|handle| handle.join().unwrap())
                .filter(|good| *good == true)
                .count()
        });
        assert_eq!(good, 1, "{code}");
    }
    let left = call(&both[1], "users.getBackupCodes", json!(["will"]));
    assert_eq!(left["remaining"], 0);
    both.iter().for_each(|store| store.close().unwrap());
}
