//! Writes the generated files; with `--check` says which are stale.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it writes sources, not data"
)]

use std::path::Path;
use std::process::ExitCode;

use quilltap_store::api::files;

fn main() -> ExitCode {
    let check = std::env::args().any(|arg| arg == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = match files() {
        Ok(files) => files,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut stale = 0;
    for (path, text) in files {
        let file = root.join(&path);
        if std::fs::read_to_string(&file).is_ok_and(|now| now == text) {
            continue;
        }
        stale += 1;
        if check {
            eprintln!("{path} is stale");
        } else if let Err(error) = write(&file, &text) {
            eprintln!("cannot write {path}: {error}");
            return ExitCode::FAILURE;
        }
    }
    if check && stale > 0 {
        eprintln!("run `cargo run --bin generate`");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text)
}
