//! The lines of a log as its table takes them, read apart from it: many of them on several threads.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use crate::engine::clock;
use crate::json::Glance;
use crate::jsonl::{self, Fault};

/// Bytes that are looked at in one go while a log is indexed.
const SHARE: usize = 16 << 10;
/// The field that is the key of a row.
pub(crate) const KEY: &str = "id";

/// Two independent hashes of an id, under keys that an attacker cannot know.
pub(super) fn hash_of(id: &str) -> u128 {
    static KEYS: OnceLock<(RandomState, RandomState)> = OnceLock::new();
    let (one, other) = KEYS.get_or_init(|| (RandomState::new(), RandomState::new()));
    u128::from(one.hash_one(id)) << 64 | u128::from(other.hash_one(id))
}

/// One line: where its text stands, and what it says.
pub(super) struct Line<'t> {
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) says: Says<'t>,
}

/// What a line says of itself.
pub(super) enum Says<'t> {
    Nothing,
    Header { version: u64 },
    Row(Row<'t>),
    Deleted { id_hash: u128 },
    Fault { id_hash: Option<u128>, fault: Fault },
}

/// What is known of a row.
pub(super) struct Row<'t> {
    pub(super) id_hash: u128,
    pub(super) kind: Kind<'t>,
    /// None where the row says no time that can be read.
    pub(super) created_ms: Option<i64>,
    pub(super) rewritten: bool,
}

/// The type of a row.
pub(super) enum Kind<'t> {
    /// It says none, and has the one that most rows of the log have.
    Usual,
    Named(Cow<'t, str>),
    /// It says something that is no text.
    Odd,
}

impl<'t> Line<'t> {
    /// Reads a line that stands at `start`, without its line feed.
    pub(super) fn read(start: usize, line: &'t [u8]) -> Line<'t> {
        let (before, text) = jsonl::trimmed(line);
        let says = if text.is_empty() { Says::Nothing } else { says(text) };
        Line { at: start + before, len: text.len(), says }
    }
}

fn says(text: &[u8]) -> Says<'_> {
    match jsonl::look(text, KEY) {
        Ok(jsonl::Line::Header { version }) => Says::Header { version },
        Ok(jsonl::Line::Deleted(id)) => Says::Deleted { id_hash: hash_of(&id) },
        Ok(jsonl::Line::Row(id, about)) => Says::Row(Row {
            id_hash: hash_of(&id),
            kind: match about.kind {
                Glance::Absent => Kind::Usual,
                Glance::Text(kind) => Kind::Named(kind),
                Glance::Whole(_) | Glance::Other => Kind::Odd,
            },
            created_ms: about.created_at.text().and_then(clock::parse_ms),
            rewritten: about.rewritten,
        }),
        Err(fault) => Says::Fault { id_hash: fault.key.as_deref().map(hash_of), fault },
    }
}

/// The type of a row, none where it is no text, and its time in milliseconds since 1970, where it says one.
#[cfg(feature = "database")]
pub(crate) fn facts_of_row(
    catalogue: &crate::catalogue::Catalogue,
    model: crate::catalogue::ModelId,
    text: &str,
) -> (Option<String>, Option<i64>) {
    let Says::Row(row) = says(text.as_bytes()) else { return (None, None) };
    let kind = match row.kind {
        Kind::Usual => catalogue.counted(model).map(|(_, counted)| counted.row_type.clone()),
        Kind::Named(kind) => Some(kind.into_owned()),
        Kind::Odd => None,
    };
    (kind, row.created_ms)
}

/// The lines of a share that stands at `start`.
pub(super) fn lines(start: usize, share: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = share.get(from..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let at = start + from;
        from += len + 1;
        Some(Line::read(at, &rest[..len]))
    })
}

/// Whole lines in pieces of about the size of a share, each with its place.
pub(super) fn shares(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut shares = Vec::with_capacity(bytes.len() / SHARE + 1);
    let mut from = 0;
    while from < bytes.len() {
        let least = (from + SHARE).min(bytes.len());
        let to = memchr::memchr(b'\n', &bytes[least..]).map_or(bytes.len(), |at| least + at + 1);
        shares.push((from, &bytes[from..to]));
        from = to;
    }
    shares
}
