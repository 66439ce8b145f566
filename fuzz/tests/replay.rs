//! Every kept input, and every input that once broke a promise, without libFuzzer.

#![allow(clippy::disallowed_methods, reason = "the cases lie in folders of their own")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use quilltap_store_fuzz::TARGETS;

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

fn inputs(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn replay(kind: &str) {
    for (name, target) in TARGETS {
        for path in inputs(&folder(kind).join(name)) {
            let bytes = fs::read(&path).unwrap();
            let done = std::panic::catch_unwind(|| target(&bytes));
            assert!(done.is_ok(), "{} broke its promise; see above", path.display());
        }
    }
}

#[test]
fn the_corpora() {
    replay("corpus");
}

#[test]
fn the_regressions() {
    replay("regressions");
}

#[test]
fn every_target_has_a_corpus_and_a_binary() {
    let names = |kind: &str| -> BTreeSet<String> {
        let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        inputs(&folder(kind)).into_iter().map(stem).collect()
    };
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.0.to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
    for name in &targets {
        assert!(!inputs(&folder("corpus").join(name)).is_empty(), "{name} has no inputs");
    }
}
