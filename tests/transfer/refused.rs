//! What cannot come over is told at once, with table, key and column, and nothing is written.

use std::fs;
use std::path::Path;

use quilltap_store::progress::Unheard;
use quilltap_store::transfer::{Meeting, import};

use super::dumps::with_row;
use super::{asked, files_of, fixture, imported};

const USER: &str = "02704c99-2824-4f8d-bb53-c492026c6ade";
const TIME: &str = "2025-01-01 00:00:00";

fn world() -> String {
    fs::read_to_string(fixture("world.sql")).unwrap()
}

fn tag<'a>(id: &'a str, name: &'a str, created: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("id", id),
        ("userId", USER),
        ("name", name),
        ("nameLower", name),
        ("createdAt", created),
        ("updatedAt", TIME),
    ]
}

fn character<'a>(id: &'a str, json: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut row =
        vec![("id", id), ("userId", USER), ("isFavorite", "f"), ("sillyTavernData", json)];
    row.extend([("createdAt", TIME), ("updatedAt", TIME)]);
    let texts = ["name", "description", "personality", "scenario", "firstMessage"];
    row.extend(texts.map(|name| (name, "x")));
    row
}

fn message<'a>(id: &'a str, chat: &'a str, role: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("id", id), ("chatId", chat), ("role", role), ("content", "x"), ("createdAt", TIME)]
}

/// `(table, key, column, a part of what is said)`
type Expected = (&'static str, &'static str, Option<&'static str>, &'static str);

#[test]
fn everything_is_told_at_once_and_nothing_is_written() {
    let long = "i".repeat(65);
    let rows: Vec<(&str, Vec<(&str, &str)>)> = vec![
        (
            "users",
            vec![
                ("id", "case"),
                ("email", "ADA@example.test"),
                ("totpEnabled", "f"),
                ("createdAt", TIME),
                ("updatedAt", TIME),
            ],
        ),
        ("tags", tag("infinite", "t1", "infinity")),
        ("tags", tag("ancient", "t2", "0044-03-15 12:00:00 BC")),
        ("tags", tag("fine", "t3", "2025-01-01 00:00:00.123456")),
        ("tags", tag(&long, "t4", TIME)),
        ("characters", character("huge", "{\"n\": 1e400}")),
        ("characters", character("exact", "{\"n\": 0.12345678901234567890}")),
        (
            "personas",
            vec![
                ("id", "lost"),
                ("userId", "nobody"),
                ("name", "x"),
                ("description", "x"),
                ("createdAt", TIME),
                ("updatedAt", TIME),
            ],
        ),
        (
            "character_tags",
            vec![
                ("id", "follows"),
                ("characterId", "huge"),
                ("tagId", "infinite"),
                ("createdAt", TIME),
            ],
        ),
        ("messages", message("astray", "no-chat", "USER")),
        ("messages", message("role", "055784b4-20ac-405d-9781-5566a9e79650", "PARROT")),
        (
            "messages",
            message(
                "bdc5dd48-df29-414c-92e8-033c24c4dc67",
                "055784b4-20ac-405d-9781-5566a9e79650",
                "USER",
            ),
        ),
        (
            "chat_files",
            vec![
                ("id", "loose"),
                ("chatId", "055784b4-20ac-405d-9781-5566a9e79650"),
                ("messageId", "gone"),
                ("filename", "x"),
                ("filepath", "x"),
                ("mimeType", "x"),
                ("size", "99999999999"),
                ("sentToProvider", "f"),
                ("createdAt", TIME),
            ],
        ),
        (
            "chat_files",
            vec![
                ("id", "dangling"),
                ("chatId", "055784b4-20ac-405d-9781-5566a9e79650"),
                ("messageId", "gone"),
                ("filename", "x"),
                ("filepath", "x"),
                ("mimeType", "x"),
                ("size", "1"),
                ("sentToProvider", "f"),
                ("createdAt", TIME),
            ],
        ),
    ];
    let expected: Vec<Expected> = vec![
        ("users", "case", Some("email"), "there is a User with this email already"),
        ("tags", "infinite", Some("createdAt"), "infinite"),
        ("tags", "ancient", Some("createdAt"), "before the year 1"),
        ("tags", "fine", Some("createdAt"), "microseconds"),
        ("tags", "iiii", Some("id"), "expected"),
        ("characters", "huge", Some("sillyTavernData"), "cannot be kept as JSON"),
        ("characters", "exact", Some("sillyTavernData"), "more digits than a double holds"),
        ("personas", "lost", Some("userId"), "refers to nothing"),
        ("messages", "astray", Some("chatId"), "refers to nothing"),
        ("messages", "role", Some("role"), "is not one of"),
        ("messages", "bdc5dd48-df29-414c-92e8-033c24c4dc67", None, "its id is there twice"),
        ("chat_files", "loose", Some("size"), "is not a whole number of 32 bits"),
        ("chat_files", "dangling", Some("messageId"), "refers to a Message that is not there"),
    ];
    let scratch = tempfile::tempdir().unwrap();
    let (source, folder) = (scratch.path().join("dump.sql"), scratch.path().join("data"));
    let dump = rows.iter().fold(world(), |dump, (table, row)| with_row(&dump, table, row));
    fs::write(&source, dump).unwrap();
    for dry_run in [true, false] {
        let mut asked = asked(&source, &folder);
        asked.dry_run = dry_run;
        let report = import(&asked, &Unheard).unwrap();
        assert!(!report.written && !folder.exists());
        let told = &report.problems.told;
        for (table, key, column, part) in &expected {
            let is_it = |p: &&quilltap_store::transfer::Problem| {
                p.table == *table
                    && p.key.as_deref().is_some_and(|other| other.starts_with(key))
                    && p.message.contains(part)
                    && !p.mend.is_empty()
            };
            let found = told.iter().find(is_it);
            let found = found.unwrap_or_else(|| panic!("{table} {key} {part}: {told:#?}"));
            assert_eq!(found.column.as_deref(), *column, "{found:?}");
        }
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        assert_eq!(report.following, 1);
    }
}

