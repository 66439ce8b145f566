//! A payload lies once for each content, comes before its first row, and goes with its last.

use std::io::ErrorKind;
use std::sync::Arc;

use quilltap_store::disk::{Fault, Outcome, SimulatedDisk};
use quilltap_store::error::{Code, Error};
use quilltap_store::store::{Bytes, Options, Store, Stream, Use};
use serde_json::{Value, json};

use super::support::{call, id, open, world};

const OUTCOMES: [Outcome; 5] =
    [Outcome::Lost, Outcome::Done, Outcome::Seed(1), Outcome::Seed(2), Outcome::Seed(3)];

fn put(store: &Store, data: Value, bytes: &[u8]) -> Result<Value, Error> {
    let row = store.put_now(Bytes::Memory(Arc::from(bytes)), Use::Row(data.to_string()))?;
    Ok(serde_json::from_str(&row).unwrap())
}

fn derive(store: &Store, row: &str, name: &str, bytes: &[u8]) -> Result<String, Error> {
    store.put_now(Bytes::Memory(Arc::from(bytes)), Use::Derived(row.into(), name.into()))
}

/// The files under `binaries/`, but for the rows.
fn payloads(disk: &SimulatedDisk) -> Vec<(String, Vec<u8>)> {
    let own = |path: &String| path.starts_with("binaries/") && path != "binaries/index.jsonl";
    disk.files().into_iter().filter(|(path, _)| own(path)).collect()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn one_payload_for_one_content_until_its_last_row_goes() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let user = world(&store).user;
    let one = put(&store, json!({"userId": user}), &png(3, 4)).unwrap();
    assert_eq!((&one["mimeType"], &one["type"]), (&json!("image/png"), &json!("image")));
    assert_eq!((&one["width"], &one["height"], &one["size"]), (&json!(3), &json!(4), &json!(33)));
    let path = one["relativePath"].as_str().unwrap().to_owned();
    let two = put(&store, json!({"userId": user, "filename": "again.png"}), &png(3, 4)).unwrap();
    assert_eq!(payloads(&disk), [(path.clone(), png(3, 4))]);
    assert_eq!(derive(&store, &id(&one), "thumb-1.webp", b"small").unwrap(), "true");
    assert_eq!(store.read_now(&id(&two), Some("thumb-1.webp")).unwrap().unwrap(), b"small");
    call(&store, "images.delete", json!([id(&one)]));
    store.flush_now().unwrap();
    assert_eq!(store.read_now(&id(&two), None).unwrap(), Some(png(3, 4)));
    assert_eq!(payloads(&disk).len(), 2);
    call(&store, "images.deleteBySha256", json!([two["sha256"]]));
    assert_eq!(store.read_now(&id(&two), None).unwrap(), None);
    store.flush_now().unwrap();
    assert_eq!(payloads(&disk), []);
    put(&store, json!({"userId": user}), b"some text").unwrap();
    call(&store, "users.delete", json!([user]));
    store.close().unwrap();
    assert_eq!(payloads(&disk), []);
}

#[test]
fn a_stream_that_is_given_up_and_a_put_that_is_refused_leave_nothing() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let user = world(&store).user;
    let stream = Stream::default();
    store.append_now(&stream, &[7; 5000]).unwrap();
    assert_eq!(payloads(&disk).len(), 1);
    stream.abort();
    assert_eq!(payloads(&disk), []);
    let error = put(&store, json!({"userId": "nobody"}), b"x").unwrap_err();
    assert_eq!(error.code(), Code::ForeignKey);
    let wrong = json!({"userId": user, "sha256": "0".repeat(64)});
    assert_eq!(put(&store, wrong, b"x").unwrap_err().code(), Code::Validation);
    for name in ["raw", "../x.png", "a/b.png", "a.", ".png", "a.b.c", "nul.png"] {
        let row = put(&store, json!({"userId": user}), b"y").unwrap();
        assert_eq!(derive(&store, &id(&row), name, b"z").unwrap_err().code(), Code::Validation);
    }
    assert_eq!(payloads(&disk).len(), 1);
    let undone = store.transaction(|tx| {
        tx.call("tags.create", &json!([{"userId": user, "name": "t"}]).to_string())?;
        tx.put(
            Bytes::Memory(Arc::from(&b"in vain"[..])),
            Use::Row(json!({"userId": user}).to_string()),
        )?;
        tx.call("tags.create", &json!([{"userId": "nobody", "name": "t"}]).to_string())
    });
    assert_eq!(undone.unwrap_err().code(), Code::ForeignKey);
    store.flush_now().unwrap();
    assert_eq!(payloads(&disk).len(), 1);
}

