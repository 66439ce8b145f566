//! One parameter of a call, or one key of an object that a call takes.

use serde_json::Value;

use super::types::{Form, Keys, Others, Type, Whose};
use crate::error::{Issue, Issues};
use crate::json;

/// A parameter: its name, what it takes, and what is said of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) takes: Type,
    optional: bool,
    /// What narrows a question: left out it asks for more, so it must not be left out by accident.
    pub(crate) narrows: Narrows,
    private: bool,
}

/// Which part of a value says what a question is about. There, `undefined` is no way to leave
/// something out: who forgot a user's id would get the records of everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrows {
    Nothing,
    /// The value itself, and everything in it.
    Whole,
    /// What stands under this key of it.
    Key(&'static str),
}

/// Declares a parameter.
pub(crate) const fn param(name: &'static str, takes: Type) -> Param {
    Param { name, takes, optional: false, narrows: Narrows::Nothing, private: false }
}

/// Declares one that takes a text.
pub(crate) const fn text(name: &'static str) -> Param {
    param(name, Type::Text)
}

/// Declares one that takes true or false.
pub(crate) const fn flag(name: &'static str) -> Param {
    param(name, Type::Flag)
}

/// Declares one that takes a number.
pub(crate) const fn number(name: &'static str) -> Param {
    param(name, Type::Number)
}

/// Declares one that takes what `create` takes, of the repository's own model.
pub(crate) const fn new(name: &'static str) -> Param {
    param(name, Type::Model(Form::New, Whose::Own))
}

/// Declares one that takes what `update` takes, of the repository's own model.
pub(crate) const fn patch(name: &'static str) -> Param {
    param(name, Type::Model(Form::Patch, Whose::Own))
}

/// Declares one that takes an object of a type that `lib/header.d.ts` declares.
pub(crate) const fn object(name: &'static str, typescript: &'static str) -> Param {
    param(name, Type::Named(typescript))
}

/// Declares one that takes an object with these keys.
pub(crate) const fn keys(name: &'static str, keys: &'static Keys) -> Param {
    param(name, Type::Keys(keys))
}

/// Declares a user's id that a question may be narrowed to. Given, it must be one: a call that is
/// asked about `null` must not answer about everybody.
pub(crate) const fn owner() -> Param {
    text("userId").optional().narrows(Narrows::Whole)
}

impl Param {
    /// It may be left out, or be null.
    pub(crate) const fn optional(mut self) -> Param {
        self.optional = true;
        self
    }

    /// It says what a question is about.
    pub(crate) const fn narrows(mut self, narrows: Narrows) -> Param {
        self.narrows = narrows;
        self
    }

    /// No message repeats what came for it.
    pub(crate) const fn private(mut self) -> Param {
        self.private = true;
        self
    }

    /// Does no message repeat what came for it?
    pub(super) fn is_private(&self) -> bool {
        self.private
    }

    /// `name?: string`.
    pub(crate) fn typescript(&self, name: &dyn Fn(Form, Whose) -> String) -> String {
        let mark = if self.optional { "?" } else { "" };
        format!("{}{mark}: {}", self.name, self.takes.typescript(name))
    }

    /// Adds what is wrong with the value that came; `None` when there was none. Of a secret one
    /// only its kind is told. What is inside an argument is named by its place there.
    pub(super) fn check(&self, value: Option<&Value>, secret: bool, told: &mut Issues) {
        let came = value.unwrap_or(&Value::Null);
        let given = value.is_some() && self.narrows == Narrows::Whole;
        if self.optional && came.is_null() && !given {
            return;
        }
        if self.takes.fits(came) && !self.takes.has_inside() {
            return;
        }
        if self.optional && came.is_null() {
            let expected = format!("{}, or that it is left out", self.takes.expected());
            return told.add(|| Issue::new(self.name, expected, "null or undefined"));
        }
        check(&self.takes, came, self.name, secret || self.private, told);
    }
}

/// Adds what is wrong with a value, and with what is inside it as far as it is declared here.
fn check(takes: &Type, value: &Value, name: &str, secret: bool, told: &mut Issues) {
    if !takes.fits(value) {
        return told.add(|| Issue::new(name, takes.expected(), came(value, secret)));
    }
    if let (Some(inner), Some(items)) = (takes.item(), value.as_array()) {
        for (at, item) in items.iter().enumerate().filter(|(_, item)| !inner.fits(item)) {
            told.add(|| Issue::new(format!("{name}[{at}]"), inner.expected(), came(item, secret)));
        }
    }
    let (Type::Keys(keys), Some(map)) = (takes, value.as_object()) else { return };
    for key in keys.keys {
        key.check(map.get(key.name), secret, told);
    }
    let known =
        |name: &str| keys.others != Others::Refused || keys.keys.iter().any(|key| key.name == name);
    for name in map.keys().filter(|name| !known(name)) {
        let all: Vec<&str> = keys.keys.iter().map(|key| key.name).collect();
        let expected = format!("one of {}", all.join(", "));
        told.add(|| Issue::new(name, expected, "an unknown key"));
    }
}

/// What came, for a message; of a secret only its kind.
pub(crate) fn came(value: &Value, secret: bool) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value if secret => json::kind(value).to_owned(),
        value => json::describe(value),
    }
}
