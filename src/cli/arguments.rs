//! What can be asked for, and the text of every `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::backup::Schedule;
use crate::doctor::Pretence;

/// The end of the first help screen.
const EXIT_CODES: &str = "Exit codes: 0 done and clean, 1 done and something was found, 2 wrong use, \
    3 failed, 130 interrupted.\nNothing is written without being asked for. More in docs/cli.md.";

/// Looks after the data folder of an app that uses quilltap-store.
#[derive(Parser)]
#[command(name = "quilltap-store", version, after_help = EXIT_CODES, max_term_width = 100)]
#[command(disable_help_subcommand = true, infer_subcommands = false)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) shared: Shared,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Args, Clone)]
pub(super) struct Shared {
    /// The data folder [default: $DATA_DIR, else ./data]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(super) data_dir: Option<PathBuf>,
    /// A database that has the store in place of a folder, postgresql://… [default, without --data-dir:
    /// $QUILLTAP_DATABASE_URL]; a password is better in $PGPASSWORD than here
    #[arg(long, global = true, value_name = "ADDRESS", conflicts_with = "data_dir")]
    pub(super) database: Option<String>,
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Say nothing but the answer and errors
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Trust whoever else may write in the folder, as the option of createStore does
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) trust_shared_folder: bool,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Read everything and tell every fault (exit code 1 when there is one)
    Check,
    /// Look at the folder, who uses it, what is in it, and the app around it, and say what to do
    Doctor(Doctor),
    /// Count what the store holds
    Stats,
    /// Drop what has expired and dead lines, and start the journal anew
    Compact,
    /// List the records of a model, a line of JSON each
    Ls(Ls),
    /// Show one record as JSON
    Get(Get),
    /// Ask for records as findMany does, a line of JSON each
    Query(Query),
    /// Write everything into one file, while the app goes on
    Backup(Backup),
    /// Restore such a file, once it is seen to be whole
    Restore(Restore),
    /// Bring the app's database over: everything that cannot come is told before anything is written
    Import(Import),
    /// Compare a database with the store, row by row (exit code 1 when they differ)
    Verify(Verify),
    /// Bring a whole store into another one: a folder into a database, or back (exit code 1 when they differ)
    Copy(Copy),
    /// Write everything for psql, or as lines of JSON: the way back
    Export(Export),
    /// While an app writes to a database and to the store: how far they agree
    #[command(subcommand)]
    Dual(Dual),
    /// Look after the passphrase and the keys of secrets
    #[command(subcommand)]
    Secrets(Secrets),
    /// Open a page to look at everything, and with --write to mend it (see docs/studio.md)
    Studio(Studio),
    /// Make what Better Auth needs of what Auth.js has, or go back (see docs/better-auth.md)
    MigrateAuth(MigrateAuth),
    /// Print a script that completes commands in a shell
    ///
    /// bash: echo 'source <(npx quilltap-store completion bash)' >> ~/.bashrc
    /// zsh:  npx quilltap-store completion zsh > ~/.zfunc/_quilltap-store
    #[command(verbatim_doc_comment)]
    Completion {
        /// Which shell
        shell: Shell,
    },
}

#[derive(Args)]
pub(super) struct Doctor {
    /// The folder of the app, with its package.json [default: this one]
    #[arg(long, value_name = "FOLDER")]
    pub(super) app: Option<PathBuf>,
    #[command(flatten)]
    pub(super) passphrase: Passphrase,
    /// Take something for true, to see what would be said
    #[arg(long, hide = true)]
    pub(super) pretend: Vec<Pretence>,
}

#[derive(Args)]
pub(super) struct Ls {
    /// A repository or model: characters, Chat, messages …
    pub(super) model: String,
    /// The chat whose messages are meant
    #[arg(long, value_name = "ID")]
    pub(super) chat: Option<String>,
}

#[derive(Args)]
pub(super) struct Get {
    /// A repository or model: characters, Chat, messages …
    pub(super) model: String,
    /// The record's id
    pub(super) id: String,
}

#[derive(Args)]
pub(super) struct Query {
    /// A repository or model: characters, Chat …
    pub(super) model: String,
    /// What findMany takes: '{"where":{"isFavorite":true},"take":3}'; - reads it from standard input
    #[arg(value_name = "JSON")]
    pub(super) question: String,
}

#[derive(Args)]
pub(super) struct Backup {
    /// A new file: quilltap.tar.zst; with --keep a folder of them, each named by its time
    #[arg(value_name = "FILE")]
    pub(super) place: PathBuf,
    /// Of the backups in the folder keep the newest of each of so many hours, days, weeks, months and
    /// years (7d,4w,12m), and remove the others
    #[arg(long, value_name = "SCHEDULE")]
    pub(super) keep: Option<Schedule>,
}

