//! A call's arguments, from JSON text; every fault of theirs at once.

use serde_json::Value;
use zeroize::Zeroize;

use super::param::{Param, came, kind};
use crate::crypto::Secret;
use crate::error::{Code, Error, Issue, Result};
use crate::json::{self, Object};

/// The positional arguments of a call.
pub(crate) struct Args<'a> {
    values: Vec<Value>,
    params: &'a [Param],
    /// Are there clear texts among them, to be wiped?
    secret: bool,
    passphrase: Option<Secret>,
}

impl Drop for Args<'_> {
    fn drop(&mut self) {
        if self.secret {
            self.values.iter_mut().for_each(wipe);
        }
    }
}

/// A value whose texts are wiped when it goes.
pub(crate) struct ZeroizingValue(pub(crate) Value);

impl Drop for ZeroizingValue {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Wipes every text in a value.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Null stands for an argument that was not given.
const NULL: Value = Value::Null;

impl<'a> Args<'a> {
    /// Reads the JSON text of the list of arguments, and checks them against the parameters.
    ///
    /// # Errors
    /// `VALIDATION` with every fault.
    pub(crate) fn parse(
        params: &'a [Param],
        text: &str,
        secret: bool,
        passphrase: Option<Secret>,
    ) -> Result<Args<'a>> {
        let fault = |path: String, expected: String| {
            Error::validation("Arguments", vec![Issue::new(path, expected, "something else")])
        };
        match json::parse(text) {
            Ok(Value::Array(values)) => Args { values, params, secret, passphrase }.checked(),
            Ok(_) => Err(fault(String::new(), "a list of arguments".into())),
            Err(problem) => {
                let place = named(params, &problem.path);
                Err(fault(place, format!("JSON that can be kept ({})", problem.message)))
            }
        }
    }

    fn checked(self) -> Result<Args<'a>> {
        let mut issues = Vec::new();
        let apart = Param::passphrase(self.params).filter(|_| self.passphrase.is_some());
        for (at, param) in self.params.iter().enumerate().filter(|(at, _)| apart != Some(*at)) {
            param.check(self.value(at), self.secret, &mut issues);
        }
        if issues.is_empty() { Ok(self) } else { Err(Error::validation("Arguments", issues)) }
    }

    /// An argument as it came.
    pub(crate) fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&NULL)
    }

    /// Was an argument given?
    pub(crate) fn given(&self, at: usize) -> bool {
        !self.value(at).is_null()
    }

    /// What follows the declared arguments: how the call is made, which its caller does not see.
    pub(crate) fn extra(&self) -> &Value {
        self.value(self.params.len())
    }

    /// A text that is wiped when it goes.
    ///
    /// # Errors
    /// As for [`Args::text`].
    pub(crate) fn secret(&self, at: usize) -> Result<Secret> {
        Ok(Secret::copy_of(self.text(at)?.as_bytes()))
    }

    /// Texts that are wiped when they go.
    ///
    /// # Errors
    /// As for [`Args::text`].
    pub(crate) fn secrets(&self, at: usize) -> Result<Vec<Secret>> {
        let items = self.value(at).as_array().ok_or_else(|| self.fault(at, "a list of texts"))?;
        let texts = items.iter().map(|item| item.as_str().map(|t| Secret::copy_of(t.as_bytes())));
        texts.collect::<Option<_>>().ok_or_else(|| self.fault(at, "a list of texts"))
    }

    /// The passphrase, wherever it was given.
    ///
    /// # Errors
    /// `NO_PASSPHRASE` when it was not.
    pub(crate) fn passphrase(&self) -> Result<Secret> {
        if let Some(passphrase) = &self.passphrase {
            return Ok(passphrase.clone());
        }
        let given = Param::passphrase(self.params).map(|at| self.value(at));
        let text = given.and_then(Value::as_str).ok_or_else(|| {
            let message = "there is no passphrase: give one, or set it for createStore, in \
                           QUILLTAP_PASSPHRASE_FILE or QUILLTAP_PASSPHRASE";
            Error::new(Code::NoPassphrase, message)
        })?;
        Ok(Secret::copy_of(text.as_bytes()))
    }

    fn fault(&self, at: usize, expected: &str) -> Error {
        let name = self.params.get(at).map_or("argument", |param| param.name);
        let came = if self.secret { kind(self.value(at)) } else { came(self.value(at)) };
        let issue = Issue::new(name, expected, came);
        Error::validation("Arguments", vec![issue])
    }

    /// A text.
    ///
    /// # Errors
    /// `VALIDATION` when it is none; so for all of these.
    pub(crate) fn text(&self, at: usize) -> Result<&str> {
        self.value(at).as_str().ok_or_else(|| self.fault(at, "a text"))
    }

    /// A text, or nothing.
    pub(crate) fn optional_text(&self, at: usize) -> Result<Option<&str>> {
        if self.given(at) { self.text(at).map(Some) } else { Ok(None) }
    }

    /// True or false, or nothing.
    pub(crate) fn optional_flag(&self, at: usize) -> Result<Option<bool>> {
        match self.value(at) {
            Value::Null => Ok(None),
            Value::Bool(flag) => Ok(Some(*flag)),
            _ => Err(self.fault(at, "true or false")),
        }
    }

    /// An object.
    pub(crate) fn object(&self, at: usize) -> Result<Object> {
        self.value(at).as_object().cloned().ok_or_else(|| self.fault(at, "an object"))
    }

    /// An object; an empty one when nothing was given.
    pub(crate) fn options(&self, at: usize) -> Result<Object> {
        if self.given(at) { self.object(at) } else { Ok(Object::new()) }
    }

    /// A list of objects.
    pub(crate) fn objects(&self, at: usize) -> Result<Vec<Object>> {
        let items = self.value(at).as_array().ok_or_else(|| self.fault(at, "a list of objects"))?;
        let objects = items.iter().map(|item| item.as_object().cloned());
        objects.collect::<Option<_>>().ok_or_else(|| self.fault(at, "a list of objects"))
    }

    /// A list of texts; one text counts as a list of it.
    pub(crate) fn texts(&self, at: usize) -> Result<Vec<String>> {
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
fn named(params: &[Param], path: &str) -> String {
    let Some((number, rest)) = path.strip_prefix('[').and_then(|p| p.split_once(']')) else {
        return path.to_owned();
    };
    let param = number.parse().ok().and_then(|at: usize| params.get(at));
    format!("{}{rest}", param.map_or(number, |param| param.name))
}
