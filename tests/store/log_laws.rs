//! A question about a log has one answer: from the disk or from memory, in this process or another one,
//! inside a transaction or after it, before compaction and after it. And it is what a reader of the
//! lines would say, one after the other.

use std::sync::OnceLock;

use proptest::prelude::*;
use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::{Code, Error};
use quilltap_store::store::Store;
use serde_json::{Value, json};

use super::support::{call, code, open, try_call, world};

/// Ids and days are few, for lines and queries to meet.
const IDS: u8 = 6;
const DAYS: u8 = 5;

#[derive(Debug, Clone)]
enum Line {
    /// A row of that id; without a day it says a time that nobody understands.
    Row {
        id: u8,
        day: Option<u8>,
        note: bool,
    },
    Deleted(u8),
    /// A row that cannot be read, of a known id or not.
    Torn(Option<u8>),
}

#[derive(Debug, Clone)]
enum Bound {
    Id(u8),
    Day(u8),
}

#[derive(Debug, Clone)]
struct Query {
    limit: Option<usize>,
    before: Option<Bound>,
    after: Option<Bound>,
    messages_only: bool,
}

/// What a transaction does to the log.
#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Update(u8),
    Delete(u8),
    Clear,
}

fn time(day: u8) -> String {
    format!("2026-01-{:02}T00:00:00.000Z", day + 1)
}

fn text(line: &Line) -> String {
    match line {
        Line::Row { id, day, note } => {
            let created = day.map_or("some day".to_owned(), time);
            let kind = if *note { "note" } else { "message" };
            let spaces = " ".repeat(usize::from(*id % 2));
            let row = json!({"id": format!("m{id}"), "type": kind, "role": "USER", "content": "x",
                "createdAt": created});
            format!("{spaces}{row}")
        }
        Line::Deleted(id) => format!("{{\"type\":\"deleted\",\"id\":\"m{id}\"}}"),
        Line::Torn(Some(id)) => format!("{{\"id\":\"m{id}\",\"type\":\"mess"),
        Line::Torn(None) => "<<<<<<< HEAD".to_owned(),
    }
}

fn options(query: &Query) -> Value {
    let bound = |bound: &Option<Bound>| match bound {
        None => Value::Null,
        Some(Bound::Id(id)) => format!("m{id}").into(),
        Some(Bound::Day(day)) => time(*day).into(),
    };
    json!({"limit": query.limit, "before": bound(&query.before), "after": bound(&query.after)})
}

fn ask(query: &Query, call: impl Fn(&str, Value) -> Result<Value, Error>) -> Result<Value, Code> {
    let name = if query.messages_only { "chats.getMessages" } else { "chats.getEvents" };
    call(name, options(query)).map_err(|error| error.code())
}

/// A row of the model: its id, its day, and is it a message; or something that cannot be read.
#[derive(Debug, Clone, PartialEq)]
enum Entry {
    Row(u8, Option<u8>, bool),
    Torn(Option<u8>),
}

fn id_of(entry: &Entry) -> Option<u8> {
    match entry {
        Entry::Row(id, ..) => Some(*id),
        Entry::Torn(id) => *id,
    }
}

/// The rows that the lines leave, in order.
fn read(lines: &[Line]) -> Vec<Entry> {
    let mut rows: Vec<Entry> = Vec::new();
    for line in lines {
        let (id, entry) = match line {
            Line::Row { id, day, note } => (Some(*id), Some(Entry::Row(*id, *day, !note))),
            Line::Deleted(id) => (Some(*id), None),
            Line::Torn(id) => (*id, Some(Entry::Torn(*id))),
        };
        let known = rows.iter().position(|row| id.is_some() && id_of(row) == id);
        match (known, entry) {
            (Some(at), Some(entry)) => rows[at] = entry,
            (Some(at), None) => drop(rows.remove(at)),
            (None, Some(entry)) => rows.push(entry),
            (None, None) => {}
        }
    }
    rows
}

