//! What a friend who knows the product would look at when something is wrong: the folder, who uses it, or the
//! database; what is in it, and the app around it.
//!
//! Nothing is mended here, and nothing is written but what any opening of the store writes. Each look
//! says what it found in a sentence, and what to do about it.

mod app;
mod contents;
mod database;
mod finding;
mod folder;
mod processes;
mod state;
mod versions;

use std::path::PathBuf;

pub use finding::{Finding, Level, Report};
pub use state::state;

use crate::crypto::Secret;

/// What is looked at.
pub struct Patient {
    /// The data folder, as it was given.
    pub data_dir: PathBuf,
    /// The address of the database that has the store in place of a folder.
    pub database: Option<String>,
    /// The folder of the app, with its `package.json`.
    pub app_dir: PathBuf,
    /// The passphrase that the app has, where it is known here.
    pub passphrase: Option<Secret>,
    /// The file that the passphrase comes from.
    pub passphrase_file: Option<PathBuf>,
    /// What runs this: `node 20.20.2`.
    pub runtime: String,
    /// Is the folder trusted to whoever else may write in it?
    pub trust_shared_folder: bool,
    /// What is to be taken for true, to see what would be said.
    pub pretend: Vec<Pretence>,
}

/// What can be taken for true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Pretence {
    /// The folder is on a network file system.
    Network,
    /// There is no room in its file system.
    Full,
}

impl Patient {
    fn pretends(&self, what: Pretence) -> bool {
        self.pretend.contains(&what)
    }
}

/// Looks at everything.
#[must_use]
pub fn examine(patient: &Patient) -> Report {
    let mut report = Report::default();
    versions::look(patient, &mut report);
    if let Some(address) = &patient.database {
        database::look(patient, address, &mut report);
    } else if let Some(disk) = folder::look(patient, &mut report) {
        let is_free = processes::look(&disk, &mut report);
        contents::look_at_clock(&disk, &mut report);
        // Whoever waits for a stopped process would wait with the app.
        if is_free {
            contents::look(patient, &mut report);
        }
    }
    app::look(patient, &mut report);
    report
}
