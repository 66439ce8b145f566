//! A relative path that cannot leave the data folder, and that every file system can hold.

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Error, Result};

/// Longest name of a file or folder, in bytes.
const MAX_NAME: usize = 255;

/// A checked relative path, with `/` between its parts.
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
    /// `VALIDATION` when a name is empty, `.` or `..`, too long, holds a character that some
    /// file system does not allow, or is one that some file system keeps for itself.
    pub fn new(path: &str) -> Result<SafePath> {
        path.split('/').try_for_each(|name| check_name(path, name))?;
        Ok(SafePath(path.into()))
    }

    /// The path of `name` in this folder.
    ///
    /// # Errors
    /// As for [`SafePath::new`].
    pub fn join(&self, name: &str) -> Result<SafePath> {
        check_name(name, name)?;
        if self.0.is_empty() {
            return Ok(SafePath(name.into()));
        }
        Ok(SafePath(format!("{}/{name}", self.0).into()))
    }

    /// The folder that holds it; `None` for the data folder.
    pub fn parent(&self) -> Option<SafePath> {
        if self.0.is_empty() {
            return None;
        }
        Some(SafePath(self.0.rsplit_once('/').map_or("", |(folder, _)| folder).into()))
    }

    /// Its last name.
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

fn check_name(path: &str, name: &str) -> Result<()> {
    let forbidden = |c: char| c.is_control() || "\\/:*?\"<>|".contains(c);
    let bad = name.is_empty()
        || name.len() > MAX_NAME
        || name.ends_with(['.', ' '])
        || name.contains(forbidden)
        || is_reserved(name);
    if !bad {
        return Ok(());
    }
    let shown: String = path.chars().take(80).flat_map(char::escape_debug).collect();
    let message = format!("\"{shown}\" cannot be a path inside the data folder; use plain names");
    Err(Error::new(Code::Validation, message))
}

/// Names that Windows keeps for devices, with any ending.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = stem.len() == 4
        && (stem.starts_with("com") || stem.starts_with("lpt"))
        && stem.as_bytes()[3].is_ascii_digit();
    port || matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_or_break_are_refused() {
        let bad = [
            "",
            "..",
            "a/../b",
            "/etc",
            "a//b",
            "a/",
            "C:x",
            "a\\b",
            "nul",
            "a/CON.json",
            "x.",
            "a\0b",
            "a\nb",
        ];
        for path in bad {
            assert!(SafePath::new(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn parts() {
        let path = SafePath::new("chats/a.jsonl").expect("safe");
        assert_eq!(path.file_name(), "a.jsonl");
        assert_eq!(path.parent().expect("a folder").as_str(), "chats");
        assert_eq!(path.parent().and_then(|p| p.parent()), Some(SafePath::root()));
        assert_eq!(SafePath::root().parent(), None);
        assert_eq!(SafePath::root().join("x").expect("safe").as_str(), "x");
    }
}
