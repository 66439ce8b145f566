//! The one error of the whole store.
//!
//! Every module returns it; it holds what a caller needs to act: a stable code, a sentence that
//! names the thing, what is wrong and what to do, and where it applies the model, the path and
//! all the faults found. It must not hold logic, and never a secret.

use std::fmt;
use std::io;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure it is. The names are the API: `docs/api.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The input does not fit the model; `issues` lists every fault.
    Validation,
    /// Another record has this value already.
    Unique,
    /// A reference to nothing, or a deletion that something still refers to.
    ForeignKey,
    /// A file that cannot be read as what it should be.
    Corrupt,
    /// Another process or transaction holds the store for too long.
    Locked,
    /// The folder or file cannot be written.
    ReadOnly,
    /// The disk or quota is full.
    NoSpace,
    /// Any other failure of the disk.
    Io,
    /// The store, or the transaction, is closed.
    Closed,
    /// A secret was asked for and no passphrase was given.
    NoPassphrase,
    /// The passphrase is not the one of this store.
    WrongPassphrase,
    /// A ciphertext was edited, moved or cut.
    Tampered,
    /// A record, an id or a nesting over its limit.
    TooLarge,
    /// A file of a newer version than this package knows.
    UnsupportedVersion,
    /// A change was made or not, and nobody can tell: the database was lost while it was committed.
    OutcomeUnknown,
    /// The store is in a database, and this is of folders only.
    OnlyInFolder,
}

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Code; 16] = [
        Code::Validation,
        Code::Unique,
        Code::ForeignKey,
        Code::Corrupt,
        Code::Locked,
        Code::ReadOnly,
        Code::NoSpace,
        Code::Io,
        Code::Closed,
        Code::NoPassphrase,
        Code::WrongPassphrase,
        Code::Tampered,
        Code::TooLarge,
        Code::UnsupportedVersion,
        Code::OutcomeUnknown,
        Code::OnlyInFolder,
    ];

    /// The code as JavaScript sees it.
    pub const fn name(self) -> &'static str {
        match self {
            Code::Validation => "VALIDATION",
            Code::Unique => "UNIQUE",
            Code::ForeignKey => "FOREIGN_KEY",
            Code::Corrupt => "CORRUPT",
            Code::Locked => "LOCKED",
            Code::ReadOnly => "READ_ONLY",
            Code::NoSpace => "NO_SPACE",
            Code::Io => "IO",
            Code::Closed => "CLOSED",
            Code::NoPassphrase => "NO_PASSPHRASE",
            Code::WrongPassphrase => "WRONG_PASSPHRASE",
            Code::Tampered => "TAMPERED",
            Code::TooLarge => "TOO_LARGE",
            Code::UnsupportedVersion => "UNSUPPORTED_VERSION",
            Code::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Code::OnlyInFolder => "ONLY_IN_FOLDER",
        }
    }
}

/// One fault of an input or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Where: `name`, `personaLinks[2].personaId`; empty for the whole.
    pub path: String,
    /// What was expected, as a phrase: `a text`, `one of SYSTEM, USER`.
    pub expected: String,
    /// What came, shortened: `a number (7)`, `nothing`.
    pub received: String,
}

impl Issue {
    /// An issue from its three parts.
    pub fn new(
        path: impl Into<String>,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Issue {
        let path = cut(path.into(), LONGEST_PLACE);
        Issue { path, expected: expected.into(), received: received.into() }
    }
}

/// No place in an input is told in more bytes: its keys are as long as somebody makes them.
const LONGEST_PLACE: usize = 1000;
/// Nor has any sentence more, whatever it quotes.
pub(crate) const LONGEST_SENTENCE: usize = 32_000;

/// The beginning of a text that is longer than so many bytes.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

/// So many faults are told one by one; a hostile input may have millions.
const MOST_TOLD: usize = 100;

/// Faults as they are found: the first hundred, and how many more there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issues {
    told: Vec<Issue>,
    more: usize,
}

impl Issues {
    /// Adds a fault, which is put into words only where it is told.
    pub fn add(&mut self, issue: impl FnOnce() -> Issue) {
        if self.told.len() < MOST_TOLD {
            self.told.push(issue());
        } else {
            self.more += 1;
        }
    }

    /// Adds all faults of another list.
    pub fn append(&mut self, other: Issues) {
        other.told.into_iter().for_each(|issue| self.add(|| issue));
        self.more += other.more;
    }

    /// Is nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// The faults that are told.
    pub fn told(&self) -> &[Issue] {
        &self.told
    }

    /// `value`, unless there are faults.
    ///
    /// # Errors
    /// The faults.
    pub fn or<T>(self, value: T) -> std::result::Result<T, Issues> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl FromIterator<Issue> for Issues {
    fn from_iter<I: IntoIterator<Item = Issue>>(issues: I) -> Issues {
        let mut all = Issues::default();
        issues.into_iter().for_each(|issue| all.add(|| issue));
        all
    }
}

impl From<Vec<Issue>> for Issues {
    fn from(issues: Vec<Issue>) -> Issues {
        issues.into_iter().collect()
    }
}

impl fmt::Display for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, issue) in self.told.iter().enumerate() {
            let separator = if number > 0 { "; " } else { "" };
            let place = if issue.path.is_empty() { "value" } else { &issue.path };
            write!(f, "{separator}{place}: expected {}, got {}", issue.expected, issue.received)?;
        }
        if self.more > 0 { write!(f, "; and {} more", self.more) } else { Ok(()) }
    }
}

/// A failure, with all that a caller needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    code: Code,
    message: String,
    model: Option<String>,
    path: Option<String>,
    issues: Issues,
    source: Option<String>,
}

impl Error {
    /// An error with a code and a sentence that says what is wrong and what to do.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error(Box::new(Parts {
            code,
            message: cut(message.into(), LONGEST_SENTENCE),
            model: None,
            path: None,
            issues: Issues::default(),
            source: None,
        }))
    }

    /// A `VALIDATION` error of `model` that lists `issues`.
    pub fn validation(model: &str, issues: impl Into<Issues>) -> Error {
        let issues = issues.into();
        let message = format!("{model} is not valid: {issues}");
        Error::new(Code::Validation, message).model(model).issues(issues)
    }

    /// An error of the disk while it did `operation` on `path` (relative to the data folder).
    pub fn io(operation: &str, path: &str, error: &io::Error) -> Error {
        let (code, advice) = advice_for(error);
        Error::new(code, format!("cannot {operation} {path}: {error}{advice}"))
            .path(path)
            .source(error.to_string())
    }

    /// Names the model that the error is about.
    pub fn model(mut self, model: &str) -> Error {
        self.0.model = Some(model.to_owned());
        self
    }

    /// Names the file (relative to the data folder), with line and column where known.
    pub fn path(mut self, path: impl Into<String>) -> Error {
        self.0.path = Some(path.into());
        self
    }

    /// Adds the list of faults.
    pub fn issues(mut self, issues: impl Into<Issues>) -> Error {
        self.0.issues = issues.into();
        self
    }

    /// Keeps the text of the error underneath.
    pub fn source(mut self, source: String) -> Error {
        self.0.source = Some(source);
        self
    }

    /// Puts a place in front of the path of every issue: `[2]` makes `role` to `[2].role`.
    pub fn inside(mut self, place: &str) -> Error {
        for issue in &mut self.0.issues.told {
            let dot = if issue.path.is_empty() { "" } else { "." };
            issue.path = format!("{place}{dot}{}", issue.path);
        }
        self
    }

    /// What kind of failure it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Is it about what a file holds, or how much? Then it is the concern of that file alone.
    pub fn is_of_content(&self) -> bool {
        matches!(self.0.code, Code::Corrupt | Code::TooLarge | Code::UnsupportedVersion)
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The faults that are told, where there are any.
    pub fn all_issues(&self) -> &[Issue] {
        self.0.issues.told()
    }

    /// The faults alone.
    pub fn into_issues(self) -> Issues {
        self.0.issues
    }

    /// The model, where one is concerned.
    pub fn model_name(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The file, where one is concerned.
    pub fn file(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The error as the JSON text from which JavaScript builds a `StoreError`.
    pub fn to_json(&self) -> String {
        let mut map = serde_json::Map::new();
        map.insert("code".into(), self.0.code.name().into());
        map.insert("message".into(), self.0.message.clone().into());
        if let Some(model) = &self.0.model {
            map.insert("model".into(), model.clone().into());
        }
        if let Some(path) = &self.0.path {
            map.insert("path".into(), path.clone().into());
        }
        if !self.0.issues.is_empty() {
            let issues = self.0.issues.told.iter().map(|i| {
                serde_json::json!({"path": i.path, "expected": i.expected, "received": i.received})
            });
            map.insert("issues".into(), issues.collect());
        }
        serde_json::Value::Object(map).to_string()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.name(), self.0.message)
    }
}

impl std::error::Error for Error {}

/// The code and the advice that fit an error of the operating system.
fn advice_for(error: &io::Error) -> (Code, &'static str) {
    use io::ErrorKind as K;
    match error.kind() {
        K::StorageFull | K::QuotaExceeded | K::FileTooLarge => {
            (Code::NoSpace, "; make room and try again")
        }
        // Our own errors say themselves what to do.
        K::PermissionDenied if error.get_ref().is_some() => (Code::ReadOnly, ""),
        K::ReadOnlyFilesystem | K::PermissionDenied => {
            (Code::ReadOnly, "; check the owner and the mode of the data folder")
        }
        // A link, a device or a folder in its place, or one that only somebody else may read.
        K::InvalidData | K::IsADirectory => (Code::Corrupt, "; put the file itself there"),
        _ => (Code::Io, ""),
    }
}
