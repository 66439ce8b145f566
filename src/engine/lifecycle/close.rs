//! Leaving a folder: the last process brings it into its final form.

use std::sync::Arc;

use crate::disk::LockKind;
use crate::error::Result;
use crate::sync::locked;

use crate::engine::core::Engine;
use crate::engine::journal;
use crate::engine::processes::locks;

impl Engine {
    /// Brings everything into its final form as the last one to leave.
    ///
    /// # Errors
    /// Those of the disk: what is committed is then in the journal, and what could be brought into the
    /// files is there.
    pub(crate) fn leave(self: &Arc<Self>) -> Result<()> {
        let presence = locked(&self.presence).take();
        if presence.is_none() {
            return Ok(());
        }
        let flushed = self.look_now().and_then(|edited| self.flush(edited));
        drop(presence);
        let alone = self.disk.try_lock(&locks::open_path(), LockKind::Exclusive)?;
        if alone.is_some() && self.check_health().is_ok() {
            return self.tidy_up();
        }
        flushed.map(drop)
    }

    fn tidy_up(&self) -> Result<()> {
        let done = self.checkpoint(true);
        self.sweep_after_crash(self.lock_both()?.commit(), false)?;
        remove_drafts(self)?;
        done.map(drop)
    }
}

/// Removes what a process that died left half written in the journal's folder.
fn remove_drafts(engine: &Engine) -> Result<()> {
    for entry in engine.disk.list(&journal::folder())? {
        if entry.name.ends_with(".draft") {
            engine.disk.remove(&journal::folder().join(&entry.name)?)?;
        }
    }
    Ok(())
}
