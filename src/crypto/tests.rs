//! The promises of the room: what was sealed opens, at its place and with its key, and nothing else
//! does.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Costs, Envelope, Keyring, Place, RecoveryKey, Secret, SlotId, SlotKey};
use super::{is_sealed, key_id_of};
use crate::error::Code;

const NOW: &str = "2026-11-23T10:00:00.000Z";
const LATER: &str = "2026-11-24T10:00:00.000Z";
const PLACE: Place<'static> = Place { model: "ApiKey", id: "a1", field: "key", bound: Vec::new() };

fn passphrase(byte: u8) -> SlotKey {
    SlotKey::known(SlotId::Passphrase, [byte; 32])
}

fn recovery(byte: u8) -> SlotKey {
    SlotKey::known(SlotId::Recovery, [byte; 32])
}

fn keyring() -> Keyring {
    let keyring = Keyring::create(&passphrase(1), NOW).expect("keys");
    keyring.with_slot(&recovery(2), NOW).expect("a slot")
}

/// As a process that starts finds it.
fn reread(keyring: &Keyring) -> Envelope {
    Envelope::from_value(&keyring.envelope().to_value()).expect("our own")
}

fn unlock(keyring: &Keyring, slot_key: &SlotKey) -> crate::error::Result<Keyring> {
    reread(keyring).unlock(slot_key)
}

fn code<T>(result: crate::error::Result<T>) -> Option<Code> {
    result.err().map(|error| error.code())
}

fn clear(result: crate::error::Result<Secret>) -> Vec<u8> {
    result.expect("sealed here").expose().to_vec()
}

#[test]
fn a_passphrase_and_a_recovery_key_open_the_same_keys() {
    let secret = Secret::from("correct horse".to_owned());
    let slot = SlotKey::derive(SlotId::Passphrase, &secret, Costs::LOWEST).expect("a key");
    let paper = RecoveryKey::random().expect("random");
    let other = SlotKey::derive(SlotId::Recovery, paper.secret(), Costs::LOWEST).expect("a key");
    let keyring = Keyring::create(&slot, NOW).expect("keys");
    let keyring = keyring.with_slot(&other, NOW).expect("a slot");
    let sealed = keyring.seal_text(&PLACE, b"sk-1").expect("sealed");

    let envelope = reread(&keyring);
    for (id, secret) in [(SlotId::Passphrase, &secret), (SlotId::Recovery, paper.secret())] {
        let slot_key = envelope.slot_key(id, secret).expect("a key");
        let opened = envelope.unlock(&slot_key).expect("the right one");
        assert_eq!(clear(opened.open_text(&PLACE, &sealed)), b"sk-1");
        let wrong = Secret::from("correct horsf".to_owned());
        let slot_key = envelope.slot_key(id, &wrong).expect("a key");
        assert_eq!(code(envelope.unlock(&slot_key)), Some(Code::WrongPassphrase));
    }
    let empty = SlotKey::derive(SlotId::Passphrase, &Secret::copy_of(b""), Costs::LOWEST);
    assert_eq!(code(empty), Some(Code::Validation));
}

#[test]
fn a_new_passphrase_changes_one_slot_and_the_old_one_is_wrong() {
    let before = keyring();
    let after = before.with_slot(&passphrase(3), LATER).expect("a slot");
    let (old, new) = (before.envelope().to_value(), after.envelope().to_value());
    for key in ["storeId", "commitment", "keys", "currentKeyId"] {
        assert_eq!(old[key], new[key], "{key}");
    }
    // The tag binds the generation, which a process that knows the new slot does not go back behind.
    assert!(before.envelope().generation() < after.envelope().generation());
    assert_ne!(old["keysTag"], new["keysTag"]);
    assert_eq!(old["slots"][1], new["slots"][1]);
    assert_eq!(code(unlock(&after, &passphrase(1))), Some(Code::WrongPassphrase));
    unlock(&after, &passphrase(3)).expect("the new one");
    unlock(&after, &recovery(2)).expect("the recovery key");
    let no_recovery = Keyring::create(&passphrase(1), NOW).expect("keys");
    assert_eq!(code(unlock(&no_recovery, &recovery(2))), Some(Code::WrongPassphrase));
    assert_eq!(code(Keyring::create(&recovery(2), NOW)), Some(Code::Validation));
}