/// What a query selects of them, said as simply as can be; `None` where that is for the store to say:
/// how near to a time a line that cannot be read may be.
fn expected(rows: &[Entry], query: &Query) -> Option<Result<Vec<u8>, Code>> {
    let torn = rows.iter().any(|row| matches!(row, Entry::Torn(_)));
    let of_time = |bound: &Option<Bound>| matches!(bound, Some(Bound::Day(_)));
    if torn && (of_time(&query.after) || of_time(&query.before)) {
        return None;
    }
    let place = |id: u8| match rows.iter().position(|row| id_of(row) == Some(id)) {
        Some(at) if matches!(rows[at], Entry::Row(..)) => Ok(at),
        Some(_) => Err(Code::Corrupt),
        None if rows.contains(&Entry::Torn(None)) => Err(Code::Corrupt),
        None => Err(Code::Validation),
    };
    let (mut from, mut to) = (0, rows.len());
    let mut bounds = || -> Result<(), Code> {
        if let Some(Bound::Id(id)) = query.after {
            from = place(id)? + 1;
        }
        if let Some(Bound::Id(id)) = query.before {
            to = place(id)?;
        }
        Ok(())
    };
    if let Err(code) = bounds() {
        return Some(Err(code));
    }
    let lies = |day: Option<u8>| {
        let after = match query.after {
            Some(Bound::Day(after)) => day.is_some_and(|day| day > after),
            _ => true,
        };
        let before = match query.before {
            Some(Bound::Day(before)) => day.is_some_and(|day| day < before),
            _ => true,
        };
        after && before
    };
    let mut inside: Vec<&Entry> = rows[from.min(to)..to].iter().collect();
    if query.after.is_none() {
        inside.reverse();
    }
    let mut ids = Vec::new();
    for row in inside {
        if ids.len() == query.limit.unwrap_or(usize::MAX) {
            break;
        }
        match row {
            Entry::Torn(_) => return Some(Err(Code::Corrupt)),
            Entry::Row(id, day, message) => {
                if (*message || !query.messages_only) && lies(*day) {
                    ids.push(*id);
                }
            }
        }
    }
    if query.after.is_none() {
        ids.reverse();
    }
    Some(Ok(ids))
}

/// A folder with a chat, and the chat's id.
fn folder(lines: &[Line]) -> (SimulatedDisk, String) {
    type Files = Vec<(String, Vec<u8>)>;
    static BASE: OnceLock<(Files, String)> = OnceLock::new();
    let (files, chat) = BASE.get_or_init(|| {
        let disk = SimulatedDisk::new();
        let store = open(&disk);
        let world = world(&store);
        store.close().unwrap();
        (disk.files().into_iter().collect(), world.chat)
    });
    let disk = SimulatedDisk::new();
    files.iter().for_each(|(path, bytes)| disk.plant(path, bytes));
    let texts: Vec<String> = lines.iter().map(text).collect();
    disk.plant(&format!("chats/{chat}.jsonl"), texts.join("\n").as_bytes());
    (disk, chat.clone())
}

fn answers(store: &Store, chat: &str, queries: &[Query]) -> Vec<Result<Value, Code>> {
    let ask_one = |query| ask(query, |name, options| try_call(store, name, json!([chat, options])));
    queries.iter().map(ask_one).collect()
}

fn any_query() -> impl Strategy<Value = Query> {
    let bound = || {
        proptest::option::of(prop_oneof![
            (0..IDS).prop_map(Bound::Id),
            (0..DAYS).prop_map(Bound::Day)
        ])
    };
    (proptest::option::of(0_usize..4), bound(), bound(), any::<bool>()).prop_map(
        |(limit, before, after, messages_only)| Query { limit, before, after, messages_only },
    )
}

fn any_row() -> impl Strategy<Value = Line> {
    (0..IDS, 0..DAYS, any::<bool>()).prop_map(|(id, day, note)| Line::Row {
        id,
        day: Some(day),
        note,
    })
}

/// Logs whose times rise, logs of any times, and logs with whatever else there may be.
fn any_log() -> impl Strategy<Value = Vec<Line>> {
    let rows = || proptest::collection::vec(any_row(), 0..8);
    let rising = rows().prop_map(|mut rows| {
        rows.sort_by_key(|row| match row {
            Line::Row { day, .. } => *day,
            _ => None,
        });
        rows
    });
    let odd = prop_oneof![
        6 => any_row(),
        1 => (0..IDS).prop_map(|id| Line::Row { id, day: None, note: false }),
        2 => (0..IDS).prop_map(Line::Deleted),
        1 => proptest::option::of(0..IDS).prop_map(Line::Torn),
    ];
    prop_oneof![rising, rows(), proptest::collection::vec(odd, 0..10)]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..DAYS).prop_map(Step::Add),
        2 => (0..IDS).prop_map(Step::Update),
        2 => (0..IDS).prop_map(Step::Delete),
        1 => Just(Step::Clear),
    ]
}

