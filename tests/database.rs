//! What holds of a store in a database only: how often it is asked, changes of several servers at once, lost
//! connections. `npm run test:postgres` starts a server and gives its address; what holds of every store is tested by the
//! files in `tests/store/` there.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::disallowed_methods, reason = "tests look at the files themselves")]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use postgres::{Client, NoTls};
use quilltap_store::progress::Unheard;
use quilltap_store::store::{
    Bytes, DatabaseOptions, Declaration, Migration, Migrations, Options, Store, Stream, Use, models,
};
use quilltap_store::transfer::{self, Copied, Copy, Meeting};
use serde_json::{Value, json};

/// A schema of its own for each test.
fn new_schema() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("d{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn server() -> String {
    std::env::var("QUILLTAP_TEST_DATABASE").expect(
        "QUILLTAP_TEST_DATABASE is the address of a server: npm run test:postgres starts one",
    )
}

/// As a process of its own would: one process has one engine for an address.
fn open(schema: &str) -> Store {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = NEXT.fetch_add(1, Ordering::Relaxed);
    open_at(format!("{}?schema={schema}&application_name=server{name}", server()))
}

fn open_at(address: String) -> Store {
    open_with(address, Migrations::default())
}

fn open_with(address: String, migrations: Migrations) -> Store {
    let mut database = DatabaseOptions::new(address);
    database.connections = 4;
    let options = Options::new("unused");
    Store::open(Options { database: Some(database), migrations, ..options }).unwrap()
}

fn call(store: &Store, name: &str, args: Value) -> Value {
    serde_json::from_str(&store.call(name, &args.to_string()).unwrap()).unwrap()
}

fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}

/// A user and a chat.
fn world(store: &Store) -> (String, String) {
    let user = id(&call(store, "users.create", json!([{"email": "will@globe.example"}])));
    let profile =
        json!({"userId": user, "name": "Local", "provider": "OLLAMA", "modelName": "none"});
    let profile = id(&call(store, "connections.create", json!([profile])));
    let character = json!({"userId": user, "name": "Hamlet", "description": "", "personality": "", "scenario": "",
        "firstMessage": ""});
    let character = id(&call(store, "characters.create", json!([character])));
    let chat = json!({"userId": user, "characterId": character, "connectionProfileId": profile, "title": "I"});
    (user.clone(), id(&call(store, "chats.create", json!([chat]))))
}

fn message(number: usize) -> Value {
    json!({"role": "USER", "content": format!("line {number}")})
}

#[test]
fn changes_of_several_servers_at_once_are_all_made() {
    let schema = new_schema();
    let stores = [open(&schema), open(&schema)];
    let (_, chat) = world(&stores[0]);
    thread::scope(|scope| {
        for store in &stores {
            for writer in 0..2 {
                let chat = &chat;
                scope.spawn(move || {
                    for number in 0..10 {
                        call(
                            store,
                            "chats.addMessage",
                            json!([chat, message(writer * 10 + number)]),
                        );
                    }
                });
            }
        }
    });
    for store in &stores {
        assert_eq!(call(store, "chats.getMessages", json!([chat])).as_array().unwrap().len(), 40);
        assert_eq!(call(store, "chats.findById", json!([chat]))["messageCount"], 40);
    }
}

