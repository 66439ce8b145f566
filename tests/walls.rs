//! What a linter cannot see: which room knows which, and who may touch the file system.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may know.
const ROOMS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("json", &["error"]),
    ("disk", &["error"]),
    ("crypto", &["error", "json"]),
    ("catalogue", &["error", "json"]),
    ("query", &["error", "json", "catalogue"]),
    ("legacy", &["error", "json", "catalogue", "disk"]),
    ("engine", &["error", "json", "catalogue", "crypto", "disk", "legacy"]),
    ("secrets", &["error", "catalogue", "crypto", "engine"]),
    ("calls", &["error", "json", "catalogue", "crypto", "engine"]),
    ("repos", &["error", "json", "catalogue", "crypto", "query", "engine", "secrets", "calls"]),
    ("auth", &["error", "json", "catalogue", "crypto", "engine", "secrets", "calls", "repos"]),
    ("api", &["error", "catalogue", "crypto", "engine", "calls", "repos", "auth"]),
    (
        "store",
        &[
            "error",
            "catalogue",
            "crypto",
            "disk",
            "engine",
            "secrets",
            "calls",
            "repos",
            "auth",
            "api",
        ],
    ),
    ("node", &["error", "json", "engine", "api", "store"]),
];

/// A function longer than this, in lines, is told.
const LONGEST: usize = 60;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every source file: its path from `src/`, and its text without tests.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    let text = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
    };
    let all = sources(&root);
    let tested = all.iter().filter(|path| !path.ends_with("tests.rs"));
    tested.map(|path| (name(path), text(path))).collect()
}

fn room(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

#[test]
fn each_room_knows_only_those_below_it() {
    let mut breaches = Vec::new();
    for (file, text) in files() {
        let Some((own, known)) = ROOMS.iter().find(|(name, _)| *name == room(&file)) else {
            continue;
        };
        for line in code_lines(&text) {
            for (other, _) in
                ROOMS.iter().filter(|(other, _)| other != own && !known.contains(other))
            {
                if line.contains(&format!("crate::{other}")) {
                    breaches.push(format!("{file}: {line}"));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn every_room_is_on_the_list() {
    let unknown: Vec<String> = files()
        .into_iter()
        .map(|(file, _)| file)
        .filter(|file| !matches!(room(file), "lib" | "bin"))
        .filter(|file| !ROOMS.iter().any(|(name, _)| *name == room(file)))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn only_the_disk_touches_the_file_system_and_only_the_border_knows_node() {
    let mut breaches = Vec::new();
    for (file, text) in files() {
        for line in code_lines(&text) {
            let files = line.contains("std::fs") && !matches!(room(&file), "disk" | "bin");
            let node = line.contains("napi") && room(&file) != "node" && file != "lib.rs";
            let unfinished = line.contains("todo!(")
                || line.contains("unimplemented!(")
                || line.contains("dbg!(");
            if files || node || unfinished {
                breaches.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn no_function_is_too_long() {
    let mut long = Vec::new();
    for (file, text) in files() {
        let mut start: Option<(usize, &str, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim_start();
            let indent = line.len() - trimmed.len();
            let begins = trimmed.starts_with("fn ") || trimmed.contains(" fn ");
            if begins && !trimmed.starts_with("//") && !trimmed.ends_with(';') {
                start = Some((number, trimmed, indent));
            }
            if let Some((from, name, at)) = start
                && indent == at
                && trimmed == "}"
            {
                if number - from > LONGEST {
                    long.push(format!("{file}: {} lines: {name}", number - from));
                }
                start = None;
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_async_call_borrows_a_handle() {
    // A worker thread that ends would free it under the future (napi-rs #1575).
    for (file, text) in files().into_iter().filter(|(file, _)| room(file) == "node") {
        assert!(!code_lines(&text).any(|line| line.contains("async fn")), "{file}");
    }
}