fn step(step: &Step, chat: &str) -> (&'static str, Value) {
    match step {
        Step::Add(day) => {
            let message = json!({"role": "USER", "content": "y", "createdAt": time(*day)});
            ("chats.addMessage", json!([chat, message]))
        }
        Step::Update(id) => {
            ("chats.updateMessage", json!([chat, format!("m{id}"), {"swipeGroupId": "g"}]))
        }
        Step::Delete(id) => ("chats.deleteMessages", json!([chat, format!("m{id}")])),
        Step::Clear => ("chats.clearMessages", json!([chat])),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_question_has_one_answer(
        lines in any_log(),
        queries in proptest::collection::vec(any_query(), 1..8),
        steps in proptest::collection::vec(any_step(), 1..4),
    ) {
        let (disk, chat) = folder(&lines);
        let store = open(&disk);
        let first = answers(&store, &chat, &queries);
        let rows = read(&lines);
        for (query, answer) in queries.iter().zip(&first) {
            let ids = answer.clone().map(|rows| {
                let id = |row: &Value| row["id"].as_str().unwrap()[1..].parse::<u8>().unwrap();
                rows.as_array().unwrap().iter().map(id).collect::<Vec<_>>()
            });
            if let Some(expected) = expected(&rows, query) {
                prop_assert_eq!(ids, expected, "{:?}", query);
            }
        }
        prop_assert_eq!(&answers(&store, &chat, &queries), &first, "from memory");
        let other = open(&disk.process(u64::MAX));
        prop_assert_eq!(&answers(&other, &chat, &queries), &first, "in another process");

        let mut inside = Vec::new();
        let ended = store.transaction(|tx| {
            let call = |name: &str, args: &Value| {
                tx.call(name, &args.to_string()).map(|text| serde_json::from_str(&text).unwrap())
            };
            for one in &steps {
                let (name, args) = step(one, &chat);
                let _: Result<Value, Error> = call(name, &args);
            }
            inside = queries.iter().map(|query| {
                ask(query, |name, options| call(name, &json!([chat, options])))
            }).collect();
            Ok(())
        });
        prop_assert!(ended.is_ok());
        prop_assert_eq!(&answers(&store, &chat, &queries), &inside, "after the transaction");
        prop_assert_eq!(&answers(&other, &chat, &queries), &inside, "and in another process");
        store.compact_now().unwrap();
        prop_assert_eq!(&answers(&store, &chat, &queries), &inside, "after a checkpoint");
        other.close().unwrap();
        store.close().unwrap();
        let again = open(&disk);
        prop_assert_eq!(&answers(&again, &chat, &queries), &inside, "after compaction");
    }

    #[test]
    fn what_check_calls_clean_every_call_reads(lines in any_log()) {
        let (disk, chat) = folder(&lines);
        let store = open(&disk);
        let report: Value = serde_json::from_str(&store.check_now().unwrap()).unwrap();
        let told = report["faults"].as_array().unwrap().iter().any(|f| f["kind"] == "unreadable");
        let rows = read(&lines);
        let torn = rows.iter().any(|row| matches!(row, Entry::Torn(_)));
        if torn {
            prop_assert!(told);
            prop_assert_eq!(code(&store, "chats.getEvents", json!([chat])), "CORRUPT");
        } else {
            for row in call(&store, "chats.getEvents", json!([chat])).as_array().unwrap() {
                let found = call(&store, "chats.findMessage", json!([row["id"]]));
                prop_assert_eq!(&found["chatId"], &json!(chat));
            }
        }
    }
}

/// A clock that was set back once.
#[test]
fn bounds_are_what_the_times_say() {
    let at = |id: u8, day: u8| Line::Row { id, day: Some(day), note: false };
    let (disk, chat) = folder(&[at(0, 2), at(1, 3), at(2, 0), at(3, 4)]);
    let store = open(&disk);
    let list = |options: Value| {
        let rows = call(&store, "chats.getMessages", json!([chat, options]));
        let ids = rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>().join(" ")
    };
    for (options, ids) in [
        (json!({"after": time(1)}), "m0 m1 m3"),
        (json!({"after": time(1), "limit": 2}), "m0 m1"),
        (json!({"before": time(3)}), "m0 m2"),
        (json!({"before": time(3), "limit": 1}), "m2"),
        (json!({"after": time(0), "before": time(4)}), "m0 m1"),
        (json!({"after": "m1", "before": time(4)}), "m2"),
    ] {
        assert_eq!(list(options.clone()), ids, "{options}");
    }
}
