//! What a command says: its answer on standard output, everything else on standard error.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::arguments::Shared;
use super::exit::{Ended, Exit};
use crate::error::Error;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();
/// What ends any of them.
const RESET: &str = "\x1b[0m";

/// How serious something is that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warning,
    Bad,
}

pub(super) struct Output {
    pub(super) json: bool,
    quiet: bool,
    answer: RefCell<BufWriter<Stdout>>,
}

impl Output {
    pub(super) fn new(shared: &Shared) -> Output {
        let answer = RefCell::new(BufWriter::new(io::stdout()));
        Output { json: shared.json, quiet: shared.quiet, answer }
    }

    /// Is there somebody at a terminal who would see progress?
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }

    /// The answer: the value for programs, or the text for people.
    pub(super) fn answer(&self, value: &Value, text: impl FnOnce() -> String) -> Ended<()> {
        self.line(&if self.json { value.to_string() } else { text() })
    }

    /// A line of the answer.
    pub(super) fn line(&self, text: &str) -> Ended<()> {
        Ok(writeln!(self.answer.borrow_mut(), "{}", harmless(text))?)
    }

    /// Something worth saying that is not the answer.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            said(text);
        }
    }

    /// What the owner of the folder should know.
    pub(super) fn warn(&self, text: &str) {
        self.note(&format!("{} {text}", painted("warning:", Tone::Warning, &io::stderr())));
    }

    /// Something that cannot be read and is left out of the answer.
    pub(super) fn fault(&self, fault: &Error) {
        if self.json {
            return said(&format!("{{\"fault\":{}}}", fault.to_json()));
        }
        let head = painted("cannot be read:", Tone::Bad, &io::stderr());
        said(&format!("{head} {}", one_line(fault.message())));
    }

    /// Why it was not done.
    pub(super) fn error(&self, error: &Error) {
        if self.json {
            return said(&format!("{{\"error\":{}}}", error.to_json()));
        }
        let head = painted("error:", Tone::Bad, &io::stderr());
        said(&format!("{head} {} ({})", error.message(), error.code().name()));
    }

    /// A word in the colour of what it says, for the answer.
    pub(super) fn painted(&self, word: &str, tone: Tone) -> String {
        painted(word, tone, &io::stdout())
    }

    pub(super) fn flush(&self) -> Ended<()> {
        Ok(self.answer.borrow_mut().flush()?)
    }
}

/// So many of something: "1 file", "2 files".
pub(super) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Nobody is left to be told that standard error is closed.
fn said(text: &str) {
    let _ = writeln!(io::stderr(), "{}", harmless(text));
}

/// A text without what a terminal would obey: names of files, servers and dumps may say anything. Only lines and
/// the colours from here stay; what else controls is written as JSON writes it, for it may be in JSON.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_control = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let own = [RED, YELLOW, GREEN].map(|style| style.render().to_string());
    let own = own.iter().map(String::as_str).chain([RESET]).collect::<Vec<_>>();
    let (mut clean, mut rest) = (String::new(), text);
    while let Some(letter) = rest.chars().next() {
        let colour = own.iter().find(|colour| rest.starts_with(**colour));
        let taken = colour.map_or(letter.len_utf8(), |colour| colour.len());
        match is_control(letter) && colour.is_none() {
            true => clean += &escaped(letter),
            false => clean += &rest[..taken],
        }
        rest = &rest[taken..];
    }
    Cow::Owned(clean)
}

fn escaped(letter: char) -> String {
    format!("\\u{:04x}", u32::from(letter))
}

/// The same as one line of several: a name that holds a line feed must not look like two of them.
pub(super) fn one_line(text: &str) -> String {
    text.replace('\n', &escaped('\n'))
}

fn painted(word: &str, tone: Tone, stream: &impl IsTerminal) -> String {
    let style = match tone {
        Tone::Good => GREEN,
        Tone::Warning => YELLOW,
        Tone::Bad => RED,
    };
    // https://no-color.org: set, and not empty.
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    if unwanted || dumb || !stream.is_terminal() {
        return word.to_owned();
    }
    format!("{style}{word}{RESET}")
}

/// Prints a help screen, the version, or what is wrong with the arguments.
pub(super) fn usage(error: &clap::Error) -> Exit {
    // As for any other answer, nobody may be reading.
    let _ = error.print();
    if error.use_stderr() { Exit::WrongUse } else { Exit::Clean }
}
