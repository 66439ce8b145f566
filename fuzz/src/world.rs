//! A folder with something of everything, and looking at a store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use quilltap_store::api::Calls;
use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::Error;
use quilltap_store::store::{Declaration, Options, Store};
use serde_json::Value;

/// Held, so that the same input gives the same bytes.
pub(crate) const NOW: i64 = 1_780_000_000_000;

/// Calls that make the folder: each a name and its arguments.
const MAKE: &[(&str, &str)] = &[
    ("users.create", r#"[{"id":"u0","email":"will@globe.example","name":"Will"}]"#),
    ("users.create", r#"[{"id":"u1","email":"kit@rose.example"}]"#),
    ("tags.create", r#"[{"id":"t0","userId":"u0","name":"Ghosts"}]"#),
    ("tags.create", r#"[{"id":"t1","userId":"u1","name":"Rivals"}]"#),
    (
        "connections.createApiKey",
        r#"[{"id":"k0","userId":"u0","provider":"OPENAI","label":"one","ciphertext":"00","iv":"00","authTag":"00"}]"#,
    ),
    (
        "connections.create",
        r#"[{"id":"p0","userId":"u0","name":"Local","provider":"OLLAMA","apiKeyId":"k0","modelName":"none"}]"#,
    ),
    (
        "imageProfiles.create",
        r#"[{"id":"i0","userId":"u0","name":"Draw","provider":"GROK","modelName":"none"}]"#,
    ),
    (
        "characters.create",
        r#"[{"id":"c0","userId":"u0","name":"Hamlet","description":"","personality":"","scenario":"","firstMessage":"Who's there?","tags":["t0"]}]"#,
    ),
    (
        "characters.create",
        r#"[{"id":"c1","userId":"u1","name":"Faustus","title":null,"description":"é\n","personality":"","scenario":"","firstMessage":"","isFavorite":true,"sillyTavernData":{"a":[1,2.5e-9]}}]"#,
    ),
    (
        "personas.create",
        r#"[{"id":"n0","userId":"u0","name":"Horatio","description":"","characterLinks":["c0"]}]"#,
    ),
    (
        "chats.create",
        r#"[{"id":"h0","userId":"u0","characterId":"c0","personaId":"n0","connectionProfileId":"p0","title":"Act I"}]"#,
    ),
    (
        "chats.create",
        r#"[{"id":"h1","userId":"u0","characterId":"c1","connectionProfileId":"p0","title":"Act II","tags":["t0","t1"]}]"#,
    ),
    (
        "chats.addMessages",
        r#"["h0",[{"id":"m0","role":"USER","content":"Who's there?"},{"id":"m1","role":"ASSISTANT","content":"Nay","swipeGroupId":"g","swipeIndex":0},{"id":"m2","role":"ASSISTANT","content":"Long live","swipeGroupId":"g","swipeIndex":1,"tokenCount":3}]]"#,
    ),
    ("chats.addEvent", r#"["h0",{"id":"e0","type":"system-note","note":{"x":[]}}]"#),
    (
        "images.create",
        r#"[{"id":"b0","userId":"u0","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","type":"image","filename":"a.png","relativePath":"binaries/a","mimeType":"image/png","size":0,"chatId":"h0","messageId":"m0"}]"#,
    ),
    (
        "auth.linkAccount",
        r#"[{"userId":"u0","type":"oauth","provider":"github","providerAccountId":"1","access_token":"a"}]"#,
    ),
    (
        "auth.createSession",
        r#"[{"sessionToken":"s0","userId":"u0","expires":"2099-01-01T00:00:00.000Z"}]"#,
    ),
    (
        "auth.createVerificationToken",
        r#"[{"identifier":"will@globe.example","token":"v0","expires":"2099-01-01T00:00:00.000Z"}]"#,
    ),
    (
        "auth.createAuthenticator",
        r#"[{"credentialID":"w0","userId":"u0","providerAccountId":"1","credentialPublicKey":"k","counter":0,"credentialDeviceType":"d","credentialBackedUp":true}]"#,
    ),
];

/// What belongs to one machine or moment, and not to the content of the folder.
const BESIDE: [&str; 2] = ["cache/", "journal/"];

/// Opens a store on a disk, or says why not. What it answers while it opens is what it answers then.
pub(crate) fn try_open(disk: &SimulatedDisk) -> Result<Store, Error> {
    let mut options = Options::new("unused");
    options.held_clock = Some(NOW);
    let early = Mutex::new(Vec::new());
    let store = Store::open_on_telling(Arc::new(disk.clone()), &options, &|store| {
        let Some(store) = store else { return };
        for (name, args) in questions() {
            let number = calls().iter().position(|call| call.name == name).expect("a call");
            let answer = store.read(number, &args, None);
            early.lock().unwrap().extend(answer.map(|answer| (name, args, answer.into_text())));
        }
    })?;
    for (name, args, answer) in early.into_inner().unwrap() {
        assert_eq!(ask(&store, &name, &args)?, answer, "{name}{args}, early and then");
    }
    // The same input does the same operations of the disk.
    store.hold_files();
    Ok(store)
}

/// Opens a store that nothing keeps from opening.
pub(crate) fn open(disk: &SimulatedDisk) -> Store {
    try_open(disk).unwrap_or_else(|error| panic!("a sound folder does not open: {error}"))
}

/// A folder with something of everything, closed.
pub(crate) fn at_rest() -> SimulatedDisk {
    static DISK: OnceLock<SimulatedDisk> = OnceLock::new();
    let disk = DISK.get_or_init(|| {
        let disk = SimulatedDisk::new();
        let store = open(&disk);
        for (name, args) in MAKE {
            store.call(name, args).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        store.close().unwrap_or_else(|error| panic!("close: {error}"));
        disk
    });
    disk.copy()
}

/// A call as the table of calls has it.
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) write: bool,
}

/// Every call that there is.
pub(crate) fn calls() -> &'static [Call] {
    static CALLS: OnceLock<Vec<Call>> = OnceLock::new();
    CALLS.get_or_init(|| {
        let table = Calls::of(&Declaration::default()).expect("nothing is declared");
        let entries: Vec<Value> = serde_json::from_str(&table.json()).expect("a list");
        let part = |entry: &Value, name: &str| entry[name].as_str().expect("a text").to_owned();
        let call = |entry: &Value| Call {
            name: format!("{}.{}", part(entry, "repository"), part(entry, "name")),
            // A slow call, as that of a passphrase, may write too.
            write: matches!(&*part(entry, "kind"), "write" | "slow"),
        };
        entries.iter().map(call).collect()
    })
}

/// All that a store shows: for each question the answer, or the code of the error.
pub(crate) type Shown = BTreeMap<String, Result<String, Error>>;

/// What a store is asked for to show everything.
fn questions() -> Vec<(String, String)> {
    // Those of collections that come later are about none unless one is named.
    let is_of_none = |call: &Call| call.name.starts_with("brought-collections.");
    let all = calls().iter().filter(|call| call.name.ends_with(".findAll") && !is_of_none(call));
    let mut questions: Vec<_> = all.map(|call| (call.name.clone(), "[]".to_owned())).collect();
    let one = |name: &str, ids: &[&str]| -> Vec<(String, String)> {
        ids.iter().map(|id| (name.to_owned(), format!("[\"{id}\"]"))).collect()
    };
    questions.extend(one("chats.getEvents", &["h0", "h1"]));
    questions.extend(one("chats.getMessageCount", &["h0", "h1"]));
    questions.extend(one("chats.findMessage", &["m0", "m2"]));
    questions.extend(one("characters.findById", &["c0", "c1"]));
    questions.extend(one("personas.findById", &["n0"]));
    questions.extend(one("users.findById", &["u0", "u1"]));
    questions.extend(one("users.getChatSettings", &["u0"]));
    questions.push(("store.getSettings".into(), "[]".into()));
    questions.push(("characters.findByTag".into(), "[\"t0\"]".into()));
    questions
}

/// Asks a store for everything.
pub(crate) fn look(store: &Store) -> Shown {
    let ask = |(name, args): (String, String)| (format!("{name}{args}"), ask(store, &name, &args));
    questions().into_iter().map(ask).collect()
}

/// Makes a call; its answer must be JSON, its error must say something.
pub(crate) fn ask(store: &Store, name: &str, args: &str) -> Result<String, Error> {
    let answer = store.call(name, args);
    match &answer {
        Ok(text) => {
            let value = serde_json::from_str::<Value>(text);
            assert!(value.is_ok(), "{name} answers what is no JSON: {text:?}");
        }
        Err(error) => sound(error),
    }
    answer
}

/// An error names its matter in a sentence of reasonable length.
pub(crate) fn sound(error: &Error) {
    let message = error.message();
    assert!(!message.is_empty(), "an error without a message: {error:?}");
    assert!(message.len() < 20_000, "an error of {} bytes", message.len());
}

/// The files of a folder, without what belongs to one machine or moment.
pub(crate) fn content(disk: &SimulatedDisk) -> BTreeMap<String, Vec<u8>> {
    let mut files = disk.files();
    files.retain(|path, _| !BESIDE.iter().any(|folder| path.starts_with(folder)));
    files
}

/// The same answers, and errors of the same codes?
pub(crate) fn same(one: &Shown, other: &Shown) -> Result<(), String> {
    for (question, answer) in one {
        let again = &other[question];
        let equal = match (answer, again) {
            (Ok(one), Ok(other)) => one == other,
            (Err(one), Err(other)) => one.code() == other.code(),
            _ => false,
        };
        if !equal {
            return Err(format!("{question}:\n  first {answer:?}\n  then  {again:?}"));
        }
    }
    Ok(())
}

/// Compares what a store shows at two moments that must not differ.
#[track_caller]
pub(crate) fn assert_same(one: &Shown, other: &Shown, when: &str) {
    if let Err(difference) = same(one, other) {
        panic!("{when}, {difference}");
    }
}
