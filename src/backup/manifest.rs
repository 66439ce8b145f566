//! What a backup says of itself.

use std::collections::HashSet;
use std::io::{self, Read};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::disk::SafePath;
use crate::engine;
use crate::error::{Code, Error, Result};

/// The names of the first two entries.
pub(super) const NAME: &str = "manifest.json";
pub(super) const CHECKSUM_NAME: &str = "manifest.sha256";
/// What a manifest of ours says that it is.
const FORMAT: &str = "quilltap-store backup";
/// The newest version of the format.
const VERSION: u32 = 1;
/// A longer manifest, in bytes, is none: this one would list more than a million files.
pub(super) const LONGEST: u64 = 256 << 20;

/// What a backup says of itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    format: String,
    version: u32,
    /// When it was made, as records hold times.
    pub(super) created_at: String,
    /// The version of the package that made it.
    pub(super) store_version: String,
    /// Every file, in ascending order of their paths.
    pub(super) files: Vec<Listed>,
}

/// A file in a backup.
#[derive(Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) path: String,
    /// Its length.
    pub(super) bytes: u64,
    /// In lower-case hex.
    pub(super) sha256: String,
}

impl Manifest {
    pub(super) fn new(created_at: String, files: Vec<Listed>) -> Manifest {
        let store_version = env!("CARGO_PKG_VERSION").to_owned();
        Manifest { format: FORMAT.to_owned(), version: VERSION, created_at, store_version, files }
    }

    /// Its bytes, and their SHA-256.
    pub(super) fn written(&self) -> (Vec<u8>, String) {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest is always written");
        bytes.push(b'\n');
        let checksum = HEXLOWER.encode(&Sha256::digest(&bytes));
        (bytes, checksum)
    }

    /// Reads a manifest, piece by piece, so that one that is none takes no memory; gives its SHA-256 too.
    ///
    /// # Errors
    /// `CORRUPT` for anything that this module does not write, `UNSUPPORTED_VERSION`.
    pub(super) fn read(source: impl Read) -> Result<(Manifest, String)> {
        let mut source = Hashing::over(source);
        let read: std::result::Result<Manifest, _> = serde_json::from_reader(&mut source);
        let manifest = read.map_err(|error| corrupt(format!("its manifest says: {error}")))?;
        io::copy(&mut source, &mut io::sink()).map_err(|error| corrupt(error.to_string()))?;
        manifest.check()?;
        Ok((manifest, source.checksum()))
    }

    fn check(&self) -> Result<()> {
        if self.format != FORMAT {
            return Err(corrupt("its manifest is another program's".to_owned()));
        }
        if self.version > VERSION {
            let message = format!(
                "the backup was made by quilltap-store {}, whose format {} this version does not \
                 know; update the package, then restore it",
                self.store_version, self.version
            );
            return Err(Error::new(Code::UnsupportedVersion, message));
        }
        let mut seen = HashSet::new();
        for pair in self.files.windows(2) {
            if pair[0].path >= pair[1].path {
                return Err(corrupt(format!("{} is not in its place", pair[1].path)));
            }
        }
        for file in &self.files {
            file.check()?;
            // Some file systems know no case: one file would replace the other.
            if !seen.insert(file.path.to_lowercase()) {
                return Err(corrupt(format!("{} stands in it twice", file.path)));
            }
        }
        Ok(())
    }

    /// The length of all files, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}

impl Listed {
    fn check(&self) -> Result<()> {
        let path = SafePath::new(&self.path)
            .map_err(|error| corrupt(format!("of a path in it: {}", error.message())))?;
        if !engine::is_in_copies(&path) {
            return Err(corrupt(format!("{path} is no file of a store")));
        }
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.sha256.len() != 64 || !self.sha256.bytes().all(is_hex) {
            return Err(corrupt(format!("the checksum of {path} is none")));
        }
        Ok(())
    }
}

/// Says that a file is no backup of ours, or no longer.
pub(super) fn corrupt(why: String) -> Error {
    let message = format!("this is no whole backup ({why}); nothing was changed: take another one");
    Error::new(Code::Corrupt, message)
}

/// Passes bytes on and hashes them.
pub(super) struct Hashing<R> {
    source: R,
    hash: Sha256,
}

impl<R: Read> Hashing<R> {
    pub(super) fn over(source: R) -> Hashing<R> {
        Hashing { source, hash: Sha256::new() }
    }

    /// The SHA-256 of what was read, in lower-case hex.
    pub(super) fn checksum(self) -> String {
        HEXLOWER.encode(&self.hash.finalize())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}
