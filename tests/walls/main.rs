//! What a linter cannot see: which module uses which, and who may touch the file system.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the files themselves"
)]

mod uses;

use std::fs;
use std::path::{Path, PathBuf};

use uses::Uses;

/// The modules, each with those that it may use besides its own parts. An entry names only entries
/// above it, so the whole has no circles. A part that something below needs has an entry of its own,
/// for the longest entry that fits a path counts; outside the engine, `engine` stands for all of it. The
/// first ones are for everybody.
const MODULES: &[(&str, &str)] = &[
    ("sync", ""),
    ("error", ""),
    ("json", ""),
    ("jsonl", ""),
    ("progress", ""),
    ("disk", ""),
    ("trusted", "disk"),
    ("postgres", "trusted"),
    ("objects", "trusted"),
    ("crypto", ""),
    ("catalogue", ""),
    ("query", "catalogue"),
    ("legacy", "disk catalogue"),
    // The engine, from the parts that know nothing of the others up to the threads.
    ("engine/clock", "catalogue"),
    ("engine/fingerprint", ""),
    ("engine/par_map", ""),
    ("engine/attempts", ""),
    ("engine/keys", "crypto engine/attempts"),
    ("engine/processes/shared_memory", "disk"),
    ("engine/processes/locks", "disk engine/processes/shared_memory"),
    ("engine/logs", "disk catalogue engine/clock engine/fingerprint engine/par_map"),
    ("engine/edits/reconcile", "disk engine/logs"),
    ("engine/edits/stamps", "disk engine/processes/shared_memory"),
    ("engine/edits/lookout", "disk"),
    ("engine/files/keeper", ""),
    ("engine/edits/marks", "disk engine/processes/locks"),
    ("engine/logs/cache", "disk catalogue engine/fingerprint engine/logs engine/edits/reconcile"),
    ("engine/memory/record", "catalogue engine/clock engine/fingerprint"),
    ("engine/journal", "disk catalogue engine/memory/record"),
    ("engine/files/layout", "disk catalogue"),
    ("engine/files/blocked", "disk"),
    (
        "engine/files/dirty",
        "catalogue engine/logs engine/memory/record engine/files/layout engine/files/blocked",
    ),
    (
        "engine/memory",
        "catalogue engine/fingerprint engine/logs engine/memory/record engine/journal \
         engine/files/layout engine/files/dirty",
    ),
    (
        "engine/committed",
        "catalogue engine/fingerprint engine/logs engine/memory/record engine/memory",
    ),
    (
        "engine/folder",
        "disk catalogue engine/fingerprint engine/logs engine/logs/cache engine/edits/stamps \
         engine/edits/lookout engine/edits/marks engine/memory/record engine/files/layout \
         engine/memory engine/committed",
    ),
    // One transaction of a database, which knows nothing of views and calls.
    ("engine/sql/failure", "postgres"),
    ("engine/sql/link", "postgres engine/sql/failure"),
    ("engine/sql/pool", "postgres engine/sql/failure engine/sql/link"),
    ("engine/sql/tables", "postgres catalogue"),
    ("engine/sql/keys", "catalogue engine/memory/record engine/sql/tables"),
    (
        "engine/sql/walk",
        "catalogue engine/memory/record engine/memory engine/sql/link engine/sql/tables \
         engine/sql/keys",
    ),
    ("engine/sql/chunks", "engine/sql/link engine/sql/pool"),
    ("engine/sql/uploads", "objects engine/sql/link engine/sql/pool engine/sql/chunks"),
    (
        "engine/sql/database",
        "catalogue engine/fingerprint engine/logs engine/memory/record engine/memory \
         engine/committed engine/sql/failure engine/sql/link engine/sql/tables engine/sql/uploads \
         engine/sql/walk",
    ),
    (
        "engine/sql/pages",
        "catalogue engine/memory/record engine/memory engine/sql/keys engine/sql/walk \
         engine/sql/database",
    ),
    (
        "engine/sql/logs",
        "catalogue engine/clock engine/logs engine/committed engine/sql/link engine/sql/tables \
         engine/sql/database",
    ),
    (
        "engine/sql/foresee",
        "catalogue engine/committed engine/sql/link engine/sql/tables engine/sql/walk \
         engine/sql/logs engine/sql/database",
    ),
    (
        "engine/sql/payloads",
        "engine/sql/chunks engine/sql/link engine/sql/uploads engine/sql/database",
    ),
    // All that views and transactions know of where the records are.
    (
        "engine/txn/base",
        "catalogue engine/fingerprint engine/logs engine/memory/record engine/memory \
         engine/committed engine/folder engine/sql/database",
    ),
    (
        "engine/txn",
        "catalogue engine/clock engine/fingerprint engine/keys engine/logs engine/memory/record \
         engine/journal engine/memory engine/committed engine/txn/base",
    ),
    ("engine/commit", "catalogue engine/memory engine/txn"),
    ("engine/tasks", "engine/commit"),
    (
        "engine/core",
        "disk crypto catalogue legacy engine/clock engine/fingerprint engine/keys engine/committed \
         engine/processes/shared_memory engine/processes/locks engine/edits/stamps \
         engine/edits/lookout engine/edits/marks engine/files/keeper engine/logs/cache \
         engine/journal engine/memory engine/folder engine/txn/base engine/txn engine/commit",
    ),
    (
        "engine/files",
        "disk catalogue engine/par_map engine/logs engine/memory/record engine/journal \
         engine/files/layout engine/files/dirty engine/memory",
    ),
    (
        "engine/files/order",
        "disk catalogue engine/processes/locks engine/files/layout engine/memory \
         engine/core engine/files",
    ),
    (
        "engine/files/row_owners",
        "disk catalogue engine/processes/locks engine/logs engine/logs/cache engine/folder \
         engine/core engine/files",
    ),
    (
        "engine/processes",
        "disk catalogue engine/processes/shared_memory engine/processes/locks \
         engine/logs/cache engine/memory/record engine/journal engine/files/layout \
         engine/files/dirty engine/memory engine/core engine/files engine/files/order",
    ),
    (
        "engine/edits",
        "disk catalogue engine/clock engine/processes/shared_memory \
         engine/processes/locks engine/logs engine/edits/reconcile engine/edits/marks \
         engine/memory/record engine/journal engine/files/layout engine/files/dirty \
         engine/memory engine/core engine/files engine/processes",
    ),
    (
        "engine/commit/thread",
        "catalogue engine/processes/shared_memory engine/processes/locks engine/logs/cache \
         engine/journal engine/memory engine/folder engine/txn/base engine/txn engine/commit \
         engine/core",
    ),
    (
        "engine/commit/here",
        "engine/processes/shared_memory engine/processes/locks engine/logs/cache \
         engine/journal engine/folder engine/txn/base engine/txn engine/commit engine/core",
    ),
    (
        "engine/files/round",
        "disk catalogue engine/processes/shared_memory engine/processes/locks engine/core \
         engine/memory engine/files engine/files/layout engine/files/blocked engine/edits",
    ),
    (
        "engine/files/flush",
        "disk catalogue engine/processes/shared_memory engine/processes/locks \
         engine/logs/cache engine/journal engine/core engine/files engine/files/keeper \
         engine/files/layout engine/edits",
    ),
    (
        "engine/files/checkpoint",
        "disk engine/processes/shared_memory engine/processes/locks engine/logs \
         engine/logs/cache engine/journal engine/files/layout engine/files/dirty \
         engine/core engine/files engine/files/order engine/edits engine/files/round",
    ),
    (
        "engine/payload",
        "disk catalogue engine/processes/locks engine/logs/cache engine/folder engine/sql/uploads engine/sql/payloads \
         engine/txn/base engine/txn engine/commit engine/core",
    ),
    (
        "engine/sql",
        "postgres objects disk catalogue engine/clock engine/keys engine/logs engine/memory/record \
         engine/journal engine/memory engine/committed engine/txn/base engine/txn engine/commit engine/tasks \
         engine/core engine/payload engine/sql/pool engine/sql/chunks engine/sql/uploads \
         engine/sql/payloads engine/sql/failure engine/sql/link engine/sql/tables engine/sql/keys \
         engine/sql/database engine/sql/logs",
    ),
    (
        "engine/lifecycle",
        "disk catalogue legacy engine/clock engine/processes/shared_memory \
         engine/processes/locks engine/logs engine/logs/cache engine/memory/record \
         engine/journal engine/files/layout engine/memory engine/folder engine/txn/base engine/txn engine/core \
         engine/files engine/files/order engine/processes engine/edits engine/payload",
    ),
    (
        "engine/runtime",
        "disk catalogue engine/fingerprint engine/logs/cache engine/journal engine/committed engine/txn \
         engine/commit engine/commit/here engine/core engine/files engine/lifecycle engine/tasks",
    ),
    (
        "engine/either",
        "disk catalogue engine/fingerprint engine/committed engine/txn engine/commit engine/commit/here engine/core \
         engine/lifecycle engine/payload engine/runtime engine/sql",
    ),
    // What the others see of it.
    ("engine", ""),
    ("secrets", "crypto catalogue engine"),
    ("calls", "crypto catalogue engine"),
    ("repos", "crypto catalogue query engine secrets calls"),
    ("auth", "crypto catalogue engine secrets calls repos"),
    ("prisma", "catalogue engine query calls repos"),
    ("better_auth", "crypto catalogue query engine secrets calls repos auth"),
    ("studio", "crypto catalogue query engine secrets calls repos"),
    ("api", "crypto catalogue engine calls repos auth prisma better_auth studio"),
    ("backup", "disk engine"),
    ("store", "disk backup crypto catalogue engine secrets calls repos auth better_auth api"),
    ("transfer", "postgres disk crypto catalogue engine repos prisma store"),
    ("dual", "postgres disk catalogue prisma store transfer"),
    ("doctor", "disk backup crypto engine store"),
    ("cli", "crypto disk backup store transfer dual doctor"),
    ("node", "crypto backup doctor dual transfer catalogue engine calls studio api store cli"),
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
    let is_test = |path: &Path| ["tests", "tests.rs"].iter().any(|end| path.ends_with(end));
    let of_tests = |path: &Path| path.strip_prefix(&root).unwrap().ancestors().any(is_test);
    let tested = all.iter().filter(|path| !of_tests(path));
    tested.map(|path| (name(path), text(path))).collect()
}

