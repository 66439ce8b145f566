//! One declared field: its kind, and what may be said about it.

use serde_json::Value;

use crate::catalogue::types::{Field, Kind, ModelId, OnDelete, Reference, Sealing};
use crate::catalogue::{Catalogue, declare, is_id};
use crate::error::Issue;
use crate::json::{self, Object};

/// The keys that the declaration of a field may have.
const KEYS: &[&str] = &[
    "type",
    "enum",
    "items",
    "fields",
    "references",
    "by",
    "onDelete",
    "optional",
    "default",
    "unique",
    "index",
    "onePer",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "description",
    "secret",
];
/// The keys that the items of an array may have.
const ITEM_KEYS: &[&str] = &["type", "enum", "items", "fields", "references", "onDelete"];
const TYPES: &str = "'string', 'id', 'integer', 'number', 'boolean', 'time', 'json', 'any', \
    'array' or 'object', or an enum";

/// Where a kind stands: a deletion can follow links from some places only.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    /// A field of the record.
    Top,
    /// An item of a list that is a field of the record.
    Item,
    /// A field of an object there.
    Inner,
    /// Deeper.
    Deep,
}

/// Reads declarations and notes what is wrong with them.
pub(super) struct Reader<'a> {
    find: &'a dyn Fn(&str) -> Option<ModelId>,
    in_log: bool,
    /// Fields that were declared unique by themselves.
    pub(super) unique_fields: Vec<String>,
    pub(super) issues: Vec<Issue>,
}

impl<'a> Reader<'a> {
    /// A reader that finds models by their names.
    pub(super) fn new(find: &'a dyn Fn(&str) -> Option<ModelId>) -> Reader<'a> {
        Reader { find, in_log: false, unique_fields: Vec::new(), issues: Vec::new() }
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, path: &str, expected: &str, received: impl Into<String>) {
        self.issues.push(Issue::new(path, expected, received));
    }

    /// Notes every key that is none of these.
    pub(super) fn only(&mut self, path: &str, given: &Object, keys: &[&str]) {
        for key in given.keys().filter(|key| !keys.contains(&key.as_str())) {
            let expected = format!("one of {}", keys.join(", "));
            self.fault(&format!("{path}.{key}"), &expected, "an unknown key");
        }
    }

    /// A text under a key, where there is one.
    pub(super) fn text(&mut self, path: &str, given: &Object, key: &str) -> Option<String> {
        match given.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => {
                self.fault(&format!("{path}.{key}"), "a string", json::describe(other));
                None
            }
        }
    }

