//! One request: what Better Auth asks of which table.

use serde_json::Value;

use super::tables::Table;
use crate::engine::View;
use crate::error::{Error, Issue, Result};
use crate::json::{self, Object};

/// A request, of which the parts are looked at where they are needed.
pub(super) struct Request<'r> {
    parts: &'r Value,
    /// The table that it is about.
    pub(super) table: Table,
}

impl<'r> Request<'r> {
    /// Reads a request.
    ///
    /// # Errors
    /// `VALIDATION` where it names no table.
    pub(super) fn of(view: &View<'_>, parts: &'r Value) -> Result<Request<'r>> {
        let table = Table::named(view.catalogue(), text(parts, "model")?)?;
        Ok(Request { parts, table })
    }

    /// What is to be done: `findMany`, `update` …
    ///
    /// # Errors
    /// `VALIDATION` where that is not said.
    pub(super) fn action(&self) -> Result<&'r str> {
        text(self.parts, "action")
    }

    /// The clauses of its `where`.
    ///
    /// # Errors
    /// `VALIDATION` for what is no list.
    pub(super) fn clauses(&self) -> Result<&'r [Value]> {
        list(self.parts, "where")
    }

    /// The fields that the caller wants; none for all.
    pub(super) fn select(&self) -> Vec<&'r str> {
        let names = self.parts.get("select").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// What to join to each row.
    ///
    /// # Errors
    /// `VALIDATION` for what is no list.
    pub(super) fn joins(&self) -> Result<&'r [Value]> {
        list(self.parts, "join")
    }

    /// An object under a name: the data of a new row, or of a change.
    ///
    /// # Errors
    /// `VALIDATION` where there is none.
    pub(super) fn object(&self, name: &str) -> Result<&'r Object> {
        let value = self.parts.get(name).unwrap_or(&Value::Null);
        value.as_object().ok_or_else(|| fault(name, "an object", value))
    }

    /// What stands under a name.
    pub(super) fn value(&self, name: &str) -> &'r Value {
        self.parts.get(name).unwrap_or(&Value::Null)
    }
}

/// A text in a part of a request.
///
/// # Errors
/// `VALIDATION` where there is none.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str> {
    let part = value.get(name).unwrap_or(&Value::Null);
    part.as_str().ok_or_else(|| fault(name, "a string", part))
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value]> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(fault(name, "an array", other)),
    }
}

/// The error that tells what is wrong with a part of a request. What came is told by its kind only:
/// it may be a token.
pub(super) fn fault(path: &str, expected: &str, came: &Value) -> Error {
    Error::validation("Arguments", vec![Issue::new(path, expected, json::kind(came))])
}
