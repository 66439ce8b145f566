//! Scripts that complete commands in a shell.

use clap::CommandFactory;
use clap_complete::{Shell as Kind, generate};

use crate::cli::arguments::{Arguments, Shell};
use crate::cli::exit::{Ended, Exit};
use crate::cli::output::Output;

const PROGRAM: &str = "quilltap-store";
/// A name in which clap_complete finds its own functions again: for bash it takes a hyphen for the border
/// of a subcommand in one place and not in the other.
const BASH_NAME: &str = "quilltap_store";

pub(super) fn print(shell: Shell, output: &Output) -> Ended {
    let (kind, name) = match shell {
        Shell::Bash => (Kind::Bash, BASH_NAME),
        Shell::Zsh => (Kind::Zsh, PROGRAM),
    };
    let mut script = Vec::new();
    generate(kind, &mut Arguments::command(), name, &mut script);
    let script = String::from_utf8_lossy(&script);
    // What is completed is the program all the same.
    let script = script.replace(&format!(" {BASH_NAME}\n"), &format!(" {PROGRAM}\n"));
    output.line(script.trim_end())?;
    Ok(Exit::Clean)
}
