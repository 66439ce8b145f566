//! What is sealed, who can open it, and what becomes of it when keys change.

use quilltap_store::disk::{Fault, Outcome, SimulatedDisk};
use quilltap_store::store::{Costs, Declaration, Options, Store};
use serde_json::{Value, json};

use super::support::{call, code, id, try_call};

const PASSPHRASE: &str = "correct horse";
const CLEAR: &str = "sk-pl4nted";

fn options() -> Options {
    let declared = json!({ "collections": { "notes": { "file": "notes/{id}.json", "fields": {
        "title": {"type": "string"},
        "pin": {"type": "string", "secret": true, "optional": true},
    } } } });
    let declaration = Declaration::parse(&declared.to_string()).unwrap();
    Options { costs: Costs::LOWEST, declaration, ..Options::new("unused") }
}

fn open(disk: &SimulatedDisk) -> Store {
    crate::support::open_with(disk, options()).unwrap()
}

fn unlock(store: &Store) {
    call(store, "secrets.unlock", json!([PASSPHRASE]));
}

/// A store that is unlocked, and a user.
fn unlocked(disk: &SimulatedDisk) -> (Store, String) {
    let store = open(disk);
    let user = id(&call(&store, "users.create", json!([{"email": "will@globe.example"}])));
    unlock(&store);
    (store, user)
}

fn create_key(store: &Store, user: &str, clear: &str) -> Value {
    let key = json!({"userId": user, "provider": "OPENAI", "label": "l", "key": clear});
    call(store, "connections.createApiKey", json!([key]))
}

fn reveal_key(store: &Store, key: &str) -> Value {
    call(store, "connections.revealApiKey", json!([key]))
}

fn parts(record: &Value) -> Value {
    json!({"ciphertext": record["ciphertext"], "iv": record["iv"], "authTag": record["authTag"]})
}

/// Everything on the disk, the journal too.
fn everything(disk: &SimulatedDisk) -> String {
    disk.files().values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
}

#[test]
fn a_key_is_kept_sealed_and_given_to_its_user() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    let key = create_key(&store, &user, CLEAR);
    assert!(key["ciphertext"].as_str().unwrap().starts_with("qts2."), "{key}");
    assert_eq!(key.get("key"), None);
    assert_eq!(reveal_key(&store, &id(&key)), CLEAR);
    assert_eq!(call(&store, "connections.revealApiKey", json!([id(&key), user])), CLEAR);
    assert_eq!(call(&store, "connections.revealApiKey", json!([id(&key), "other"])), Value::Null);
    assert_eq!(reveal_key(&store, "none"), Value::Null);
    let changed = json!([id(&key), {"key": "sk-pl4nted \"2\" \u{1f511}", "label": "new"}]);
    assert_eq!(call(&store, "connections.updateApiKey", changed)["label"], "new");
    assert_eq!(reveal_key(&store, &id(&key)), "sk-pl4nted \"2\" \u{1f511}");
    assert!(!everything(&disk).contains("pl4nted"));
    store.flush_now().unwrap();
    assert!(!everything(&disk).contains("pl4nted"));
}

#[test]
fn without_a_passphrase_all_but_the_secrets_works() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    let key = id(&create_key(&store, &user, CLEAR));
    store.close().unwrap();
    let store = open(&disk);
    assert_eq!(code(&store, "connections.revealApiKey", json!([key])), "NO_PASSPHRASE");
    assert!(call(&store, "connections.findApiKeyById", json!([key]))["ciphertext"].is_string());
    call(&store, "connections.updateApiKey", json!([key, {"label": "other"}]));
    call(&store, "notes.create", json!([{"title": "no pin"}]));
    assert_eq!(code(&store, "notes.create", json!([{"title": "", "pin": "1"}])), "NO_PASSPHRASE");
    assert_eq!(code(&store, "secrets.rotateKey", json!([])), "NO_PASSPHRASE");
    assert_eq!(code(&store, "secrets.unlock", json!(["wrong"])), "WRONG_PASSPHRASE");
    assert_eq!(code(&store, "connections.revealApiKey", json!([key])), "NO_PASSPHRASE");
    unlock(&store);
    assert_eq!(reveal_key(&store, &key), CLEAR);
    // Unlocked or not, a wrong one is told.
    assert_eq!(code(&store, "secrets.unlock", json!(["wrong"])), "WRONG_PASSPHRASE");
    call(&store, "secrets.lock", json!([]));
    assert_eq!(code(&store, "connections.revealApiKey", json!([key])), "NO_PASSPHRASE");
}

