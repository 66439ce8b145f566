//! The steps of a scenario, and everything that a store holds after them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::Error;
use quilltap_store::store::{Durability, Options, Store};
use serde_json::{Value, json};

use super::super::support::open_comparing;

/// A call by its name and arguments.
pub(crate) type Call = (&'static str, Value);

/// One step of a scenario: changes, or something that is no change.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// One change.
    Call(Call),
    /// Changes of their own that share one sync.
    Together(Vec<Call>),
    /// Calls that are one change.
    Transaction(Vec<Call>),
    Flush,
    Compact,
    Reopen,
    /// The processes die, and one starts anew.
    Kill,
    /// The other process goes on.
    Switch,
    /// While the store is closed, somebody puts files there.
    Plant(Vec<(&'static str, String)>),
    /// While the store is open, an editor puts one text in the place of another in a file; then the
    /// store looks at it.
    Edit(&'static str, &'static str, &'static str),
}

/// An editor puts one text in the place of another in a file.
pub(crate) fn edit(disk: &SimulatedDisk, path: &str, from: &str, to: &str) {
    let before = String::from_utf8(disk.files()[path].clone()).expect("the files are UTF-8");
    assert!(before.contains(from), "{from} is in {path}:\n{before}");
    disk.plant(path, before.replace(from, to).as_bytes());
}

/// A store on a disk in memory whose clock stands still and whose files follow only when asked.
pub(crate) fn open(disk: &SimulatedDisk, durability: Durability) -> Result<Store, Error> {
    // A search may stop a store in the middle of a call for long.
    let transaction_timeout = Duration::from_secs(600);
    let options = Options { durability, transaction_timeout, ..Options::new("unused") };
    let store = open_comparing(Arc::new(disk.clone()), &options)?;
    store.hold_clock(1_780_000_000_000);
    store.hold_files();
    Ok(store)
}

/// Makes one call of a step.
pub(crate) fn call(store: &Store, (name, args): &Call) -> Result<(), Error> {
    store.call(name, &args.to_string()).map(drop)
}

/// Makes changes that share one sync: they wait while a transaction that changes nothing is
/// under way. Gives the answer of each.
pub(crate) fn together(store: &Store, calls: &[Call]) -> Result<Vec<Result<(), Error>>, Error> {
    std::thread::scope(|scope| {
        let mut started = Vec::new();
        store.transaction(|_| {
            for one in calls {
                let (ready, waits) = std::sync::mpsc::channel();
                started.push(scope.spawn(move || {
                    let _ = ready.send(());
                    call(store, one)
                }));
                // Each is in the queue before the next one starts.
                let _ = waits.recv();
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(())
        })?;
        Ok(started.into_iter().map(|thread| thread.join().expect("a call")).collect())
    })
}

/// Makes calls that are one change.
pub(crate) fn transaction(store: &Store, calls: &[Call]) -> Result<(), Error> {
    store.transaction(|inside| {
        calls.iter().try_for_each(|(name, args)| inside.call(name, &args.to_string()).map(drop))
    })
}

/// The repositories that a dump asks for everything.
const LISTS: [&str; 12] = [
    "users",
    "characters",
    "personas",
    "chats",
    "tags",
    "connections",
    "imageProfiles",
    "images",
    "accounts",
    "sessions",
    "verificationTokens",
    "authenticators",
];

/// Everything that a store holds, by what was asked.
pub(crate) type Dump = BTreeMap<String, String>;

/// Asks a store for everything that it holds, and for what it has to complain of.
pub(crate) fn dump(store: &Store) -> Dump {
    let mut all = Dump::new();
    let mut ask = |name: String, args: Value| -> Value {
        let text = store.call(&name, &args.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let value = serde_json::from_str(&text).expect("an answer is JSON");
        all.insert(format!("{name} {args}"), text);
        value
    };
    let mut lists = LISTS.map(|name| ask(format!("{name}.findAll"), json!([])));
    ask("connections.getAllApiKeys".into(), json!([]));
    ask("store.getSettings".into(), json!([]));
    for user in lists[0].as_array().expect("a list") {
        ask("users.getChatSettings".into(), json!([user["id"]]));
    }
    let mut miscounted = Dump::new();
    for chat in lists[3].as_array_mut().expect("a list") {
        let events = ask("chats.getEvents".into(), json!([chat["id"]]));
        let messages = events.as_array().expect("a list").iter().filter(|e| e["type"] == "message");
        let logged = messages.count();
        if chat["messageCount"] != logged {
            miscounted.insert(format!("log of {}", chat["id"]), logged.to_string());
        }
    }
    // Which log a row is in is known from the cache, where that fits.
    for message in ["m1", "m2", "m4", "m5", "n3"] {
        ask("chats.findMessage".into(), json!([message]));
    }
    all.extend(miscounted);
    let stats: Value = serde_json::from_str(&store.stats()).expect("an answer is JSON");
    all.insert("faults".into(), stats["faults"].to_string());
    all
}

/// What differs between two dumps or folders, in words.
pub(crate) fn difference<T: PartialEq>(
    found: &BTreeMap<String, T>,
    wanted: &BTreeMap<String, T>,
    show: impl Fn(&T) -> String,
) -> String {
    let names: std::collections::BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    let differs = names.into_iter().filter(|name| found.get(*name) != wanted.get(*name));
    let brief = |text: String| text.chars().take(400).collect::<String>();
    let text = |value: Option<&T>| brief(value.map_or("nothing".to_owned(), &show));
    differs
        .map(|name| {
            let (one, other) = (text(found.get(name)), text(wanted.get(name)));
            format!("{name}\n  found  {one}\n  wanted {other}\n")
        })
        .collect()
}

/// A text without the ids that a store has made itself, which differ from run to run.
pub(crate) fn without_made_ids(text: &str) -> String {
    let is_made = |id: &str| id.len() == 36 && id.matches('-').count() == 4;
    let parts = text.split('"').map(|part| if is_made(part) { "made" } else { part });
    parts.collect::<Vec<_>>().join("\"")
}
