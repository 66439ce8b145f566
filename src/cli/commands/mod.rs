//! The commands, each of which asks the store and shows the answer.

mod backup;
mod completion;
mod doctor;
mod dual;
mod inspect;
mod migrate_auth;
mod records;
mod secrets;
mod studio;
mod transfer;

pub(crate) use studio::StudioOptions;

use super::Surroundings;
use super::arguments::{Arguments, Command};
use super::exit::Ended;
use super::folder;
use super::output::Output;

/// What there is still to do for whoever runs the command line, where only that can.
pub(crate) enum Rest {
    /// To serve the studio.
    Studio(StudioOptions),
}

fn is_of_folders(command: &Command) -> bool {
    let backups = matches!(command, Command::Backup(_) | Command::Restore(_));
    backups || matches!(command, Command::Dual(_) | Command::Studio(_))
}

/// Does what is asked for.
pub(super) fn run(arguments: &Arguments, output: &Output, around: &Surroundings<'_>) -> Ended {
    let shared = &arguments.shared;
    if is_of_folders(&arguments.command) {
        folder::refuse_database(shared)?;
    }
    match &arguments.command {
        Command::Studio(studio) => studio::hand_over(studio, shared, around),
        Command::Check => inspect::check(shared, output),
        Command::Doctor(doctor) => doctor::run(doctor, shared, output, around),
        Command::Stats => inspect::stats(shared, output),
        Command::Compact => inspect::compact(shared, output),
        Command::Ls(ls) => records::ls(ls, shared, output),
        Command::Get(get) => records::get(get, shared, output),
        Command::Query(query) => records::query(query, shared, output),
        Command::Backup(backup) => backup::backup(backup, shared, output),
        Command::Restore(restore) => backup::restore(restore, shared, output),
        Command::Import(import) => transfer::import(import, shared, output, around),
        Command::Verify(verify) => transfer::verify(verify, shared, output),
        Command::Copy(copy) => transfer::copy(copy, shared, output),
        Command::Export(export) => transfer::export(export, shared, output),
        Command::Dual(dual) => dual::run(dual, shared, output),
        Command::Secrets(secrets) => secrets::run(secrets, shared, output, around),
        Command::MigrateAuth(migrate) => migrate_auth::run(migrate, shared, output),
        Command::Completion { shell } => completion::print(*shell, output),
    }
}