#[test]
fn what_is_moved_edited_or_from_elsewhere_does_not_open() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    let (one, two) = (create_key(&store, &user, "one"), create_key(&store, &user, "two"));
    call(&store, "connections.updateApiKey", json!([id(&one), parts(&two)]));
    assert_eq!(code(&store, "connections.revealApiKey", json!([id(&one)])), "TAMPERED");
    assert_eq!(reveal_key(&store, &id(&two)), "two");
    let mut edited = parts(&two);
    edited["authTag"] = parts(&one)["authTag"].clone();
    call(&store, "connections.updateApiKey", json!([id(&two), edited]));
    assert_eq!(code(&store, "connections.revealApiKey", json!([id(&two)])), "TAMPERED");

    let totp = call(&store, "users.setTotpSecret", json!([user, "JBSWY3DP"]))["totp"].clone();
    let other = json!([{"email": "kit@globe.example", "totp": totp}]);
    let other = id(&call(&store, "users.create", other));
    assert_eq!(code(&store, "users.getTotpSecret", json!([other])), "TAMPERED");
    assert_eq!(call(&store, "users.getTotpSecret", json!([user])), "JBSWY3DP");

    let pin = call(&store, "notes.create", json!([{"title": "a", "pin": "1"}]))["pin"].clone();
    let moved = json!([{"title": "b", "pin": pin}]);
    assert_eq!(code(&store, "notes.create", moved), "TAMPERED");
    let (elsewhere, _) = unlocked(&SimulatedDisk::new());
    let sealed = call(&elsewhere, "sealing.encryptJson", json!([1]));
    assert_eq!(code(&store, "sealing.decryptJson", json!([sealed])), "TAMPERED");
}

#[test]
fn a_field_of_a_collection_that_is_marked_secret_is_sealed() {
    let disk = SimulatedDisk::new();
    let (store, _) = unlocked(&disk);
    let note = call(&store, "notes.create", json!([{"title": "t", "pin": "pl4nted 1"}]));
    let reveal = |note: &str| call(&store, "notes.reveal", json!([note, "pin"]));
    assert_eq!(reveal(&id(&note)), "pl4nted 1");
    // Given back as it was read it stays; another text is sealed.
    assert_eq!(
        call(&store, "notes.update", json!([id(&note), {"pin": note["pin"]}]))["pin"],
        note["pin"]
    );
    call(&store, "notes.update", json!([id(&note), {"pin": "pl4nted 2"}]));
    assert_eq!(reveal(&id(&note)), "pl4nted 2");
    call(&store, "notes.createMany", json!([[{"title": "m", "pin": "pl4nted 3"}]]));
    let upsert = json!([{"where": {"id": "up"}, "create": {"id": "up", "title": "u", "pin": "pl4nted 4"},
        "update": {"pin": "pl4nted 5"}}]);
    for expected in ["pl4nted 4", "pl4nted 5"] {
        call(&store, "notes.upsert", upsert.clone());
        assert_eq!(reveal("up"), expected);
    }
    call(&store, "notes.update", json!(["up", {"pin": null}]));
    assert_eq!(reveal("up"), Value::Null);
    assert_eq!(code(&store, "notes.reveal", json!(["up", "title"])), "VALIDATION");
    let error =
        try_call(&store, "notes.create", json!([{"title": 7, "pin": 123_456}])).unwrap_err();
    assert_eq!((error.code().name(), error.all_issues().len()), ("VALIDATION", 2));
    assert!(!error.to_json().contains("123456"), "{error}");
    store.flush_now().unwrap();
    assert!(!everything(&disk).contains("pl4nted"));
}

#[test]
fn a_secret_that_somebody_wrote_clear_is_read_and_then_sealed() {
    let disk = SimulatedDisk::new();
    let (store, _) = unlocked(&disk);
    call(&store, "notes.create", json!([{"id": "n", "title": "t"}]));
    store.close().unwrap();
    let file = String::from_utf8(disk.files()["notes/n.json"].clone()).unwrap();
    disk.plant(
        "notes/n.json",
        file.replace("\"title\"", "\"pin\": \"by hand\",\n  \"title\"").as_bytes(),
    );
    let store = open(&disk);
    assert_eq!(call(&store, "notes.reveal", json!(["n", "pin"])), "by hand");
    // Locked, the rest can be changed; unlocked, the next change seals it.
    assert_eq!(call(&store, "notes.update", json!(["n", {"title": "x"}]))["pin"], "by hand");
    unlock(&store);
    let sealed = call(&store, "notes.update", json!(["n", {"title": "y"}]));
    assert!(sealed["pin"].as_str().unwrap().starts_with("qts2."));
    assert_eq!(call(&store, "notes.reveal", json!(["n", "pin"])), "by hand");
}

