//! The journal as a crash, a bad disk or a stranger left it.

use std::sync::OnceLock;

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::Code;

use crate::world::{Shown, assert_same, at_rest, look, open, same, sound, try_open};

/// What is committed and then stands in the journal only.
const COMMITS: &[(&str, &str)] = &[
    ("characters.update", r#"["c0",{"title":"Prince"}]"#),
    ("tags.create", r#"[{"id":"t2","userId":"u0","name":"Graves"}]"#),
    ("chats.addMessage", r#"["h0",{"id":"m3","role":"USER","content":"the king"}]"#),
    ("chats.updateMessage", r#"["h0","m0",{"content":"Stand"}]"#),
    ("personas.delete", r#"["n0"]"#),
    ("chats.clearMessages", r#"["h0"]"#),
    ("tags.delete", r#"["t0"]"#),
];

/// A folder with a journal, the journal, and what a store shows after each of its lines.
struct Good {
    disk: SimulatedDisk,
    path: String,
    bytes: Vec<u8>,
    after: Vec<Shown>,
}

fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let disk = at_rest();
        let store = open(&disk);
        let mut after = vec![look(&store)];
        for (name, args) in COMMITS {
            store.call(name, args).unwrap_or_else(|error| panic!("{name}: {error}"));
            after.push(look(&store));
        }
        let disk = disk.kill();
        let files = disk.files();
        let mut segments = files.iter().filter(|(path, _)| path.starts_with("journal/"));
        let (path, bytes) = segments.next_back().expect("a journal");
        let used = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        assert_eq!(bytes[..used].split(|byte| *byte == b'\n').count(), COMMITS.len() + 2);
        let (path, bytes) = (path.clone(), bytes[..used].to_vec());
        Good { disk, path, bytes, after }
    })
}

/// A byte for the way, then the rest: the journal itself, texts of lines that get right
/// checksums behind a good header, or damage to a good journal. In each way the store opens or
/// says why not, and shows the same when it is opened again; of a damaged journal exactly the
/// lines before the damage count.
pub fn journal(bytes: &[u8]) {
    let Some((way, rest)) = bytes.split_first() else { return };
    match way % 4 {
        0 => raw(rest),
        1 => lines(&[], rest),
        2 => lines(header().as_bytes(), rest),
        _ => damaged(rest),
    }
}

fn header() -> &'static str {
    let first = good().bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(&first[9..]).expect("a header")
}

fn raw(bytes: &[u8]) {
    let disk = good().disk.copy();
    disk.plant(&good().path, bytes);
    healed(&disk);
}

/// The codec of `docs/file-format.md`, in four lines.
fn line(checksum: &mut u32, text: &[u8]) -> Vec<u8> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&checksum.to_le_bytes());
    hasher.update(text);
    *checksum = hasher.finalize();
    [format!("{checksum:08x} ").as_bytes(), text, b"\n"].concat()
}

fn lines(first: &[u8], texts: &[u8]) {
    let mut checksum = 0;
    let first = (!first.is_empty()).then_some(first);
    let texts = first.into_iter().chain(texts.split(|byte| *byte == b'\n'));
    let journal: Vec<u8> = texts.flat_map(|text| line(&mut checksum, text)).collect();
    raw(&journal);
}

/// A line with a right checksum may hold what no version of ours writes: the store says so, or opens
/// and comes to rest, and then shows the same ever after.
fn healed(disk: &SimulatedDisk) {
    let store = match try_open(disk) {
        Ok(store) => store,
        Err(error) => {
            sound(&error);
            let again = try_open(disk).err().map(|error| error.code());
            assert_eq!(again, Some(error.code()), "{error}");
            return;
        }
    };
    look(&store);
    let again = |closed| match try_open(disk) {
        Ok(store) => store,
        Err(error) => panic!("it opened once and then no more: {error} ({closed:?})"),
    };
    let second = again(store.close());
    let shown = look(&second);
    let third = again(second.close());
    assert_same(&shown, &look(&third), "after a third opening");
}

/// Three bytes for the place, one for what happens there, the rest is what comes there.
fn damaged(bytes: &[u8]) {
    let [a, b, kind, rest @ ..] = bytes else { return };
    let good = good();
    let at = (usize::from(*a) << 8 | usize::from(*b)) % good.bytes.len();
    let mut journal = good.bytes.clone();
    match kind % 4 {
        0 => journal.truncate(at),
        1 => journal[at] ^= rest.first().copied().unwrap_or(1),
        2 => drop(journal.splice(at..at, rest.iter().copied())),
        _ => journal.iter_mut().skip(at).zip(rest).for_each(|(old, new)| *old = *new),
    }
    let sound = journal.iter().zip(&good.bytes).take_while(|(one, other)| one == other).count();
    let lines = good.bytes[..sound].iter().filter(|byte| **byte == b'\n').count();
    let disk = good.disk.copy();
    disk.plant(&good.path, &journal);
    let store = match try_open(&disk) {
        Ok(store) => store,
        Err(error) => panic!("damage at {at} keeps the store from opening: {error}"),
    };
    let shown = look(&store);
    let expected = &good.after[lines.saturating_sub(1)];
    if let Err(difference) = same(expected, &shown) {
        let found = good.after.iter().position(|after| same(after, &shown).is_ok());
        panic!("damage at {at}, behind {lines} lines: shows state {found:?}, {difference}");
    }
    let closed = store.close();
    assert!(closed.as_ref().err().is_none_or(|error| error.code() != Code::Io), "{closed:?}");
    assert_same(&shown, &look(&open(&disk)), "after a second opening");
}
