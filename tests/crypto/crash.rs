//! A machine that dies in the middle of a change of the passphrase or of the data key. Whatever was
//! acknowledged holds, every secret opens, and what was half done is gone on with.

use std::sync::Arc;

use quilltap_store::disk::{Fault, Outcome, SimulatedDisk};
use quilltap_store::error::Result;
use quilltap_store::store::{Costs, Options, Store};
use serde_json::{Value, json};

const OUTCOMES: [Outcome; 2] = [Outcome::Lost, Outcome::Seed(1)];
const OLD: &str = "correct horse";
const NEW: &str = "battery staple";
const KEYS: [&str; 2] = ["sk-first", "sk-second"];

fn open(disk: &SimulatedDisk) -> Result<Store> {
    let options = Options { costs: Costs::LOWEST, ..Options::new("unused") };
    Store::open_on(Arc::new(disk.clone()), &options)
}

fn call(store: &Store, name: &str, args: Value) -> Result<Value> {
    store.call(name, &args.to_string()).map(|text| serde_json::from_str(&text).unwrap())
}

/// The files of a store with two API keys and a TOTP secret, closed.
fn prepared() -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let store = open(&disk).unwrap();
    call(&store, "secrets.unlock", json!([OLD])).unwrap();
    let user = json!({"id": "will", "email": "will@globe.example"});
    call(&store, "users.create", json!([user])).unwrap();
    for (id, key) in ["k0", "k1"].iter().zip(KEYS) {
        let data = json!({
            "id": id, "userId": "will", "provider": "OPENAI", "label": id, "key": key,
        });
        call(&store, "connections.createApiKey", json!([data])).unwrap();
    }
    call(&store, "users.setTotpSecret", json!(["will", "JBSWY3DP"])).unwrap();
    store.close().unwrap();
    disk
}

fn copy(prepared: &SimulatedDisk) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    prepared.files().iter().for_each(|(path, bytes)| disk.plant(path, bytes));
    disk
}

fn every_secret_opens(store: &Store) {
    for (id, key) in ["k0", "k1"].iter().zip(KEYS) {
        assert_eq!(call(store, "connections.revealApiKey", json!([id])), Ok(json!(key)));
    }
    assert_eq!(call(store, "users.getTotpSecret", json!(["will"])), Ok(json!("JBSWY3DP")));
}

/// Dies at each operation of `change`; `look` sees the store afterwards, and whether the change was
/// acknowledged.
fn die_everywhere(change: impl Fn(&Store) -> Result<()>, look: impl Fn(&Store, bool, &str)) {
    let prepared = prepared();
    let begin = |disk: &SimulatedDisk| {
        let store = open(disk).unwrap();
        call(&store, "secrets.unlock", json!([OLD])).unwrap();
        store
    };
    let disk = copy(&prepared);
    let store = begin(&disk);
    let first = disk.operations() + 1;
    change(&store).unwrap();
    store.close().unwrap();
    let last = disk.operations();
    assert!(last > first + 3, "a change takes operations: {first} to {last}");
    for at in first..=last {
        for outcome in OUTCOMES {
            let place = format!("operation {at} of {first} to {last}, {outcome:?}");
            let disk = copy(&prepared);
            let store = begin(&disk);
            disk.fail_from(at, Fault::Crash);
            let acknowledged = change(&store).is_ok();
            let _ = store.close();
            let after = disk.crash(outcome);
            let store = open(&after).unwrap_or_else(|error| panic!("{place}: {error}"));
            look(&store, acknowledged, &place);
            store.close().unwrap_or_else(|error| panic!("{place}: {error}"));
        }
    }
}

/// The passphrase of the two that opens the store.
fn unlock_with_either(store: &Store) -> &'static str {
    let [old, new] =
        [OLD, NEW].map(|passphrase| call(store, "secrets.unlock", json!([passphrase])));
    match (old, new) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) if error.code().name() != "WRONG_PASSPHRASE" => {
            panic!("{error}")
        }
        (Ok(_), Err(_)) => OLD,
        (Err(_), Ok(_)) => NEW,
        both => panic!("exactly one opens it: {both:?}"),
    }
}

#[test]
fn a_passphrase_is_the_old_one_or_the_new_one() {
    die_everywhere(
        |store| call(store, "secrets.changePassphrase", json!([NEW])).map(|_| ()),
        |store, acknowledged, place| {
            let passphrase = unlock_with_either(store);
            assert!(!acknowledged || passphrase == NEW, "{place}: what was acknowledged holds");
            every_secret_opens(store);
        },
    );
}

#[test]
fn a_rotation_is_gone_on_with() {
    die_everywhere(
        |store| call(store, "secrets.rotateKey", json!([])).map(|_| ()),
        |store, acknowledged, place| {
            call(store, "secrets.unlock", json!([OLD])).unwrap();
            every_secret_opens(store);
            let status = || call(store, "secrets.status", json!([])).unwrap();
            let rotating = status()["rotating"] == true;
            assert!(!(acknowledged && rotating), "{place}: what was acknowledged has ended");
            if rotating {
                call(store, "secrets.rotateKey", json!([])).unwrap();
            }
            let status = status();
            assert_eq!(status["rotating"], false, "{place}");
            every_secret_opens(store);
            let current = status["keyId"].as_str().unwrap();
            let keys = call(store, "connections.getAllApiKeys", json!([])).unwrap();
            for key in keys.as_array().unwrap() {
                assert!(key["ciphertext"].as_str().unwrap().contains(current), "{place}");
            }
        },
    );
}