#[test]
fn another_passphrase_and_the_recovery_key_open_what_was_sealed_before() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    let key = create_key(&store, &user, CLEAR);
    let recovery = call(&store, "secrets.createRecoveryKey", json!([]));
    call(&store, "secrets.changePassphrase", json!(["battery staple"]));
    assert_eq!(call(&store, "connections.findApiKeyById", json!([id(&key)])), key);
    assert!(!everything(&disk).contains(recovery.as_str().unwrap()));
    store.close().unwrap();
    let store = open(&disk);
    assert_eq!(code(&store, "secrets.unlock", json!([PASSPHRASE])), "WRONG_PASSPHRASE");
    let wrong = json!(["XSFRW-SF0V7-M87E2-KJD2X-VJCWH-WW49M-BJ2NS-NTKXD", "third"]);
    assert_eq!(code(&store, "secrets.recover", wrong), "WRONG_PASSPHRASE");
    assert_eq!(code(&store, "secrets.recover", json!(["mistyped", "third"])), "VALIDATION");
    call(&store, "secrets.recover", json!([recovery, "third"]));
    assert_eq!(reveal_key(&store, &id(&key)), CLEAR);
    store.close().unwrap();
    let store = open(&disk);
    call(&store, "secrets.unlock", json!(["third"]));
    assert_eq!(reveal_key(&store, &id(&key)), CLEAR);
    let status = call(&store, "secrets.status", json!([]));
    assert_eq!((&status["unlocked"], &status["rotating"]), (&json!(true), &json!(false)));
    assert!(status["recoveryKeySince"].is_string(), "{status}");
}

#[test]
fn everything_that_is_sealed_is_sealed_anew() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    store.hold_clock(1_780_000_000_000);
    let key = create_key(&store, &user, CLEAR);
    let broken = create_key(&store, &user, "broken");
    call(&store, "connections.updateApiKey", json!([id(&broken), {"authTag": "AAAA"}]));
    call(&store, "users.setTotpSecret", json!([user, "JBSWY3DP", {"enabled": true}]));
    call(&store, "users.setBackupCodes", json!([user, ["abcd-1234"]]));
    call(&store, "notes.create", json!([{"id": "n", "title": "t", "pin": "1"}]));
    let account = json!({"userId": user, "type": "oauth", "provider": "p", "providerAccountId": "1", "access_token": "at"});
    call(&store, "auth.linkAccount", json!([account, {"encryptTokens": true}]));
    let kept = call(&store, "sealing.encryptJson", json!([{"a": 1}, "context"]));
    let old = call(&store, "secrets.status", json!([]))["keyId"].clone();
    store.hold_clock(1_790_000_000_000);
    let report = call(&store, "secrets.rotateKey", json!([]));
    assert_eq!(report["resealed"], 5);
    let unreadable = json!([{"model": "ApiKey", "id": id(&broken), "field": "key"}]);
    assert_eq!(report["unreadable"], unreadable);
    store.flush_now().unwrap();
    let journal_free: String = disk
        .files()
        .iter()
        .filter(|(path, _)| !path.starts_with("journal/"))
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    // The old key's id stands in the settings, and in what could not be read.
    assert_eq!(journal_free.matches(&format!("qts2.{}", old.as_str().unwrap())).count(), 1);
    let after = call(&store, "connections.findApiKeyById", json!([id(&key)]));
    assert_eq!(after["updatedAt"], key["updatedAt"]);
    assert_eq!(reveal_key(&store, &id(&key)), CLEAR);
    assert_eq!(call(&store, "users.getTotpSecret", json!([user])), "JBSWY3DP");
    assert_eq!(call(&store, "users.findById", json!([user]))["totp"]["enabled"], true);
    assert_eq!(call(&store, "users.consumeBackupCode", json!([user, "ABCD 1234"])), true);
    assert_eq!(call(&store, "notes.reveal", json!(["n", "pin"])), "1");
    let shown = call(&store, "auth.getAccount", json!(["1", "p"]));
    assert_eq!(shown["access_token"], "at");
    // What the app keeps itself opens with the old key.
    assert_eq!(call(&store, "sealing.decryptJson", json!([kept, "context"])), json!({"a": 1}));
    assert_eq!(code(&store, "sealing.decryptJson", json!([kept, "other"])), "TAMPERED");
}

