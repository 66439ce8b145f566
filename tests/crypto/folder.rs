//! No file of the folder, the journal included, ever holds a secret, in clear or merely encoded; nor
//! does an answer that is not asked for one.

use std::fs;
use std::path::Path;

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use quilltap_store::store::{Costs, Declaration, Options, Store};
use serde_json::{Value, json};

/// Every secret of this file contains it.
const PLANTED: &str = "pl4nted";

struct Watched {
    folder: tempfile::TempDir,
    store: Store,
}

impl Watched {
    fn new() -> Watched {
        Watched::with(&json!({}))
    }

    fn with(declared: &Value) -> Watched {
        let folder = tempfile::tempdir().unwrap();
        let declaration = Declaration::parse(&declared.to_string()).unwrap();
        let options = Options { costs: Costs::LOWEST, declaration, ..Options::new(folder.path()) };
        Watched { store: Store::open(options).unwrap(), folder }
    }

    /// Makes a call, and then looks at the folder: while the change is in the journal, and when the
    /// files have it.
    fn call(&self, name: &str, args: Value) -> Value {
        let answer = self.store.call(name, &args.to_string());
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error}"));
        self.look(name);
        self.store.flush_now().unwrap();
        self.look(name);
        serde_json::from_str(&answer).unwrap()
    }

    /// Makes a call that fails and tells nothing.
    fn refused(&self, name: &str, args: Value) -> &'static str {
        let error = self.store.call(name, &args.to_string()).expect_err(name);
        let told = format!("{error:?} {error} {}", error.to_json());
        assert!(!holds_planted(told.as_bytes()), "{name} tells {told}");
        self.look(name);
        error.code().name()
    }

    fn look(&self, after: &str) {
        for path in files(self.folder.path()) {
            let bytes = fs::read(&path).unwrap();
            assert!(!holds_planted(&bytes), "{} after {after}", path.display());
        }
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    found.collect()
}

/// In clear, in hex, or in base64 behind 0, 1 or 2 other bytes.
fn holds_planted(bytes: &[u8]) -> bool {
    let mut forms = vec![PLANTED.to_owned(), HEXLOWER.encode(PLANTED.as_bytes())];
    for before in 0..3 {
        let text = BASE64_NOPAD.encode(format!("{}{PLANTED}", &"??"[..before]).as_bytes());
        // The characters into which neighbours reach are left out.
        forms.push(text[if before > 0 { before + 1 } else { 0 }..text.len() - 1].to_owned());
    }
    forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == form.as_bytes()))
}

fn planted(what: &str) -> String {
    format!("{what}-{PLANTED}-{what}")
}

#[test]
fn the_search_finds_what_is_there() {
    for text in ["", "x", "xy", "xyz"] {
        let text = format!("{text}{}", planted("key"));
        assert!(holds_planted(text.as_bytes()));
        assert!(holds_planted(HEXLOWER.encode(text.as_bytes()).as_bytes()));
        assert!(holds_planted(BASE64_NOPAD.encode(text.as_bytes()).as_bytes()));
    }
    assert!(!holds_planted(b"nothing of the kind"));
}

#[test]
fn no_file_holds_a_secret_after_any_call() {
    let watched = Watched::new();
    let (first, next, last) = (planted("first"), planted("next"), planted("last"));
    watched.call("secrets.unlock", json!([first]));
    watched.call("users.create", json!([{"id": "will", "email": "will@globe.example"}]));
    let data = json!({"userId": "will", "provider": "OPENAI", "label": "l", "key": planted("sk")});
    let key = watched.call("connections.createApiKey", json!([data]));
    assert!(!holds_planted(key.to_string().as_bytes()));
    let changed = json!({"key": planted("sk2")});
    watched.call("connections.updateApiKey", json!([key["id"], changed]));
    watched.call("users.setTotpSecret", json!(["will", planted("totp")]));
    let codes = json!(["will", [planted("code1"), planted("code2")]]);
    watched.call("users.setBackupCodes", codes);
    assert_eq!(watched.call("users.consumeBackupCode", json!(["will", planted("code1")])), true);
    assert_eq!(watched.call("users.consumeBackupCode", json!(["will", planted("code1")])), false);
    let sealed = watched.call("sealing.encryptJson", json!([{"a": planted("json")}, "notes"]));
    assert!(!holds_planted(sealed.to_string().as_bytes()));

    watched.call("secrets.changePassphrase", json!([next]));
    let paper = watched.call("secrets.createRecoveryKey", json!([]));
    let paper = paper.as_str().unwrap().to_owned();
    let group = paper.split('-').nth(3).unwrap();
    watched.call("secrets.rotateKey", json!([]));
    watched.call("secrets.lock", json!([]));
    watched.call("secrets.recover", json!([paper, last]));
    let status = watched.call("secrets.status", json!([]));
    assert!(!holds_planted(status.to_string().as_bytes()));

    // Everything is still there, for those who ask for it.
    let revealed = watched.call("connections.revealApiKey", json!([key["id"]]));
    assert_eq!(revealed, json!(planted("sk2")));
    assert_eq!(watched.call("users.getTotpSecret", json!(["will"])), json!(planted("totp")));
    let opened = watched.call("sealing.decryptJson", json!([sealed, "notes"]));
    assert_eq!(opened, json!({"a": planted("json")}));
    for name in ["users.findAll", "connections.getAllApiKeys"] {
        let all = watched.call(name, json!([]));
        assert!(!holds_planted(all.to_string().as_bytes()), "{name}");
    }
    assert!(!holds_planted(watched.store.stats().as_bytes()));
    watched.store.close().unwrap();
    watched.look("close");
    for path in files(watched.folder.path()) {
        let bytes = fs::read(&path).unwrap();
        let found = bytes.windows(group.len()).any(|window| window == group.as_bytes());
        assert!(!found, "the recovery key in {}", path.display());
    }
}

