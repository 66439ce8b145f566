//! A relative path that cannot leave the data folder, and that every file system can hold.
//!
//! It may use nothing but the error; it must not look at a disk, so a path may be safe and yet
//! lead over a link: the disk refuses that.

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Error, Result};

/// Longest name of a file or folder, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// How much of a refused path an error shows, in characters.
const SHOWN_CHARS: usize = 80;
/// The longest name that Windows keeps for a device, `conout$`, in bytes.
const LONGEST_RESERVED: usize = 7;
/// What a name must be like, as errors say it.
const WANTED: &str = "use names of 1 to 255 bytes with / between them, without control characters \
    or any of \\ : * ? \" < > |, without a dot or space at the end, and none that Windows keeps \
    for a device, such as CON or NUL";

/// A checked relative path, with `/` between its parts. Cloning it is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SafePath(Arc<str>);

impl SafePath {
    /// The data folder itself.
    pub fn root() -> SafePath {
        SafePath("".into())
    }

    /// A path of one or more names with `/` between them.
    ///
    /// # Errors
    /// `VALIDATION` when a name is empty, `.` or `..`, longer than 255 bytes, ends with a dot or
    /// a space, holds a character that some file system does not allow, or is one that some
    /// file system keeps for itself.
    pub fn new(path: &str) -> Result<SafePath> {
        if path.split('/').all(is_name) { Ok(SafePath(path.into())) } else { Err(refused(path)) }
    }

    /// The path of `name` in this folder.
    ///
    /// # Errors
    /// As for [`SafePath::new`]; also when `name` is more than one name.
    pub fn join(&self, name: &str) -> Result<SafePath> {
        if !is_name(name) {
            return Err(refused(name));
        }
        if self.0.is_empty() {
            return Ok(SafePath(name.into()));
        }
        Ok(SafePath([&self.0, "/", name].concat().into()))
    }

    /// The folder that holds it; `None` for the data folder.
    pub fn parent(&self) -> Option<SafePath> {
        if self.0.is_empty() {
            return None;
        }
        Some(SafePath(self.0.rsplit_once('/').map_or("", |(folder, _)| folder).into()))
    }

    /// The folders between the data folder and it, outermost first, as text.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }

    /// Its last name; empty for the data folder.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The path as text; `.` for the data folder.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "." } else { &self.0 }
    }
}

impl fmt::Display for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn refused(path: &str) -> Error {
    let mut shown: String = path.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if path.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    let message = format!("\"{shown}\" cannot be a path inside the data folder; {WANTED}");
    Error::new(Code::Validation, message)
}

fn is_name(name: &str) -> bool {
    let forbidden = |byte: u8| {
        byte.is_ascii_control()
            || matches!(byte, b'\\' | b'/' | b':' | b'*' | b'?' | b'"' | b'<' | b'>' | b'|')
    };
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && !name.ends_with(['.', ' '])
        && !name.bytes().any(forbidden)
        && (name.is_ascii() || !name.contains(char::is_control))
        && !is_reserved(name)
}

/// Names that Windows keeps for devices, with any ending.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if stem.len() > LONGEST_RESERVED {
        return false;
    }
    let stem = stem.to_ascii_lowercase();
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") || is_port(&stem)
}

/// `com0` to `com9` and `lpt0` to `lpt9`; Windows takes the raised ¹, ² and ³ for digits too.
fn is_port(stem: &str) -> bool {
    let number = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let mut chars = number.unwrap_or_default().chars();
    let digit = chars.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c));
    digit && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_or_break_are_refused() {
        let bad = [
            "",
            ".",
            "..",
            "a/../b",
            "a/./b",
            "/etc",
            "a//b",
            "a/",
            "C:x",
            "a\\b",
            "nul",
            "a/CON.json",
            "Com1",
            "lpt¹.txt",
            "aux .txt",
            "CONIN$",
            "x.",
            "x ",
            "a\0b",
            "a\nb",
            "a\u{7F}b",
            "é\u{85}",
        ];
        for path in bad {
            assert!(SafePath::new(path).is_err(), "{path:?}");
        }
        assert!(SafePath::new(&"x".repeat(256)).is_err());
    }

    #[test]
    fn plain_paths_are_taken() {
        let good = [
            ".gitignore",
            "chats/index.jsonl",
            "a b",
            "console",
            "com10",
            "com",
            "é",
            "..a",
            "a..b",
        ];
        for path in good {
            assert_eq!(SafePath::new(path).expect(path).as_str(), path);
        }
        assert!(SafePath::new(&"x".repeat(255)).is_ok());
    }

    #[test]
    fn an_error_says_what_is_wanted_and_stays_short() {
        let error = SafePath::new(&"../".repeat(1000)).expect_err("it leaves the folder");
        assert_eq!(error.code(), Code::Validation);
        assert!(error.message().contains("use names of") && error.message().len() < 400);
        assert!(SafePath::root().join("a/b").is_err());
    }

    #[test]
    fn parts() {
        let path = SafePath::new("chats/old/a.jsonl").expect("safe");
        assert_eq!(path.file_name(), "a.jsonl");
        assert_eq!(path.folders().collect::<Vec<_>>(), ["chats", "chats/old"]);
        assert_eq!(path.parent().expect("a folder").as_str(), "chats/old");
        assert_eq!(SafePath::new("a").expect("safe").parent(), Some(SafePath::root()));
        assert_eq!(SafePath::root().parent(), None);
        assert_eq!(SafePath::root().to_string(), ".");
        assert_eq!(SafePath::root().join("x").expect("safe").as_str(), "x");
    }
}