    fn flag(&mut self, path: &str, given: &Object, key: &str) -> bool {
        match given.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.fault(&format!("{path}.{key}"), "true or false", json::describe(other));
                false
            }
        }
    }

    /// The fields of a model, in their order.
    pub(super) fn fields(&mut self, path: &str, given: Option<&Value>, in_log: bool) -> Vec<Field> {
        self.in_log = in_log;
        self.fields_at(path, given, Level::Top)
    }

    fn fields_at(&mut self, path: &str, given: Option<&Value>, level: Level) -> Vec<Field> {
        let Some(Value::Object(given)) = given else {
            let came = given.map_or("nothing".to_owned(), json::describe);
            self.fault(path, "an object of fields", came);
            return Vec::new();
        };
        let field = |(name, value): (&String, &Value)| {
            self.field(&format!("{path}.{name}"), name, value, level)
        };
        given.iter().filter_map(field).collect()
    }

    fn field(&mut self, path: &str, name: &str, given: &Value, level: Level) -> Option<Field> {
        let Value::Object(given) = given else {
            self.fault(path, "an object such as { type: 'string' }", json::describe(given));
            return None;
        };
        self.only(path, given, KEYS);
        if name.is_empty() || name == "__proto__" || name.contains(['.', '[']) {
            self.fault(path, "another name for a field", name);
        }
        let optional = self.flag(path, given, "optional");
        let kind = self.kind(path, given, level, optional)?;
        let mut field = declare::field(name, kind);
        field.optional = optional;
        field.default = given.get("default").map(json::compact);
        field.doc = self.text(path, given, "description").unwrap_or_default();
        field.indexed = self.flag(path, given, "index");
        field.private = self.flag(path, given, "secret");
        field.sealing = field.private.then_some(Sealing::Always);
        if field.sealing.is_some() && level != Level::Top {
            self.fault(&format!("{path}.secret"), "no secret inside an object or a list", "one");
        }
        field.one_per = self.text(path, given, "onePer");
        field.refers = self.reference(path, given, level, optional);
        (field.least, field.most) = self.limits(path, given, &field.kind);
        if self.flag(path, given, "unique") {
            match level {
                Level::Top => self.unique_fields.push(name.to_owned()),
                _ => self.fault(&format!("{path}.unique"), "no unique inside an object", "one"),
            }
        }
        Some(field)
    }

    fn limits(&mut self, path: &str, given: &Object, kind: &Kind) -> (Option<f64>, Option<f64>) {
        let own = match kind {
            Kind::Text => ["minLength", "maxLength"],
            Kind::List(_) => ["minItems", "maxItems"],
            Kind::Number | Kind::Integer => ["minimum", "maximum"],
            _ => ["", ""],
        };
        let all = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"];
        for key in all.into_iter().filter(|key| given.contains_key(*key)) {
            if !own.contains(&key) {
                self.fault(&format!("{path}.{key}"), "a limit of this type", "one of another");
            } else if given[key].as_f64().is_none() {
                self.fault(&format!("{path}.{key}"), "a number", json::describe(&given[key]));
            }
        }
        let limit = |key: &str| given.get(key).and_then(Value::as_f64);
        (limit(own[0]), limit(own[1]))
    }

    fn kind(&mut self, path: &str, given: &Object, level: Level, optional: bool) -> Option<Kind> {
        if let Some(words) = given.get("enum") {
            return self.words(path, words);
        }
        let name = self.text(path, given, "type").unwrap_or_default();
        let refers = if given.contains_key("by") { "string" } else { "id" };
        let uses =
            [("items", "array"), ("fields", "object"), ("references", refers), ("by", "string")];
        for (key, of) in uses {
            if given.contains_key(key) && name != of {
                self.fault(&format!("{path}.{key}"), &format!("type: '{of}' with it"), &*name);
            }
        }
        Some(match name.as_str() {
            "string" => Kind::Text,
            "id" => return self.link(path, given, level, optional),
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "boolean" => Kind::Flag,
            "time" => Kind::Time,
            "json" => Kind::Json,
            "any" => Kind::Any,
            "array" => return self.list(path, given, level),
            "object" => {
                let inside = match level {
                    Level::Top | Level::Item => Level::Inner,
                    Level::Inner | Level::Deep => Level::Deep,
                };
                Kind::Object(self.fields_at(&format!("{path}.fields"), given.get("fields"), inside))
            }
            _ => {
                let came = given.get("type").map_or("nothing".to_owned(), json::describe);
                self.fault(&format!("{path}.type"), TYPES, came);
                return None;
            }
        })
    }

    fn words(&mut self, path: &str, given: &Value) -> Option<Kind> {
        let words = given.as_array().map(|words| {
            words.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        let words = words.flatten().filter(|words| !words.is_empty());
        if words.is_none() {
            self.fault(&format!("{path}.enum"), "an array of strings", json::describe(given));
        }
        words.map(Kind::Enum)
    }

    fn list(&mut self, path: &str, given: &Object, level: Level) -> Option<Kind> {
        let path = format!("{path}.items");
        let Some(Value::Object(items)) = given.get("items") else {
            let came = given.get("items").map_or("nothing".to_owned(), json::describe);
            self.fault(&path, "what each item is, such as { type: 'string' }", came);
            return None;
        };
        self.only(&path, items, ITEM_KEYS);
        let level = if level == Level::Top { Level::Item } else { Level::Deep };
        Some(Kind::List(Box::new(self.kind(&path, items, level, false)?)))
    }

    fn link(&mut self, path: &str, given: &Object, level: Level, optional: bool) -> Option<Kind> {
        let Some(name) = self.text(path, given, "references") else {
            if given.contains_key("onDelete") {
                self.fault(&format!("{path}.references"), "the name of a model", "nothing");
            }
            return Some(Kind::Id);
        };
        if level == Level::Deep {
            let expected = "a reference at the top, in a list, or in an object there: \
                a deletion does not follow it deeper";
            self.fault(path, expected, "one further inside");
        }
        let Some(model) = (self.find)(&name) else {
            self.fault(&format!("{path}.references"), "the name of a model or collection", name);
            return None;
        };
        Some(Kind::Link(model, self.on_delete(path, given, level, optional)))
    }

    /// A reference by a field that is unique in another collection, where the field is one.
    fn reference(
        &mut self,
        path: &str,
        given: &Object,
        level: Level,
        optional: bool,
    ) -> Option<Reference> {
        let by = self.text(path, given, "by")?;
        if level != Level::Top || self.in_log {
            self.fault(path, "a reference by another field in the record itself", "one elsewhere");
        }
        let name = self.text(path, given, "references").unwrap_or_default();
        let is_own = |id: &ModelId| usize::from(id.0) >= Catalogue::builtin().ids().count();
        let Some(to) = (self.find)(&name).filter(is_own) else {
            self.fault(&format!("{path}.references"), "the name of a collection", name);
            return None;
        };
        Some(Reference { to, by, on_delete: self.on_delete(path, given, level, optional) })
    }

    fn on_delete(&mut self, path: &str, given: &Object, level: Level, optional: bool) -> OnDelete {
        let usual = match level {
            _ if self.in_log => OnDelete::NoAction,
            Level::Item => OnDelete::SetNull,
            _ if optional => OnDelete::SetNull,
            _ => OnDelete::Restrict,
        };
        match self.text(path, given, "onDelete").as_deref() {
            None => usual,
            Some("Cascade") => OnDelete::Cascade,
            Some("SetNull") => OnDelete::SetNull,
            Some("Restrict") => OnDelete::Restrict,
            Some("NoAction") => OnDelete::NoAction,
            Some(other) => {
                let expected = "'Cascade', 'SetNull', 'Restrict' or 'NoAction'";
                self.fault(&format!("{path}.onDelete"), expected, other);
                usual
            }
        }
    }
}

/// Lets a field of a built-in model take more than it did: more words, any text, or nothing.
pub(super) fn widen(reader: &mut Reader<'_>, path: &str, known: &mut Field, more: Field) {
    match (&mut known.kind, more.kind) {
        (Kind::Enum(words), Kind::Enum(others)) => {
            for word in others {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        (kind @ Kind::Enum(_), Kind::Text) => *kind = Kind::Text,
        (same, other) if *same == other => {}
        _ => reader.fault(
            path,
            "what it is already, or for an enumeration more words or type: 'string'",
            "another type",
        ),
    }
    if more.sealing.is_some() && more.sealing != known.sealing {
        reader.fault(&format!("{path}.secret"), "no secret: the field is there already", "one");
    }
    known.optional |= more.optional;
    known.default = more.default.or(known.default.take());
}

/// May this be part of a declared path?
pub(super) fn is_path_name(name: &str) -> bool {
    name == "index" || is_id(name)
}