#[test]
fn one_of_two_takes_what_is_unique() {
    let schema = new_schema();
    let stores = [open(&schema), open(&schema)];
    for round in 0..10 {
        let args = json!([{"email": format!("{round}@globe.example")}]).to_string();
        let made: usize = thread::scope(|scope| {
            let tries = stores.each_ref().map(|store| {
                let args = &args;
                scope.spawn(move || usize::from(store.call("users.create", args).is_ok()))
            });
            tries.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(made, 1, "round {round}");
    }
}

/// Every connection is cut again and again, in the middle of whatever it does. In a database of its own, for others
/// are not to be cut.
#[test]
fn what_was_acknowledged_is_there_once_after_connections_were_cut() {
    const ENOUGH: usize = 30;
    let name = new_schema();
    let mut client = Client::connect(&server(), NoTls).unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let (host, _) =
        server().rsplit_once('/').map(|(host, base)| (host.to_owned(), base.to_owned())).unwrap();
    let store = open_at(format!("{host}/{name}"));
    let (_, chat) = world(&store);
    let cuts = AtomicUsize::new(0);
    let acknowledged = thread::scope(|scope| {
        scope.spawn(|| {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND random() < 0.5";
            while cuts.load(Ordering::Relaxed) < ENOUGH {
                thread::sleep(Duration::from_millis(3));
                cuts.fetch_add(client.query(cut, &[&name]).unwrap().len(), Ordering::Relaxed);
            }
        });
        let mut acknowledged = 0;
        let mut number = 0;
        while cuts.load(Ordering::Relaxed) < ENOUGH {
            let args = json!([chat, message(number)]).to_string();
            acknowledged += usize::from(store.call("chats.addMessage", &args).is_ok());
            number += 1;
        }
        acknowledged
    });
    let rows = call(&store, "chats.getMessages", json!([chat]));
    let mut texts: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["content"].as_str().unwrap()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), rows.as_array().unwrap().len(), "one was made twice");
    assert_eq!(texts.len(), acknowledged);
    assert_eq!(call(&store, "chats.findById", json!([chat]))["messageCount"], texts.len());
}

/// Bytes that no two chunks of have in common.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * 31) ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

fn count(client: &mut Client, schema: &str, table: &str) -> i64 {
    let question = format!("SELECT count(*) FROM {schema}.\"{table}\"");
    client.query_one(&question, &[]).unwrap().get(0)
}

#[test]
fn bytes_are_kept_once_for_each_content_and_go_with_their_last_row() {
    let schema = new_schema();
    let (one, other) = (open(&schema), open(&schema));
    let (user, _) = world(&one);
    let data = || Use::Row(json!({"userId": user, "type": "chat_file"}).to_string());
    let mut client = Client::connect(&server(), NoTls).unwrap();
    for len in [0, 1, 1000, 256 << 10, (256 << 10) + 1, 1_700_001] {
        let bytes = bytes(len);
        let put = |bytes: Bytes| {
            let row: Value = serde_json::from_str(&one.put_now(bytes, data()).unwrap()).unwrap();
            assert_eq!(row["size"], len);
            id(&row)
        };
        let whole = put(Bytes::Memory(bytes.clone().into()));
        let stream = Stream::default();
        bytes.chunks(70_001).for_each(|piece| one.append_now(&stream, piece).unwrap());
        let streamed = put(Bytes::Stream(stream));
        assert_eq!(count(&mut client, &schema, ".payloads"), 1, "{len} bytes");
        assert!(other.read_now(&streamed, None).unwrap().is_some_and(|read| read == bytes));
        call(&one, "images.delete", json!([whole]));
        assert_eq!(other.read_now(&streamed, None).unwrap().map(|read| read.len()), Some(len));
        call(&other, "images.delete", json!([streamed]));
        assert_eq!(one.read_now(&streamed, None).unwrap(), None);
        assert_eq!(count(&mut client, &schema, ".payloads"), 0, "{len} bytes");
    }
    // An hour later nobody reads or places them any more.
    let old = format!("UPDATE {schema}.\".uploads\" SET at = at - interval '2 hours'");
    client.batch_execute(&old).unwrap();
    one.compact_now().unwrap();
    assert_eq!(
        (count(&mut client, &schema, ".uploads"), count(&mut client, &schema, ".chunks")),
        (0, 0)
    );
}

