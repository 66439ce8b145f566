//! `migrate-auth`: from Auth.js to Better Auth, and back.

use serde_json::{Map, Value, json};

use crate::cli::arguments::{Library, MigrateAuth, Shared};
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::folder;
use crate::cli::output::{Output, Tone};
use crate::json;

pub(super) fn run(migrate: &MigrateAuth, shared: &Shared, output: &Output) -> Ended {
    let options = json!({
        "to": match migrate.to {
            Library::BetterAuth => "better-auth",
            Library::AuthJs => "auth.js",
        },
        "dryRun": migrate.dry_run,
        "providers": providers(&migrate.providers)?,
    });
    let store = folder::open(shared, output)?;
    let report = json::parse(&store.call("migration.migrateAuth", &json!([options]).to_string())?)?;
    store.close()?;
    output.answer(&report, || told(&report, output))?;
    Ok(Exit::found(!entries(&report, "attention").is_empty()))
}

fn providers(given: &[String]) -> Ended<Map<String, Value>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((ours, theirs)) if !ours.is_empty() && !theirs.is_empty() => {
            Ok((ours.to_owned(), theirs.into()))
        }
        _ => Err(Failure::usage(format!("--provider {text}: expected OURS=THEIRS"))),
    };
    given.iter().map(pair).collect()
}

fn entries<'r>(report: &'r Value, name: &str) -> &'r [Value] {
    report[name].as_array().map_or(&[], Vec::as_slice)
}

/// A line a kind of record, then what is left to see to.
fn told(report: &Value, output: &Output) -> String {
    let line = |entry: &Value| {
        let word = |name: &str| entry[name].as_str().unwrap_or_default();
        format!("{:>8}  {}: {}", entry["records"].to_string(), word("what"), word("how"))
    };
    let head = match report["dryRun"] == json!(true) {
        true => "this would be done; nothing was changed:",
        false => "done:",
    };
    let mut lines = vec![head.to_owned()];
    lines.extend(entries(report, "done").iter().map(line));
    let attention = entries(report, "attention");
    if !attention.is_empty() {
        lines.push(output.painted("to see to:", Tone::Warning));
        lines.extend(attention.iter().map(line));
    }
    lines.join("\n")
}