#[test]
fn a_rotation_needs_no_passphrase_and_can_be_gone_on_with() {
    let before = keyring();
    let old = before.seal_text(&PLACE, b"sk-1").expect("sealed");
    let rotating = before.with_new_key(LATER).expect("a key");
    // Here the process dies, and another one unlocks with the paper from the drawer.
    let rotating = unlock(&rotating, &recovery(2)).expect("unlocked");
    assert_eq!(rotating.envelope().rotating_from(), Some(before.envelope().current_key_id()));
    assert_eq!(code(rotating.with_new_key(LATER)), Some(Code::Validation));
    assert_eq!(code(rotating.without_old_keys()), Some(Code::Validation));
    let current = rotating.envelope().current_key_id();
    assert_ne!(key_id_of(&old), Some(current));
    let value = rotating.open_text(&PLACE, &old).expect("under the old key");
    let new = rotating.seal_text(&PLACE, value.expose()).expect("sealed");
    assert_eq!(key_id_of(&new), Some(current));

    let done = unlock(&rotating.rotation_done(), &passphrase(1)).expect("unlocked");
    assert_eq!(done.envelope().rotating_from(), None);
    assert_eq!(clear(done.open_text(&PLACE, &old)), b"sk-1", "a backup");
    assert_eq!(clear(done.open_text(&PLACE, &new)), b"sk-1");
    assert_eq!(code(before.open_text(&PLACE, &new)), Some(Code::Tampered));
    let forgotten = unlock(&done.without_old_keys().expect("done"), &recovery(2)).expect("keys");
    assert_eq!(code(forgotten.open_text(&PLACE, &old)), Some(Code::Tampered));
    assert_eq!(clear(forgotten.open_text(&PLACE, &new)), b"sk-1");
}

#[test]
fn another_process_follows_without_a_passphrase() {
    let ours = keyring();
    let theirs = ours.with_new_key(LATER).expect("a key");
    let theirs = theirs.with_slot(&passphrase(3), LATER).expect("a slot");
    let sealed = theirs.seal_text(&PLACE, b"sk-1").expect("sealed");
    let followed = ours.follow(&reread(&theirs)).expect("the same wrapping key");
    assert_eq!(clear(followed.open_text(&PLACE, &sealed)), b"sk-1");
    assert_eq!(followed.envelope(), theirs.envelope());

    let renewed = theirs.renewed(&[&passphrase(4)], LATER).expect("keys");
    assert_eq!(code(ours.follow(&reread(&renewed))), Some(Code::NoPassphrase));
    assert_eq!(code(ours.follow(&reread(&keyring()))), Some(Code::NoPassphrase));
    let mut edited = theirs.envelope().to_value();
    edited["currentKeyId"] = ours.envelope().current_key_id().into();
    edited["rotatingFrom"] = Value::Null;
    let edited = Envelope::from_value(&edited).expect("well-formed");
    assert_eq!(code(ours.follow(&edited)), Some(Code::Tampered));
}

#[test]
fn renewed_keys_shut_out_whoever_has_an_old_secret_and_an_old_file() {
    let old = keyring();
    let sealed = old.seal_text(&PLACE, b"sk-1").expect("sealed");
    let renewed = old.renewed(&[&passphrase(4)], LATER).expect("keys");
    for slot_key in [passphrase(1), recovery(2)] {
        assert_eq!(code(unlock(&renewed, &slot_key)), Some(Code::WrongPassphrase));
    }
    let opened = unlock(&renewed, &passphrase(4)).expect("the new one");
    assert_eq!(clear(opened.open_text(&PLACE, &sealed)), b"sk-1");
    let rotated = opened.with_new_key(LATER).expect("a key");
    assert_eq!(code(old.follow(rotated.envelope())), Some(Code::NoPassphrase));
}

#[test]
fn a_field_opens_at_its_own_place_only() {
    let keyring = keyring();
    let sealed = keyring.seal_field(&PLACE, b"sk-1").expect("sealed");
    let whole = keyring.seal_text(&PLACE, b"sk-1").expect("sealed");
    let open = |keyring: &Keyring, place: &Place<'_>| {
        keyring.open_field(place, &sealed.ciphertext, &sealed.iv, &sealed.auth_tag)
    };
    assert_eq!(clear(open(&keyring, &PLACE)), b"sk-1");
    for place in [
        Place { model: "User", ..PLACE },
        Place { id: "a2", ..PLACE },
        Place { field: "totp", ..PLACE },
        // The borders between the parts count.
        Place { model: "ApiKeya", id: "1", ..PLACE },
    ] {
        assert_eq!(code(open(&keyring, &place)), Some(Code::Tampered), "{place:?}");
        assert_eq!(code(keyring.open_text(&place, &whole)), Some(Code::Tampered), "{place:?}");
    }
    let other_store = Keyring::create(&passphrase(1), NOW).expect("keys");
    assert_eq!(code(open(&other_store, &PLACE)), Some(Code::Tampered));
    assert_eq!(code(keyring.open_text(&PLACE, &sealed.ciphertext)), Some(Code::Tampered));
    assert_eq!(code(keyring.open_json(b"", &whole)), Some(Code::Tampered), "another kind");
}

