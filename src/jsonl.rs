//! The lines of a `.jsonl` file, in the one form that every reader and writer of such files knows:
//! a header, rows, and lines that remove an earlier row.
//!
//! What a line is, and what is wrong with it, is decided here and by [`json::parse`] alone. Nothing
//! here knows models: which field is the key of a row the caller says, and a row may be anything
//! that has a key.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::error::{Code, Error};
use crate::json::{self, Glance};

/// The type of the line that begins a file.
pub(crate) const HEADER: &str = "header";
/// The type of a line that removes an earlier row.
pub(crate) const DELETED: &str = "deleted";
/// No header is longer, in bytes: it names a place and a version.
pub(crate) const LONGEST_HEADER: usize = 512;

/// What a line says; `R` is what is known of a row besides its key.
#[derive(Debug, PartialEq)]
pub(crate) enum Line<'t, R> {
    /// The rows that follow are of this version.
    Header {
        /// 1 where the header does not say.
        version: u64,
    },
    /// The row with this key is gone.
    Deleted(Cow<'t, str>),
    /// The row with this key is now what the line says.
    Row(Cow<'t, str>, R),
}

/// What is known of a row that was only looked at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct About<'t> {
    /// Its `type`.
    pub(crate) kind: Glance<'t>,
    /// Its `createdAt`.
    pub(crate) created_at: Glance<'t>,
    /// Is its text read otherwise than it stands there? Then it must be written anew for others.
    pub(crate) rewritten: bool,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What was expected and what came.
    pub(crate) message: String,
    /// The key of the row that the line is, where that much can be read.
    pub(crate) key: Option<String>,
}

impl Fault {
    /// The error for line `number`, from 1, of a file.
    pub(crate) fn error(&self, path: &str, number: usize) -> Error {
        let place = format!("{path}:{number}:{}", self.column);
        let message = format!("{place}: {}; mend the line or remove it", self.message);
        Error::new(Code::Corrupt, message).path(place)
    }
}

/// What decides which kind of line it is.
struct Head<'t> {
    key: Glance<'t>,
    kind: Glance<'t>,
    version: Glance<'t>,
    /// How many keys the object has.
    keys: usize,
}

impl<'t> Head<'t> {
    fn of(map: &'t Map<String, Value>, key_field: &str) -> Head<'t> {
        let [key, kind, version] = [key_field, "type", "version"]
            .map(|name| map.get(name).map(Glance::of).unwrap_or_default());
        Head { key, kind, version, keys: map.len() }
    }

    /// A header has no key, and a line that removes a row nothing but that row's key: a row may have
    /// any type.
    fn line<R>(self, key_field: &str, row: R) -> Result<Line<'t, R>, Fault> {
        match (self.kind.text(), self.key) {
            (Some(HEADER), Glance::Absent) => {
                let version = self.version.whole().unwrap_or(1);
                Ok(Line::Header { version })
            }
            (Some(DELETED), Glance::Text(key)) if self.keys == 2 => Ok(Line::Deleted(key)),
            (_, Glance::Text(key)) => Ok(Line::Row(key, row)),
            _ => Err(Fault {
                column: 1,
                message: format!("expected an object with a text in {key_field}"),
                key: None,
            }),
        }
    }
}

/// The text of a line, without the spaces around it and a byte order mark, and how many bytes stand
/// before it. It is empty for a line that says nothing.
pub(crate) fn trimmed(line: &[u8]) -> (usize, &[u8]) {
    let rest = line.trim_ascii_start();
    let rest = rest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(rest).trim_ascii_start();
    (line.len() - rest.len(), rest.trim_ascii_end())
}

/// What the text of a line says, built no further than needed to find the row again.
///
/// # Errors
/// A [`Fault`] for whatever [`json::parse`] refuses, and for what is no object with a key.
pub(crate) fn look<'t>(line: &'t [u8], key_field: &str) -> Result<Line<'t, About<'t>>, Fault> {
    let names = [key_field, "type", "version", "createdAt"];
    let seen = std::str::from_utf8(line).ok().and_then(|text| json::glance(text, names));
    if let Some(([key, kind, version, created_at], keys)) = seen {
        let about = About { kind: kind.clone(), created_at, rewritten: false };
        return Head { key, kind, version, keys }.line(key_field, about);
    }
    let map = parse(line, key_field)?;
    let created_at = map.get("createdAt").map(Glance::of).unwrap_or_default().into_owned();
    let Head { key, kind, version, keys } = Head::of(&map, key_field);
    let (key, kind, version) = (key.into_owned(), kind.into_owned(), version.into_owned());
    let rewritten = has_lone_surrogates(line);
    let about = About { kind: kind.clone(), created_at, rewritten };
    Head { key, kind, version, keys }.line(key_field, about)
}

