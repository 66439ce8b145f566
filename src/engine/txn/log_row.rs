//! Rows of logs before they are in one: what of a row can be checked by itself, on any thread.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::log_event::{is_usual, validate_new_event};
use super::tx::{check_size, new_id};
use super::view::View;
use crate::catalogue::{self, Catalogue, Counted, Model, ModelId};
use crate::engine::clock;
use crate::engine::committed::Committed;
use crate::error::{Code, Error, Result};
use crate::json;

type Object = Map<String, Value>;

/// A row that a log takes if its owner is there and has no row with this id.
#[derive(Debug, Clone)]
pub(crate) struct CheckedRow {
    /// Its id.
    pub(crate) id: Arc<str>,
    /// Its line.
    pub(crate) text: Arc<str>,
    /// When it was made, in milliseconds, if its owner counts it.
    pub(crate) counted_at: Option<i64>,
}

/// Checks rows of one model apart from any transaction.
#[derive(Debug, Clone)]
pub(crate) struct RowCheck {
    catalogue: Arc<Catalogue>,
    model: ModelId,
    now: String,
    max_record_bytes: usize,
    /// The numbers of the fields `id` and `createdAt`.
    places: [Option<usize>; 2],
}

impl View<'_> {
    /// What checks the rows of a log as this moment's transactions do.
    pub(crate) fn row_check(&self, model: ModelId) -> RowCheck {
        let (catalogue, now) = (Arc::clone(self.base.catalogue()), self.context.now.to_owned());
        let fields = &catalogue.model(model).fields;
        let places =
            ["id", "createdAt"].map(|name| fields.iter().position(|field| field.name == name));
        let max_record_bytes = self.context.max_record_bytes;
        RowCheck { catalogue, model, now, max_record_bytes, places }
    }
}

impl RowCheck {
    /// The model of the rows.
    pub(crate) fn model(&self) -> &Model {
        self.catalogue.model(self.model)
    }

    /// Checks a new row.
    ///
    /// # Errors
    /// `VALIDATION`, `TOO_LARGE`.
    pub(crate) fn check(&self, row: Object) -> Result<CheckedRow> {
        let counted = self.model().counted.as_ref().ok_or_else(not_in_logs)?;
        let map = complete(self.model(), counted, row, &self.now)?;
        let field = |name: &str| map.get(name).and_then(Value::as_str);
        let time = field("createdAt").filter(|_| is_usual(&map, counted));
        let counted_at = time.and_then(clock::parse_ms);
        self.checked(field("id").unwrap_or_default(), json::compact_object(&map), counted_at)
    }

    /// A row that another store keeps, as it is there.
    ///
    /// # Errors
    /// `TOO_LARGE`.
    pub(crate) fn kept(&self, text: &str) -> Result<CheckedRow> {
        let counted = self.model().counted.as_ref().ok_or_else(not_in_logs)?;
        let map = json::parse_object(text).unwrap_or_default();
        let field = |name: &str| map.get(name).and_then(Value::as_str);
        let time = field("createdAt").filter(|_| is_usual(&map, counted));
        let counted_at = time.and_then(clock::parse_ms);
        self.checked(field("id").unwrap_or_default(), text.to_owned(), counted_at)
    }

    /// Checks a new row of the usual type, whose values are in the order of the model's fields.
    ///
    /// # Errors
    /// `VALIDATION`, `TOO_LARGE`.
    pub(crate) fn check_values(&self, mut values: Vec<Option<Value>>) -> Result<CheckedRow> {
        let mut take = |at: Option<usize>, default: &dyn Fn() -> String| {
            let Some(value) = at.map(|at| &mut values[at]) else { return String::new() };
            let text = value.get_or_insert_with(|| default().into()).as_str();
            text.unwrap_or_default().to_owned()
        };
        let [id, time] = self.places;
        let (id, time) = (take(id, &new_id), take(time, &|| self.now.clone()));
        let text = catalogue::validate_values(self.model(), values, &self.now, &mut new_id)
            .map_err(|issues| Error::validation(&self.model().name, issues))?;
        self.checked(&id, text, clock::parse_ms(&time))
    }

    fn checked(&self, id: &str, text: String, counted_at: Option<i64>) -> Result<CheckedRow> {
        check_size(self.model(), &text, self.max_record_bytes)?;
        Ok(CheckedRow { id: id.into(), text: text.into(), counted_at })
    }
}

/// The error about a model whose rows do not stand in logs.
pub(super) fn not_in_logs() -> Error {
    Error::new(Code::Io, "this model is not kept in logs")
}

/// A new row as it would be kept.
pub(super) fn complete(model: &Model, counted: &Counted, row: Object, now: &str) -> Result<Object> {
    if is_usual(&row, counted) {
        return catalogue::validate_new(model, row, now, &mut new_id)
            .map_err(|issues| Error::validation(&model.name, issues));
    }
    validate_new_event(model, row, now)
}
