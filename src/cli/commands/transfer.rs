//! `import`, `verify` and `export`.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::cli::Surroundings;
use crate::cli::arguments::{self, ExportFormat, ImportedSecrets, Shared};
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::output::{Output, Tone};
use crate::cli::terminal::Terminal;
use crate::cli::{folder, interrupt, passphrase};
use crate::dual;
use crate::error::{Code, Error};
use crate::store::Store;
use crate::transfer::{
    self, Copied, Copy, Difference, Exported, Format, Import, Imported, Kind, Meeting, Missing,
    Problem, Reseal, Source, Told, Verified,
};

/// So many things of a kind are shown to people; `--json` has more.
const MOST_SHOWN: usize = 50;

pub(super) fn import(
    asked: &arguments::Import,
    shared: &Shared,
    output: &Output,
    around: &Surroundings<'_>,
) -> Ended {
    let import = Import {
        source: Source::of(&asked.source),
        options: folder::options(shared),
        public_dir: asked.public_dir.clone(),
        existing: asked.existing.into(),
        reseal: reseal(asked, around)?,
        dry_run: asked.dry_run,
    };
    let terminal = Terminal::new(output);
    let imported = transfer::import(&import, &terminal)?;
    drop(terminal);
    output.answer(&value(&imported)?, || shown_import(&imported, asked, output))?;
    Ok(Exit::found(!imported.problems.is_empty()))
}

impl From<arguments::Existing> for Meeting {
    fn from(existing: arguments::Existing) -> Meeting {
        match existing {
            arguments::Existing::Refuse => Meeting::Refuse,
            arguments::Existing::Keep => Meeting::Keep,
            arguments::Existing::Replace => Meeting::Replace,
        }
    }
}

pub(super) fn copy(asked: &arguments::Copy, shared: &Shared, output: &Output) -> Ended {
    let [from, to] = [&asked.from, &asked.to].map(|store| folder::options_of(shared, store));
    if to.database.is_none() && from.database.is_none() {
        let message = "both are folders: quilltap-store import FOLDER copies one into a new one";
        return Err(Failure::usage(message));
    }
    if asked.follow && matches!(asked.existing, arguments::Existing::Keep) {
        return Err(Failure::usage(
            "--follow makes the other store what this one is: it keeps nothing else",
        ));
    }
    let terminal = if asked.follow { Terminal::ending(output) } else { Terminal::new(output) };
    let follow: Option<&dyn Fn() -> bool> = asked.follow.then_some(&interrupt::is_asked);
    let copied =
        transfer::copy(Copy { from, to, existing: asked.existing.into() }, follow, &terminal)?;
    drop(terminal);
    output.answer(&value(&copied)?, || {
        let Copied { records, put, payloads, digest, same } = &copied;
        let (ending, tone) = match same {
            true => ("both hold the same", Tone::Good),
            false => ("they differ: the target holds more, or the source was changed meanwhile", Tone::Bad),
        };
        format!(
            "{records:>10}  records and rows, {put} of them put\n{payloads:>10}  payloads\nSHA-256 {digest}\n{}",
            output.painted(ending, tone)
        )
    })?;
    Ok(Exit::found(!copied.same))
}

fn reseal(asked: &arguments::Import, around: &Surroundings<'_>) -> Ended<Option<Reseal>> {
    if asked.secrets == ImportedSecrets::Keep {
        return match &asked.pepper_file {
            Some(_) => Err(Failure::usage("--pepper-file is for --secrets reseal")),
            None => Ok(None),
        };
    }
    let pepper = passphrase::pepper(asked.pepper_file.as_deref())?;
    Ok(Some(Reseal { pepper, passphrase: asked.passphrase.get(around)? }))
}

pub(super) fn value(report: &impl Serialize) -> Ended<Value> {
    serde_json::to_value(report).map_err(|error| {
        Failure::Store(Error::new(Code::Io, format!("internal error: {error}; please report it")))
    })
}

fn shown_import(imported: &Imported, asked: &arguments::Import, output: &Output) -> String {
    let mut lines = vec![format!("{:>10}  {:<26}{:>10} {:>10}", "rows", "", "new", "there")];
    for table in imported.tables.iter().filter(|table| table.rows > 0) {
        let there = table.same + table.kept + table.replaced;
        let mut line =
            format!("{:>10}  {:<26}{:>10} {there:>10}", table.rows, table.table, table.made);
        let notes =
            [(table.kept, "kept"), (table.replaced, "replaced"), (table.expired, "expired")];
        for (count, what) in notes.into_iter().filter(|(count, _)| *count > 0) {
            line += &format!("  {count} {what}");
        }
        lines.push(line);
    }
    if asked.public_dir.is_some() {
        lines.push(format!("{:>10}  files, {} bytes", imported.files, imported.file_bytes));
    }
    let missing = |missing: &Missing| {
        format!("{} {}: {} ({})", missing.table, missing.key, missing.path, missing.reason)
    };
    list(&mut lines, &imported.missing, "files are not taken in; their rows are kept", missing);
    if !imported.left_out.is_empty() {
        let others = imported.left_out.join(", ");
        lines.push(format!("not of the app's schema, and left out: {others}"));
    }
    list(&mut lines, &imported.problems, "things cannot come over", shown_problem);
    if imported.following > 0 {
        lines.push(format!("{} more rows refer to those", imported.following));
    }
    if imported.resealed > 0 {
        lines.push(format!("{:>10}  secrets sealed anew", imported.resealed));
    }
    lines.push(match (imported.written, imported.problems.is_empty()) {
        (true, _) => output.painted("imported", Tone::Good),
        (false, true) => {
            output.painted("nothing stands in the way; nothing was written", Tone::Good)
        }
        (false, false) => output.painted("nothing was written", Tone::Bad),
    });
    lines.join("\n")
}

