//! A call's arguments, from JSON text; every fault of theirs at once.

use serde_json::{Map, Value};

use crate::error::{Error, Issue, Result};
use crate::json;

/// The positional arguments of a call.
pub struct Args<'a> {
    values: Vec<Value>,
    names: &'a [&'a str],
}

/// Null stands for an argument that was not given.
const NULL: Value = Value::Null;

impl<'a> Args<'a> {
    /// Reads the JSON text of the list of arguments.
    ///
    /// # Errors
    /// `VALIDATION` when it is none.
    pub(super) fn parse(names: &'a [&'a str], text: &str) -> Result<Args<'a>> {
        let fault = |path: String, expected: String| {
            Error::validation("Arguments", vec![Issue::new(path, expected, "something else")])
        };
        match json::parse(text) {
            Ok(Value::Array(values)) => Ok(Args { values, names }),
            Ok(_) => Err(fault(String::new(), "a list of arguments".into())),
            Err(problem) => {
                let place = named(names, &problem.path);
                Err(fault(place, format!("JSON that can be kept ({})", problem.message)))
            }
        }
    }

    /// An argument as it came.
    pub fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&NULL)
    }

    /// Was an argument given?
    pub fn given(&self, at: usize) -> bool {
        !self.value(at).is_null()
    }

    fn name(&self, at: usize) -> &str {
        self.names.get(at).map_or("argument", |name| name.trim_end_matches('?'))
    }

    fn fault(&self, at: usize, expected: &str) -> Error {
        let came = match self.value(at) {
            Value::Null => "nothing".to_owned(),
            value => json::describe(value),
        };
        Error::validation("Arguments", vec![Issue::new(self.name(at), expected, came)])
    }

    /// A text.
    ///
    /// # Errors
    /// `VALIDATION` when it is none; so for all of these.
    pub fn text(&self, at: usize) -> Result<&str> {
        self.value(at).as_str().ok_or_else(|| self.fault(at, "a text"))
    }

    /// A text, or nothing.
    pub fn optional_text(&self, at: usize) -> Result<Option<&str>> {
        if self.given(at) { self.text(at).map(Some) } else { Ok(None) }
    }

    /// True or false, or nothing.
    pub fn optional_flag(&self, at: usize) -> Result<Option<bool>> {
        match self.value(at) {
            Value::Null => Ok(None),
            Value::Bool(flag) => Ok(Some(*flag)),
            _ => Err(self.fault(at, "true or false")),
        }
    }

    /// An object.
    pub fn object(&self, at: usize) -> Result<Map<String, Value>> {
        self.value(at).as_object().cloned().ok_or_else(|| self.fault(at, "an object"))
    }

    /// An object; an empty one when nothing was given.
    pub fn options(&self, at: usize) -> Result<Map<String, Value>> {
        if self.given(at) { self.object(at) } else { Ok(Map::new()) }
    }

    /// A list of objects.
    pub fn objects(&self, at: usize) -> Result<Vec<Map<String, Value>>> {
        let items = self.value(at).as_array().ok_or_else(|| self.fault(at, "a list of objects"))?;
        let objects = items.iter().map(|item| item.as_object().cloned());
        objects.collect::<Option<_>>().ok_or_else(|| self.fault(at, "a list of objects"))
    }

    /// A list of texts; one text counts as a list of it.
    pub fn texts(&self, at: usize) -> Result<Vec<String>> {
        match self.value(at) {
            Value::String(one) => Ok(vec![one.clone()]),
            Value::Array(items) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().ok_or_else(|| self.fault(at, "a list of texts"))
            }
            _ => Err(self.fault(at, "a list of texts")),
        }
    }
}

/// The path of a fault with the argument's name in place of its number.
fn named(names: &[&str], path: &str) -> String {
    let Some((number, rest)) = path.strip_prefix('[').and_then(|p| p.split_once(']')) else {
        return path.to_owned();
    };
    let name = number.parse().ok().and_then(|at: usize| names.get(at));
    format!("{}{rest}", name.map_or(number, |name| name.trim_end_matches('?')))
}