#[test]
fn bytes_belong_to_their_transaction() {
    let store = open(&new_schema());
    let (user, _) = world(&store);
    let data = || Use::Row(json!({"userId": user, "type": "chat_file"}).to_string());
    let given_up = store.transaction(|tx| {
        tx.put(Bytes::Memory(bytes(9).into()), data())?;
        tx.call("users.update", &json!([user, {"email": 1}]).to_string())
    });
    assert_eq!(given_up.unwrap_err().code().name(), "VALIDATION");
    assert_eq!(call(&store, "images.findAll", json!([])), json!([]));
    let row = store.transaction(|tx| tx.put(Bytes::Memory(bytes(9).into()), data())).unwrap();
    let row = id(&serde_json::from_str(&row).unwrap());
    let small = |bytes: &[u8]| {
        store
            .put_now(Bytes::Memory(bytes.into()), Use::Derived(row.clone(), "small.webp".into()))
            .unwrap()
    };
    assert_eq!((small(b"one"), small(b"two")), ("true".to_owned(), "true".to_owned()));
    assert_eq!(store.read_now(&row, Some("small.webp")).unwrap().unwrap(), b"two");
    assert_eq!(store.read_now(&row, Some("large.webp")).unwrap(), None);
    assert_eq!(store.read_now(&row, None).unwrap().unwrap(), bytes(9));
}

/// As in a folder: a transaction is not made again, so nobody may cross it.
#[test]
fn transactions_of_several_servers_come_one_behind_the_other_and_changes_wait_for_them() {
    const EACH: i64 = 10;
    let schema = new_schema();
    let stores = [open(&schema), open(&schema)];
    let (user, chat) = world(&stores[0]);
    call(&stores[0], "users.update", json!([user, {"count": 0}]));
    thread::scope(|scope| {
        for store in stores.iter().flat_map(|store| [store, store]) {
            let (user, chat) = (&user, &chat);
            scope.spawn(move || {
                for _ in 0..EACH {
                    let counted = store.transaction(|tx| {
                        let found = tx.call("users.findById", &json!([user]).to_string())?;
                        let found: Value = serde_json::from_str(&found).unwrap();
                        let count = found["count"].as_i64().unwrap() + 1;
                        tx.call("users.update", &json!([user, {"count": count}]).to_string())
                    });
                    counted.unwrap();
                    call(store, "users.update", json!([user, {"name": "between"}]));
                    call(store, "chats.addMessage", json!([chat, message(0)]));
                }
            });
        }
    });
    assert_eq!(call(&stores[1], "users.findById", json!([user]))["count"], 4 * EACH);
}

/// The first form of the tables kept no orders of fields.
#[test]
fn a_store_of_the_first_form_gets_what_it_lacks() {
    let schema = new_schema();
    let store = open(&schema);
    let (user, chat) = world(&store);
    let first = call(&store, "chats.findById", json!([chat]));
    let others: Vec<Value> = (0..1200)
        .map(|number| {
            let mut other = first.clone();
            other["id"] = format!("c{number}").into();
            other["updatedAt"] = format!("2030-01-01T00:00:{:02}.000Z", number % 60).into();
            other
        })
        .collect();
    call(&store, "chats.createMany", json!([others]));
    let newest = json!([{"where": {"userId": user}, "orderBy": {"updatedAt": "desc"}, "take": 45}]);
    let expected = call(&store, "chats.findMany", newest.clone());
    store.close().unwrap();
    let mut client = Client::connect(&server(), NoTls).unwrap();
    let tables =
        "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename LIKE '%.keys'";
    for row in client.query(tables, &[&schema]).unwrap() {
        let name: &str = row.get(0);
        let older = format!(
            "ALTER TABLE {schema}.\"{name}\" DROP COLUMN by, DROP COLUMN rest; DELETE FROM {schema}.\"{name}\""
        );
        client.batch_execute(&older).unwrap();
    }
    let older = format!(
        "UPDATE {schema}.\".meta\" SET value = '1' WHERE name = 'form';
         UPDATE {schema}.\".meta\" SET value = '' WHERE name LIKE 'tables%'"
    );
    client.batch_execute(&older).unwrap();
    let store = open(&schema);
    assert_eq!(call(&store, "chats.findMany", newest), expected);
    assert_eq!(expected.as_array().unwrap().len(), 45);
    // Page by page the same as at once, among many of one value.
    for order in [
        json!({"updatedAt": "desc"}),
        json!({"updatedAt": "asc"}),
        json!({"createdAt": "desc"}),
        json!([]),
    ] {
        let listed = |tests: Value| {
            call(&store, "chats.findMany", json!([{"where": tests, "orderBy": order}]))
        };
        let paged = listed(json!({"userId": user, "title": {"contains": "I"}}));
        assert_eq!(paged.as_array().unwrap().len(), 1201);
        assert_eq!(paged, listed(json!({"userId": user})), "{order}");
    }
    let renamed = json!([user, {"email": "w@globe.example"}]);
    call(&store, "users.update", renamed);
    assert_eq!(id(&call(&store, "users.findByEmail", json!(["w@globe.example"]))), user);
}