pub(super) fn shown_problem(problem: &Problem) -> String {
    let place = [Some(&problem.table), problem.key.as_ref(), problem.column.as_ref()];
    let place: Vec<&str> = place.into_iter().flatten().map(String::as_str).collect();
    format!("{}: {}; {}", place.join(" "), problem.message, problem.mend)
}

pub(super) fn list<T>(
    lines: &mut Vec<String>,
    told: &Told<T>,
    what: &str,
    show: impl Fn(&T) -> String,
) {
    if told.is_empty() {
        return;
    }
    lines.push(format!("{} {what}:", told.len()));
    lines.extend(told.told.iter().take(MOST_SHOWN).map(|one| format!("  {}", show(one))));
    let shown = MOST_SHOWN.min(told.told.len()) as u64;
    if told.len() > shown {
        lines.push(format!("  and {} more (--json shows up to 10,000)", told.len() - shown));
    }
}

pub(super) fn verify(asked: &arguments::Verify, shared: &Shared, output: &Output) -> Ended {
    let store = folder::open(shared, output)?;
    let terminal = Terminal::new(output);
    let source = Source::of(&asked.source);
    let data_dir = folder::options(shared).data_dir;
    let (verified, changing) = dual::verify_recorded(&data_dir, &source, &store, &terminal)?;
    drop(terminal);
    store.close()?;
    output.answer(&value(&verified)?, || {
        let mut text = shown_verification(&verified, output);
        if changing > 0 {
            text +=
                &format!("\n{changing} of the rows are being changed by the app, and do not count");
        }
        text
    })?;
    Ok(Exit::found(!verified.clean))
}

fn shown_verification(verified: &Verified, output: &Output) -> String {
    let mut lines = Vec::new();
    for table in &verified.tables {
        let (same, tone) = if table.same { ("same", Tone::Good) } else { ("differs", Tone::Bad) };
        let (source, store) = (table.source_rows, table.store_rows);
        let digest = &table.source_digest[..16];
        let word = output.painted(same, tone);
        lines.push(format!("{source:>10} {store:>10}  {:<26}{digest}  {word}", table.table));
    }
    for (column, count) in &verified.resealed {
        lines.push(format!("{count:>10}  values of {column} are sealed anew, and not compared"));
    }
    list(&mut lines, &verified.problems, "things of the source cannot be compared", shown_problem);
    list(&mut lines, &verified.differences, "rows differ", shown_difference);
    lines.push(if verified.clean {
        output.painted("clean: every row is the same on both sides", Tone::Good)
    } else {
        output.painted("not the same", Tone::Bad)
    });
    lines.join("\n")
}

fn shown_difference(difference: &Difference) -> String {
    let what = match difference.kind {
        Kind::Missing => "is not in the store".to_owned(),
        Kind::Extra => "is not in the source".to_owned(),
        Kind::Differs => format!("differs in {}", difference.columns.join(", ")),
    };
    format!("{} {} {what}", difference.table, difference.key)
}

pub(super) fn export(asked: &arguments::Export, shared: &Shared, output: &Output) -> Ended {
    let format = match asked.format {
        ExportFormat::Postgres => Format::Postgres { replace: asked.replace },
        ExportFormat::Ndjson if asked.replace => {
            return Err(Failure::usage("--replace is for --format postgres"));
        }
        ExportFormat::Ndjson => Format::Ndjson,
    };
    let store = folder::open(shared, output)?;
    if asked.out == Path::new("-") {
        return to_standard_output(&store, format, output);
    }
    let terminal = Terminal::undoing(output);
    let exported = transfer::export_to(&store, format, &asked.out, &terminal)?;
    drop(terminal);
    store.close()?;
    output.answer(&value(&exported)?, || {
        format!("{} rows written to {}", exported.rows, asked.out.display())
    })?;
    Ok(told_left_out(&exported, output))
}

/// Says what stays behind.
fn told_left_out(exported: &Exported, output: &Output) -> Exit {
    for (table, rows) in &exported.left_out {
        output.warn(&format!(
            "{rows} of {table} stay behind: they lack a value that the database demands, as a file of no chat does"
        ));
    }
    Exit::found(!exported.left_out.is_empty())
}

fn to_standard_output(store: &Store, format: Format, output: &Output) -> Ended {
    let terminal = Terminal::new(output);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let exported = transfer::export(store, format, &mut out, &terminal)?;
    drop(terminal);
    store.close()?;
    Ok(told_left_out(&exported, output))
}
