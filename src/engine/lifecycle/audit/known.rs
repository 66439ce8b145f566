//! What is known to be unreadable without looking: what opening found, and the logs that were read since.

use crate::engine::core::Engine;
use crate::error::Error;

impl Engine {
    /// The records, lines and files that are known to be unreadable, of one collection or in all: what lists leave
    /// out. Each is told once, in the order of the messages.
    pub(crate) fn known_faults(&self, collection: Option<&str>) -> Vec<Error> {
        // Before the state: who reads a log has that for longer.
        let of_logs = if collection.is_none() { self.logs.faults() } else { Vec::new() };
        let state = self.state();
        let models = state.catalogue.ids().filter(|model| {
            collection.is_none_or(|name| state.catalogue.model(*model).collection == name)
        });
        let of_files = models.map(|model| state.collection(model));
        let of_files = of_files.flat_map(|all| all.broken.values().chain(&all.faults)).cloned();
        let mut faults: Vec<Error> = of_files.chain(of_logs).collect();
        faults.sort_by(|one, other| one.message().cmp(other.message()));
        faults.dedup_by(|one, other| one.message() == other.message());
        faults
    }
}
