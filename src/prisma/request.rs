//! Requests in Prisma's JSON protocol.

use serde_json::{Map, Value};

use super::error::{Answer, Failure};
use super::schema::{Fault, InField, Parsed, Schema, sentence};

/// A request, before its arguments are read.
pub(crate) struct Request<'r> {
    /// The number of the table.
    pub(crate) table: usize,
    /// `findMany`.
    pub(crate) action: &'r str,
    /// The arguments.
    pub(crate) arguments: &'r Map<String, Value>,
    /// What is to be answered.
    pub(crate) selection: &'r Map<String, Value>,
}

/// Arguments that were read.
pub(crate) struct Arguments(Vec<(String, Parsed)>);

impl Arguments {
    /// The argument of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Parsed> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A whole number.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.int()
    }
}

impl<'r> Request<'r> {
    /// The parts of a request.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn of(schema: &Schema, request: &'r Value) -> Answer<Request<'r>> {
        let broken = |what: &str| Failure::Unknown(format!("the request has no {what}"));
        let name = request.get("modelName").and_then(Value::as_str);
        let name = name.ok_or_else(|| broken("modelName"))?;
        let table = schema.description.by_name(name);
        let query = request.get("query");
        let part = |part: &str| query?.get(part)?.as_object();
        Ok(Request {
            table: table.ok_or_else(|| Failure::Unknown(format!("there is no model {name}")))?,
            action: request.get("action").and_then(Value::as_str).unwrap_or_default(),
            arguments: part("arguments").unwrap_or_else(|| nothing()),
            selection: part("selection").ok_or_else(|| broken("selection"))?,
        })
    }

    /// The arguments, read by what the call takes.
    ///
    /// # Errors
    /// A validation error.
    pub(crate) fn read(&self, schema: &Schema, wanted: &[InField]) -> Answer<Arguments> {
        read(schema, &[], wanted, self.arguments)
    }
}

/// Reads arguments; `path` is where they stand in the selection.
///
/// # Errors
/// A validation error.
pub(crate) fn read(
    schema: &Schema,
    path: &[&str],
    wanted: &[InField],
    given: &Map<String, Value>,
) -> Answer<Arguments> {
    schema.arguments(path, wanted, given).map(Arguments).map_err(invalid)
}

/// The validation error that some faults make.
pub(crate) fn invalid(faults: Vec<Fault>) -> Failure {
    Failure::Validation(sentence(faults))
}

/// An empty object that lives for ever.
pub(crate) fn nothing() -> &'static Map<String, Value> {
    static NOTHING: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    NOTHING.get_or_init(Map::new)
}