/// The module that a file is a part of, by its place in the table.
fn module_of(file: &str) -> Option<usize> {
    let path = file.trim_end_matches(".rs");
    let fits = |name: &str| {
        path.strip_prefix(name).is_some_and(|it| matches!(it, "" | "/mod") || it.starts_with('/'))
    };
    let fitting = MODULES.iter().enumerate().filter(|(_, (name, _))| fits(name));
    fitting.max_by_key(|(_, (name, _))| name.len()).map(|(at, _)| at)
}

fn may_use(own: usize, other: usize) -> bool {
    let ((own_name, known), (other_name, _)) = (MODULES[own], MODULES[other]);
    let outside = top_of(own_name) != "engine" && top_of(other_name) == "engine";
    let name = if outside { "engine" } else { other_name };
    let for_all = matches!(other_name, "sync" | "error" | "json" | "jsonl" | "progress");
    other < own && (for_all || known.split_whitespace().any(|known| known == name))
}

/// The first part of a file's path: `disk` of `disk/real/file.rs`.
fn top_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

#[test]
fn each_module_uses_only_those_above_it() {
    let files = files();
    let mut breaches = Vec::new();
    for (file, used) in Uses::of(&files).all() {
        let Some(own) = module_of(file) else { continue };
        for other in used {
            let Some(module) = module_of(other).filter(|module| *module != own) else { continue };
            if !may_use(own, module) {
                breaches.push(format!("{file} uses {other}"));
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn every_file_is_part_of_a_module() {
    let files = files();
    let inside = |file: &&str| !matches!(top_of(file), "lib" | "bin");
    let names = files.iter().map(|(file, _)| file.as_str());
    let unknown: Vec<&str> =
        names.filter(inside).filter(|file| module_of(file).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn only_the_disk_touches_the_file_system_and_only_the_border_knows_node() {
    let mut breaches = Vec::new();
    for (file, text) in files() {
        for line in code_lines(&text) {
            let files = line.contains("std::fs") && !matches!(top_of(&file), "disk" | "bin");
            // `winapi` is another's name.
            let names_node = line.replace("winapi", "").contains("napi");
            let node = names_node && top_of(&file) != "node" && file != "lib.rs";
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
    for (file, text) in files().into_iter().filter(|(file, _)| top_of(file) == "node") {
        assert!(!code_lines(&text).any(|line| line.contains("async fn")), "{file}");
    }
}
