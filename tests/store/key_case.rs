//! Keys of one model never differ in case only, not even for as long as a file of the one before may be about:
//! on a disk that knows no case their files are one.

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::Store;
use serde_json::{Value, json};

use super::support::{World, call, character, open, try_call, world};

/// The collections whose keys are names of files: a file a record, rows that own logs, the users.
const NAMED: [&str; 3] = ["characters", "chats", "users"];

fn record(world: &World, collection: &str, key: &str) -> Value {
    match collection {
        "characters" => {
            let mut character = character(&world.user, key);
            character["id"] = json!(key);
            character
        }
        "chats" => json!({"id": key, "userId": world.user, "characterId": world.character,
            "connectionProfileId": world.profile, "title": "Act II"}),
        "tags" => json!({"id": key, "userId": world.user, "name": key}),
        _ => json!({"id": key, "email": format!("{key}@Globe.example")}),
    }
}

/// Creates a record with this key; gives why not.
fn refusal(store: &Store, world: &World, collection: &str, key: &str) -> Option<String> {
    let created =
        try_call(store, &format!("{collection}.create"), json!([record(world, collection, key)]));
    created.err().map(|error| error.message().to_owned())
}

#[test]
fn a_key_in_another_case_waits_until_the_file_of_a_deleted_record_is_gone() {
    for collection in NAMED {
        for (old, new) in [("Yorick", "yorick"), ("yorick", "Yorick"), ("yoRick", "YORICK")] {
            let disk = SimulatedDisk::new();
            let store = open(&disk);
            let world = world(&store);
            let refusal = |store: &Store, key: &str| refusal(store, &world, collection, key);
            let delete = |store: &Store| call(store, &format!("{collection}.delete"), json!([old]));
            assert_eq!(refusal(&store, old), None);
            assert!(refusal(&store, new).unwrap().contains("of another"), "{collection} {new}");
            delete(&store);
            let told = refusal(&store, new).expect(new);
            assert!(told.contains("just deleted") && told.contains("use another key"), "{told}");
            // Another process knows it from the journal.
            assert_eq!(refusal(&open(&disk), new), Some(told));
            assert_eq!(refusal(&store, old), None, "{collection}: the same key is free");
            delete(&store);
            store.close().unwrap();
            assert_eq!(refusal(&open(&disk), new), None, "{collection} {new}: all is written");
        }
    }
}

#[test]
fn a_transaction_makes_no_two_keys_that_differ_in_case_only() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    for (first, second) in [("Osric", "osric"), ("reynaldo", "Reynaldo")] {
        for collection in NAMED.iter().chain(&["tags"]) {
            store
                .transaction(|tx| {
                    let create = |key: &str| {
                        let args = json!([record(&world, collection, key)]).to_string();
                        tx.call(&format!("{collection}.create"), &args)
                    };
                    create(first)?;
                    let told = create(second).expect_err(second);
                    assert!(
                        told.message().contains("of another"),
                        "{collection}: {}",
                        told.message()
                    );
                    tx.call(&format!("{collection}.delete"), &json!([first]).to_string())?;
                    let again = create(second);
                    // Tags stand in one file together.
                    assert_eq!(again.is_ok(), *collection == "tags", "{collection} {second}");
                    Ok(())
                })
                .unwrap();
        }
    }
}
