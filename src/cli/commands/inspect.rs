//! `check`, `stats` and `compact`.

use serde_json::{Value, json};

use crate::cli::arguments::Shared;
use crate::cli::exit::{Ended, Exit};
use crate::cli::folder;
use crate::cli::output::{Output, Tone, counted, one_line};
use crate::cli::terminal::Terminal;
use crate::error::Error;
use crate::json;
use crate::progress::{Progress, Unit};

pub(super) fn check(shared: &Shared, output: &Output) -> Ended {
    let store = folder::open(shared, output)?;
    let terminal = Terminal::new(output);
    terminal.begin("Reading everything", Unit::Things, None);
    let report = json::parse(&store.check_now()?)?;
    drop(terminal);
    store.close()?;
    let faults = report["faults"].as_array().map_or(&[][..], Vec::as_slice);
    output.answer(&report, || checked(&report, faults, output))?;
    Ok(Exit::found(!faults.is_empty()))
}

fn checked(report: &Value, faults: &[Value], output: &Output) -> String {
    let numbers =
        [("files", "file"), ("records", "record"), ("rows", "row"), ("payloads", "payload")];
    let read =
        numbers.map(|(name, thing)| counted(report[name].as_u64().unwrap_or_default(), thing));
    let found = match faults.len() {
        0 => output.painted("no fault", Tone::Good),
        many => output.painted(&counted(many as u64, "fault"), Tone::Bad),
    };
    let mut text = format!("{}: {found}", read.join(", "));
    for fault in faults {
        text += "\n";
        text += &fault_line(fault, output);
    }
    text
}

fn fault_line(fault: &Value, output: &Output) -> String {
    let word = |name: &str| fault[name].as_str().unwrap_or_default();
    let (path, message) = (word("path"), word("message"));
    // Some sentences begin with the place.
    let place = if message.starts_with(path) { String::new() } else { format!("{path}: ") };
    let about = if word("id").is_empty() {
        String::new()
    } else {
        format!(" ({} {})", word("model"), word("id"))
    };
    let said = one_line(&format!("{place}{message}{about}"));
    format!("{} {said}", output.painted(word("kind"), Tone::Warning))
}

pub(super) fn stats(shared: &Shared, output: &Output) -> Ended {
    let store = folder::open(shared, output)?;
    let stats = json::parse(&store.stats())?;
    store.close()?;
    output.answer(&stats, || told(&stats))?;
    Ok(exit_of(&stats))
}

/// A line a collection, the numbers one below the other; and what else there is to know.
fn told(stats: &Value) -> String {
    let counts = stats["records"].as_object().into_iter().flatten();
    let numbers = counts.map(|(name, count)| format!("{:>10}  {name}", count.to_string()));
    // A database has none.
    let journal = stats["journalBytes"].as_u64();
    let journal = journal.map(|bytes| format!("{bytes:>10}  bytes in the journal"));
    let late =
        stats["lastFileError"].as_str().map(|error| format!("not in the files yet: {error}"));
    numbers.chain(journal).chain(fault_lines(stats)).chain(late).collect::<Vec<_>>().join("\n")
}

/// A line for each of the `faults` that a report tells of.
pub(super) fn fault_lines(report: &Value) -> impl Iterator<Item = String> {
    let faults = report["faults"].as_array().into_iter().flatten().filter_map(Value::as_str);
    faults.map(|fault| format!("cannot be read: {}", one_line(fault)))
}

/// Exit code 1 where a report tells of `faults`.
pub(super) fn exit_of(report: &Value) -> Exit {
    Exit::found(report["faults"].as_array().is_some_and(|faults| !faults.is_empty()))
}

pub(super) fn compact(shared: &Shared, output: &Output) -> Ended {
    let store = folder::open(shared, output)?;
    let terminal = Terminal::new(output);
    terminal.begin("Compacting", Unit::Things, None);
    store.compact_now()?;
    drop(terminal);
    let faults = store.known_faults(None);
    store.close()?;
    let faults = faults.iter().map(Error::message).collect::<Vec<_>>();
    let report = json!({ "compacted": true, "faults": faults });
    let told = || std::iter::once("compacted".to_owned()).chain(fault_lines(&report));
    output.answer(&report, || told().collect::<Vec<_>>().join("\n"))?;
    Ok(exit_of(&report))
}
