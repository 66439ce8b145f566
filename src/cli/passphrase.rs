//! Where a passphrase comes from: a file, standard input, the environment, or whoever sits at the
//! terminal. Never an argument, which stands in the shell's history and in the list of processes.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Surroundings;
use super::arguments::{NextPassphrase, Passphrase};
use super::exit::{Ended, Failure};
use crate::crypto::Secret;
use crate::disk;
use crate::error::{Code, Error};

/// A longer passphrase is a file given by mistake, in bytes.
const LONGEST: u64 = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Keeps a terminal from showing what is typed, also ahead of the questions, as long as it lives.
pub(super) struct Silence {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl Silence {
    pub(super) fn begin() -> Silence {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin()).ok();
        if let Some(mut silent) = before.clone() {
            silent.local_modes.remove(LocalModes::ECHO);
            // Where it fails, each question still turns the echo off by itself.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &silent);
        }
        Silence { before }
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(not(unix))]
impl Silence {
    pub(super) fn begin() -> Silence {
        Silence {}
    }
}

impl Passphrase {
    /// The passphrase that there is.
    pub(super) fn get(&self, around: &Surroundings<'_>) -> Ended<Secret> {
        match self.given(around)? {
            Some(passphrase) => Ok(passphrase),
            None => asked("Passphrase", "--passphrase-file", around),
        }
    }

    /// The same, where nobody has to be asked.
    pub(super) fn given(&self, around: &Surroundings<'_>) -> Ended<Option<Secret>> {
        if let Some(file) = self.file() {
            return from_file(&file, around).map(Some);
        }
        let text = named("QUILLTAP_PASSPHRASE");
        Ok(text.map(|text| composed(text.into_encoded_bytes(), around)))
    }

    /// The file that it comes from.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let of_environment = || named("QUILLTAP_PASSPHRASE_FILE").map(PathBuf::from);
        self.passphrase_file.clone().or_else(of_environment)
    }
}

/// What the environment says under a name.
fn named(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

impl NextPassphrase {
    /// The passphrase that is to be.
    pub(super) fn get(&self, around: &Surroundings<'_>) -> Ended<Secret> {
        if let Some(file) = &self.new_passphrase_file {
            return from_file(file, around);
        }
        let option = "--new-passphrase-file";
        let first = asked("New passphrase", option, around)?;
        if asked("New passphrase, once more", option, around)? != first {
            return Err(Failure::usage("the two differ; nothing was changed"));
        }
        Ok(first)
    }
}

/// The recovery key, from a file or asked for.
pub(super) fn recovery_key(file: Option<&Path>, around: &Surroundings<'_>) -> Ended<Secret> {
    match file {
        Some(file) => from_file(file, around),
        None => asked("Recovery key", "--recovery-key-file", around),
    }
}

/// The app's pepper, as it is: from a file, or the app's own variable.
pub(super) fn pepper(file: Option<&Path>) -> Ended<Secret> {
    let rest = std::cell::RefCell::default();
    let as_it_is = Surroundings { runtime: "", compose: &str::to_owned, rest: &rest };
    if let Some(file) = file {
        return from_file(file, &as_it_is);
    }
    match std::env::var_os("ENCRYPTION_MASTER_PEPPER").filter(|value| !value.is_empty()) {
        Some(text) => Ok(composed(text.into_encoded_bytes(), &as_it_is)),
        None => Err(Failure::usage(
            "--secrets reseal needs the app's pepper: --pepper-file, or $ENCRYPTION_MASTER_PEPPER",
        )),
    }
}

/// What a file holds, or a line of standard input for `-`.
fn from_file(file: &Path, around: &Surroundings<'_>) -> Ended<Secret> {
    let shown = file.display().to_string();
    let unreadable = |error: io::Error| {
        let message = format!("cannot read the passphrase from {shown} ({error})");
        Error::new(Code::NoPassphrase, message)
    };
    let bytes = if shown == "-" {
        line_of(&mut io::stdin().lock()).map_err(unreadable)?
    } else {
        disk::read_outside(file, LONGEST).map_err(unreadable)?
    };
    if bytes.is_empty() {
        return Err(Error::new(Code::NoPassphrase, format!("{shown} holds no passphrase")).into());
    }
    Ok(composed(bytes, around))
}

/// The next line. Byte by byte, for a second passphrase may stand on the line behind it.
fn line_of(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    let mut byte = [0];
    while (line.len() as u64) < LONGEST && !line.ends_with(b"\n") && input.read(&mut byte)? > 0 {
        line.push(byte[0]);
    }
    Ok(line)
}

/// What somebody types at the terminal, which does not show it.
fn asked(what: &str, option: &str, around: &Surroundings<'_>) -> Ended<Secret> {
    if !io::stdin().is_terminal() {
        let message = format!(
            "nobody is here to be asked for it: give {option} FILE, or - for standard input"
        );
        return Err(Error::new(Code::NoPassphrase, message).into());
    }
    let failed = |error: io::Error| Error::io("ask for", "a passphrase", &error);
    let text = rpassword::prompt_password(format!("{what}: ")).map_err(failed)?;
    if text.is_empty() {
        return Err(Error::new(Code::NoPassphrase, "nothing was typed; nothing was changed").into());
    }
    Ok(composed(text.into_bytes(), around))
}

/// A passphrase as the package counts it: without the mark and the line feed that an editor puts around
/// it, and in its composed form (NFC), so that it does not matter on which system it was typed.
fn composed(bytes: Vec<u8>, around: &Surroundings<'_>) -> Secret {
    let bytes = Zeroizing::new(bytes);
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let text =
        text.strip_suffix(b"\n").map_or(text, |line| line.strip_suffix(b"\r").unwrap_or(line));
    match std::str::from_utf8(text) {
        Ok(letters) if !letters.is_ascii() => Secret::from((around.compose)(letters)),
        _ => Secret::copy_of(text),
    }
}
