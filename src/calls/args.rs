//! A call's arguments, from JSON text; every fault of theirs at once.

use serde_json::Value;
use zeroize::Zeroize;

use super::param::{Param, came};
use super::types::Type;
use crate::crypto::Secret;
use crate::error::{Code, Error, Issue, Issues, Result};
use crate::json::{self, Object};

/// The positional arguments of a call.
pub(crate) struct Args {
    values: Vec<Value>,
    params: &'static [Param],
    /// Are there clear texts among them, to be wiped?
    secret: bool,
    passphrase: Option<Secret>,
}

impl Drop for Args {
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

impl Args {
    /// Reads the JSON text of the list of arguments, and checks them against the parameters.
    ///
    /// # Errors
    /// `VALIDATION` with every fault.
    pub(crate) fn parse(
        params: &'static [Param],
        text: &str,
        secret: bool,
        passphrase: Option<Secret>,
    ) -> Result<Args> {
        let fault = |path: String, expected: String| {
            Error::validation("Arguments", vec![Issue::new(path, expected, "something else")])
        };
        match json::parse(text) {
            Ok(Value::Array(values)) => Args { values, params, secret, passphrase }.checked(),
            Ok(_) => Err(fault(String::new(), "an array of arguments".into())),
            Err(problem) => {
                let place = named(params, &problem.path);
                Err(fault(place, format!("JSON that can be kept ({})", problem.message)))
            }
        }
    }

    fn checked(self) -> Result<Args> {
        let mut issues = Issues::default();
        let apart = |param: &Param| param.takes == Type::Passphrase && self.passphrase.is_some();
        for (at, param) in self.params.iter().enumerate().filter(|(_, param)| !apart(param)) {
            param.check(self.values.get(at), self.secret, &mut issues);
        }
        if issues.is_empty() { Ok(self) } else { Err(Error::validation("Arguments", issues)) }
    }

    /// An argument as it came.
    pub(crate) fn value(&self, name: &str) -> &Value {
        let at = self.params.iter().position(|param| param.name == name);
        debug_assert!(at.is_some(), "the call declares no {name}");
        at.and_then(|at| self.values.get(at)).unwrap_or(&NULL)
    }

    /// Was an argument given?
    pub(crate) fn given(&self, name: &str) -> bool {
        !self.value(name).is_null()
    }

    /// Is this flag set of those that follow the declared arguments, which no caller sees?
    pub(crate) fn how(&self, flag: &str) -> bool {
        self.behind(flag) == Some(&Value::Bool(true))
    }

    /// The text that is said there.
    pub(crate) fn said(&self, name: &str) -> Option<&str> {
        self.behind(name)?.as_str()
    }

    fn behind(&self, name: &str) -> Option<&Value> {
        self.values.get(self.params.len())?.get(name)
    }

    /// Does the call take or give clear texts?
    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }

    /// A text that is wiped when it goes.
    ///
    /// # Errors
    /// As for [`Args::text`].
    pub(crate) fn secret(&self, name: &str) -> Result<Secret> {
        Ok(Secret::copy_of(self.text(name)?.as_bytes()))
    }

    /// Texts that are wiped when they go.
    ///
    /// # Errors
    /// As for [`Args::text`].
    pub(crate) fn secrets(&self, name: &str) -> Result<Vec<Secret>> {
        let items =
            self.value(name).as_array().ok_or_else(|| self.fault(name, "an array of strings"))?;
        let texts = items.iter().map(|item| item.as_str().map(|t| Secret::copy_of(t.as_bytes())));
        texts.collect::<Option<_>>().ok_or_else(|| self.fault(name, "an array of strings"))
    }

    /// The passphrase, wherever it was given.
    ///
    /// # Errors
    /// `NO_PASSPHRASE` when it was not.
    pub(crate) fn passphrase(&self) -> Result<Secret> {
        if let Some(passphrase) = &self.passphrase {
            return Ok(passphrase.clone());
        }
        let param = self.params.iter().find(|param| param.takes == Type::Passphrase);
        let text = param.and_then(|param| self.value(param.name).as_str()).ok_or_else(|| {
            let message = "there is no passphrase: give one, or set it for createStore, in \
                           QUILLTAP_PASSPHRASE_FILE or QUILLTAP_PASSPHRASE";
            Error::new(Code::NoPassphrase, message)
        })?;
        Ok(Secret::copy_of(text.as_bytes()))
    }

    fn fault(&self, name: &str, expected: &str) -> Error {
        let private = self.params.iter().any(|param| param.name == name && param.is_private());
        let came = came(self.value(name), self.secret || private);
        let issue = Issue::new(name, expected, came);
        Error::validation("Arguments", vec![issue])
    }

    /// A text.
    ///
    /// # Errors
    /// `VALIDATION` when it is none; so for all of these.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        self.value(name).as_str().ok_or_else(|| self.fault(name, "a string"))
    }

    /// A text, or nothing.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&str>> {
        if self.given(name) { self.text(name).map(Some) } else { Ok(None) }
    }

    /// True or false, or nothing.
    pub(crate) fn optional_flag(&self, name: &str) -> Result<Option<bool>> {
        match self.value(name) {
            Value::Null => Ok(None),
            Value::Bool(flag) => Ok(Some(*flag)),
            _ => Err(self.fault(name, "true or false")),
        }
    }

    /// An object.
    pub(crate) fn object(&self, name: &str) -> Result<Object> {
        self.value(name).as_object().cloned().ok_or_else(|| self.fault(name, "an object"))
    }

    /// An object; an empty one when nothing was given.
    pub(crate) fn options(&self, name: &str) -> Result<Object> {
        if self.given(name) { self.object(name) } else { Ok(Object::new()) }
    }

    /// A list of objects.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Object>> {
        let items =
            self.value(name).as_array().ok_or_else(|| self.fault(name, "an array of objects"))?;
        let objects = items.iter().map(|item| item.as_object().cloned());
        objects.collect::<Option<_>>().ok_or_else(|| self.fault(name, "an array of objects"))
    }

    /// A list of texts; one text counts as a list of it.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>> {
        match self.value(name) {
            Value::String(one) => Ok(vec![one.clone()]),
            Value::Array(items) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().ok_or_else(|| self.fault(name, "an array of strings"))
            }
            _ => Err(self.fault(name, "an array of strings")),
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
