//! Commits on the caller's own thread, where nothing is in the way: to wake the committing thread, and then the
//! caller's, takes longer than all the rest of a change that waits for no sync.
//!
//! Nothing here may wait: what would is left to the committing thread, which makes the change anew. So only
//! `try` locks are taken, the journal must have room, and the change must be small and need no disk.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::ticket::{Settled, internal};
use crate::engine::core::Engine;
use crate::engine::folder::Folder;
use crate::engine::journal::Commit;
use crate::engine::logs::Source;
use crate::engine::processes::locks::is_commit_wanted;
use crate::engine::processes::shared_memory::{busy, word};
use crate::engine::txn::{Base, Overlay, Tx};
use crate::error::Result;

/// The arguments of a change are at most so long, in bytes.
const MOST_BYTES: usize = 16 << 10;
/// So is its line in the journal, for a change of few bytes may be of a long record.
const LONGEST_LINE: usize = 64 << 10;

/// A change that may be made more than once before it is committed.
pub(crate) type SmallChange<'a> = &'a dyn Fn(&mut Tx<'_>) -> Result<Settled>;

impl Engine {
    /// Commits a change whose arguments hold so many bytes; `None`, with nothing changed, where the
    /// committing thread must make it.
    pub(crate) fn commit_here(&self, change: SmallChange<'_>, bytes: usize) -> Option<Settled> {
        if self.settings.strict || bytes > MOST_BYTES {
            return None;
        }
        let _turn = self.queue.begin_here()?;
        if self.older.is_unconverted() || self.check_health().is_err() {
            return None;
        }
        if is_commit_wanted(&*self.words) {
            return None;
        }
        let _lock = self.try_lock_commit().ok()??;
        // What others have committed, or left half done, is caught up with by who may wait.
        if self.has_news() || self.words.load(word::BUSY) != busy::IDLE {
            return None;
        }
        let done = catch_unwind(AssertUnwindSafe(|| self.try_commit(change)));
        done.unwrap_or_else(|_| {
            // Nobody knows what was applied: nothing is written until a new opening, and the
            // committing thread says so.
            self.poison(&internal());
            None
        })
    }

    fn try_commit(&self, change: SmallChange<'_>) -> Option<Settled> {
        let now = self.clock.now();
        let mut overlay = Overlay::default();
        let (answer, catalogue) = {
            let state = self.state_for(Source::Memory)?;
            let folder = Folder::to_change(&state, self.files(), Source::Memory);
            let context = self.context(&now);
            let mut tx = Tx { base: Base::from(&folder), overlay: &mut overlay, context };
            // What is wrong with a change is told by the committing thread, which finds it again.
            let answer = change(&mut tx).ok()?;
            tx.make_single().ok()?;
            (answer, state.catalogue.clone())
        };
        let changes = overlay.take_changes();
        if changes.is_empty() {
            return Some(answer);
        }
        let commits = [Commit { at: now, changes }];
        let texts = [commits[0].encode(&catalogue)];
        let mut guard = self.tail_for(Source::Memory)?;
        let state = self.state_mut_soon()?;
        let tail = guard.as_mut()?;
        let version = self.settings.migrations.version();
        if texts[0].len() > LONGEST_LINE || !tail.has_room(&texts) || tail.version() != version {
            return None;
        }
        // As for the committing thread: who finds us dead must look behind the committed end, and what a
        // failed write leaves there is overwritten by the next one.
        self.words.store(word::BUSY, busy::APPENDING);
        let Ok(appended) = tail.append(&texts) else {
            self.words.store(word::BUSY, busy::IDLE);
            return None;
        };
        self.publish(guard, state, &appended, &commits);
        Some(answer)
    }
}