#[test]
fn rows_and_records_of_an_older_version_are_brought_to_the_newest() {
    const fn louder(model: quilltap_store::store::ModelId) -> Migration {
        Migration {
            version: 2,
            model,
            change: |record| drop(record.insert("since".to_owned(), 2.into())),
        }
    }
    static STEPS: [Migration; 2] = [louder(models::MESSAGE), louder(models::CHAT)];
    let address = format!("{}?schema={}", server(), new_schema());
    let store = open_at(address.clone());
    let (_, chat) = world(&store);
    let messages: Vec<Value> = (0..1100).map(message).collect();
    call(&store, "chats.addMessages", json!([chat, messages]));
    store.close().unwrap();
    let store = open_with(address, Migrations::of(&STEPS));
    let rows = call(&store, "chats.getMessages", json!([chat]));
    let lines: Vec<Value> =
        rows.as_array().unwrap().iter().map(|row| row["content"].clone()).collect();
    assert_eq!(
        lines,
        (0..1100).map(|number| message(number)["content"].clone()).collect::<Vec<_>>()
    );
    assert!(rows.as_array().unwrap().iter().all(|row| row["since"] == 2));
    assert_eq!(call(&store, "chats.findById", json!([chat]))["since"], 2);
}

#[test]
fn changes_are_told_to_every_server() {
    let schema = new_schema();
    let (one, other) = (open(&schema), open(&schema));
    let (send, events) = mpsc::channel();
    let send = std::sync::Mutex::new(send);
    other.subscribe(Box::new(move |texts| {
        texts.iter().for_each(|text| drop(send.lock().unwrap().send(text.clone())));
    }));
    // It hears from a moment on, which nobody can tell but by hearing.
    let heard = (0..600).find_map(|number| {
        call(&one, "users.create", json!([{"email": format!("{number}@globe.example")}]));
        events.recv_timeout(Duration::from_millis(100)).ok()
    });
    let event: Value = serde_json::from_str(&heard.expect("something is heard")).unwrap();
    assert_eq!((&event["model"], &event["type"]), (&json!("User"), &json!("create")));
}

#[test]
fn handles_on_one_address_share_their_connections() {
    let address = format!("{}?schema={}", server(), new_schema());
    let (one, other) = (open_at(address.clone()), open_at(address));
    let before = other.round_trips();
    call(&one, "users.create", json!([{"email": "will@globe.example"}]));
    assert!(other.round_trips() > before);
    one.close().unwrap();
    assert_eq!(call(&other, "users.count", json!([])), 1);
}

