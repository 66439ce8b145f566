//! `dual status` and `dual repair`.

use super::transfer::{list, shown_problem, value};
use crate::cli::arguments::{Dual, Shared};
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::folder;
use crate::cli::output::{Output, Tone, counted};
use crate::cli::terminal::Terminal;
use crate::dual::{self, Repaired, Status};
use crate::error::{Code, Error};
use crate::transfer::{Import, Meeting, Source};

/// So many rows that wait are shown to people; `--json` has more.
const MOST_SHOWN: usize = 10;

pub(super) fn run(asked: &Dual, shared: &Shared, output: &Output) -> Ended {
    match asked {
        Dual::Status => status(shared, output),
        Dual::Repair { source } => repair(source, shared, output),
    }
}

fn status(shared: &Shared, output: &Output) -> Ended {
    let data_dir = folder::options(shared).data_dir;
    let Some(status) = dual::status(&data_dir)? else {
        let message = format!(
            "nothing was written to both sides in {}: run the app with DATA_BACKEND=dual (docs/migrating.md)",
            data_dir.display()
        );
        return Err(Failure::Store(Error::new(Code::Validation, message)));
    };
    output.answer(&value(&status)?, || shown(&status, output))?;
    Ok(Exit::found(!status.may_cut_over))
}

fn shown(status: &Status, output: &Output) -> String {
    let mut lines = Vec::new();
    let counts = |what: &str, counts: &mut dyn Iterator<Item = (String, u64)>| {
        let counts: Vec<String> = counts.map(|(how, count)| format!("{count} {how}")).collect();
        format!("{what}  {}", if counts.is_empty() { "none".to_owned() } else { counts.join(", ") })
    };
    lines.push(counts("writes", &mut status.writes()));
    lines.push(counts("reads ", &mut status.reads()));
    for waiting in status.waiting.iter().take(MOST_SHOWN) {
        lines.push(format!("waits   {waiting}"));
    }
    if status.waiting_in_all > MOST_SHOWN {
        lines.push(format!("        and {} more", status.waiting_in_all - MOST_SHOWN));
    }
    if status.may_cut_over {
        lines.push(
            output.painted("yes: the app may be switched over (DATA_BACKEND=json)", Tone::Good),
        );
    } else {
        lines.push(output.painted("no, for", Tone::Bad));
        lines.extend(status.obstacles.iter().map(|obstacle| format!("- {obstacle}")));
    }
    lines.join("\n")
}

fn repair(source: &str, shared: &Shared, output: &Output) -> Ended {
    let import = Import {
        source: Source::of(source),
        options: folder::options(shared),
        public_dir: None,
        existing: Meeting::Replace,
        reseal: None,
        dry_run: false,
    };
    let terminal = Terminal::new(output);
    let repaired = dual::repair(&import, &terminal)?;
    drop(terminal);
    output.answer(&value(&repaired)?, || repairs(&repaired, output))?;
    Ok(Exit::found(!repaired.clean))
}

fn repairs(repaired: &Repaired, output: &Output) -> String {
    let tables = repaired.imported.tables.iter();
    let (made, replaced) = tables
        .fold((0, 0), |(made, replaced), table| (made + table.made, replaced + table.replaced));
    let mut lines = vec![format!(
        "{} made, {} replaced, {} removed",
        counted(made, "row"),
        counted(replaced, "row"),
        counted(repaired.removed, "row")
    )];
    list(&mut lines, &repaired.imported.problems, "things cannot come over", shown_problem);
    lines.push(if repaired.clean {
        output.painted("clean: every row is the same on both sides", Tone::Good)
    } else {
        output.painted(&format!("{} rows still differ", repaired.differences), Tone::Bad)
    });
    lines.join("\n")
}
