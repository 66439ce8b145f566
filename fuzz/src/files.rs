//! Files as an editor, git or a backup left them.

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::Code;
use quilltap_store::store::Store;

use crate::world::{Shown, ask, assert_same, at_rest, content, look, sound, try_open};

/// The JSON files, one of each place.
const DOCUMENTS: &[&str] = &[
    "characters/c0.json",
    "personas/n0.json",
    "settings/general.json",
    "settings/users/u1.json",
    "settings/connection-profiles.json",
    "image-profiles/image-profiles.json",
    "tags/tags.json",
    "auth/accounts.json",
    "auth/authenticators.json",
    "settings/collections.json",
    "cache/order.json",
    "cache/logs.json",
    "cache/rows",
];

/// The files of lines.
const LOGS: &[&str] = &[
    "chats/h0.jsonl",
    "chats/index.jsonl",
    "binaries/index.jsonl",
    "auth/sessions.jsonl",
    "auth/verification-tokens.jsonl",
];

/// Calls that write to each of these files.
const TOUCH: &[(&str, &str)] = &[
    ("users.update", r#"["u0",{"name":"W"}]"#),
    ("users.update", r#"["u1",{"name":"K"}]"#),
    ("characters.update", r#"["c0",{"title":"Prince"}]"#),
    ("personas.update", r#"["n0",{"title":"Friend"}]"#),
    ("tags.create", r#"[{"id":"t9","userId":"u0","name":"Nine"}]"#),
    ("connections.update", r#"["p0",{"name":"Far"}]"#),
    ("imageProfiles.update", r#"["i0",{"name":"Paint"}]"#),
    ("chats.update", r#"["h0",{"title":"Act III"}]"#),
    ("chats.addMessage", r#"["h0",{"id":"m9","role":"USER","content":"the king"}]"#),
    ("images.update", r#"["b0",{"width":1}]"#),
    (
        "auth.createSession",
        r#"[{"sessionToken":"s9","userId":"u1","expires":"2099-01-01T00:00:00.000Z"}]"#,
    ),
    (
        "auth.createVerificationToken",
        r#"[{"identifier":"i","token":"v9","expires":"2099-01-01T00:00:00.000Z"}]"#,
    ),
    (
        "auth.linkAccount",
        r#"[{"userId":"u1","type":"oauth","provider":"github","providerAccountId":"9"}]"#,
    ),
    ("auth.updateAuthenticatorCounter", r#"["w0",1]"#),
];

/// What a compaction removes by itself.
const EXPIRING: [&str; 2] = ["sessions.findAll[]", "verificationTokens.findAll[]"];

/// A byte for which file, then its bytes.
pub fn documents(bytes: &[u8]) {
    planted(DOCUMENTS, bytes);
}

/// A byte for which file, then its bytes.
pub fn logs(bytes: &[u8]) {
    planted(LOGS, bytes);
}

/// A file with any bytes: the store opens or says why not. What it cannot read it tells, and the
/// file stays as it is through writes and a close. What it can read it shows the same ever after,
/// and once written it stays the same, byte for byte.
fn planted(paths: &[&str], bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let path = paths[usize::from(*first) % paths.len()];
    let disk = at_rest();
    disk.plant(path, bytes);
    let store = match try_open(&disk) {
        Ok(store) => store,
        Err(error) => {
            sound(&error);
            assert_eq!(disk.files()[path], bytes, "{path} was changed by a refused opening");
            return;
        }
    };
    let shown = look(&store);
    store.flush_now().unwrap_or_else(|error| panic!("flush: {error}"));
    assert_same(&shown, &look(&store), "after a flush");
    let broken = shown.values().filter_map(|answer| answer.as_ref().err());
    let broken: Vec<_> = broken.filter(|error| error.code() == Code::Corrupt).collect();
    touch(&store);
    let touched = look(&store);
    if let Err(error) = store.close() {
        // What cannot be written stays in the journal, and is told again.
        sound(&error);
    }
    let now = disk.files().get(path).cloned().unwrap_or_default();
    if broken.iter().any(|error| error.file().is_some_and(|file| file.starts_with(path))) {
        let kept = if path.ends_with(".jsonl") { now.starts_with(bytes) } else { now == bytes };
        assert!(kept, "{path} cannot be read ({}) and was overwritten", broken[0]);
    }
    settled(&disk, &touched);
}

fn touch(store: &Store) {
    for (name, args) in TOUCH {
        // Many a call is refused when what it needs cannot be read.
        let _ = ask(store, name, args);
    }
}

/// Without what a compaction removes when it has expired.
fn lasting(shown: &Shown) -> Shown {
    let mut shown = shown.clone();
    shown.retain(|question, _| !EXPIRING.contains(&question.as_str()));
    shown
}

fn settled(disk: &SimulatedDisk, before: &Shown) {
    let round = || {
        let store = match try_open(disk) {
            Ok(store) => store,
            Err(error) => panic!("it opened once and then no more: {error}"),
        };
        assert_same(&lasting(before), &lasting(&look(&store)), "after a reopening");
        let _ = store.compact_now();
        assert_same(&lasting(before), &lasting(&look(&store)), "after a compaction");
        let _ = store.close();
        content(disk)
    };
    let once = round();
    let twice = round();
    for (path, bytes) in &once {
        let again = twice.get(path).map(|bytes| String::from_utf8_lossy(bytes));
        assert_eq!(Some(String::from_utf8_lossy(bytes)), again, "{path} does not come to rest");
    }
}
