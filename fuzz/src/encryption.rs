//! What somebody may have made of the block of keys in the settings.

use std::sync::{Arc, OnceLock};

use quilltap_store::crypto::{Costs, Secret};
use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::{Code, Result};
use quilltap_store::store::{Options, Store};
use serde_json::Value;

use crate::world::{NOW, ask, assert_same, at_rest, look, sound};

const SETTINGS: &str = "settings/general.json";
const PASSPHRASE: &str = "correct horse";
const KEY: &str = "sk-example";
const REVEAL: (&str, &str) = ("connections.revealApiKey", r#"["k9"]"#);
/// Costs beyond these are refused or take long: nothing is derived with them here.
const DEAREST: [(&str, u64); 4] =
    [("memoryKib", 32 * 1024), ("passes", 4), ("lanes", 4), ("iterations", 600_000)];

fn open(disk: &SimulatedDisk) -> Result<Store> {
    let mut options = Options::new("unused");
    options.held_clock = Some(NOW);
    options.costs = Costs::LOWEST;
    let store = Store::open_on(Arc::new(disk.clone()), &options)?;
    store.hold_files();
    Ok(store)
}

fn unlock(store: &Store, passphrase: &str) -> Result<String> {
    store.call_with("secrets.unlock", "[]", Some(Secret::from(passphrase.to_owned())))
}

/// A folder with a sealed key, and the settings of it.
fn sealed() -> &'static (SimulatedDisk, Value) {
    static SEALED: OnceLock<(SimulatedDisk, Value)> = OnceLock::new();
    SEALED.get_or_init(|| {
        let disk = at_rest();
        let store = open(&disk).expect("a sound folder");
        unlock(&store, PASSPHRASE).expect("the first passphrase");
        let key =
            r#"[{"id":"k9","userId":"u0","provider":"OPENAI","label":"nine","key":"sk-example"}]"#;
        store.call("connections.createApiKey", key).expect("a sealed key");
        store.close().expect("a close");
        let settings = serde_json::from_slice(&disk.files()[SETTINGS]).expect("JSON");
        (disk, settings)
    })
}

/// Values that take the place of others, besides those of the block itself.
const STRANGE: &[&str] = &[
    "null",
    "true",
    "0",
    "1",
    "2",
    "-1",
    "1e300",
    "4294967296",
    "19456",
    "\"\"",
    "\"x\"",
    "\"AAAA\"",
    "[]",
    "{}",
    "[[]]",
    "\"passphrase\"",
    "\"recovery\"",
    "\"pbkdf2-sha256\"",
    "600000",
    "\"scrypt\"",
    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"",
];

/// Three bytes for each change of the block: where, what happens there, and what comes there. The
/// store opens, and what is no secret is shown as before; a wrong passphrase opens nothing, the
/// right one what was sealed or nothing; no byte of a block that is refused changes.
pub fn encryption(bytes: &[u8]) {
    let (disk, settings) = sealed();
    let mut edited = settings.clone();
    for change in bytes.chunks_exact(3).take(8) {
        edit(&mut edited["encryption"], change[0], change[1], change[2]);
    }
    let disk = disk.copy();
    let text = serde_json::to_vec_pretty(&edited).expect("JSON");
    disk.plant(SETTINGS, &text);
    let store = open(&disk).unwrap_or_else(|error| panic!("it does not open: {error}"));
    let before = look(&store);
    let locked = ask(&store, REVEAL.0, REVEAL.1).expect_err("nobody has unlocked it");
    assert_ne!(locked.code(), Code::Io, "{locked}");
    let _ = ask(&store, "secrets.status", "[]");
    if is_cheap(&edited["encryption"]) {
        opens_or_not(&store, edited == *settings);
    }
    assert_same(&before, &look(&store), "after it was unlocked, or was not");
    if store.close().is_ok() && edited != *settings {
        let now: Value = serde_json::from_slice(&disk.files()[SETTINGS]).expect("JSON");
        assert_eq!(now["encryption"], edited["encryption"], "nobody asked for a change of it");
    }
}

fn opens_or_not(store: &Store, is_whole: bool) {
    let refused = unlock(store, "incorrect horse");
    if let Err(error) = &refused {
        sound(error);
    }
    let right = unlock(store, PASSPHRASE);
    if let Err(error) = &right {
        sound(error);
    }
    assert!(!is_whole || right.is_ok(), "{right:?}");
    match ask(store, REVEAL.0, REVEAL.1) {
        Ok(text) => {
            assert!(right.is_ok() && refused.is_err(), "{refused:?}, then {right:?}");
            assert_eq!(text, format!("\"{KEY}\""), "another text than the one that was sealed");
        }
        Err(error) => assert!(!is_whole, "{error}"),
    }
}

fn is_cheap(block: &Value) -> bool {
    let slots = block["slots"].as_array().into_iter().flatten();
    let dear = |slot: &Value| {
        DEAREST.iter().any(|(cost, most)| slot[cost].as_f64().is_some_and(|it| it > *most as f64))
    };
    !slots.into_iter().any(dear)
}

fn edit(block: &mut Value, place: u8, kind: u8, what: u8) {
    let all = pointers(block);
    let at = all[usize::from(place) % all.len()].clone();
    let value = match kind % 4 {
        0 => serde_json::from_str(STRANGE[usize::from(what) % STRANGE.len()]).expect("JSON"),
        1 => block.pointer(&all[usize::from(what) % all.len()]).cloned().unwrap_or_default(),
        2 => changed(block.pointer(&at), what),
        _ => return remove(block, &at),
    };
    if let Some(old) = block.pointer_mut(&at) {
        *old = value;
    }
}

/// A text with another letter, a list with an entry twice, a number that is one more.
fn changed(value: Option<&Value>, what: u8) -> Value {
    match value {
        Some(Value::String(text)) if !text.is_empty() => {
            let mut bytes = text.clone().into_bytes();
            let at = usize::from(what) % bytes.len();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8_lossy(&bytes).into_owned().into()
        }
        Some(Value::Array(items)) => {
            let again = items.get(usize::from(what) % items.len().max(1)).cloned();
            items.iter().cloned().chain(again).collect()
        }
        Some(Value::Number(number)) => (number.as_u64().unwrap_or(0).wrapping_add(1)).into(),
        other => other.cloned().unwrap_or_default(),
    }
}

fn remove(block: &mut Value, at: &str) {
    let Some((parent, name)) = at.rsplit_once('/') else { return *block = Value::Null };
    match block.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.shift_remove(name)),
        Some(Value::Array(items)) => drop(name.parse().ok().map(|at: usize| items.remove(at))),
        _ => {}
    }
}

/// Where everything in a value stands, it itself first.
fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut below = |name: String, value: &Value| {
        all.extend(pointers(value).into_iter().map(|rest| format!("/{name}{rest}")));
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| below(name.clone(), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| below(at.to_string(), value));
        }
        _ => {}
    }
    all
}
