//! Progress on a terminal: how far, how fast, how long still.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::interrupt::{self, Tidying};
use super::output::Output;
use crate::error::Result;
use crate::progress::{Progress, Unit, given_up};

/// How often a bar is drawn anew while nothing is told.
const TICK: Duration = Duration::from_millis(200);

/// A bar on standard error; nothing where nobody sees it.
pub(super) struct Terminal {
    bar: ProgressBar,
    _tidying: Option<Tidying>,
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

    fn with(output: &Output, tidying: Option<Tidying>) -> Terminal {
        let shown = output.shows_progress();
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if shown {
            bar.enable_steady_tick(TICK);
        }
        Terminal { bar, _tidying: tidying }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
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
        let style = ProgressStyle::with_template(template(unit, total.is_some()));
        self.bar.set_style(style.expect("the templates above are well-formed"));
        self.bar.set_message(what.to_owned());
        self.bar.set_position(0);
        self.bar.reset_eta();
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
    }

    fn advance(&self, steps: u64) -> Result<()> {
        self.bar.inc(steps);
        if interrupt::is_asked() { Err(given_up()) } else { Ok(()) }
    }
}