/// Statements that are known already cost nothing but their answers.
#[test]
fn a_call_waits_for_the_database_only_so_often() {
    let store = open(&new_schema());
    let (user, chat) = world(&store);
    let expires = "2999-01-01T00:00:00.000Z";
    let session = json!([{"userId": user, "sessionToken": "t", "expires": expires}]);
    call(&store, "auth.createSession", session);
    let waits = |name: &str, args: Value| {
        // Every connection prepares its statements once.
        (0..12).for_each(|_| drop(call(&store, name, args.clone())));
        let before = store.round_trips();
        call(&store, name, args);
        store.round_trips() - before
    };
    let mut number = 0;
    let mut making = |name: &str, made: &dyn Fn(usize) -> Value| {
        let mut before = 0;
        for _ in 0..12 {
            number += 1;
            before = store.round_trips();
            call(&store, name, made(number));
        }
        store.round_trips() - before
    };
    let session = |number: usize| json!([{"userId": user, "sessionToken": format!("t{number}"), "expires": expires}]);
    let tag = |number: usize| json!([{"userId": user, "name": format!("tag {number}")}]);
    let later = |number: usize| json!([{"sessionToken": "t", "expires": format!("2999-01-01T00:00:00.{number:03}Z")}]);
    let made = json!({
        "createSession": making("auth.createSession", &session),
        "updateSession": making("auth.updateSession", &later),
        "createTag": making("tags.create", &tag),
    });
    let counted = json!({
        "session": waits("auth.getSessionAndUser", json!(["t"])),
        "character": waits("users.findById", json!([user])),
        "messages": waits("chats.getMessages", json!([chat])),
        "count": waits("chats.count", json!([{"where": {"userId": user}}])),
        "newest": waits("chats.findMany", json!([{"where": {"userId": user}, "orderBy": {"updatedAt": "desc"}, "take": 20}])),
        "addMessage": waits("chats.addMessage", json!([chat, message(0)])),
    });
    let once = json!({"session": 1, "character": 1, "messages": 1, "count": 1, "newest": 1, "addMessage": 2});
    assert_eq!(counted, once);
    assert_eq!(made, json!({"createSession": 2, "updateSession": 2, "createTag": 2}));
}

