//! The examples of `docs/secrets.md` open: whoever changes the format must change its version.

use quilltap_store::crypto::{Envelope, Keyring, Place, RecoveryKey, Secret, SlotId};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/secrets.md");
/// What stood there before owner and use were bound in.
const OLDER: &str = include_str!("../fixtures/sealed-1.json");

/// The JSON examples, in their order.
fn examples() -> Vec<Value> {
    let blocks = DOCUMENT.split("```json\n").skip(1);
    blocks.map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap()).collect()
}

fn unlocked(envelope: &Value, paper: &str) -> [Keyring; 2] {
    let envelope = Envelope::from_value(envelope).unwrap();
    let paper = RecoveryKey::read(paper).unwrap();
    let passphrase = Secret::copy_of(b"correct horse battery staple");
    [(SlotId::Passphrase, &passphrase), (SlotId::Recovery, paper.secret())].map(|(id, secret)| {
        let slot_key = envelope.slot_key(id, secret).unwrap();
        envelope.unlock(&slot_key).unwrap()
    })
}

fn documented() -> [Keyring; 2] {
    let paper = DOCUMENT.split("recovery key `").nth(1).unwrap().split('`').next().unwrap();
    unlocked(&examples()[0], paper)
}

/// Opens a key, a token, a JSON text and a buffer; `bound` is whether they know their owners.
fn open_all(keyring: &Keyring, sealed: &Value, bound: bool) {
    let text = |pointer: &str| sealed.pointer(pointer).unwrap().as_str().unwrap();
    let of = |pairs: &[(&'static str, &'static str)]| -> Vec<(&'static str, &str)> {
        let pairs = pairs.iter().filter(|_| bound);
        pairs.map(|(name, pointer)| (*name, text(pointer))).collect()
    };
    let owner = of(&[("provider", "/apiKeys/provider"), ("userId", "/apiKeys/userId")]);
    let key = Place { model: "apiKeys", id: text("/apiKeys/id"), field: "key", bound: owner };
    let owner = of(&[("userId", "/accounts/userId")]);
    let id = text("/accounts/id");
    let token = Place { model: "accounts", id, field: "refresh_token", bound: owner };
    let buffer = data_encoding::HEXLOWER.decode(text("/buffer").as_bytes()).unwrap();
    let [ciphertext, iv, tag] =
        ["ciphertext", "iv", "authTag"].map(|part| text(&format!("/apiKeys/{part}")));
    let opened = keyring.open_field(&key, ciphertext, iv, tag).unwrap();
    assert_eq!(opened.expose(), b"sk-example");
    let opened = keyring.open_text(&token, text("/accounts/refresh_token")).unwrap();
    assert_eq!(opened.expose(), b"1//refresh");
    assert_eq!(keyring.open_json(b"notes", text("/json")).unwrap().expose(), b"{\"a\":1}");
    assert_eq!(keyring.open_buffer(b"avatar", &buffer).unwrap().expose(), b"PNG");
    let stolen = Place { bound: vec![("provider", "OPENAI"), ("userId", "mallory")], ..key };
    assert_eq!(keyring.open_field(&stolen, ciphertext, iv, tag).is_err(), bound);
}

#[test]
fn the_documented_values_open() {
    documented().iter().for_each(|keyring| open_all(keyring, &examples()[1], true));
}

#[test]
fn values_from_before_owner_and_use_were_bound_open() {
    let older: Value = serde_json::from_str(OLDER).unwrap();
    let keyrings = unlocked(&older["encryption"], older["recoveryKey"].as_str().unwrap());
    keyrings.iter().for_each(|keyring| open_all(keyring, &older["sealed"], false));
    assert_eq!(keyrings[0].envelope().to_value().to_string(), older["encryption"].to_string());
}

#[test]
fn the_documented_object_is_what_is_written() {
    let [keyring, _] = documented();
    assert_eq!(keyring.envelope().to_value().to_string(), examples()[0].to_string());
}
