//! The memory that processes share, when somebody else has written to it.

use quilltap_store::disk::{Disk, Outcome, SafePath, SharedWords, SimulatedDisk, WORDS};
use quilltap_store::error::Code;
use quilltap_store::store::Store;

use crate::world::{Shown, ask, assert_same, at_rest, look, open, try_open};

const MAKE: (&str, &str) = ("tags.create", r#"[{"id":"t8","userId":"u0","name":"Eight"}]"#);

fn words(disk: &SimulatedDisk) -> Box<dyn SharedWords> {
    let path = SafePath::new("cache/words").expect("a path");
    disk.shared(&path).expect("the words")
}

/// A byte for the way, then what is written: with all words written over, or the last, every call says that the
/// memory was lost, in every process, until all have left; what was acknowledged is then there. Whoever
/// writes to single ones, nine bytes for each, could as well write to the journal: nobody dies of it, and a machine
/// that starts anew has a folder that opens and comes to rest.
pub fn words_of_others(bytes: &[u8]) {
    let Some((way, rest)) = bytes.split_first() else { return };
    let disk = at_rest();
    let store = open(&disk);
    ask(&store, MAKE.0, MAKE.1).expect("a tag");
    let before = look(&store);
    match way % 3 {
        0 => all(&disk, rest, &store, &before),
        1 => mark(&disk, rest, &store, &before),
        _ => some(&disk, rest, &store),
    }
}

fn all(disk: &SimulatedDisk, bytes: &[u8], store: &Store, before: &Shown) {
    let words = words(disk);
    for at in 0..WORDS {
        words.store(at, number(bytes, at * 8));
    }
    lost(disk, store, before);
}

fn mark(disk: &SimulatedDisk, bytes: &[u8], store: &Store, before: &Shown) {
    words(disk).store(WORDS - 1, number(bytes, 0));
    lost(disk, store, before);
}

fn lost(disk: &SimulatedDisk, store: &Store, before: &Shown) {
    for (name, args) in [("tags.findAll", "[]"), ("tags.delete", r#"["t8"]"#)] {
        let error = ask(store, name, args).expect_err("its memory was lost");
        assert_eq!(error.code(), Code::Io, "{error}");
    }
    let late = try_open(disk).err().map(|error| error.code());
    assert_eq!(late, Some(Code::Io), "a process that comes while others have not left");
    let _ = store.close();
    assert_same(before, &look(&open(disk)), "when all have left");
}

fn some(disk: &SimulatedDisk, bytes: &[u8], store: &Store) {
    let words = words(disk);
    for word in bytes.chunks_exact(9).take(8) {
        // The last one tells that they are what they were.
        words.store(usize::from(word[0]) % (WORDS - 1), number(&word[1..], 0));
    }
    look(store);
    let _ = ask(store, MAKE.0, &MAKE.1.replace("t8", "t9"));
    let disk = disk.crash(Outcome::Done);
    let store = open(&disk);
    let shown = look(&store);
    store.close().expect("a close");
    assert_same(&shown, &look(&open(&disk)), "after a second opening");
}

/// Eight bytes from a place on, which go round.
fn number(bytes: &[u8], from: usize) -> u64 {
    let byte = |at: usize| bytes.get((from + at) % bytes.len().max(1)).copied().unwrap_or(0);
    u64::from_le_bytes(std::array::from_fn(byte))
}