#[test]
fn the_key_of_another_store_under_the_same_id_opens_nothing() {
    let ours = keyring();
    let sealed = ours.seal_text(&PLACE, b"sk-1").expect("sealed");
    let theirs = Keyring::create(&passphrase(1), NOW).expect("keys");
    let id = theirs.envelope().current_key_id();
    let renamed = sealed.replace(ours.envelope().current_key_id(), id);
    assert_eq!(code(theirs.open_text(&PLACE, &renamed)), Some(Code::Tampered));
}

#[test]
fn what_is_not_ours_is_told_apart() {
    let keyring = keyring();
    let sealed = keyring.seal_text(&PLACE, b"").expect("sealed");
    assert!(is_sealed(&sealed) && is_sealed("qts2.x"));
    for text in ["", "sk-1", "qts.x", "qts1", "qtsx.y", "deadbeef"] {
        assert!(!is_sealed(text), "{text}");
        assert_eq!(code(keyring.open_text(&PLACE, text)), Some(Code::Tampered), "{text}");
    }
    let later = sealed.replace("qts2", "qts3");
    assert_eq!(code(keyring.open_text(&PLACE, &later)), Some(Code::UnsupportedVersion));
    assert_eq!(code(keyring.open_buffer(b"", b"qts2....")), Some(Code::UnsupportedVersion));
    assert_eq!(code(keyring.open_buffer(b"", b"")), Some(Code::Tampered));
}

#[test]
fn equal_values_are_never_sealed_equally() {
    let keyring = keyring();
    let seal = || keyring.seal_field(&PLACE, b"sk-1").expect("sealed");
    let (one, two) = (seal(), seal());
    assert!(one.ciphertext != two.ciphertext && one.iv != two.iv && one.auth_tag != two.auth_tag);
    assert_eq!(one.iv.len(), 16, "12 bytes");
    assert_eq!(one.auth_tag.len(), 24, "16 bytes");
}

/// Every text that differs in one bit and is still a text.
fn flips(text: &str) -> impl Iterator<Item = String> {
    (0..text.len() * 8).filter_map(move |bit| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        String::from_utf8(bytes).ok()
    })
}

#[test]
fn a_sealed_value_with_any_bit_changed_or_cut_anywhere_is_refused() {
    let keyring = keyring();
    let sealed = keyring.seal_field(&PLACE, b"sk-1").expect("sealed");
    let refused = |ciphertext: &str, iv: &str, tag: &str| {
        let code = code(keyring.open_field(&PLACE, ciphertext, iv, tag));
        assert!(matches!(code, Some(Code::Tampered | Code::UnsupportedVersion)), "{code:?}");
    };
    let (text, iv, tag) = (&*sealed.ciphertext, &*sealed.iv, &*sealed.auth_tag);
    flips(text).for_each(|text| refused(&text, iv, tag));
    flips(iv).for_each(|iv| refused(text, &iv, tag));
    flips(tag).for_each(|tag| refused(text, iv, &tag));
    (0..text.len()).for_each(|end| refused(&text[..end], iv, tag));
    (0..iv.len()).for_each(|end| refused(text, &iv[..end], tag));
    (0..tag.len()).for_each(|end| refused(text, iv, &tag[..end]));
    refused(&format!("{text}AAAA"), iv, tag);
    refused(text, &format!("{iv}\n"), tag);

    let buffer = keyring.seal_buffer(b"avatar", b"bytes").expect("sealed");
    for bit in 0..buffer.len() * 8 {
        let mut changed = buffer.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let code = code(keyring.open_buffer(b"avatar", &changed));
        assert!(matches!(code, Some(Code::Tampered | Code::UnsupportedVersion)), "bit {bit}");
    }
    for end in 0..buffer.len() {
        assert!(keyring.open_buffer(b"avatar", &buffer[..end]).is_err(), "cut at {end}");
    }
    let json = keyring.seal_json(b"x", "{}").expect("sealed");
    assert!(flips(&json).all(|json| keyring.open_json(b"x", &json).is_err()));
}

/// Every place in a value, from the whole to the leaves.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| places(value, &format!("{place}/{key}"), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(at, value)| places(value, &format!("{place}/{at}"), found));
        }
        _ => {}
    }
}

fn with(value: &Value, place: &str, other: Value) -> Value {
    let mut edited = value.clone();
    *edited.pointer_mut(place).expect("a place of its own") = other;
    edited
}

