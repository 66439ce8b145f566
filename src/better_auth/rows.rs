//! A record as a row of Better Auth's, and a row as what a record is made of.

use serde_json::{Map, Value};

use super::condition::in_kind;
use super::tables::{Form, Table};
use super::tokens::{self, Told};
use crate::catalogue::{Model, normalise_time, time_ms, time_text};
use crate::crypto::{is_sealed, session_token_hash};
use crate::engine::{Record, View};
use crate::error::{Error, Issue, Result};
use crate::json::Object;
use crate::secrets;

/// Said of a time that nobody has noted.
const LONG_AGO: &str = "1970-01-01T00:00:00.000Z";

/// Makes rows of the records of one table.
pub(super) struct Rows<'r> {
    pub(super) view: &'r View<'r>,
    pub(super) table: &'r Table,
    /// The fields that are wanted; none for all.
    pub(super) select: &'r [&'r str],
    /// The tokens of sessions that were asked for.
    pub(super) tokens: &'r [&'r str],
}

impl Rows<'_> {
    /// The row of a record.
    ///
    /// # Errors
    /// Those of opening what is sealed in it.
    pub(super) fn of(&self, record: &Record) -> Result<Object> {
        let map = record.map();
        let mut row = if self.table.core.is_some() { self.of_core(record, &map)? } else { map };
        if !self.select.is_empty() {
            row.retain(|name, _| self.select.contains(&name.as_str()));
        }
        Ok(row)
    }

    fn of_core(&self, record: &Record, map: &Object) -> Result<Object> {
        let model = self.view.catalogue().model(self.table.model);
        let mut row = Object::new();
        for (field, value) in map {
            if self.table.column_of(field).is_none() && !is_private(model, field) {
                row.insert(field.clone(), value.clone());
            }
        }
        let columns = self.table.core.map_or(&[][..], |core| core.columns);
        for column in columns.iter().filter(|column| self.wants(column.name)) {
            let value = map.get(column.field).unwrap_or(&Value::Null);
            if let Some(value) = self.told(record, map, column.form, column.field, value)? {
                row.insert(column.name.to_owned(), value);
            }
        }
        if let Some(kept) = map.get("sessionToken").and_then(Value::as_str)
            && matches!(tokens::told(kept, self.tokens), Told::OnlyHash)
        {
            row.insert("expiresAt".into(), LONG_AGO.into());
        }
        Ok(row)
    }

    fn wants(&self, name: &str) -> bool {
        self.select.is_empty() || self.select.contains(&name)
    }

    /// A value in Better Auth's form; none where the row has nothing there.
    fn told(
        &self,
        record: &Record,
        map: &Object,
        form: Form,
        field: &str,
        value: &Value,
    ) -> Result<Option<Value>> {
        let text = value.as_str();
        let told = match (form, text) {
            (Form::WhetherTime, _) => Value::Bool(!value.is_null()),
            (Form::Filled, None) => "".into(),
            (Form::Since, None) => LONG_AGO.into(),
            (Form::Expiry, _) => expiry(map, value),
            (Form::Scopes, Some(scopes)) => scopes.replace(' ', ",").into(),
            (Form::Token, Some(kept)) => match tokens::told(kept, self.tokens) {
                Told::Token(token) => token.into(),
                Told::OnlyHash => kept.into(),
            },
            (Form::Sealed, Some(sealed)) if is_sealed(sealed) => {
                let clear = secrets::reveal(self.view, self.table.model, record.key(), field)?;
                clear.map_or(Ok(Value::Null), |clear| clear.expose_text().map(Value::from))?
            }
            _ if map.contains_key(field) => value.clone(),
            _ => return Ok(None),
        };
        Ok(Some(told))
    }
}

/// Is it nobody's but the store's own to read?
fn is_private(model: &Model, field: &str) -> bool {
    model.private.iter().any(|private| private == field)
}

/// When an access token expires: to the millisecond where Better Auth has said so and Auth.js has not
/// refreshed it since.
fn expiry(map: &Object, exact: &Value) -> Value {
    let Some(seconds) = map.get("expires_at").and_then(Value::as_i64) else {
        return exact.clone();
    };
    let is_of_it =
        exact.as_str().and_then(time_ms).is_some_and(|ms| ms.div_euclid(1000) == seconds);
    if is_of_it { exact.clone() } else { time_text(seconds.saturating_mul(1000)).into() }
}

/// What a record is made of, or changed by, that a row has.
pub(super) struct Incoming<'i> {
    pub(super) table: &'i Table,
    pub(super) model: &'i Model,
    pub(super) now: &'i str,
    pub(super) hashes_tokens: bool,
    /// What the record is so far.
    pub(super) old: Option<&'i Object>,
}

impl Incoming<'_> {
    /// The record's fields.
    ///
    /// # Errors
    /// `VALIDATION` for a value that has no such form.
    pub(super) fn fields(&self, row: &Object) -> Result<Object> {
        let mut map = Map::new();
        for (name, value) in row {
            let column = self.table.column(name);
            let field = column.map_or(name.as_str(), |column| column.field);
            if column.is_none() && self.table.core.is_some() && is_private(self.model, field) {
                return Err(self.fault(name, "another name: the store has a field of this one"));
            }
            let kind = self.model.field(field).map(|field| &field.kind);
            let value = in_kind(kind, value.clone());
            self.put(
                &mut map,
                column.map_or(Form::Same, |column| column.form),
                field,
                name,
                value,
            )?;
        }
        Ok(map)
    }

    fn put(
        &self,
        map: &mut Object,
        form: Form,
        field: &str,
        name: &str,
        value: Value,
    ) -> Result<()> {
        let value = match (form, value) {
            (Form::WhetherTime, value) => self.when(field, name, &value)?,
            (Form::Scopes, Value::String(scopes)) => scopes.replace(',', " ").into(),
            (Form::Token, Value::String(token)) if self.hashes_tokens && !token.is_empty() => {
                let hash = session_token_hash(&token);
                tokens::remember(&hash, &token);
                hash.into()
            }
            (Form::Expiry, value) => {
                map.insert("expires_at".into(), seconds_of(&value));
                value
            }
            (_, value) => value,
        };
        map.insert(field.to_owned(), value);
        Ok(())
    }

    /// The time for a true: that which is there already, or now.
    fn when(&self, field: &str, name: &str, value: &Value) -> Result<Value> {
        let before = self.old.and_then(|old| old.get(field)).filter(|time| !time.is_null());
        match value {
            Value::Bool(true) => Ok(before.cloned().unwrap_or_else(|| self.now.into())),
            Value::Bool(false) | Value::Null => Ok(Value::Null),
            _ => Err(self.fault(name, "true or false")),
        }
    }

    fn fault(&self, name: &str, expected: &str) -> Error {
        let issue = Issue::new(name, expected, "something else");
        Error::validation(&self.model.name, vec![issue])
    }
}

fn seconds_of(time: &Value) -> Value {
    let ms = time.as_str().and_then(normalise_time).and_then(|time| time_ms(&time));
    ms.map_or(Value::Null, |ms| ms.div_euclid(1000).into())
}
