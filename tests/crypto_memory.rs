//! No memory that has held a secret is given back without having been wiped. The allocator of this
//! program looks into every block that is freed or grown.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(unsafe_code, reason = "an allocator that looks at what it frees")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::{Mutex, PoisonError, RwLock};

use memchr::memmem;
use quilltap_store::crypto::{
    BackupCodes, Costs, Envelope, Keyring, LegacyKey, Place, RecoveryKey, Secret, SlotId, SlotKey,
};
use quilltap_store::store::{Options, Store};
use zeroize::{Zeroize, Zeroizing};

const NOW: &str = "2026-11-23T10:00:00.000Z";
const PLACE: Place<'static> = Place { model: "apiKeys", id: "a1", field: "key", bound: Vec::new() };
/// What every secret repeats. In upper case and without hyphens, as a backup code is hashed.
const PIECE: &str = "PL4NTED8SECRET16";

/// Secrets that are not made of [`PIECE`].
static MORE: RwLock<Vec<Zeroizing<Vec<u8>>>> = RwLock::new(Vec::new());
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    /// Is this thread looking? What it frees meanwhile is its own.
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

struct Watching;

#[global_allocator]
static WATCHING: Watching = Watching;

impl Watching {
    /// # Safety
    /// `block` is allocated with `layout`, and initialised where it has ever been written to: what
    /// was not is read as whatever stands there.
    unsafe fn look(block: *const u8, layout: Layout) {
        if LOOKING.replace(true) {
            return;
        }
        // SAFETY: the caller's promise; the bytes are only compared.
        let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
        let more = MORE.read().unwrap_or_else(PoisonError::into_inner);
        let held = memmem::find(bytes, PIECE.as_bytes()).is_some()
            || more.iter().any(|secret| memmem::find(bytes, secret).is_some());
        if held {
            let trace = Backtrace::force_capture().to_string();
            let ours = trace.lines().filter(|line| line.contains("at ./")).map(str::trim);
            let ours = ours.filter(|line| !line.contains("crypto_memory.rs:")).take(8);
            let places = ours.collect::<Vec<_>>().join(" ");
            let told = format!("{} bytes: {places}", layout.size());
            FOUND.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        }
        LOOKING.set(false);
    }
}

// SAFETY: everything is the system allocator's; a block is looked at while it is still allocated.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeros, so that nothing is found that an earlier owner of the block had left.
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe {
            Watching::look(block, layout);
            System.dealloc(block, layout);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            // It may stay where it is, or leave a copy: nobody can rely on either.
            Watching::look(block, layout);
            let moved = System.realloc(block, layout, size);
            if !moved.is_null() && size > layout.size() {
                moved.add(layout.size()).write_bytes(0, size - layout.size());
            }
            moved
        }
    }
}

/// What was given back with a secret in it since the last look.
fn found() -> Vec<String> {
    std::mem::take(&mut *FOUND.lock().unwrap())
}

/// A secret of this length, and with spare room, as texts that were read or joined have.
fn plant(pieces: usize) -> Secret {
    let mut text = String::with_capacity(PIECE.len() * pieces + 100);
    (0..pieces).for_each(|_| text.push_str(PIECE));
    Secret::from(text)
}

/// Another secret to look for, from here on.
fn watch_for(secret: &[u8]) {
    MORE.write().unwrap().push(Zeroizing::new(secret.to_vec()));
}