#[test]
fn a_rotation_of_many_records_that_was_cut_off_is_gone_on_with() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    let keys: Vec<String> =
        (0..300).map(|n| id(&create_key(&store, &user, &n.to_string()))).collect();
    let old = call(&store, "secrets.status", json!([]))["keyId"].clone();
    store.close().unwrap();
    let all_open = |store: &Store| {
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(reveal_key(store, key), json!(number.to_string()));
        }
    };
    let mut interrupted = 0;
    for step in 1..12 {
        let image = disk.kill();
        let store = open(&image);
        unlock(&store);
        image.fail_from(image.operations() + step, Fault::Crash);
        let done = try_call(&store, "secrets.rotateKey", json!([]));
        let _ = store.close();
        let store = open(&image.crash(Outcome::Lost));
        unlock(&store);
        let status = call(&store, "secrets.status", json!([]));
        let rotating = status["rotating"] == true;
        assert!(!rotating || done.is_err(), "what was done is not going on");
        interrupted += usize::from(rotating);
        all_open(&store);
        if rotating {
            call(&store, "secrets.rotateKey", json!([]));
            let now = call(&store, "secrets.status", json!([]));
            assert_eq!((&now["rotating"], &now["keyId"]), (&json!(false), &status["keyId"]));
            let all = call(&store, "connections.getAllApiKeys", json!([])).to_string();
            assert!(!all.contains(old.as_str().unwrap()));
            all_open(&store);
        }
    }
    assert!(interrupted > 0, "no crash fell between two commits");
}

#[test]
fn who_guesses_backup_codes_must_wait_and_keeps_nobody_else_waiting() {
    const START: i64 = 1_900_000_000_000;
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    let other = id(&call(&store, "users.create", json!([{ "email": "other@example.test" }])));
    for user in [&user, &other] {
        call(&store, "users.setBackupCodes", json!([user, ["pl4nted-1", "pl4nted-2"]]));
    }
    store.hold_clock(START);
    let consume =
        |user: &str, code: &str| try_call(&store, "users.consumeBackupCode", json!([user, code]));
    for _ in 0..10 {
        assert_eq!(consume(&user, "guess").unwrap(), false);
    }
    let error = consume(&user, "pl4nted-1").unwrap_err();
    assert_eq!(error.code().name(), "LOCKED", "{error}");
    assert_eq!(consume(&other, "pl4nted-1").unwrap(), true);
    store.hold_clock(START + 1_000);
    assert_eq!(consume(&user, "pl4nted-1").unwrap(), true);
    // A right one makes the next ones free again.
    assert_eq!(consume(&user, "guess").unwrap(), false);
    assert_eq!(consume(&user, "pl4nted-2").unwrap(), true);
}

#[test]
fn backup_codes_are_good_once_and_kept_as_hashes() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    assert_eq!(call(&store, "users.getBackupCodes", json!([user])), Value::Null);
    assert_eq!(call(&store, "users.consumeBackupCode", json!([user, "x"])), false);
    assert_eq!(call(&store, "users.setBackupCodes", json!(["none", ["x"]])), Value::Null);
    let made = call(&store, "users.setBackupCodes", json!([user, ["pl4nted-1", "pl4nted-2"]]));
    assert_eq!(made["remaining"], 2);
    let consume = |code: &str| call(&store, "users.consumeBackupCode", json!([user, code]));
    assert_eq!(
        (consume("pl4nted-3"), consume(""), consume("PL4NTED1"), consume("pl4nted-1")),
        (json!(false), json!(false), json!(true), json!(false))
    );
    let left = call(&store, "users.getBackupCodes", json!([user]));
    assert_eq!((&left["remaining"], &left["createdAt"]), (&json!(1), &made["createdAt"]));
    let error = try_call(&store, "users.setBackupCodes", json!([user, [123_456]])).unwrap_err();
    assert!(!error.to_json().contains("123456"), "{error}");
    store.flush_now().unwrap();
    assert!(!everything(&disk).to_lowercase().contains("pl4nted"));
}

