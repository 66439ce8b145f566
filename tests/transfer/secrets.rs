//! Secrets that the app encrypted itself.

use quilltap_store::progress::Unheard;
use quilltap_store::store::{Options, Secret, Store};
use quilltap_store::transfer::{Import, Reseal, import};
use serde_json::Value;

use super::{asked, files_of, fixture, verified};

const ORACLE: &str = include_str!("../../__test__/prisma/oracle/world.json");

fn world() -> Value {
    serde_json::from_str(ORACLE).unwrap()
}

fn with_pepper(folder: &std::path::Path, pepper: &str) -> Import {
    let secret = |text: &str| Secret::copy_of(text.as_bytes());
    let mut asked = asked(&fixture("world.sql"), folder);
    asked.reseal = Some(Reseal { pepper: secret(pepper), passphrase: secret("correct horse") });
    asked
}

#[test]
fn they_are_sealed_anew_and_open_with_the_passphrase() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("data");
    let world = world();
    let asked = with_pepper(&folder, world["encryption"]["salt"].as_str().unwrap());
    let report = import(&asked, &Unheard).unwrap();
    assert!(report.written, "{:?}", report.problems);
    let store = Store::open(Options::new(&folder)).unwrap();
    let passphrase = Some(Secret::copy_of(b"correct horse"));
    store.call_with("secrets.unlock", "[]", passphrase).unwrap();
    let mut opened = 0;
    for key in world["rows"]["ApiKey"].as_array().unwrap() {
        let id = key["id"].as_str().unwrap();
        let clear = store.call("connections.revealApiKey", &format!("[\"{id}\"]")).unwrap();
        let plain = plain_text(&world, "ApiKey", id);
        assert_eq!(serde_json::from_str::<Value>(&clear).unwrap(), plain, "{id}");
        opened += 1;
    }
    for user in world["rows"]["User"].as_array().unwrap() {
        let id = user["id"].as_str().unwrap();
        let plain = plain_text(&world, "User.totpSecret", id);
        if plain.is_string() {
            let clear = store.call("users.getTotpSecret", &format!("[\"{id}\"]")).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&clear).unwrap(), plain, "{id}");
            opened += 1;
        }
        if let Value::String(codes) = plain_text(&world, "User.backupCodes", id) {
            let codes: Vec<String> = serde_json::from_str(&codes).unwrap();
            let used =
                store.call("users.consumeBackupCode", &format!("[\"{id}\",\"{}\"]", codes[0]));
            assert_eq!(used.unwrap(), "true");
            opened += 1;
        }
    }
    store.close().unwrap();
    assert_eq!(report.resealed, opened);
    assert!(opened > 6);
}

#[test]
fn a_verification_says_what_it_could_not_compare_and_a_second_import_changes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("data");
    let asked = with_pepper(&folder, world()["encryption"]["salt"].as_str().unwrap());
    let first = import(&asked, &Unheard).unwrap();
    let check = verified(&fixture("world.sql"), &folder);
    assert!(check.clean, "{:?}", check.differences);
    assert_eq!(check.resealed.values().sum::<u64>(), first.resealed);
    let files = files_of(&folder);
    let again = import(&asked, &Unheard).unwrap();
    assert!(again.written, "{:?}", again.problems);
    assert_eq!((again.resealed, files_of(&folder) == files), (0, true));
}

#[test]
fn another_pepper_is_told_before_anything_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("data");
    let report = import(&with_pepper(&folder, "another pepper"), &Unheard).unwrap();
    assert!(!report.written && !folder.exists());
    let told = &report.problems.told;
    assert!(told.iter().all(|problem| problem.message.contains("pepper")), "{told:#?}");
    assert!(told.iter().any(|problem| problem.table == "api_keys"));
    assert!(told.iter().any(|problem| problem.table == "users"));
}

fn plain_text(world: &Value, field: &str, id: &str) -> Value {
    world["plaintexts"][&format!("{field} {id}")].clone()
}