/// Every text of a value, changed in every bit, one at a time; with its place.
fn edits(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    places(value, "", &mut all);
    let edits = all.iter().flat_map(|place| {
        let text = value.pointer(place).and_then(Value::as_str).unwrap_or_default();
        flips(text).map(|text| (place.clone(), with(value, place, text.into())))
    });
    edits.collect()
}

#[test]
fn anything_anywhere_in_an_envelope_is_told() {
    let value = keyring().with_new_key(LATER).expect("a key").envelope().to_value();
    let mut all = Vec::new();
    places(&value, "", &mut all);
    for place in all {
        for other in [json!(null), json!(true), json!(-1.5), json!(""), json!([{}]), json!({})] {
            let edited = with(&value, &place, other);
            match Envelope::from_value(&edited) {
                Err(error)
                    if edited.pointer(&place) == Some(&json!("")) && place.ends_with("kdf") =>
                {
                    assert_eq!(error.code(), Code::UnsupportedVersion);
                }
                Err(error) => assert_eq!(error.code(), Code::Corrupt, "{place}: {error}"),
                Ok(envelope) => {
                    let codes = [passphrase(1), recovery(2)].map(|k| code(envelope.unlock(&k)));
                    assert!(codes.contains(&Some(Code::Tampered)), "{place}: {edited}");
                }
            }
        }
    }
}

#[test]
fn an_envelope_with_any_bit_changed_is_told_by_whoever_needs_what_changed() {
    let keyring = keyring().with_new_key(LATER).expect("a key");
    let edits = edits(&keyring.envelope().to_value());
    assert!(edits.len() > 5000, "{}", edits.len());
    for (place, edited) in edits {
        let Ok(envelope) = Envelope::from_value(&edited) else { continue };
        // As if the key did not depend on salt and costs: that they are bound has to suffice.
        let codes = [(SlotId::Passphrase, passphrase(1)), (SlotId::Recovery, recovery(2))]
            .map(|(id, key)| key.with_kdf_of(envelope.slot(id).expect("both")))
            .map(|key| code(envelope.unlock(&key)));
        let found = Some(Code::Tampered);
        let expected = match place.split('/').collect::<Vec<_>>()[..] {
            [_, "slots", "0", _] => [found, None],
            [_, "slots", "1", _] => [None, found],
            _ => [found; 2],
        };
        assert_eq!(codes, expected, "{place}");
    }
}

#[test]
fn slots_cannot_be_swapped_made_cheap_or_taken_from_elsewhere() {
    let keyring = keyring();
    let value = keyring.envelope().to_value();
    let unlock = |value: &Value| {
        let envelope = Envelope::from_value(value).expect("well-formed");
        [passphrase(1), recovery(2)].map(|key| code(envelope.unlock(&key)))
    };
    assert_eq!(unlock(&value), [None, None]);

    let mut swapped = value.clone();
    swapped["slots"][0]["id"] = "recovery".into();
    swapped["slots"][1]["id"] = "passphrase".into();
    assert_eq!(unlock(&swapped), [Some(Code::WrongPassphrase); 2]);
    let envelope = Envelope::from_value(&swapped).expect("well-formed");
    let as_recovery = SlotKey::known(SlotId::Recovery, [1; 32]);
    assert_eq!(code(envelope.unlock(&as_recovery)), Some(Code::Tampered));

    let mut other_costs = value.clone();
    other_costs["slots"][0]["passes"] = 3.into();
    assert_eq!(unlock(&other_costs), [Some(Code::WrongPassphrase), None]);
    let envelope = Envelope::from_value(&other_costs).expect("well-formed");
    let slot = envelope.slot(SlotId::Passphrase).expect("a slot");
    let same_key = passphrase(1).with_kdf_of(slot);
    assert_eq!(code(envelope.unlock(&same_key)), Some(Code::Tampered));
    let mut cheap = value.clone();
    cheap["slots"][0]["passes"] = 1.into();
    let cheap = Envelope::from_value(&cheap).expect("well-formed");
    let typed = Secret::copy_of(b"x");
    assert_eq!(code(cheap.slot_key(SlotId::Passphrase, &typed)), Some(Code::Tampered));

    let mut from_elsewhere = value.clone();
    let elsewhere = Keyring::create(&passphrase(1), NOW).expect("keys");
    from_elsewhere["slots"][0] = elsewhere.envelope().to_value()["slots"][0].clone();
    assert_eq!(unlock(&from_elsewhere), [Some(Code::Tampered), None]);
}