#[test]
fn a_missing_or_changed_payload_is_told() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let user = world(&store).user;
    let row = put(&store, json!({"userId": user}), b"to be or not").unwrap();
    let path = row["relativePath"].as_str().unwrap();
    for bytes in [&b"to be or now"[..], b"to be"] {
        disk.plant(path, bytes);
        let error = store.read_now(&id(&row), None).unwrap_err();
        assert_eq!((error.code(), error.file()), (Code::Corrupt, Some(path)));
    }
    // The same bytes again mend one that was cut, and one of which a letter was changed.
    for bytes in [&b"to be"[..], b"to be or now"] {
        disk.plant(path, bytes);
        put(&store, json!({"userId": user}), b"to be or not").unwrap();
        assert_eq!(store.read_now(&id(&row), None).unwrap().unwrap(), b"to be or not");
    }
    let foreign = call(
        &store,
        "images.create",
        json!([{
            "userId": user, "sha256": "../../auth/accounts.json", "type": "image", "filename": "a",
            "relativePath": "uploads/a.png", "mimeType": "image/png", "size": 1,
        }]),
    );
    assert_eq!(store.read_now(&id(&foreign), None).unwrap_err().code(), Code::Corrupt);
    call(&store, "images.delete", json!([id(&foreign)]));
    store.flush_now().unwrap();
}

#[test]
fn what_the_bytes_say_is_believed_and_what_runs_scripts_is_a_download() {
    let store = open(&SimulatedDisk::new());
    let user = world(&store).user;
    let cases: &[(&[u8], Value, &str, bool)] = &[
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", json!("image/png"), "image/svg+xml", false),
        (
            b"\xef\xbb\xbf <?xml version='1.0'?><!-- x --><svg/>",
            json!(null),
            "image/svg+xml",
            false,
        ),
        (b"<!DOCTYPE html><p>", json!("image/png"), "text/html", false),
        (b"<p>x</p><script>alert(1)</script>", json!(null), "text/html", false),
        (b"\xff\xfe<\0s\0v\0g\0>\0", json!("image/png"), "image/svg+xml", false),
        (b"no picture", json!("image/png"), "text/plain", false),
        (b"# Title", json!("text/markdown; charset=utf-8"), "text/markdown", false),
        (b"", json!(null), "application/octet-stream", false),
        (b"GIF89a\x05\0\x06\0<script>", json!("text/html"), "image/gif", true),
        (b"\0\x01\x02", json!("no type"), "application/octet-stream", false),
    ];
    for (bytes, claim, mime, inline) in cases {
        let row = put(&store, json!({"userId": user, "mimeType": claim}), bytes).unwrap();
        assert_eq!(row["mimeType"], *mime, "{}", bytes.escape_ascii());
        let serving = call(&store, "images.servingOf", json!([id(&row)]));
        assert_eq!(serving["inlineSafe"], *inline, "{mime}");
        assert_eq!(serving["headers"]["x-content-type-options"], "nosniff");
    }
}

#[test]
fn a_full_or_failing_disk_leaves_no_temporary() {
    for fault in [ErrorKind::StorageFull, ErrorKind::PermissionDenied, ErrorKind::Other] {
        for at in 1..14 {
            let disk = SimulatedDisk::new();
            let store = open(&disk);
            let user = world(&store).user;
            let before = put(&store, json!({"userId": user}), b"before").unwrap();
            store.flush_now().unwrap();
            disk.fail_at(disk.operations() + at, Fault::Error(fault));
            let done = put(&store, json!({"userId": user}), &[at as u8; 3000]);
            disk.clear_faults();
            let _ = store.close();
            let store = open(&disk);
            let rows = call(&store, "images.findAll", json!([]));
            let rows = rows.as_array().unwrap();
            assert!(done.is_err() || rows.len() == 2, "{fault:?} at {at}");
            for row in rows {
                assert!(store.read_now(&id(row), None).unwrap().is_some(), "{fault:?} at {at}");
            }
            assert_eq!(payloads(&disk).len(), rows.len(), "{fault:?} at {at}");
            assert_eq!(store.read_now(&id(&before), None).unwrap().unwrap(), b"before");
        }
    }
}

#[test]
fn a_store_that_cannot_be_written_says_so() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let user = world(&store).user;
    let row = put(&store, json!({"userId": user}), b"kept").unwrap();
    store.close().unwrap();
    disk.set_read_only(true);
    let store = open(&disk);
    assert_eq!(put(&store, json!({"userId": user}), b"x").unwrap_err().code(), Code::ReadOnly);
    assert_eq!(store.read_now(&id(&row), None).unwrap().unwrap(), b"kept");
}

#[test]
fn rows_that_cannot_be_read_or_are_removed_by_hand_cost_no_payload() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let user = world(&store).user;
    put(&store, json!({"userId": user}), b"precious").unwrap();
    store.close().unwrap();
    let rows = disk.files()["binaries/index.jsonl"].clone();
    disk.plant("binaries/index.jsonl", b"");
    open(&disk).close().unwrap();
    assert_eq!(payloads(&disk).len(), 1);
    disk.plant("binaries/index.jsonl", &rows[..rows.len() - 9]);
    let store = open(&disk);
    store.compact_now().unwrap();
    store.close().unwrap();
    assert_eq!(payloads(&disk).len(), 1);
    disk.plant("binaries/index.jsonl", b"");
    let store = open(&disk);
    store.compact_now().unwrap();
    assert_eq!(payloads(&disk), []);
}

