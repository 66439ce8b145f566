//! Ctrl-C.
//!
//! What is half done is either undone at once by whoever asks here now and then ([`Tidying`]), or is
//! such that the store heals it at its next opening: then the process ends where it stands. A second
//! Ctrl-C always ends it.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);
static TIDYING: AtomicUsize = AtomicUsize::new(0);

/// Was the command asked to end?
pub(super) fn is_asked() -> bool {
    ASKED.load(Ordering::Acquire)
}

/// While it lives, the first Ctrl-C is left to work that looks at [`is_asked`] and undoes itself.
pub(super) struct Tidying(());

impl Tidying {
    pub(super) fn begin() -> Tidying {
        TIDYING.fetch_add(1, Ordering::AcqRel);
        Tidying(())
    }
}

impl Drop for Tidying {
    fn drop(&mut self) {
        TIDYING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Hears Ctrl-C from now on.
#[cfg(unix)]
pub(super) fn listen() {
    // Asked without echo, a terminal would stay without it.
    let terminal = rustix::termios::tcgetattr(std::io::stdin()).ok();
    let Ok(mut signals) = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT]) else {
        // The system's own way of ending a process leaves the store whole too.
        return;
    };
    std::thread::spawn(move || {
        for _ in signals.forever() {
            let again = ASKED.swap(true, Ordering::AcqRel);
            if again || TIDYING.load(Ordering::Acquire) == 0 {
                if let Some(terminal) = &terminal {
                    let now = rustix::termios::OptionalActions::Now;
                    let _ = rustix::termios::tcsetattr(std::io::stdin(), now, terminal);
                }
                said();
                signal_hook::low_level::exit(i32::from(super::Exit::Interrupted.code()));
            }
        }
    });
}

/// Tells whoever sits there, on a line of its own: a question or a bar stands in the last one.
pub(super) fn said() {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let _ = writeln!(terminal, "\ninterrupted");
    }
}

/// Windows ends the process by itself, which leaves the store whole too.
#[cfg(not(unix))]
pub(super) fn listen() {}
