//! Scripts that complete commands in a shell.

use clap::CommandFactory;
use clap_complete::{Shell as Kind, generate};

use crate::cli::arguments::{Arguments, Shell};
use crate::cli::exit::{Ended, Exit};
use crate::cli::output::Output;

pub(super) fn print(shell: Shell, output: &Output) -> Ended {
    let kind = match shell {
        Shell::Bash => Kind::Bash,
        Shell::Zsh => Kind::Zsh,
    };
    let mut script = Vec::new();
    generate(kind, &mut Arguments::command(), "quilltap-store", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Clean)
}