#[test]
fn an_envelope_reads_strictly_and_writes_what_it_read() {
    let mut value = keyring().envelope().to_value();
    value["note"] = "by hand".into();
    value["slots"][0]["note"] = json!({"b": 1, "a": 2});
    let read = Envelope::from_value(&value).expect("unknown keys are kept");
    assert_eq!(read.to_value().to_string(), value.to_string());
    assert_eq!(read.slot(SlotId::Recovery).map(super::Slot::created_at), Some(NOW));

    for (place, bad, expected) in [
        ("/version", json!(2), Code::UnsupportedVersion),
        ("/version", json!(0), Code::Corrupt),
        ("/version", json!("1"), Code::Corrupt),
        ("/storeId", json!("x"), Code::Corrupt),
        ("/currentKeyId", json!("00000000-0000-4000-8000-000000000000"), Code::Corrupt),
        ("/keys", json!([]), Code::Corrupt),
        ("/keys/0/wrappedKey", json!("AAAA"), Code::Corrupt),
        ("/slots", json!({}), Code::Corrupt),
        ("/slots/0/id", json!("recovery"), Code::Corrupt),
        ("/slots/0/kdf", json!("scrypt"), Code::UnsupportedVersion),
        ("/slots/0/passes", json!(-1), Code::Corrupt),
        ("/slots/0/salt", json!(null), Code::Corrupt),
        ("", json!([]), Code::Corrupt),
    ] {
        let mut broken = value.clone();
        *broken.pointer_mut(place).expect("a place") = bad;
        let error = Envelope::from_value(&broken).expect_err("broken");
        assert_eq!(error.code(), expected, "{place}: {error}");
        let wrapped = value["keys"][0]["wrappedKey"].as_str().expect("a text");
        assert!(!error.message().contains(wrapped));
    }
}

#[test]
fn nothing_shows_a_secret() {
    let keyring = keyring();
    let planted = "sk-planted-secret";
    let sealed = keyring.seal_text(&PLACE, planted.as_bytes()).expect("sealed");
    let mut shown = format!("{keyring:?} {sealed} {}", keyring.envelope().to_value());
    let moved = Place { id: "session-token-planted", ..PLACE };
    let error = keyring.open_text(&moved, &sealed).expect_err("moved");
    shown += &format!("{error:?} {error} {}", error.to_json());
    shown += &format!("{:?}", keyring.open_text(&PLACE, &sealed));
    assert!(!shown.contains("planted"), "{shown}");
    // Debug would print a key as a list of numbers, JSON as one too.
    assert!(!shown.contains("1, 1, 1, 1") && !shown.contains("1,1,1,1"));
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        model in ".{0,8}", id in ".{0,8}", field in ".{0,8}", context: Vec<u8>,
    ) {
        let keyring = keyring();
        let place = Place { model: &model, id: &id, field: &field, bound: Vec::new() };
        let parts = keyring.seal_field(&place, &bytes).expect("sealed");
        let opened = keyring.open_field(&place, &parts.ciphertext, &parts.iv, &parts.auth_tag);
        prop_assert_eq!(clear(opened), &bytes[..]);
        let text = keyring.seal_text(&place, &bytes).expect("sealed");
        prop_assert_eq!(clear(keyring.open_text(&place, &text)), &bytes[..]);
        let buffer = keyring.seal_buffer(&context, &bytes).expect("sealed");
        prop_assert_eq!(clear(keyring.open_buffer(&context, &buffer)), &bytes[..]);
        let mut other = context;
        other.push(0);
        prop_assert_eq!(code(keyring.open_buffer(&other, &buffer)), Some(Code::Tampered));
    }

    #[test]
    fn places_that_differ_do_not_open_each_other(
        one in proptest::array::uniform3("[ab]{0,3}"), two in proptest::array::uniform3("[ab]{0,3}"),
    ) {
        prop_assume!(one != two);
        let keyring = keyring();
        let [one, two] = [&one, &two].map(|[model, id, field]| Place { model, id, field, bound: Vec::new() });
        let sealed = keyring.seal_text(&one, b"x").expect("sealed");
        let opened = keyring.open_text(&two, &sealed);
        prop_assert_eq!(code(opened), Some(Code::Tampered));
    }

    #[test]
    fn no_text_makes_the_opener_panic(text in "(qts[0-9.]{0,3})?.{0,90}", bytes: Vec<u8>) {
        let keyring = keyring();
        prop_assert!(keyring.open_text(&PLACE, &text).is_err());
        prop_assert!(keyring.open_field(&PLACE, &text, &text, &text).is_err());
        prop_assert!(keyring.open_buffer(b"", &bytes).is_err());
        prop_assert!(keyring.open_buffer(b"", &[b"qts1", bytes.as_slice()].concat()).is_err());
    }
}