#[test]
fn the_keys_are_made_with_the_first_secret_also_in_a_transaction() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    assert_eq!(call(&store, "secrets.status", json!([]))["initialized"], false);
    let failed = store.transaction(|tx| {
        tx.call("secrets.unlock", &json!([PASSPHRASE]).to_string())?;
        tx.call("notes.create", &json!([{"id": "a", "title": "t", "pin": "1"}]).to_string())?;
        tx.call("notes.create", "[{}]")
    });
    assert_eq!(failed.unwrap_err().code().name(), "VALIDATION");
    assert_eq!(call(&store, "secrets.status", json!([]))["initialized"], false);
    store
        .transaction(|tx| {
            tx.call("secrets.unlock", &json!([PASSPHRASE]).to_string())?;
            tx.call("notes.create", &json!([{"id": "a", "title": "t", "pin": "1"}]).to_string())?;
            tx.call("notes.reveal", "[\"a\",\"pin\"]")
        })
        .unwrap();
    store.close().unwrap();
    let store = open(&disk);
    unlock(&store);
    assert_eq!(call(&store, "notes.reveal", json!(["a", "pin"])), "1");
}

#[test]
fn keys_that_are_lost_are_not_replaced_while_something_is_sealed() {
    let disk = SimulatedDisk::new();
    let (store, user) = unlocked(&disk);
    let key = id(&create_key(&store, &user, CLEAR));
    store.close().unwrap();
    let text = String::from_utf8(disk.files()["settings/general.json"].clone()).unwrap();
    let mut settings: Value = serde_json::from_str(&text).unwrap();
    settings.as_object_mut().unwrap().remove("encryption");
    disk.plant("settings/general.json", settings.to_string().as_bytes());
    let store = open(&disk);
    assert_eq!(code(&store, "connections.revealApiKey", json!([key])), "TAMPERED");
    assert_eq!(code(&store, "secrets.unlock", json!(["another"])), "CORRUPT");
    disk.plant("settings/general.json", text.as_bytes());
    let store = open(&disk.kill());
    unlock(&store);
    assert_eq!(reveal_key(&store, &key), CLEAR);
    let own = json!([{"encryption": null}]);
    assert_eq!(code(&store, "store.updateSettings", own), "VALIDATION");
}

/// Made with Node's own crypto, as the app did; the same as in `src/crypto/legacy.rs`.
#[test]
fn a_key_that_the_app_sealed_is_opened_with_its_pepper_and_sealed_anew() {
    let disk = SimulatedDisk::new();
    let (store, _) = unlocked(&disk);
    call(&store, "users.create", json!([{"id": "clx0user0000", "email": "old@globe.example"}]));
    let parts = json!({"ciphertext": "536895fa8f8f283ea2ae710d435f584667aa",
        "iv": "000102030405060708090a0b0c0d0e0f", "authTag": "08459bbeb069a45bf9000ddb9535dc9a"});
    let mut row =
        json!({"id": "old", "userId": "clx0user0000", "provider": "OPENAI", "label": "l"});
    row.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    let kept = call(&store, "connections.createApiKey", json!([row]));
    assert_eq!(kept["ciphertext"], parts["ciphertext"]);
    let error = try_call(&store, "connections.revealApiKey", json!(["old"])).unwrap_err();
    assert_eq!(error.code().name(), "TAMPERED");
    assert!(error.message().contains("resealLegacyApiKey"), "{error}");
    let reseal =
        |pepper: &str| try_call(&store, "connections.resealLegacyApiKey", json!(["old", pepper]));
    assert_eq!(reseal("wrong").unwrap_err().code().name(), "TAMPERED");
    let mut legacy = parts.clone();
    legacy["userId"] = "clx0user0000".into();
    legacy["pepper"] = PEPPER.into();
    let clear = call(&store, "secrets.openLegacy", json!([legacy]));
    assert!(reseal(PEPPER).unwrap()["ciphertext"].as_str().unwrap().starts_with("qts2."));
    assert_eq!(reveal_key(&store, "old"), clear);
    // A second time it is sealed already.
    reseal("any").unwrap();
    assert_eq!(reveal_key(&store, "old"), clear);
}

const PEPPER: &str = "pepper of the app";
