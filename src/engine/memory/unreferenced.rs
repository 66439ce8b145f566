//! The payloads that may have lost their last record.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::sync::locked;

/// Contents that may have lost their last record.
#[derive(Debug, Default)]
pub(crate) struct Unreferenced(Mutex<BTreeSet<String>>);

impl Unreferenced {
    pub(crate) fn add(&self, content: &str) {
        locked(&self.0).insert(content.to_owned());
    }

    pub(crate) fn is_empty(&self) -> bool {
        locked(&self.0).is_empty()
    }

    pub(crate) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *locked(&self.0))
    }

    pub(crate) fn put_back(&self, contents: BTreeSet<String>) {
        locked(&self.0).extend(contents);
    }
}