#[test]
fn files_that_are_no_whole_dump_are_told_from_dumps() {
    let world = world();
    let half = &world[..world.len() / 2];
    let cases = [
        ("PGDMP\u{1}rest\n".to_owned(), "custom format"),
        ("INSERT INTO users VALUES (1);\n".to_owned(), "without --inserts"),
        ("SET client_encoding = 'LATIN1';\n".to_owned(), "UTF-8"),
        (half[..half.rfind('\n').unwrap()].to_owned(), "middle of"),
        (half[..half.rfind("\\.\n").unwrap() + 3].to_owned(), "was cut"),
        (String::new(), "was cut"),
    ];
    let scratch = tempfile::tempdir().unwrap();
    let (source, folder) = (scratch.path().join("dump.sql"), scratch.path().join("data"));
    for (text, part) in cases {
        fs::write(&source, text).unwrap();
        let error = import(&asked(&source, &folder), &Unheard).unwrap_err();
        assert!(error.message().contains(part), "{part}: {}", error.message());
        assert!(!folder.exists());
    }
    assert!(import(&asked(Path::new("no-such-file.sql"), &folder), &Unheard).is_err());
}

#[test]
fn tables_and_columns_that_are_missing_or_unknown_are_told() {
    let dump = world()
        .replace("COPY public.tags (", "COPY public.labels (")
        .replace("\"isFavorite\"", "\"isBeloved\"");
    let scratch = tempfile::tempdir().unwrap();
    let source = scratch.path().join("dump.sql");
    fs::write(&source, dump).unwrap();
    let report = imported(&source, &scratch.path().join("data"));
    let told: Vec<(&str, Option<&str>)> = report
        .problems
        .told
        .iter()
        .filter(|problem| problem.key.is_none())
        .map(|problem| (problem.table.as_str(), problem.column.as_deref()))
        .collect();
    assert_eq!(
        told,
        [("characters", Some("isFavorite")), ("characters", Some("isBeloved")), ("tags", None)]
    );
    assert_eq!(report.left_out, ["labels"]);
}

#[test]
fn rows_that_the_store_has_otherwise_are_refused_kept_or_replaced() {
    let scratch = tempfile::tempdir().unwrap();
    let (first, folder) = (fixture("world.sql"), scratch.path().join("data"));
    imported(&first, &folder);
    let second = scratch.path().join("second.sql");
    fs::write(&second, world().replacen("Ada Quill", "Ada Q", 1)).unwrap();
    let files = files_of(&folder);
    let refused = imported(&second, &folder);
    assert_eq!(refused.problems.told[0].key.as_deref(), Some(USER));
    assert!(!refused.written);
    let mut asked = asked(&second, &folder);
    asked.existing = Meeting::Keep;
    let kept = import(&asked, &Unheard).unwrap();
    assert_eq!((kept.tables[0].kept, kept.tables[0].same), (1, 2));
    assert_eq!(files_of(&folder), files);
    asked.existing = Meeting::Replace;
    let replaced = import(&asked, &Unheard).unwrap();
    assert_eq!((replaced.tables[0].replaced, replaced.tables[0].same), (1, 2));
    assert!(super::verified(&second, &folder).clean);
}
