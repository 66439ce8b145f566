//! What is in the folder: faults, the passphrase, and times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::disk::{self, Disk, EntryKind, RealDisk, SafePath};
use crate::error::{Code, Result};
use crate::json;
use crate::store::{Options, Store};

use super::{Patient, Report};

/// So many faults are told; `check` tells all.
const TOLD: usize = 5;
/// Whoever looks does not wait for long.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Clocks of machines differ by that much, in milliseconds.
const USUAL_DIFFERENCE: i64 = 120_000;
/// Before this, in milliseconds since 1970, there was no such package: 2025.
const EARLIEST: i64 = 1_735_689_600_000;

/// Opens the store and looks at what is in it.
pub(super) fn look(patient: &Patient, report: &mut Report) {
    let options = Options {
        lock_timeout: PATIENCE,
        trust_shared_folder: patient.trust_shared_folder,
        ..Options::new(&patient.data_dir)
    };
    let looked = Store::open(options).and_then(|store| {
        look_into(patient, &store, report)?;
        store.close()
    });
    if let Err(error) = looked {
        report.failure("contents", &error);
    }
}

/// Looks at what is in an open store.
pub(super) fn look_into(patient: &Patient, store: &Store, report: &mut Report) -> Result<()> {
    look_at_faults(store, report)?;
    look_at_passphrase(patient, store, report)
}

fn look_at_faults(store: &Store, report: &mut Report) -> Result<()> {
    let found = match store.check_now() {
        // Where nothing can be locked only what opening reads is known.
        Err(error) if error.code() == Code::ReadOnly => {
            tell_what_opening_found(store, report);
            return Ok(());
        }
        other => parsed(&other?),
    };
    let faults = found["faults"].as_array().map_or(&[][..], Vec::as_slice);
    for fault in faults.iter().take(TOLD) {
        let word = |name: &str| fault[name].as_str().unwrap_or_default();
        let (path, message) = (word("path"), word("message"));
        let place = if message.starts_with(path) { "" } else { path };
        let sentence =
            if place.is_empty() { message.to_owned() } else { format!("{place}: {message}") };
        let (what, advice) =
            sentence.split_once("; ").unwrap_or((&sentence, "see docs/durability.md"));
        if word("kind") == "stranger" {
            report.note("contents", sentence);
        } else {
            report.fault("contents", what, advice);
        }
    }
    match faults.len().checked_sub(TOLD) {
        Some(more) if more > 0 => {
            report.note(
                "contents",
                format!("and {more} faults more: `quilltap-store check` tells all"),
            );
        }
        _ if faults.is_empty() => {
            report.good(
                "contents",
                match found["files"].as_u64() {
                    // A database has none.
                    Some(0) => format!("{} records without a fault", found["records"]),
                    _ => format!(
                        "{} files and {} records without a fault",
                        found["files"], found["records"]
                    ),
                },
            );
        }
        _ => {}
    }
    Ok(())
}

fn tell_what_opening_found(store: &Store, report: &mut Report) {
    let stats = parsed(&store.stats());
    for fault in stats["faults"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        report.fault("contents", fault, "mend the file or restore it");
    }
    report.note(
        "contents",
        "what is read when it is opened was looked at, for the folder cannot be written",
    );
}

/// An answer of our own is always JSON.
pub(super) fn parsed(text: &str) -> Value {
    json::parse(text).unwrap_or_default()
}

fn look_at_passphrase(patient: &Patient, store: &Store, report: &mut Report) -> Result<()> {
    if let Some(file) = patient.passphrase_file.as_ref().filter(|file| disk::others_may_read(file))
    {
        let shown = file.display();
        let message = format!("other users may read the passphrase in {shown}");
        report.warning("passphrase", message, format!("chmod 600 '{shown}'"));
    }
    let status = parsed(&store.call("secrets.status", "[]")?);
    let has_keys = status["initialized"] == Value::Bool(true);
    match &patient.passphrase {
        _ if !has_keys => report.note("passphrase", "no secret was ever sealed here"),
        None => report.note(
            "passphrase",
            "there are sealed secrets, and no passphrase is known here to try: QUILLTAP_PASSPHRASE, \
             QUILLTAP_PASSPHRASE_FILE or --passphrase-file",
        ),
        Some(passphrase) => {
            let how = r#"[null,{"existing":true}]"#;
            match store.call_with("secrets.unlock", how, Some(passphrase.clone())) {
                Ok(_) => report.good("passphrase", "it opens the secrets"),
                Err(error) if error.code() == Code::WrongPassphrase => report.fault(
                    "passphrase",
                    "the passphrase that is given here does not open the secrets",
                    "give the app the one that they were sealed with, or set another one by \
                     `quilltap-store secrets recover` with the recovery key",
                ),
                Err(error) => report.failure("passphrase", &error),
            }
        }
    }
    let has_recovery = status["recoveryKeySince"].is_string();
    if has_keys && !has_recovery {
        report.note("passphrase", "there is no recovery key: a forgotten passphrase would lose the secrets (`quilltap-store secrets create-recovery-key`)");
    }
    Ok(())
}

/// A clock that is behind what was written gives times that are mixed, and keeps sessions alive.
pub(super) fn look_at_clock(disk: &RealDisk, report: &mut Report) {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
    let newest = newest(disk).unwrap_or_default().unwrap_or(now);
    let advice = "set the machine's clock (timedatectl set-ntp true): new records would stand before older \
                  ones, and sessions live too long";
    if now < EARLIEST {
        report.fault("clock", "the clock of this machine is years behind", advice);
    } else if newest > now + USUAL_DIFFERENCE {
        let minutes = (newest - now) / 60_000;
        let message = format!(
            "the clock of this machine is {minutes} minutes behind what was last written here"
        );
        report.fault("clock", message, advice);
    } else {
        report.good("clock", "not behind what was last written here");
    }
}

/// When a file of the store was last written, payloads left out.
fn newest(disk: &RealDisk) -> Result<Option<i64>> {
    let mut newest = None;
    for top in disk.list(&SafePath::root())? {
        let Ok(top_path) = SafePath::new(&top.name) else { continue };
        let inner = if top.kind == EntryKind::Folder { disk.list(&top_path)? } else { Vec::new() };
        let paths = inner.iter().filter_map(|entry| top_path.join(&entry.name).ok());
        for path in paths.chain([top_path.clone()]) {
            newest = newest.max(disk.written_at(&path).unwrap_or_default());
        }
    }
    Ok(newest)
}