/// What the text of a line says, with the whole of a row.
///
/// # Errors
/// As for [`look`].
pub(crate) fn read(
    line: &[u8],
    key_field: &str,
) -> Result<Line<'static, Map<String, Value>>, Fault> {
    let map = parse(line, key_field)?;
    let line = Head::of(&map, key_field).line(key_field, ())?;
    Ok(match line {
        Line::Header { version } => Line::Header { version },
        Line::Deleted(key) => Line::Deleted(Cow::Owned(key.into_owned())),
        Line::Row(key, ()) => Line::Row(Cow::Owned(key.into_owned()), map),
    })
}

fn has_lone_surrogates(line: &[u8]) -> bool {
    let text = std::str::from_utf8(line).map(json::without_lone_surrogates);
    matches!(text, Ok(Cow::Owned(_)))
}

fn parse(line: &[u8], key_field: &str) -> Result<Map<String, Value>, Fault> {
    let (column, message, may_have_key) = match json::parse_bytes(line) {
        Ok(Value::Object(map)) => return Ok(map),
        Ok(_) => (1, "expected a JSON object".to_owned(), false),
        // Where the key itself stands there twice, it may be either.
        Err(fault) => (fault.column, fault.message, fault.path != key_field),
    };
    let key = may_have_key.then(|| legible_key(line, key_field)).flatten();
    Err(Fault { column, message, key })
}

/// The key in a line that cannot be read, where it stands before what is wrong.
fn legible_key(line: &[u8], key_field: &str) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    json::text_field(&text, key_field).map(Cow::into_owned)
}

/// Would the text of a record be read as the removal of one?
pub(crate) fn is_removal(text: &str, key_field: &str) -> bool {
    // Few records are so short, or have such a type.
    text.contains("\"type\":\"deleted\"")
        && matches!(look(text.as_bytes(), key_field), Ok(Line::Deleted(_)))
}

/// The version of the rows behind the first line of a file, of which these are the first bytes; 1
/// where it is no header.
pub(crate) fn first_version(bytes: &[u8]) -> u64 {
    first_header(bytes).unwrap_or(1)
}

/// Does a file begin with a header?
pub(crate) fn has_header(bytes: &[u8]) -> bool {
    first_header(bytes).is_some()
}

fn first_header(bytes: &[u8]) -> Option<u64> {
    let mut texts = bytes.split(|byte| *byte == b'\n').map(|line| trimmed(line).1);
    match look(texts.find(|text| !text.is_empty())?, "id") {
        Ok(Line::Header { version }) => Some(version),
        _ => None,
    }
}

/// The first line of a file, without its line feed.
pub(crate) fn header(schema: &str, version: u64) -> String {
    format!("{{\"type\":\"{HEADER}\",\"schema\":{},\"version\":{version}}}", json::quote(schema))
}

/// The line that removes the row with this key, without its line feed.
pub(crate) fn deleted(key_field: &str, key: &str) -> String {
    format!("{{\"type\":\"{DELETED}\",\"{key_field}\":{}}}", json::quote(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<R>(line: Result<Line<'_, R>, Fault>) -> String {
        match line {
            Ok(Line::Header { version }) => format!("header {version}"),
            Ok(Line::Deleted(key)) => format!("deleted {key}"),
            Ok(Line::Row(key, _)) => format!("row {key}"),
            Err(fault) => format!("fault {:?}", fault.key),
        }
    }

    fn kind(line: &str) -> String {
        let (_, text) = trimmed(line.as_bytes());
        let looked = shown(look(text, "id"));
        assert_eq!(looked, shown(read(text, "id")), "{line}");
        looked
    }

    #[test]
    fn every_kind_of_line() {
        let cases = [
            (&*header("chats/log", 3), "header 3"),
            ("\u{feff} {\"type\":\"header\"}\r", "header 1"),
            (&*deleted("id", "m\"1"), "deleted m\"1"),
            ("\t{ \"id\" : \"m1\", \"type\": \"deleted\" }", "deleted m1"),
            (r#"{"type":"deleted","id":"m1","note":1}"#, "row m1"),
            (r#"{"type":"header","id":"m1"}"#, "row m1"),
            (r#"{"id":"\u006d1","content":"\ud83d"}"#, "row m1"),
            (r#"{"type":"message"}"#, "fault None"),
            (r#"{"id":5}"#, "fault None"),
            (r#"{"id":"m1","a":1e400}"#, "fault Some(\"m1\")"),
            (r#"{"id":"m1","a":1,"a":2}"#, "fault Some(\"m1\")"),
            (r#"{"id":"m1","content":"x"#, "fault Some(\"m1\")"),
            (r#"{"id":"m1","id":"m2"}"#, "fault None"),
            (r#"{"id":"m1"#, "fault None"),
            (r#"["id"]"#, "fault None"),
            ("<<<<<<< HEAD", "fault None"),
        ];
        for (line, wanted) in cases {
            assert_eq!(kind(line), wanted, "{line}");
        }
    }

    #[test]
    fn the_version_of_a_file() {
        for (text, version) in [
            ("\u{feff}{\"type\":\"header\",\"version\":2}\n{}", 2),
            ("{\"id\":\"m1\",\"version\":2}\n", 1),
            ("", 1),
        ] {
            assert_eq!(first_version(text.as_bytes()), version, "{text}");
        }
    }
}