#[derive(Args)]
pub(super) struct Restore {
    /// What backup has written
    pub(super) file: PathBuf,
    /// Restore over a folder that is not empty, or is open; it is kept beside the restored one
    #[arg(long)]
    pub(super) force: bool,
    /// Only look whether the file is whole
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Args)]
pub(super) struct Import {
    /// postgresql://…, a plain file of pg_dump, or a folder of another store or the app's earlier one; a
    /// password is better in $PGPASSWORD than here
    pub(super) source: String,
    /// The app's public folder, below which the files of images and chats lie
    #[arg(long, value_name = "FOLDER")]
    pub(super) public_dir: Option<PathBuf>,
    /// keep: secrets stay as the app encrypted them; reseal: they become the store's own
    #[arg(long, value_name = "HOW", default_value = "keep")]
    pub(super) secrets: ImportedSecrets,
    /// With --secrets reseal: a file that holds the app's ENCRYPTION_MASTER_PEPPER, - for a line of
    /// standard input [default: $ENCRYPTION_MASTER_PEPPER]
    #[arg(long, value_name = "FILE")]
    pub(super) pepper_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) passphrase: Passphrase,
    /// What becomes of rows that the store has already, with other content
    #[arg(long, value_name = "WHICH", default_value = "refuse")]
    pub(super) existing: Existing,
    /// Only look: tell what would come over and what cannot
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// What becomes of the secrets that the app encrypted.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImportedSecrets {
    Keep,
    Reseal,
}

/// What becomes of rows that the store has already, with other content.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// Nothing is imported, and each of them is told
    Refuse,
    /// The store's row stays
    Keep,
    /// The store's row becomes the source's
    Replace,
}

#[derive(Args)]
pub(super) struct Verify {
    /// postgresql://…, a plain file of pg_dump, or a folder of another store
    pub(super) source: String,
}

#[derive(Args)]
pub(super) struct Copy {
    /// The store's folder, or postgresql://… for one in a database
    #[arg(long, value_name = "STORE")]
    pub(super) from: String,
    /// The other store, which is made when it is not there; a copy that was interrupted goes on
    #[arg(long, value_name = "STORE")]
    pub(super) to: String,
    /// What becomes of records that the other store has already, with other content
    #[arg(long, value_name = "WHICH", default_value = "refuse")]
    pub(super) existing: Existing,
    /// Go on with what changes meanwhile, until Ctrl-C; then copy what is left, and compare
    #[arg(long)]
    pub(super) follow: bool,
}

#[derive(Args)]
pub(super) struct Export {
    /// postgres: a file for psql; ndjson: an object a line
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: ExportFormat,
    /// Where to; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// For psql: empty the app's tables first, in the same transaction
    #[arg(long)]
    pub(super) replace: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportFormat {
    Postgres,
    Ndjson,
}

#[derive(Subcommand)]
pub(super) enum Dual {
    /// May the app be switched over to the store? Exit code 0 for yes, 1 for no and what stands in the way
    Status,
    /// Make everything as it is in the database, also beside an app that goes on
    Repair {
        /// postgresql://…, the database that the app writes to
        source: String,
    },
}

#[derive(Args)]
pub(super) struct MigrateAuth {
    /// The library that the folder is to be made ready for
    #[arg(long)]
    pub(super) to: Library,
    /// Only tell what would be done
    #[arg(long)]
    pub(super) dry_run: bool,
    /// A provider that the two call otherwise: azure-ad=microsoft (Auth.js's name first)
    #[arg(long = "provider", value_name = "OURS=THEIRS")]
    pub(super) providers: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Library {
    BetterAuth,
    #[value(name = "auth.js")]
    AuthJs,
}

#[derive(Args)]
pub(super) struct Studio {
    /// The port on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) port: u16,
    /// Let the page change records
    #[arg(long)]
    pub(super) write: bool,
    /// Only print the address
    #[arg(long)]
    pub(super) no_open: bool,
}

#[derive(Subcommand)]
pub(super) enum Secrets {
    /// Tell whether there are keys, since when, and how they are derived
    Status,
    /// Put another passphrase in place of the one there is
    ChangePassphrase {
        #[command(flatten)]
        passphrase: Passphrase,
        #[command(flatten)]
        next: NextPassphrase,
    },
    /// Make a recovery key, in place of the one before, and show it this once
    CreateRecoveryKey(Passphrase),
    /// Set another passphrase with the recovery key
    Recover {
        /// Read the recovery key from a file, - for a line of standard input; asked for otherwise
        #[arg(long, value_name = "FILE")]
        recovery_key_file: Option<PathBuf>,
        #[command(flatten)]
        next: NextPassphrase,
    },
    /// Seal everything anew under a new data key, or go on where that was interrupted
    Rotate(Passphrase),
}

/// Where the passphrase comes from. Never an argument: those stand in the history and in `ps`.
#[derive(Args, Clone)]
pub(super) struct Passphrase {
    /// Read the passphrase from a file, - for a line of standard input [default:
    /// $QUILLTAP_PASSPHRASE_FILE, else $QUILLTAP_PASSPHRASE, else asked for]
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
}

/// Where a new passphrase comes from.
#[derive(Args, Clone)]
pub(super) struct NextPassphrase {
    /// Read the new passphrase from a file, - for a line of standard input; asked for otherwise
    #[arg(long, value_name = "FILE")]
    pub(super) new_passphrase_file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Zsh,
}
