//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::catalogue::{Declaration, Migrations};
use crate::crypto::Costs;
use crate::engine::Settings;

/// What is safe when a call resolves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The change survives power loss.
    Strict,
    /// The change survives the death of the process, and power loss 50 ms later.
    Batched,
}

/// A database to keep everything in.
#[derive(Clone, Deserialize)]
pub struct DatabaseOptions {
    /// `postgresql://user:password@host:5432/database`, with `sslmode` and `schema` where they matter.
    pub url: String,
    /// At most so many connections.
    #[serde(default = "usual_connections")]
    pub connections: usize,
    /// The object storage that the bytes of payloads come to, as `s3://bucket/prefix`; the database unless given.
    pub payloads: Option<String>,
}

fn usual_connections() -> usize {
    8
}

impl std::fmt::Debug for DatabaseOptions {
    /// The address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseOptions").field("connections", &self.connections).finish()
    }
}

impl DatabaseOptions {
    /// The usual ones for an address.
    pub fn new(url: impl Into<String>) -> DatabaseOptions {
        DatabaseOptions { url: url.into(), connections: usual_connections(), payloads: None }
    }
}

/// Is it the address of a database, and not a path?
pub(crate) fn is_address(place: &str) -> bool {
    ["postgresql://", "postgres://"].iter().any(|start| place.starts_with(start))
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder; made when it is not there.
    pub data_dir: PathBuf,
    /// A database to keep everything in, in place of the folder.
    pub database: Option<DatabaseOptions>,
    /// What is safe when a call resolves.
    pub durability: Durability,
    /// Largest record, in bytes of its JSON text.
    pub max_record_bytes: usize,
    /// How long a call waits for other processes before it gives up with `LOCKED`.
    pub lock_timeout: Duration,
    /// How long a transaction may take.
    pub transaction_timeout: Duration,
    /// What a relative name of the folder stood for where the process was started.
    pub meant_dirs: Vec<PathBuf>,
    /// The folders from which bytes are taken by their path, and those below them; any unless given.
    pub paths_within: Option<Vec<PathBuf>>,
    /// Is a folder on a network file system opened without a warning?
    pub allow_network_fs: bool,
    /// Are the others who may write in the folder trusted, with what decides who somebody is too?
    pub trust_shared_folder: bool,
    /// Where the clock is held from the opening on, in milliseconds since 1970, for the same calls
    /// to give the same bytes.
    pub held_clock: Option<i64>,
    /// What brings records of older versions to the newest: what there is, but for tests.
    pub migrations: Migrations,
    /// The app's own collections, and fields that it adds to built-in models.
    pub declaration: Declaration,
    /// What new passphrases are derived with.
    pub costs: Costs,
}

impl Options {
    /// The usual options for a folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Options {
        Options {
            data_dir: data_dir.into(),
            database: None,
            durability: Durability::Strict,
            max_record_bytes: 16 << 20,
            lock_timeout: Duration::from_secs(30),
            transaction_timeout: Duration::from_secs(5),
            meant_dirs: Vec::new(),
            paths_within: None,
            allow_network_fs: false,
            trust_shared_folder: false,
            held_clock: None,
            migrations: Migrations::default(),
            declaration: Declaration::default(),
            costs: Costs::default(),
        }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            strict: self.durability == Durability::Strict,
            max_record_bytes: self.max_record_bytes,
            lock_timeout: self.lock_timeout,
            transaction_timeout: self.transaction_timeout,
            costs: self.costs,
            held_clock: self.held_clock,
            migrations: self.migrations,
        }
    }
}
