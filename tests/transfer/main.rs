//! Moving in and out, by dumps: what comes over, what is told, and that it comes back as it was.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the files themselves"
)]

mod dumps;
mod files;
mod folders;
mod refused;
mod round_trip;
mod secrets;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quilltap_store::progress::Unheard;
use quilltap_store::store::{Options, Store};
use quilltap_store::transfer::{Import, Imported, Meeting, Source, Verified, import, verify};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transfer").join(name)
}

fn asked(source: &Path, folder: &Path) -> Import {
    Import {
        source: Source::of(source.to_str().unwrap()),
        options: Options::new(folder),
        public_dir: None,
        existing: Meeting::Refuse,
        reseal: None,
        dry_run: false,
    }
}

fn imported(source: &Path, folder: &Path) -> Imported {
    import(&asked(source, folder), &Unheard).unwrap()
}

fn verified(source: &Path, folder: &Path) -> Verified {
    let store = Store::open(Options::new(folder)).unwrap();
    let verified = verify(&Source::of(source.to_str().unwrap()), &store, &Unheard).unwrap();
    store.close().unwrap();
    verified
}

/// Every file of a store but those of `cache/`.
fn files_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().unwrap() != "cache" {
                left.push(path);
            } else if path.is_file() {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    files
}
