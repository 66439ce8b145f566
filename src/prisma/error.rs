//! What a request can fail with, in Prisma's words.

use serde_json::{Map, Value, json};

use crate::error::Error;

/// A request's failure.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error with one of Prisma's codes.
    Known {
        /// `P2002`.
        code: &'static str,
        /// What a program can read of it, without the model's name.
        meta: Map<String, Value>,
        /// The sentence.
        message: String,
    },
    /// The request does not fit the schema: the sentence.
    Validation(String),
    /// What the engine refuses without a code: the sentence.
    Unknown(String),
    /// The store's own error: it reaches the caller as it is.
    Store(Error),
}

/// The result of everything that a request can fail in.
pub(crate) type Answer<T> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Store(error)
    }
}

/// A sentence about some fields, as Prisma quotes them: `` (`userId`,`name`) ``.
fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    format!("({})", names.join(","))
}

impl Failure {
    fn known(code: &'static str, meta: Value, message: String) -> Failure {
        let Value::Object(meta) = meta else { return Failure::Unknown(message) };
        Failure::Known { code, meta, message }
    }

    /// `P2002`: the fields' values occur already.
    pub(crate) fn unique(fields: &[&str]) -> Failure {
        let message =
            format!("Unique constraint failed on the fields: {}", quoted(fields.iter().copied()));
        Failure::known("P2002", json!({ "target": fields }), message)
    }

    /// `P2003`: a reference to nothing, or to what is to go.
    pub(crate) fn foreign_key(constraint: &str) -> Failure {
        let message = format!("Foreign key constraint violated on the constraint: `{constraint}`");
        Failure::known("P2003", json!({ "constraint": constraint }), message)
    }

    /// `P2014`: a row would lose what it must refer to. `holder` has the foreign key.
    pub(crate) fn required_relation(relation: &str, holder: &str, other: &str) -> Failure {
        let message = format!(
            "The change you are trying to make would violate the required relation '{relation}' \
             between the `{holder}` and `{other}` models."
        );
        let meta =
            json!({ "relation_name": relation, "model_a_name": holder, "model_b_name": other });
        Failure::known("P2014", meta, message)
    }

    /// `P2017`: the rows are not connected.
    pub(crate) fn not_connected(relation: &str, parent: &str, child: &str) -> Failure {
        let message = format!(
            "The records for relation `{relation}` between the `{parent}` and `{child}` models \
             are not connected."
        );
        let meta = json!({ "relation_name": relation, "parent_name": parent, "child_name": child });
        Failure::known("P2017", meta, message)
    }

    /// `P2018`: rows to be connected are missing.
    pub(crate) fn not_found_to_connect(details: &str) -> Failure {
        let message = format!("The required connected records were not found. {details}");
        Failure::known("P2018", json!({ "details": details }), message)
    }

    /// `P2019`: arguments that do not go together.
    pub(crate) fn input(details: &str) -> Failure {
        Failure::known("P2019", json!({ "details": details }), format!("Input error. {details}"))
    }

    /// `P2020`: a value that the column has no room for.
    pub(crate) fn out_of_range(details: &str) -> Failure {
        let message = format!("Value out of range for the type. {details}");
        Failure::known("P2020", json!({ "details": details }), message)
    }

    /// `P2025`: a row that the request needs is missing.
    pub(crate) fn not_found(cause: &str) -> Failure {
        let message = format!(
            "An operation failed because it depends on one or more records that were required but \
             not found. {cause}"
        );
        Failure::known("P2025", json!({ "cause": cause }), message)
    }

    /// The failure as the front reads it; an error of the store goes another way.
    ///
    /// # Errors
    /// The store's error.
    pub(crate) fn into_json(self, model: &str, index: Option<usize>) -> Result<Value, Error> {
        let mut error = match self {
            Failure::Store(error) => return Err(error),
            Failure::Validation(message) => json!({ "kind": "validation", "message": message }),
            Failure::Unknown(message) => json!({ "kind": "unknown", "message": message }),
            Failure::Known { code, meta, message } => {
                let mut all = Map::from_iter([("modelName".to_owned(), Value::from(model))]);
                all.extend(meta);
                json!({ "kind": "known", "code": code, "message": message, "meta": all })
            }
        };
        if let Some(index) = index {
            error["index"] = index.into();
        }
        Ok(json!({ "error": error }))
    }
}
