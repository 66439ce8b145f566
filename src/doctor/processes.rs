//! Who has the folder open, and what a process has left that had.

use crate::disk::{Disk, EntryKind, Holder, RealDisk, SafePath};
use crate::engine::{self, commit_path, files_path, open_path};
use crate::error::Code;

use super::Report;

/// Looks at who uses the folder; `false` when whoever opens it would have to wait for a stopped process.
pub(super) fn look(disk: &RealDisk, report: &mut Report) -> bool {
    let is_open = match engine::is_open(disk) {
        Ok(is_open) => is_open,
        Err(error) if error.code() == Code::ReadOnly => {
            report.note(
                "processes",
                "who has the folder open cannot be told where locks cannot be taken",
            );
            return true;
        }
        Err(error) => {
            report.failure("processes", &error);
            return true;
        }
    };
    let is_free = tell_stopped(disk, report);
    let users = disk.holders(&open_path()).unwrap_or_default();
    if !is_open {
        report.good("processes", "nobody has the folder open");
        look_at_journal(disk, report);
    } else if users.is_empty() {
        report.note("processes", "another process has the folder open");
    } else {
        report.good("processes", format!("the folder is open in {}", listed(&users)));
    }
    is_free
}

fn listed(users: &[Holder]) -> String {
    let named = |user: &Holder| format!("process {} ({})", user.process, user.command);
    users.iter().map(named).collect::<Vec<_>>().join(", ")
}

/// A stopped process lets no lock go; `false` when it holds one that others wait for.
fn tell_stopped(disk: &RealDisk, report: &mut Report) -> bool {
    let stopped = |path: &SafePath| {
        let mut holders = disk.holders(path).unwrap_or_default();
        holders.retain(|holder| holder.is_stopped);
        holders
    };
    let blocking: Vec<Holder> = [commit_path(), files_path()].iter().flat_map(stopped).collect();
    for holder in &blocking {
        let Holder { process, command, .. } = holder;
        let message = format!(
            "process {process} ({command}) is stopped and holds a lock: every other one waits for it, \
             and fails with LOCKED"
        );
        report.fault("processes", message, format!("let it go on (kill -CONT {process}), or end it (kill -KILL {process}): nothing that was committed is lost"));
    }
    for holder in stopped(&open_path()) {
        if !blocking.contains(&holder) {
            let Holder { process, command, .. } = holder;
            let message =
                format!("process {process} ({command}) has the folder open and is stopped");
            report.warning(
                "processes",
                message,
                format!("let it go on (kill -CONT {process}), or end it (kill {process})"),
            );
        }
    }
    blocking.is_empty()
}

/// The last process to leave removes the journal.
fn look_at_journal(disk: &RealDisk, report: &mut Report) {
    let folder = SafePath::new("journal").expect("a constant that is a safe path");
    let entries = disk.list(&folder).unwrap_or_default();
    let segments = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
    let lengths = segments.filter_map(|entry| disk.stamp(&folder.join(&entry.name).ok()?).ok()?);
    let bytes: u64 = lengths.map(|stamp| stamp.len).sum();
    if bytes > 0 {
        report.note("journal", format!("a process has ended without closing the store, and left a journal of {bytes} bytes: the next opening, of this command too, brings it into the files; nothing is lost"));
    } else {
        report.good("journal", "empty");
    }
}
