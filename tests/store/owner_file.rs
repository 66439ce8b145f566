//! A user's file in which something cannot be read: told, and never written over.

use quilltap_store::disk::{Outcome, SimulatedDisk};
use serde_json::json;

use super::support::{call, code, open};

const FIRST: &str = "settings/general.json";
const FURTHER: &str = "settings/users/bb.json";

/// A folder of two users in which one file was edited badly, and the bytes of that file.
fn edited(path: &str, from: &str, to: &str) -> (SimulatedDisk, Vec<u8>) {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    call(&store, "users.create", json!([{"id": "aa", "email": "a@globe.example"}]));
    call(&store, "users.create", json!([{"id": "bb", "email": "b@globe.example"}]));
    store.close().unwrap();
    let text = String::from_utf8(disk.files()[path].clone()).unwrap();
    let bytes = text.replace(from, to).into_bytes();
    disk.plant(path, &bytes);
    (disk, bytes)
}

#[test]
fn no_other_user_is_taken_for_an_owner_who_cannot_be_read() {
    for (from, to) in [("\"a@globe.example\"", "7"), ("\"ALWAYS\"", "7"), ("{", "{ broken")] {
        let (disk, bytes) = edited(FIRST, from, to);
        let store = open(&disk);
        assert_eq!(code(&store, "users.getCurrentUser", json!([])), "CORRUPT");
        assert_eq!(code(&store, "users.findById", json!(["aa"])), "CORRUPT");
        assert_eq!(call(&store, "users.findById", json!(["bb"]))["email"], "b@globe.example");
        assert_eq!(
            code(&store, "auth.createUser", json!([{"email": "a@globe.example"}])),
            "CORRUPT"
        );
        assert_eq!(code(&store, "store.updateSettings", json!([{"flags": {"a": 1}}])), "CORRUPT");
        store.close().unwrap();
        assert_eq!(disk.files()[FIRST], bytes, "{to}");
    }
}

#[test]
fn a_user_and_their_settings_are_read_together_or_not_at_all() {
    for (from, to) in [("\"b@globe.example\"", "7"), ("\"ALWAYS\"", "7")] {
        let (disk, bytes) = edited(FURTHER, from, to);
        let store = open(&disk);
        assert_eq!(call(&store, "users.getCurrentUser", json!([]))["id"], "aa");
        for (name, args) in [
            ("users.findById", json!(["bb"])),
            ("users.update", json!(["bb", {"name": "B"}])),
            ("users.getChatSettings", json!(["bb"])),
            ("users.updateChatSettings", json!(["bb", {"avatarDisplayMode": "NEVER"}])),
            ("users.delete", json!(["bb"])),
        ] {
            assert_eq!(code(&store, name, args), "CORRUPT", "{name}");
        }
        store.close().unwrap();
        assert_eq!(disk.files()[FURTHER], bytes, "{to}");
    }
}

#[test]
fn who_becomes_the_owner_is_not_lost_between_two_files() {
    for seed in 0..64 {
        let disk = SimulatedDisk::new();
        let store = open(&disk);
        for id in ["aa", "bb"] {
            let email = format!("{id}@globe.example");
            call(&store, "users.create", json!([{"id": id, "email": email}]));
        }
        store.close().unwrap();
        let store = open(&disk);
        call(&store, "users.delete", json!(["aa"]));
        store.flush_now().unwrap();
        let store = open(&disk.crash(Outcome::Seed(seed)));
        assert_eq!(call(&store, "users.findById", json!(["bb"]))["id"], "bb", "seed {seed}");
    }
}
