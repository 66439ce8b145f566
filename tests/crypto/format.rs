//! The examples of `docs/secrets.md` open: whoever changes the format must change its version.

use quilltap_store::crypto::{Envelope, Keyring, Place, RecoveryKey, Secret, SlotId};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/secrets.md");

/// The JSON examples, in their order.
fn examples() -> Vec<Value> {
    let blocks = DOCUMENT.split("```json\n").skip(1);
    blocks.map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap()).collect()
}

fn unlocked() -> [Keyring; 2] {
    let envelope = Envelope::from_value(&examples()[0]).unwrap();
    let paper = DOCUMENT.split("recovery key `").nth(1).unwrap().split('`').next().unwrap();
    let paper = RecoveryKey::read(paper).unwrap();
    let passphrase = Secret::copy_of(b"correct horse battery staple");
    [(SlotId::Passphrase, &passphrase), (SlotId::Recovery, paper.secret())].map(|(id, secret)| {
        let slot_key = envelope.slot_key(id, secret).unwrap();
        envelope.unlock(&slot_key).unwrap()
    })
}

#[test]
fn the_documented_values_open() {
    let sealed = &examples()[1];
    let text = |pointer: &str| sealed.pointer(pointer).unwrap().as_str().unwrap();
    let key = Place { model: "apiKeys", id: text("/apiKeys/id"), field: "key" };
    let token = Place { model: "accounts", id: text("/accounts/id"), field: "refresh_token" };
    let buffer = data_encoding::HEXLOWER.decode(text("/buffer").as_bytes()).unwrap();
    for keyring in unlocked() {
        let [ciphertext, iv, tag] =
            ["ciphertext", "iv", "authTag"].map(|part| text(&format!("/apiKeys/{part}")));
        let opened = keyring.open_field(&key, ciphertext, iv, tag).unwrap();
        assert_eq!(opened.expose(), b"sk-example");
        let opened = keyring.open_text(&token, text("/accounts/refresh_token")).unwrap();
        assert_eq!(opened.expose(), b"1//refresh");
        assert_eq!(keyring.open_json(b"notes", text("/json")).unwrap().expose(), b"{\"a\":1}");
        assert_eq!(keyring.open_buffer(b"avatar", &buffer).unwrap().expose(), b"PNG");
    }
}

#[test]
fn the_documented_object_is_what_is_written() {
    let [keyring, _] = unlocked();
    assert_eq!(keyring.envelope().to_value().to_string(), examples()[0].to_string());
}
