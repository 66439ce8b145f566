//! `backup` and `restore`.

use std::sync::Arc;

use indicatif::HumanBytes;
use serde_json::Value;

use super::inspect::{exit_of, fault_lines};
use crate::backup::{self as backups, Restored};
use crate::cli::arguments::{Backup, Restore, Shared};
use crate::cli::exit::{Ended, Exit};
use crate::cli::folder::{self, data_dir};
use crate::cli::output::{Output, Tone, counted};
use crate::cli::terminal::Terminal;
use crate::json;

pub(super) fn backup(backup: &Backup, shared: &Shared, output: &Output) -> Ended {
    let store = folder::open(shared, output)?;
    let (place, keep) = (backup.place.clone(), backup.keep.clone());
    let made = store.backup_now(place, keep, Arc::new(Terminal::undoing(output)))?;
    store.close()?;
    let report = json::parse(&made)?;
    output.answer(&report, || written(&report))?;
    Ok(exit_of(&report))
}

fn written(report: &Value) -> String {
    let bytes = |name: &str| HumanBytes(report[name].as_u64().unwrap_or_default());
    let first = format!(
        "{}: {}, {} in {}",
        report["file"].as_str().unwrap_or_default(),
        counted(report["files"].as_u64().unwrap_or_default(), "file"),
        bytes("bytes"),
        bytes("backupBytes")
    );
    let removed = report["removed"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let removed = removed.map(|path| format!("removed {path}"));
    let lines = std::iter::once(first).chain(removed).chain(fault_lines(report));
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn restore(restore: &Restore, shared: &Shared, output: &Output) -> Ended {
    let Restore { file, force, dry_run } = restore;
    let (folder, how) = (data_dir(shared), backups::Restore { force: *force, dry_run: *dry_run });
    let done = backups::restore(file, &folder, how, &Terminal::undoing(output))?;
    let place = if *dry_run { None } else { Some(folder.display().to_string()) };
    output.answer(&done.json(), || restored(&done, place.as_deref(), output))?;
    Ok(Exit::Clean)
}

fn restored(done: &Restored, place: Option<&str>, output: &Output) -> String {
    let files = counted(done.files as u64, "file");
    let of = format!("{files}, {}, of {}", HumanBytes(done.bytes), done.created_at);
    let Some(place) = place else {
        return format!("{}: {of}", output.painted("the backup is whole", Tone::Good));
    };
    let mut text = format!("restored into {place}: {of}");
    if let Some(before) = &done.replaced {
        text += &format!(
            "\nwhat was there before is in {}: remove it once you do not need it",
            before.display()
        );
    }
    if done.was_open {
        text += "\na process has that folder open and goes on with it: start it anew";
    }
    text
}
