//! How a command ends.

use std::io;

use crate::error::{Code, Error};
use crate::json::Fault;

/// The exit codes, as docs/cli.md promises them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done, and nothing is wrong.
    Clean,
    /// Done, and something was found: faults, differences.
    Found,
    /// The arguments are wrong; nothing was done.
    WrongUse,
    /// It could not be done.
    Failed,
    /// Given up because of Ctrl-C: 128 and the number of the signal, as shells have it.
    Interrupted,
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Found => 1,
            Exit::WrongUse => 2,
            Exit::Failed => 3,
            Exit::Interrupted => 130,
        }
    }

    /// Whether anything was found.
    pub(super) fn found(any: bool) -> Exit {
        if any { Exit::Found } else { Exit::Clean }
    }
}

/// Why a command was not done.
#[derive(Debug)]
pub(super) enum Failure {
    Store(Error),
    /// The arguments, taken together, are wrong.
    Usage(Error),
    /// The other end of the pipe is closed.
    NobodyReads,
}

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage(Error::new(Code::Validation, message))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Store(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        // Node connects its children by sockets, which say it in another way than pipes.
        if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) {
            return Failure::NobodyReads;
        }
        Failure::Store(Error::io("write to", "the output", &error))
    }
}

impl From<Fault> for Failure {
    /// Of an answer of our own.
    fn from(fault: Fault) -> Failure {
        Failure::Store(Error::new(Code::Io, format!("internal error: {fault}; please report it")))
    }
}

pub(super) type Ended<T = Exit> = std::result::Result<T, Failure>;
