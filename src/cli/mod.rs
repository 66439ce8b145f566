//! The command line: `npx quilltap-store <command>`.
//!
//! It reads arguments, calls what a program would call, and writes what came of it for people or for
//! machines. It must not know how anything is done: a command that does more than ask and show belongs
//! in a module below, where JavaScript can call it too. `docs/cli.md` tells the rest.

mod arguments;
mod commands;
mod exit;
mod folder;
mod interrupt;
mod output;
mod passphrase;
mod terminal;

use std::cell::RefCell;

use clap::Parser;

use arguments::{Arguments, Command};
pub(crate) use commands::Rest;
use exit::{Exit, Failure};
use output::Output;

/// What only the program around this one can tell.
pub(crate) struct Surroundings<'a> {
    /// What runs this, with its version: `node 20.20.2`.
    pub(crate) runtime: &'a str,
    /// The composed form (NFC) of a text.
    pub(crate) compose: &'a dyn Fn(&str) -> String,
    /// Takes what that program still has to do.
    pub(crate) rest: &'a RefCell<Option<Rest>>,
}

/// Runs a command with the arguments behind the program's name; gives the exit code.
pub(crate) fn run(arguments: Vec<String>, around: &Surroundings<'_>) -> u8 {
    let named = std::iter::once("quilltap-store".to_owned()).chain(arguments);
    let arguments = match Arguments::try_parse_from(named) {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error).code(),
    };
    let output = Output::new(&arguments.shared);
    // Who goes on in JavaScript hears Ctrl-C there.
    if !matches!(arguments.command, Command::Studio(_)) {
        interrupt::listen();
    }
    let ended = commands::run(&arguments, &output, around).and_then(|exit| {
        output.flush()?;
        Ok(exit)
    });
    ended.unwrap_or_else(|failure| failed(&output, failure)).code()
}

fn failed(output: &Output, failure: Failure) -> Exit {
    match failure {
        // Who reads has what he wanted: `ls | head`.
        Failure::NobodyReads => Exit::Clean,
        _ if interrupt::is_asked() => {
            interrupt::said();
            Exit::Interrupted
        }
        Failure::Store(error) => {
            output.error(&error);
            Exit::Failed
        }
        Failure::Usage(error) => {
            output.error(&error);
            Exit::WrongUse
        }
    }
}
