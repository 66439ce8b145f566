//! What has changed from one version of the records to the next.
//!
//! Every file says of which version it is (none says 1). What is read from an older one passes
//! through all steps since, so the rest of the store knows the newest version only; a file is of that
//! version once it is written again. A newer version than this package knows is refused.
//!
//! A change of a model that leaves older records valid (a new optional field, a new default) needs no
//! step. Any other one gets a line in `STEPS`, a fixture `tests/fixtures/version-<n>` of the new version
//! (those of older ones stay for good), and a section in `docs/file-format.md`. What is sealed is bound
//! to its model, record and field: a step may not rename these.

use serde_json::{Map, Value};

use super::types::ModelId;
use crate::error::{Code, Error, Result};

/// What makes of a record of the version before one of `version`. It may meet records that it has
/// changed before, and records that pass no check: those it leaves alone.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The version that this leads to.
    pub version: u64,
    /// Whose records; for a model that is kept in logs, every row of them.
    pub model: ModelId,
    /// Changes one.
    pub change: fn(&mut Map<String, Value>),
}

/// Every step, in the order of their versions. The first version needs none, and is the last so far.
const STEPS: &[Migration] = &[];

/// The steps from the first version to the newest.
#[derive(Debug, Clone, Copy)]
pub struct Migrations(&'static [Migration]);

impl Default for Migrations {
    fn default() -> Migrations {
        Migrations(STEPS)
    }
}

impl Migrations {
    /// Other steps than the ones that there are, for tests; in the order of their versions.
    pub const fn of(steps: &'static [Migration]) -> Migrations {
        Migrations(steps)
    }

    /// The newest version.
    pub fn version(self) -> u64 {
        self.0.last().map_or(1, |last| last.version)
    }

    /// Are records of this model otherwise since a version?
    pub fn concern(self, model: ModelId, from: u64) -> bool {
        self.since(model, from).next().is_some()
    }

    /// Brings a record of an older version to the newest.
    pub fn migrate(self, model: ModelId, from: u64, record: &mut Map<String, Value>) {
        self.since(model, from).for_each(|step| (step.change)(record));
    }

    /// Fails for a version that is newer than the newest.
    ///
    /// # Errors
    /// `UNSUPPORTED_VERSION`.
    pub fn check(self, version: u64, path: &str) -> Result<()> {
        let newest = self.version();
        if version <= newest {
            return Ok(());
        }
        let message = format!(
            "{path} has version {version}, this package knows {newest}; use a newer package"
        );
        Err(Error::new(Code::UnsupportedVersion, message).path(path))
    }

    fn since(self, model: ModelId, from: u64) -> impl Iterator<Item = &'static Migration> {
        self.0.iter().filter(move |step| step.model == model && step.version > from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_go_up_one_by_one() {
        let mut version = 1;
        for step in STEPS {
            assert!(step.version == version || step.version == version + 1, "{step:?}");
            version = step.version;
        }
    }
}