fn with_keys() {
    let slot = SlotKey::derive(SlotId::Passphrase, &plant(20), Costs::LOWEST).unwrap();
    let keyring = Keyring::create(&slot, NOW).unwrap();
    let paper = RecoveryKey::random().unwrap();
    watch_for(paper.secret().expose());
    watch_for(paper.text().expose());
    let read = RecoveryKey::read(paper.text().expose_text().unwrap()).unwrap();
    let slot = SlotKey::derive(SlotId::Recovery, read.secret(), Costs::LOWEST).unwrap();
    let keyring = keyring.with_slot(&slot, NOW).unwrap();
    let envelope = Envelope::from_value(&keyring.envelope().to_value()).unwrap();
    let slot = envelope.slot_key(SlotId::Recovery, paper.secret()).unwrap();
    let keyring = envelope.unlock(&slot).unwrap();
    let slow = Costs::from_value(&serde_json::json!({"kdf": "pbkdf2-sha256"})).unwrap();
    let slot = SlotKey::derive(SlotId::Passphrase, &plant(3), slow).unwrap();
    let keyring = keyring.with_slot(&slot, NOW).unwrap();

    let clear = plant(300);
    let field = keyring.seal_field(&PLACE, clear.expose()).unwrap();
    let text = keyring.seal_text(&PLACE, clear.expose()).unwrap();
    let buffer = keyring.seal_buffer(b"", clear.expose()).unwrap();
    let rotating = keyring.with_new_key(NOW).unwrap();
    rotating.open_field(&PLACE, &field.ciphertext, &field.iv, &field.auth_tag).unwrap();
    rotating.open_text(&PLACE, &text).unwrap().quoted().unwrap();
    rotating.open_text(&Place { id: "a2", ..PLACE }, &text).unwrap_err();
    rotating.open_buffer(b"", &buffer).unwrap();
    let mut codes = BackupCodes::of(&[plant(2)], Costs::LOWEST).unwrap();
    let typed = codes.hash(&plant(2)).unwrap();
    assert!(codes.consume(&typed));
    LegacyKey::derive("u1", &plant(2)).unwrap();
}

/// A call whose arguments and answer are the test's own to wipe; a secret goes where `§` stands.
fn call(store: &Store, name: &str, args: &str) -> Zeroizing<String> {
    let secret = plant(300);
    let mut text = String::with_capacity(args.len() + 2 * secret.expose().len());
    for (number, piece) in args.split('§').enumerate() {
        if number > 0 {
            text.push_str(secret.expose_text().unwrap());
        }
        text.push_str(piece);
    }
    let answer = store.call(name, &text);
    text.zeroize();
    Zeroizing::new(answer.unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn with_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { costs: Costs::LOWEST, ..Options::new(folder.path()) };
    let store = Store::open(options).unwrap();
    let account = r#"[{"userId":"will","type":"oauth","provider":"globe","providerAccountId":"1",
        "refresh_token":"§"},{"encryptTokens":true}]"#;
    let api_key = r#"[{"id":"k","userId":"will","provider":"OPENAI","label":"l","key":"§"}]"#;
    for (name, args) in [
        ("secrets.unlock", r#"["§"]"#),
        ("users.create", r#"[{"id":"will","email":"will@globe.example"}]"#),
        ("connections.createApiKey", api_key),
        ("connections.updateApiKey", r#"["k",{"key":"§"}]"#),
        ("connections.revealApiKey", r#"["k"]"#),
        ("users.setTotpSecret", r#"["will","§"]"#),
        ("users.getTotpSecret", r#"["will"]"#),
        ("users.setBackupCodes", r#"["will",["§"]]"#),
        ("users.consumeBackupCode", r#"["will","§"]"#),
        ("auth.linkAccount", account),
        ("auth.linkAccount", account),
        ("auth.getAccount", r#"["1","globe"]"#),
        ("secrets.changePassphrase", r#"["§"]"#),
        ("secrets.rotateKey", "[]"),
    ] {
        call(&store, name, args);
        assert_eq!(found(), Vec::<String>::new(), "{name}");
    }
    let sealed = call(&store, "sealing.encryptJson", r#"[{"a":["§",1.5]}]"#);
    call(&store, "sealing.decryptJson", &format!("[{}]", *sealed));
    let paper = call(&store, "secrets.createRecoveryKey", "[]");
    watch_for(paper.trim_matches('"').as_bytes());
    call(&store, "secrets.lock", "[]");
    let mut recover = Zeroizing::new(String::with_capacity(100));
    ["[", &paper, ",\"§\"]"].iter().for_each(|part| recover.push_str(part));
    call(&store, "secrets.recover", &recover);
    assert_eq!(found(), Vec::<String>::new(), "the last calls");
    store.close().unwrap();
}

// One after the other: what is found is for all threads.
#[test]
fn what_held_a_secret_is_wiped_before_it_is_given_back() {
    drop(plant(2).expose().to_vec());
    assert_eq!(found().len(), 1, "what is not wiped is found");
    with_keys();
    assert_eq!(found(), Vec::<String>::new(), "the keys");
    with_a_store();
    assert_eq!(found(), Vec::<String>::new(), "the store");
}