/// A folder in the system's own place for such, which goes with this value.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("quilltap-{}-{name}", std::process::id()));
        Folder(folder)
    }

    fn options(&self) -> Options {
        Options { trust_shared_folder: true, ..Options::new(&self.0) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn copy(from: Options, to: Options, existing: Meeting) -> quilltap_store::error::Result<Copied> {
    transfer::copy(Copy { from, to, existing }, None, &Unheard)
}

#[test]
fn a_store_moves_into_a_database_and_back() {
    let (one, back) = (Folder::new("one"), Folder::new("back"));
    let declared = r#"{"collections": {"notes": {"file": "notes/{id}.json", "fields": {"title": {"type": "string"}}}}}"#;
    let declaration = Declaration::parse(declared).unwrap();
    let store = Store::open(Options { declaration, ..one.options() }).unwrap();
    let (user, chat) = world(&store);
    call(&store, "notes.create", json!([{"id": "n", "title": "kept"}]));
    (0..450)
        .for_each(|number| drop(call(&store, "chats.addMessage", json!([chat, message(number)]))));
    let data = json!({"userId": user, "type": "chat_file"}).to_string();
    let row = store.put_now(Bytes::Memory(bytes(700_000).into()), Use::Row(data)).unwrap();
    let row = id(&serde_json::from_str(&row).unwrap());
    let small = Bytes::Memory(bytes(50).into());
    store.put_now(small, Use::Derived(row.clone(), "small.webp".into())).unwrap();
    call(&store, "secrets.unlock", json!(["passphrase"]));
    let key = json!([{"userId": user, "provider": "OPENAI", "label": "l", "key": "sk-1"}]);
    let key = id(&call(&store, "connections.createApiKey", key));
    store.close().unwrap();

    let schema = new_schema();
    let database = || {
        let database = DatabaseOptions::new(format!("{}?schema={schema}", server()));
        Options { database: Some(database), ..Options::new("unused") }
    };
    let copied = copy(one.options(), database(), Meeting::Refuse).unwrap();
    assert!(copied.same, "{copied:?}");
    assert_eq!((copied.put, copied.payloads), (copied.records, 1));
    // What is there already is left alone: who was interrupted goes on.
    let again = copy(one.options(), database(), Meeting::Refuse).unwrap();
    assert_eq!((again.same, again.payloads, &again.digest), (true, 0, &copied.digest));
    assert!(again.put <= 1, "only what every store makes itself: {again:?}");

    let there = copy(database(), back.options(), Meeting::Refuse).unwrap();
    assert_eq!((there.same, there.digest), (true, copied.digest));
    let store = Store::open(back.options()).unwrap();
    assert_eq!(call(&store, "chats.findById", json!([chat]))["messageCount"], 450);
    assert_eq!(store.read_now(&row, None).unwrap().unwrap(), bytes(700_000));
    assert_eq!(store.read_now(&row, Some("small.webp")).unwrap().unwrap(), bytes(50));
    call(&store, "secrets.unlock", json!(["passphrase"]));
    assert_eq!(call(&store, "connections.revealApiKey", json!([key])), "sk-1");
    call(&store, "users.update", json!([user, {"name": "Other"}]));
    store.close().unwrap();
    let refused = copy(back.options(), database(), Meeting::Refuse).unwrap_err();
    assert_eq!(refused.code().name(), "VALIDATION", "{refused}");
    assert!(copy(back.options(), database(), Meeting::Replace).unwrap().same);
}

/// Beside a server that takes connections and says nothing, as one behind a firewall that drops what it does not like.
/// True where the opening there was still waiting.
fn another_is_opened_meanwhile() -> bool {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("postgresql://quilltap@{}/postgres", silent.local_addr().unwrap());
    let waits = thread::spawn(move || {
        let database = Some(DatabaseOptions::new(address));
        Store::open(Options { database, ..Options::new("unused") }).err().unwrap().code().name()
    });
    // It waits for an answer from when the server has taken the connection.
    let connection = silent.accept().unwrap();
    let store = open(&new_schema());
    call(&store, "users.create", json!([{"email": "will@globe.example"}]));
    store.close().unwrap();
    let still_waits = !waits.is_finished();
    drop((connection, silent));
    assert_eq!(waits.join().unwrap(), "IO");
    still_waits
}

#[test]
fn an_opening_that_waits_holds_up_no_other() {
    // On a busy machine the one that waits may give up first.
    assert!((0..3).any(|_| another_is_opened_meanwhile()));
}

#[test]
fn check_tells_what_is_wrong_with_a_database() {
    let schema = new_schema();
    let store = open(&schema);
    let (_, chat) = world(&store);
    call(&store, "chats.addMessage", json!([chat, message(0)]));
    let found =
        |store: &Store| -> Value { serde_json::from_str(&store.check_now().unwrap()).unwrap() };
    let clean = found(&store);
    assert_eq!((&clean["faults"], &clean["rows"]), (&json!([]), &json!(1)), "{clean}");
    let mut client = Client::connect(&server(), NoTls).unwrap();
    client.batch_execute(&format!("SET search_path = {schema}")).unwrap();
    let faults = [
        ("UPDATE characters SET text = left(text, -1)", json!(["unreadable"])),
        ("UPDATE characters SET text = text || '}'", json!([])),
        ("DELETE FROM \"chats.keys\" WHERE index LIKE '%>updatedAt'", json!(["index"])),
        (
            "UPDATE \".rows\" SET text = replace(text, 'USER', 'NOBODY')",
            json!(["index", "invalid"]),
        ),
        ("UPDATE \".rows\" SET owner = 'nobody'", json!(["count", "index", "invalid", "orphan"])),
        ("DELETE FROM users", json!(["count", "index", "invalid", "orphan", "relation"])),
    ];
    for (spoils, kinds) in faults {
        client.batch_execute(spoils).unwrap();
        let report = found(&store);
        let all = report["faults"].as_array().unwrap().iter();
        let told: std::collections::BTreeSet<&str> =
            all.map(|fault| fault["kind"].as_str().unwrap()).collect();
        assert_eq!(json!(told), kinds, "{spoils}: {report}");
    }
}
