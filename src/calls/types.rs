//! The types of parameters and answers: which JSON fits, and how TypeScript writes them.

use serde_json::Value;

use super::param::Param;
use crate::catalogue::ModelId;

/// Whose records a type is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those of the repository that has the call.
    Own,
    /// Those of this model, wherever the call stands.
    Of(ModelId),
}

impl Whose {
    /// The model, where `own` is the repository's.
    pub(crate) fn model(self, own: ModelId) -> ModelId {
        match self {
            Whose::Own => own,
            Whose::Of(model) => model,
        }
    }
}

/// One of the types that every model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A record as a call gives it.
    Record,
    /// What `create` takes.
    New,
    /// What `update` takes.
    Patch,
    /// What names one record: its key, or all fields of a unique combination.
    Unique,
}

impl Form {
    /// What the TypeScript name ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Form::Record => "",
            Form::New => "Create",
            Form::Patch => "Update",
            Form::Unique => "Unique",
        }
    }
}

/// What a parameter takes, or a call gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Type {
    Text,
    /// A word of an enumeration, by its model's TypeScript name and its field.
    Word(&'static str, &'static str),
    Number,
    /// A whole number of 0 or more.
    Count,
    /// What one provider gives as a text and another as a number.
    TextOrNumber,
    Flag,
    /// Any JSON value.
    Any,
    /// A passphrase, which crosses the border apart, in bytes that can be wiped.
    Passphrase,
    /// Bytes, which cross the border apart.
    Bytes,
    /// A record or an input of a model, which the catalogue checks.
    Model(Form, Whose),
    /// An object whose keys are declared here.
    Keys(&'static Keys),
    /// A type that `lib/header.d.ts` declares; an object, where it is taken.
    Named(&'static str),
    /// The same, of other types: `FindMany<Chat>`.
    Generic(&'static str, &'static [Type]),
    List(&'static Type),
    /// One, or a list of them.
    OneOrMany(&'static Type),
    OrNull(&'static Type),
}

/// The keys of an object.
#[derive(Debug, PartialEq)]
pub(crate) struct Keys {
    /// Its type in `lib/header.d.ts`; none where the keys are written out.
    pub(crate) name: Option<Type>,
    pub(crate) keys: &'static [Param],
    /// What becomes of others.
    pub(crate) others: Others,
}

/// What becomes of keys that are not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// They are a fault.
    Refused,
    /// They are let through, though the type does not offer them.
    Ignored,
    /// They are values like any other.
    Any,
}

/// A record of the repository's own model.
pub(crate) const RECORD: Type = Type::Model(Form::Record, Whose::Own);
/// Such a record, or null where there is none.
pub(crate) const RECORD_OR_NULL: Type = Type::OrNull(&RECORD);
/// A list of such records.
pub(crate) const RECORDS: Type = Type::List(&RECORD);
/// A text, or null where there is none.
pub(crate) const TEXT_OR_NULL: Type = Type::OrNull(&Type::Text);

impl Type {
    /// A record of another model.
    pub(crate) const fn of(model: ModelId) -> Type {
        Type::Model(Form::Record, Whose::Of(model))
    }

    /// What `create` takes for another model.
    pub(crate) const fn new_of(model: ModelId) -> Type {
        Type::Model(Form::New, Whose::Of(model))
    }

    /// What `update` takes for another model.
    pub(crate) const fn patch_of(model: ModelId) -> Type {
        Type::Model(Form::Patch, Whose::Of(model))
    }

    /// Its TypeScript; `name` gives the one of a model's type.
    pub(crate) fn typescript(&self, name: &dyn Fn(Form, Whose) -> String) -> String {
        let one = |inner: &Type| inner.typescript(name);
        match self {
            Type::Text => "string".into(),
            Type::Word(model, field) => format!("{model}['{field}']"),
            Type::Number | Type::Count => "number".into(),
            Type::TextOrNumber => "string | number".into(),
            Type::Flag => "boolean".into(),
            Type::Any => "unknown".into(),
            Type::Passphrase => "string | Uint8Array".into(),
            Type::Bytes => "Uint8Array".into(),
            Type::Model(form, whose) => name(*form, *whose),
            Type::Keys(keys) => keys.typescript(name),
            Type::Named(text) => (*text).into(),
            Type::Generic(text, of) => {
                format!("{text}<{}>", of.iter().map(one).collect::<Vec<_>>().join(", "))
            }
            Type::List(inner) => format!("{}[]", one(inner)),
            Type::OneOrMany(inner) => format!("{0} | {0}[]", one(inner)),
            Type::OrNull(inner) => format!("{} | null", one(inner)),
        }
    }

    /// The phrase for it in a message.
    pub(super) fn expected(&self) -> &'static str {
        match self {
            Type::Text | Type::Word(..) => "a string",
            Type::Number => "a number",
            Type::Count => "a whole number of 0 or more",
            Type::TextOrNumber => "a string or a number",
            Type::Flag => "true or false",
            Type::Any | Type::OrNull(_) => "a value",
            Type::Passphrase => "a string or bytes",
            Type::Bytes => "bytes",
            Type::List(_) => "an array",
            Type::OneOrMany(_) => "a string or an array of strings",
            Type::Model(..) | Type::Keys(_) | Type::Named(_) | Type::Generic(..) => "an object",
        }
    }

    /// Is it, leaving aside what is inside, what JSON came?
    pub(super) fn fits(&self, value: &Value) -> bool {
        match self {
            Type::Text | Type::Word(..) | Type::Passphrase => value.is_string(),
            Type::Any | Type::Bytes | Type::OrNull(_) => true,
            Type::Number => value.is_number(),
            Type::Count => value.is_u64(),
            Type::TextOrNumber => value.is_string() || value.is_number(),
            Type::Flag => value.is_boolean(),
            Type::List(_) => value.is_array(),
            Type::OneOrMany(_) => value.is_string() || value.is_array(),
            Type::Model(..) | Type::Keys(_) | Type::Named(_) | Type::Generic(..) => {
                value.is_object()
            }
        }
    }

    /// Is there more to check than that it fits?
    pub(super) fn has_inside(&self) -> bool {
        matches!(self, Type::Keys(_)) || self.item().is_some()
    }

    /// What the items of a list are.
    pub(super) fn item(&self) -> Option<&'static Type> {
        match self {
            Type::List(inner) | Type::OneOrMany(inner) => Some(inner),
            _ => None,
        }
    }
}

impl Keys {
    fn typescript(&self, name: &dyn Fn(Form, Whose) -> String) -> String {
        if let Some(declared) = self.name {
            return declared.typescript(name);
        }
        let mut members: Vec<String> = self.keys.iter().map(|key| key.typescript(name)).collect();
        if self.others == Others::Any {
            members.push("[field: string]: any".to_owned());
        }
        format!("{{ {} }}", members.join("; "))
    }
}
