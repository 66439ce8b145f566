//! A value of a request, as the JSON protocol writes it: what JSON cannot say has a tag.

use serde_json::{Map, Number, Value};

use crate::json;

/// A value of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'v> {
    Null,
    Text(&'v str),
    Flag(bool),
    Number(&'v Number),
    Time(&'v str),
    Word(&'v str),
    /// A column, and the table that it belongs to.
    Field {
        column: &'v str,
        table: &'v str,
    },
    /// A number too large for JSON, as text.
    Big(&'v str),
    Bytes,
    List(&'v [Value]),
    Object(&'v Map<String, Value>),
    /// JSON that was marked as such.
    Json(&'v Value),
}

impl<'v> Given<'v> {
    pub(super) fn of(value: &'v Value) -> Given<'v> {
        match value {
            Value::Null => Given::Null,
            Value::Bool(flag) => Given::Flag(*flag),
            Value::Number(number) => Given::Number(number),
            Value::String(text) => Given::Text(text),
            Value::Array(items) => Given::List(items),
            Value::Object(map) => Given::tagged(map, value).unwrap_or(Given::Object(map)),
        }
    }

    fn tagged(map: &'v Map<String, Value>, whole: &'v Value) -> Option<Given<'v>> {
        let tag = map.get("$type")?.as_str()?;
        let value = map.get("value")?;
        match tag {
            "DateTime" => value.as_str().map(Given::Time),
            "Enum" => value.as_str().map(Given::Word),
            "BigInt" | "Decimal" => value.as_str().map(Given::Big),
            "Bytes" => Some(Given::Bytes),
            "FieldRef" => Some(Given::Field {
                column: value.get("_ref")?.as_str()?,
                table: value.get("_container")?.as_str()?,
            }),
            "Raw" | "Json" => Some(Given::Json(whole)),
            _ => None,
        }
    }

    /// The name of its type in an error.
    pub(super) fn type_name(self) -> String {
        match self {
            Given::Null => "Null".into(),
            Given::Text(_) => "String".into(),
            Given::Flag(_) => "Boolean".into(),
            Given::Number(number) if number.is_f64() => "Float".into(),
            Given::Number(_) => "Int".into(),
            Given::Time(_) => "DateTime".into(),
            Given::Word(_) => "Enum".into(),
            Given::Field { .. } | Given::Object(_) => "Object".into(),
            Given::Big(_) => "BigInt".into(),
            Given::Bytes => "Bytes".into(),
            Given::Json(_) => "Json".into(),
            Given::List(items) => {
                let names: Vec<String> = items.iter().map(|v| Given::of(v).type_name()).collect();
                format!("({})", names.join(", "))
            }
        }
    }
}

/// The JSON value that is meant, wherever tags stand in it.
pub(super) fn plain(value: &Value) -> Value {
    match Given::of(value) {
        Given::Time(text) | Given::Word(text) | Given::Big(text) => text.into(),
        Given::List(items) => items.iter().map(plain).collect(),
        Given::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        Given::Json(tagged) => match &tagged["value"] {
            Value::String(text) if tagged["$type"] == "Json" => {
                json::parse(text).unwrap_or_else(|_| text.as_str().into())
            }
            value => value.clone(),
        },
        _ => value.clone(),
    }
}
