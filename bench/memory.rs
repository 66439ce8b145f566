//! Counts the bytes of memory that an open store takes for each record besides its text: `memory COUNT DIR`.
//!
//! The allocator counts what is asked for, so the figures are the same on every machine.

#![allow(clippy::disallowed_methods, reason = "it makes the folder that it measures")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use quilltap_store::store::{Options, Store};
use serde_json::{Value, json};

/// The system's allocator, which counts.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator with the arguments that came.
#[allow(unsafe_code, reason = "an allocator is unsafe by its trait")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `place` came from `alloc` above, so from the system's allocator, with this layout.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn id(kind: &str, number: usize) -> String {
    format!("{kind:0<8}-0000-4000-8000-{number:012x}")
}

/// A chat of one of a hundred users, each with ten characters.
fn chat(number: usize) -> Value {
    let day = number % 28 + 1;
    let time = format!(
        "2026-01-{day:02}T00:{:02}:{:02}.{:03}Z",
        number / 60 % 60,
        number % 60,
        number % 1000
    );
    json!({ "id": id("c4a7", number), "createdAt": time, "updatedAt": time, "userId": id("0", number % 100),
        "characterId": id("c", number % 1000), "connectionProfileId": id("b0f", number % 100),
        "title": format!("Chat {number}"), "tags": [], "tagLinks": [], "messageCount": 0,
        "lastMessageAt": null })
}

/// A folder with so many chats.
fn write(dir: &Path, count: usize) {
    let store = Store::open(Options::new(dir.to_str().expect("a text"))).expect("opens");
    let call = |name: &str, all: Vec<Value>| {
        store
            .call(name, &json!([all]).to_string())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    let user = |number| json!({ "id": id("0", number), "email": format!("{number}@example.test") });
    call("users.createMany", (0..100).map(user).collect());
    let profile = |number| {
        json!({ "id": id("b0f", number), "userId": id("0", number), "name": "Local",
        "provider": "OLLAMA", "modelName": "model" })
    };
    call("connections.createMany", (0..100).map(profile).collect());
    let character = |number| {
        json!({ "id": id("c", number), "userId": id("0", number % 100), "name": "C",
        "description": "", "personality": "", "scenario": "", "firstMessage": "" })
    };
    call("characters.createMany", (0..1000).map(character).collect());
    store.close().expect("closes");
    let header = r#"{"type":"header","schema":"chats/index","version":1}"#;
    let rows = (0..count).map(|number| chat(number).to_string());
    let lines: Vec<String> = std::iter::once(header.to_owned()).chain(rows).collect();
    fs::create_dir_all(dir.join("chats")).expect("a folder");
    fs::write(dir.join("chats/index.jsonl"), lines.join("\n") + "\n").expect("a file");
}

/// Bytes that are held while a store with so many chats is open.
fn held(dir: &Path, count: usize) -> usize {
    write(dir, count);
    let before = LIVE.load(Ordering::Relaxed);
    let store = Store::open(Options::new(dir.to_str().expect("a text"))).expect("opens");
    let all = store.call("chats.count", "[]").expect("a number");
    assert_eq!(all, count.to_string());
    let held = LIVE.load(Ordering::Relaxed) - before;
    store.close().expect("closes");
    held
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(count), Some(dir)) = (args.next(), args.next()) else {
        panic!("usage: memory COUNT DIR");
    };
    let (count, dir): (usize, _) = (count.parse().expect("a number"), Path::new(&dir));
    let none = held(&dir.join(format!("none beside {count}")), 0);
    let all = held(&dir.join(count.to_string()), count);
    let text: usize =
        (0..count).map(|number| chat(number).to_string().len() + id("c4a7", 0).len()).sum();
    println!(
        "{count} chats: {} bytes each, {} of them text and key",
        (all - none) / count,
        text / count
    );
}
