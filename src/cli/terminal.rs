//! Progress on a terminal: how far, how fast, how long still.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::interrupt::{self, Tidying};
use super::output::Output;
use crate::error::Result;
use crate::progress::{Progress, Unit, given_up};
use crate::sync::locked;

/// How often a bar is drawn anew while nothing is told.
const TICK: Duration = Duration::from_millis(200);

/// A bar on standard error; nothing where nobody sees it.
pub(super) struct Terminal {
    is_shown: bool,
    /// Of the part that goes on; a new one for each, so that no part is drawn with what another was.
    bar: Mutex<ProgressBar>,
    _tidying: Option<Tidying>,
    /// Does the work end by itself once Ctrl-C was pressed?
    ends: bool,
}

impl Terminal {
    /// For work that the store heals by itself when it is cut off.
    pub(super) fn new(output: &Output) -> Terminal {
        Terminal::with(output, None)
    }

    /// For work that hears of Ctrl-C as it tells how far it has come, and undoes itself.
    pub(super) fn undoing(output: &Output) -> Terminal {
        Terminal::with(output, Some(Tidying::begin()))
    }

    /// For work that looks itself whether Ctrl-C was pressed, and then comes to its end.
    pub(super) fn ending(output: &Output) -> Terminal {
        let mut terminal = Terminal::undoing(output);
        terminal.ends = true;
        terminal
    }

    fn with(output: &Output, tidying: Option<Tidying>) -> Terminal {
        let bar = Mutex::new(ProgressBar::hidden());
        Terminal { is_shown: output.shows_progress(), bar, _tidying: tidying, ends: false }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        locked(&self.bar).finish_and_clear();
    }
}

fn template(unit: Unit, is_known: bool) -> &'static str {
    match (unit, is_known) {
        (Unit::Bytes, true) => {
            "{msg:<12} {wide_bar} {bytes:>10} of {total_bytes:<10} {eta:>4} left"
        }
        (Unit::Things, true) => {
            "{msg:<12} {wide_bar} {human_pos:>9} of {human_len:<9} {eta:>4} left"
        }
        (Unit::Bytes, false) => "{spinner} {msg} {bytes} {elapsed}",
        (Unit::Things, false) => "{spinner} {msg} {human_pos} {elapsed}",
    }
}

impl Progress for Terminal {
    fn begin(&self, what: &str, unit: Unit, total: Option<u64>) {
        let mut bar = locked(&self.bar);
        bar.finish_and_clear();
        if !self.is_shown {
            return;
        }
        let style = ProgressStyle::with_template(template(unit, total.is_some()))
            .expect("the templates above are well-formed");
        // Everything is said before it is drawn for the first time.
        *bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
            .with_style(style)
            .with_message(what.to_owned());
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(TICK);
    }

    fn advance(&self, steps: u64) -> Result<()> {
        locked(&self.bar).inc(steps);
        if interrupt::is_asked() && !self.ends { Err(given_up()) } else { Ok(()) }
    }
}