#[test]
fn no_file_holds_a_token_that_the_adapter_was_asked_to_protect() {
    let watched = Watched::new();
    watched.call("secrets.unlock", json!([planted("first")]));
    watched.call("users.create", json!([{"id": "will", "email": "will@globe.example"}]));
    let account = json!({
        "userId": "will", "type": "oauth", "provider": "globe", "providerAccountId": "1",
        "access_token": planted("access"), "refresh_token": planted("refresh"),
        "id_token": planted("id"),
    });
    let linked = watched.call("auth.linkAccount", json!([account, {"encryptTokens": true}]));
    assert_eq!(linked["access_token"], json!(planted("access")));
    let token = planted("session");
    let session = json!({
        "userId": "will", "sessionToken": token, "expires": "2999-01-01T00:00:00.000Z",
    });
    let hashed = json!({"hashSessionTokens": true});
    watched.call("auth.createSession", json!([session, hashed]));
    watched.call("secrets.rotateKey", json!([]));
    let found = watched.call("auth.getSessionAndUser", json!([token, hashed]));
    assert_eq!(found["session"]["sessionToken"], json!(token));
    let account = watched.call("auth.getAccount", json!(["1", "globe"]));
    assert_eq!(account["refresh_token"], json!(planted("refresh")));

    // What a thief of the file finds lets nobody in.
    let rows = fs::read_to_string(watched.folder.path().join("auth/sessions.jsonl")).unwrap();
    let kept = rows.split('"').find(|text| text.starts_with("sha256:")).unwrap();
    for options in [json!({}), hashed] {
        let found = watched.call("auth.getSessionAndUser", json!([kept, options]));
        assert_eq!(found, Value::Null);
    }
}

#[test]
fn no_file_holds_what_the_app_declared_secret_and_a_rotation_finds_all_of_it() {
    let secret = json!({"type": "string", "secret": true});
    let watched = Watched::with(&json!({ "collections": {
        "memories": { "file": "memories/{id}.json", "fields": { "pin": secret } },
        "profiles": { "file": "settings/own.json", "key": "profiles", "fields": { "pin": secret } },
        "files": { "file": "files/files.jsonl", "fields": { "pin": secret } },
    }, "fields": { "Character": { "pin": {"type": "string", "secret": true, "optional": true} } }}));
    watched.call("secrets.unlock", json!([planted("first")]));
    watched.call("users.create", json!([{"id": "will", "email": "will@globe.example"}]));
    let hamlet = json!({
        "id": "one", "userId": "will", "name": "Hamlet", "description": "", "personality": "",
        "scenario": "", "firstMessage": "", "pin": planted("pin"),
    });
    watched.call("characters.create", json!([hamlet]));
    let own = ["memories", "profiles", "files"];
    for collection in own {
        let data = json!({"id": "one", "pin": planted("pin")});
        let made = watched.call(&format!("{collection}.create"), json!([data]));
        assert!(!holds_planted(made.to_string().as_bytes()), "{collection}");
    }
    let key_id = || watched.call("secrets.status", json!([]))["keyId"].as_str().unwrap().to_owned();
    let old = key_id();
    let done = watched.call("secrets.rotateKey", json!([]));
    assert_eq!(done["resealed"], 4);
    assert_ne!(key_id(), old);
    for collection in own.iter().chain(&["characters"]) {
        let revealed = watched.call(&format!("{collection}.reveal"), json!(["one", "pin"]));
        assert_eq!(revealed, json!(planted("pin")), "{collection}");
    }
    watched.store.close().unwrap();
    for path in files(watched.folder.path()).iter().filter(|path| !path.ends_with("general.json")) {
        let text = fs::read(path).unwrap();
        let under_old = text.windows(old.len()).any(|window| window == old.as_bytes());
        assert!(!under_old, "{} is sealed under the old key", path.display());
    }
}

#[test]
fn no_error_repeats_a_secret() {
    let watched = Watched::new();
    watched.call("users.create", json!([{"id": "will", "email": "will@globe.example"}]));
    let secret = planted("secret");
    let data = json!({"userId": "will", "provider": "OPENAI", "label": "l", "key": secret});
    assert_eq!(watched.refused("connections.createApiKey", json!([data])), "NO_PASSPHRASE");
    watched.call("secrets.unlock", json!([planted("first")]));
    watched.call("secrets.lock", json!([]));
    assert_eq!(watched.refused("secrets.unlock", json!([secret])), "WRONG_PASSPHRASE");
    watched.call("secrets.unlock", json!([planted("first")]));
    let recover = json!([secret, secret]);
    assert_eq!(watched.refused("secrets.recover", recover), "VALIDATION");
    for (name, args) in [
        ("connections.createApiKey", json!([{"userId": "will", "key": [secret]}])),
        (
            "connections.createApiKey",
            json!([{"userId": "nobody", "provider": "OPENAI", "label": "l", "key": secret}]),
        ),
        ("users.setTotpSecret", json!(["will", {"secret": secret}])),
        ("users.setBackupCodes", json!(["will", [{"code": secret}]])),
        ("users.setBackupCodes", json!(["will", secret])),
        ("secrets.unlock", json!([[secret]])),
        (
            "secrets.openLegacy",
            json!([{"userId": "u", "pepper": secret, "ciphertext": secret, "iv": "", "authTag": ""}]),
        ),
        ("sealing.decryptJson", json!([secret])),
    ] {
        let code = watched.refused(name, args);
        assert!(["VALIDATION", "TAMPERED", "FOREIGN_KEY"].contains(&code), "{name}: {code}");
    }
}
