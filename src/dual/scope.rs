//! Which rows are meant, without naming each: a model, and texts that some of its columns hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::prisma::description;

/// Rows of a model. What is said here may be too many rows and never too few.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// The model's name: `Chat`.
    pub model: String,
    /// Columns with the text that the rows have there; none means the whole table.
    pub equals: BTreeMap<String, String>,
}

impl Scope {
    pub(super) fn whole(model: &str) -> Scope {
        Scope { model: model.to_owned(), equals: BTreeMap::new() }
    }

    /// The part of it that is the primary key of one row, where it names one.
    pub(super) fn key(&self) -> Option<Scope> {
        let table = &description().tables[description().by_name(&self.model)?];
        let key = table.names(table.keys().next()?);
        let equals = key.map(|name| self.equals.get_key_value(name));
        let equals: Option<BTreeMap<String, String>> =
            equals.map(|part| part.map(|(name, text)| (name.clone(), text.clone()))).collect();
        Some(Scope { model: self.model.clone(), equals: equals? })
    }

    /// Can a row belong to both? Only two texts for one column say no.
    pub(super) fn meets(&self, other: &Scope) -> bool {
        let apart = |(column, text): (&String, &String)| {
            other.equals.get(column).is_some_and(|theirs| theirs != text)
        };
        self.model == other.model && !self.equals.iter().any(apart)
    }
}

/// Does a row belong to a scope of each?
pub(super) fn meet(some: &[Scope], others: &[Scope]) -> bool {
    some.iter().any(|scope| others.iter().any(|other| scope.meets(other)))
}

/// Scopes that have every row which belongs to a scope of each, and few others.
pub(super) fn common(some: &[Scope], others: &[Scope]) -> BTreeSet<Scope> {
    let pairs = some.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    pairs
        .filter(|(one, other)| one.meets(other))
        .flat_map(|(one, other)| narrower(one, other))
        .collect()
}

/// A row that is known by its key is found by it whatever becomes of it. By other texts it may be found no
/// more when the other operation has changed them, so both scopes stay.
fn narrower(one: &Scope, other: &Scope) -> Vec<Scope> {
    let [one_key, other_key] = [one, other].map(Scope::key);
    match (one_key.or(other_key), one.equals.is_empty(), other.equals.is_empty()) {
        (Some(key), ..) => vec![key],
        (None, true, _) => vec![other.clone()],
        (None, _, true) => vec![one.clone()],
        _ => vec![one.clone(), other.clone()],
    }
}