/// What a step of the crash search does.
#[derive(Clone, Copy)]
enum Step {
    Put(&'static str, u8),
    Delete(&'static str),
    Derive(&'static str),
    Flush,
    Compact,
    Reopen,
}

const STEPS: &[Step] = &[
    Step::Put("a", 1),
    Step::Flush,
    Step::Put("b", 1),
    Step::Derive("a"),
    Step::Delete("a"),
    Step::Flush,
    Step::Delete("b"),
    Step::Put("c", 1),
    Step::Put("d", 2),
    Step::Delete("c"),
    Step::Flush,
    Step::Put("e", 1),
    Step::Compact,
    Step::Delete("d"),
    Step::Reopen,
    Step::Delete("e"),
];

fn content(kind: u8) -> Vec<u8> {
    vec![kind; 1500]
}

/// What the rows are after each step: id and content.
fn wanted(done: usize) -> Vec<(&'static str, u8)> {
    let mut rows = Vec::new();
    for step in &STEPS[..done] {
        match step {
            Step::Put(id, kind) => rows.push((*id, *kind)),
            Step::Delete(id) => rows.retain(|(other, _)| other != id),
            _ => {}
        }
    }
    rows
}

fn try_open(disk: &SimulatedDisk) -> Result<Store, Error> {
    Store::open_on(Arc::new(disk.clone()), &Options::new("unused"))
}

/// Runs the steps until one fails; gives how many were done, or none when there is no user.
fn run(disk: &SimulatedDisk) -> Option<usize> {
    let mut store = try_open(disk).ok()?;
    let user = json!([{"id": "u", "email": "a@example.org"}]).to_string();
    let made = store.call("users.create", &user);
    let mut count = 0;
    for step in STEPS {
        let done = match step {
            Step::Put(id, kind) => {
                put(&store, json!({"id": id, "userId": "u"}), &content(*kind)).map(|_| ())
            }
            Step::Delete(id) => store.call("images.delete", &json!([id]).to_string()).map(|_| ()),
            Step::Derive(id) => derive(&store, id, "small.png", b"thumb").map(|_| ()),
            Step::Flush => store.flush_now(),
            Step::Compact => store.compact_now(),
            Step::Reopen => store.close().and_then(|()| try_open(disk)).map(|new| store = new),
        };
        if done.is_err() {
            break;
        }
        count += 1;
    }
    let _ = store.close();
    made.ok().map(|_| count)
}

#[test]
fn wherever_the_machine_dies_rows_have_their_payloads_and_payloads_have_rows() {
    let disk = SimulatedDisk::new();
    assert_eq!(run(&disk), Some(STEPS.len()));
    assert_eq!(payloads(&disk), []);
    let last = disk.operations();
    assert!(last > 100, "{last}");
    for at in 1..=last {
        for outcome in OUTCOMES {
            let disk = SimulatedDisk::new();
            disk.fail_from(at, Fault::Crash);
            let done = run(&disk);
            let mut next = disk.crash(outcome);
            // It dies again while it recovers.
            for again in [2, 5, 9] {
                next.fail_from(next.operations() + again, Fault::Crash);
                if let Ok(store) = try_open(&next) {
                    let _ = store.close();
                }
                next = next.crash(outcome);
            }
            let place = format!("operation {at} of {last}, {outcome:?}, {done:?} done");
            let store = try_open(&next).unwrap_or_else(|e| panic!("{place}: {e}"));
            let rows = call(&store, "images.findAll", json!([]));
            let rows: Vec<(String, Vec<u8>)> = rows
                .as_array()
                .unwrap()
                .iter()
                .map(|row| (id(row), store.read_now(&id(row), None).expect(&place).unwrap()))
                .collect();
            let may = |done: usize| -> Vec<(String, Vec<u8>)> {
                wanted(done).into_iter().map(|(id, kind)| (id.into(), content(kind))).collect()
            };
            let done = done.unwrap_or(0);
            let next_done = (done + 1).min(STEPS.len());
            assert!(rows == may(done) || rows == may(next_done), "{place}: {} rows", rows.len());
            let mut contents: Vec<&Vec<u8>> = rows.iter().map(|(_, bytes)| bytes).collect();
            contents.sort();
            contents.dedup();
            let left = payloads(&next);
            let raw = left.iter().filter(|(path, _)| path.ends_with("/raw")).count();
            let derived = left.iter().filter(|(path, _)| path.ends_with("/small.png")).count();
            assert_eq!(raw, contents.len(), "{place}: {left:?}");
            assert!(raw + derived == left.len() && derived <= raw, "{place}");
            store.close().unwrap();
        }
    }
}
