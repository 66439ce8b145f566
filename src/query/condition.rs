//! `where`: a checked condition over the fields of a record.

use serde_json::{Map, Value};

use super::operand::{
    MAX_OPERANDS, OPERATORS, asks_whether_it_is, fit, folded, is_filter, is_json_filter,
    is_textual, suggestion,
};
use super::test::{Comparison, Test, TextTest, Wanted, all};
use crate::catalogue::{Field, Kind, SortKey};
use crate::error::Issue;
use crate::json;

/// Conditions may be nested this deep.
const MAX_DEPTH: usize = 100;

/// So many faults are told one by one; a hostile input may have millions.
const MAX_TOLD: usize = 100;

/// A checked condition.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Field(String, Test),
}

impl Condition {
    /// Does a record match? What cannot be known does not.
    pub(super) fn matches(&self, record: &Map<String, Value>) -> bool {
        self.holds(record) == Some(true)
    }

    fn holds(&self, record: &Map<String, Value>) -> Option<bool> {
        let opposite = |part: &Condition| part.holds(record).map(|answer| !answer);
        match self {
            Condition::And(parts) => all(parts.iter().map(|part| part.holds(record))),
            // One of them holds unless all of their opposites do.
            Condition::Or(parts) => all(parts.iter().map(opposite)).map(|none| !none),
            Condition::Not(part) => opposite(part),
            Condition::Field(name, test) => test.holds(record.get(name).unwrap_or(&Value::Null)),
        }
    }

    /// The tests of single fields that must all hold. `false` when something else must hold too.
    pub(super) fn tests<'c>(&'c self, found: &mut Vec<(&'c str, &'c Test)>) -> bool {
        match self {
            Condition::And(parts) => {
                let others = parts.iter().filter(|part| !part.tests(found)).count();
                others == 0
            }
            Condition::Field(name, test) => {
                test.each(&mut |test| found.push((name, test)));
                true
            }
            _ => false,
        }
    }

    /// The fields that it looks at.
    pub(super) fn fields(&self, found: &mut Vec<String>) {
        match self {
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter().for_each(|part| part.fields(found));
            }
            Condition::Not(part) => part.fields(found),
            Condition::Field(name, _) => found.push(name.clone()),
        }
    }
}

/// Reads a condition; `None` when it asks nothing or is faulty.
pub(super) fn parse(
    fields: &[Field],
    value: &Value,
    path: &str,
    issues: &mut Vec<Issue>,
) -> Option<Condition> {
    Parser { issues, depth: 0, hidden: false }.condition(fields, value, path)
}

struct Parser<'a> {
    issues: &'a mut Vec<Issue>,
    depth: usize,
    /// Is the field that is looked at private?
    hidden: bool,
}

impl Parser<'_> {
    fn tell(&mut self, path: &str, expected: impl Into<String>, came: impl Into<String>) {
        if self.issues.len() < MAX_TOLD {
            self.issues.push(Issue::new(path, expected, came));
        }
    }

    fn fault(&mut self, path: &str, expected: impl Into<String>, came: &Value) {
        let came = if self.hidden { json::kind(came).to_owned() } else { json::describe(came) };
        self.tell(path, expected, came);
    }

    /// Reads one level further down, or tells that it is too deep.
    fn deeper<T>(&mut self, path: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.tell(path, format!("at most {MAX_DEPTH} levels"), "more");
            return None;
        }
        self.depth += 1;
        let found = read(self);
        self.depth -= 1;
        found
    }

    /// The parts of an object, all of which must hold. As in Prisma, what asks nothing is not a
    /// part: an `undefined` that JSON dropped must not turn `OR: [{ email }]` into everybody.
    fn condition(&mut self, fields: &[Field], value: &Value, path: &str) -> Option<Condition> {
        let Value::Object(map) = value else {
            self.fault(path, "an object of conditions", value);
            return None;
        };
        self.deeper(path, |this| {
            let part = |(name, value): (&String, &Value)| {
                this.part(fields, name, value, &format!("{path}.{name}"))
            };
            let parts: Vec<Condition> = map.iter().filter_map(part).collect();
            (!parts.is_empty()).then_some(Condition::And(parts))
        })
    }

    /// A condition on an object inside a record, which may ask nothing but that it is there.
    fn inner(&mut self, fields: &[Field], value: &Value, path: &str) -> Box<Condition> {
        Box::new(self.condition(fields, value, path).unwrap_or(Condition::And(Vec::new())))
    }

    fn part(
        &mut self,
        fields: &[Field],
        name: &str,
        value: &Value,
        path: &str,
    ) -> Option<Condition> {
        match name {
            "AND" => Some(Condition::And(self.conditions(fields, value, path)))
                .filter(|all| !matches!(all, Condition::And(parts) if parts.is_empty())),
            "OR" => Some(Condition::Or(self.conditions(fields, value, path))),
            "NOT" => {
                let parts = self.conditions(fields, value, path);
                (!parts.is_empty()).then(|| Condition::Not(Box::new(Condition::Or(parts))))
            }
            _ => self.field(fields, name, value, path),
        }
    }

    fn field(
        &mut self,
        fields: &[Field],
        name: &str,
        value: &Value,
        path: &str,
    ) -> Option<Condition> {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            self.tell(path, suggestion(fields, name), "an unknown field");
            return None;
        };
        let around = self.hidden;
        self.hidden |= field.private;
        let test = self.test(&field.kind, value, path);
        self.hidden = around;
        let test = test?;
        (!test.is_empty()).then(|| Condition::Field(name.to_owned(), test))
    }

    fn conditions(&mut self, fields: &[Field], value: &Value, path: &str) -> Vec<Condition> {
        match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .filter_map(|(n, item)| self.condition(fields, item, &format!("{path}[{n}]")))
                .collect(),
            one => self.condition(fields, one, path).into_iter().collect(),
        }
    }

    fn test(&mut self, kind: &Kind, value: &Value, path: &str) -> Option<Test> {
        match (kind, value) {
            (_, Value::Null) => Some(Test::Equals(Value::Null, false)),
            (Kind::Object(fields), _) => self.object_test(fields, value, path),
            (Kind::List(inner), Value::Object(map)) => self.list_tests(inner, map, path),
            (Kind::List(inner), list) => {
                Some(Test::Equals(Value::Array(self.operands(inner, list, path)?), false))
            }
            (Kind::Json | Kind::Any, Value::Object(map)) if !is_json_filter(map) => {
                Some(Test::Equals(value.clone(), false))
            }
            (Kind::Json | Kind::Any, Value::Object(map)) if !is_filter(map) => {
                self.json_test(kind, map, path)
            }
            (_, Value::Object(map)) => self.tests(kind, map, path),
            _ => Some(Test::Equals(self.operand(kind, value, path)?, false)),
        }
    }

    /// `{ enabled: true }`, or the same under `is` or `isNot`, which also take null.
    fn object_test(&mut self, fields: &[Field], value: &Value, path: &str) -> Option<Test> {
        let Some(map) = value.as_object().filter(|map| asks_whether_it_is(map, fields)) else {
            return Some(Test::Inside(self.inner(fields, value, path)));
        };
        let tests = map.iter().map(|(name, value)| {
            let test = match value {
                Value::Null => Test::Equals(Value::Null, false),
                _ => Test::Inside(self.inner(fields, value, &format!("{path}.{name}"))),
            };
            if name == "is" { test } else { Test::Not(Box::new(test)) }
        });
        Some(Test::All(tests.collect()))
    }

    /// `{ path: ['a', 'b'], equals, not }`.
    fn json_test(&mut self, kind: &Kind, map: &Map<String, Value>, path: &str) -> Option<Test> {
        let mut rest = map.clone();
        let steps = rest.shift_remove("path").unwrap_or_default();
        let texts = steps.as_array().and_then(|steps| {
            steps.iter().map(|step| step.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        let Some(steps) = texts else {
            self.fault(&format!("{path}.path"), "an array of keys such as ['a', 'b']", &steps);
            return None;
        };
        let unknown = rest.keys().find(|name| !matches!(name.as_str(), "equals" | "not"));
        if unknown.is_some() || rest.is_empty() {
            let came = unknown.map_or("a path alone", String::as_str);
            self.tell(path, "equals or not beside path", came);
            return None;
        }
        Some(Test::At(steps, Box::new(self.tests(kind, &rest, path)?)))
    }

    fn tests(&mut self, kind: &Kind, map: &Map<String, Value>, path: &str) -> Option<Test> {
        let fold = self.ignores_case(kind, map, path);
        self.deeper(path, |this| {
            let tests =
                map.iter().filter(|(name, _)| *name != "mode").filter_map(|(name, value)| {
                    this.operator(kind, name, value, fold, &format!("{path}.{name}"))
                });
            Some(Test::All(tests.filter(|test| !test.is_empty()).collect()))
        })
    }

    fn ignores_case(&mut self, kind: &Kind, map: &Map<String, Value>, path: &str) -> bool {
        let Some(mode) = map.get("mode").filter(|mode| !mode.is_null()) else { return false };
        match mode.as_str() {
            Some("default") => return false,
            Some("insensitive") if is_textual(kind) => return true,
            Some("insensitive") => {
                self.fault(&format!("{path}.mode"), "no mode on a field that is no text", mode)
            }
            _ => self.fault(&format!("{path}.mode"), "default or insensitive", mode),
        }
        false
    }

    fn operator(
        &mut self,
        kind: &Kind,
        name: &str,
        value: &Value,
        fold: bool,
        path: &str,
    ) -> Option<Test> {
        match name {
            "equals" => self.equals(kind, value, fold, path),
            "not" => self.not(kind, value, fold, path),
            "in" => self.any_of(kind, value, fold, path),
            "notIn" => Some(Test::Not(Box::new(self.any_of(kind, value, fold, path)?))),
            "contains" => self.text_test(kind, TextTest::Contains, value, fold, path),
            "startsWith" => self.text_test(kind, TextTest::StartsWith, value, fold, path),
            "endsWith" => self.text_test(kind, TextTest::EndsWith, value, fold, path),
            "lt" => self.compare(kind, Comparison::Less, value, fold, path),
            "lte" => self.compare(kind, Comparison::AtMost, value, fold, path),
            "gt" => self.compare(kind, Comparison::Greater, value, fold, path),
            "gte" => self.compare(kind, Comparison::AtLeast, value, fold, path),
            _ => {
                let known = format!("one of {}", OPERATORS.join(", "));
                self.tell(path, known, "an unknown condition");
                None
            }
        }
    }

    fn equals(&mut self, kind: &Kind, value: &Value, fold: bool, path: &str) -> Option<Test> {
        Some(Test::Equals(folded(self.operand(kind, value, path)?, fold), fold))
    }

    /// A condition inside takes the case that it is told, and otherwise the one around it.
    fn not(&mut self, kind: &Kind, value: &Value, fold: bool, path: &str) -> Option<Test> {
        let json = matches!(kind, Kind::Json | Kind::Any);
        let inner = match value {
            Value::Object(map) if !json || is_filter(map) => {
                let mut map = map.clone();
                if fold {
                    map.entry("mode").or_insert_with(|| "insensitive".into());
                }
                self.tests(kind, &map, path)?
            }
            _ => self.equals(kind, value, fold, path)?,
        };
        Some(if inner.is_empty() { inner } else { Test::Not(Box::new(inner)) })
    }

    fn any_of(&mut self, kind: &Kind, value: &Value, fold: bool, path: &str) -> Option<Test> {
        let values = self.operands(kind, value, path)?.into_iter();
        Some(Test::In(Wanted::new(values.map(|value| folded(value, fold)).collect()), fold))
    }

    fn text_test(
        &mut self,
        kind: &Kind,
        test: TextTest,
        value: &Value,
        fold: bool,
        path: &str,
    ) -> Option<Test> {
        match value.as_str() {
            Some(text) if is_textual(kind) => {
                let text = if fold { text.to_lowercase() } else { text.to_owned() };
                return Some(Test::Text(test, text, fold));
            }
            _ if is_textual(kind) => self.fault(path, "a string", value),
            _ => self.fault(path, "no such condition on a field that is not a string", value),
        }
        None
    }

    fn compare(
        &mut self,
        kind: &Kind,
        test: Comparison,
        value: &Value,
        fold: bool,
        path: &str,
    ) -> Option<Test> {
        if value.is_null() || matches!(kind, Kind::Flag | Kind::Json | Kind::Any) {
            self.fault(path, "a value that has an order", value);
            return None;
        }
        let wanted = folded(self.operand(kind, value, path)?, fold);
        Some(Test::Compare(test, kind.clone(), SortKey::of(kind, Some(&wanted)), fold))
    }

    fn list_tests(&mut self, inner: &Kind, map: &Map<String, Value>, path: &str) -> Option<Test> {
        let tests = map.iter().filter_map(|(name, value)| {
            let path = format!("{path}.{name}");
            self.list_test(inner, name, value, &path)
        });
        Some(Test::All(tests.collect()))
    }

    fn list_test(&mut self, inner: &Kind, name: &str, value: &Value, path: &str) -> Option<Test> {
        match (name, inner) {
            ("some", Kind::Object(fields)) => Some(Test::Some(self.inner(fields, value, path))),
            ("every", Kind::Object(fields)) => Some(Test::Every(self.inner(fields, value, path))),
            ("none", Kind::Object(fields)) => {
                Some(Test::Not(Box::new(Test::Some(self.inner(fields, value, path)))))
            }
            ("isEmpty", _) => self.is_empty(value, path),
            ("has", kind) => Some(Test::Has(self.operand(kind, value, path)?)),
            ("hasSome", kind) => {
                Some(Test::HasSome(Wanted::new(self.operands(kind, value, path)?)))
            }
            ("hasEvery", kind) => Some(Test::HasEvery(self.operands(kind, value, path)?)),
            ("equals", _) if value.is_null() => Some(Test::Equals(Value::Null, false)),
            ("equals", kind) => {
                Some(Test::Equals(Value::Array(self.operands(kind, value, path)?), false))
            }
            _ => {
                let known = match inner {
                    Kind::Object(_) => "one of some, every, none, isEmpty",
                    _ => "one of has, hasSome, hasEvery, isEmpty, equals",
                };
                self.tell(path, known, "an unknown condition");
                None
            }
        }
    }

    fn is_empty(&mut self, value: &Value, path: &str) -> Option<Test> {
        let empty = value.as_bool();
        if empty.is_none() {
            self.fault(path, "true or false", value);
        }
        empty.map(Test::IsEmpty)
    }

    fn operands(&mut self, kind: &Kind, value: &Value, path: &str) -> Option<Vec<Value>> {
        let Value::Array(items) = value else {
            self.fault(path, "an array", value);
            return None;
        };
        if items.len() > MAX_OPERANDS {
            self.tell(path, format!("at most {MAX_OPERANDS} values"), items.len().to_string());
            return None;
        }
        let told = self.issues.len();
        let mut fitting = Vec::new();
        for (number, item) in items.iter().enumerate() {
            match fit(kind, item) {
                Ok(value) => fitting.push(value),
                Err(wanted) => self.fault(&format!("{path}[{number}]"), wanted, item),
            }
        }
        (self.issues.len() == told).then_some(fitting)
    }

    fn operand(&mut self, kind: &Kind, value: &Value, path: &str) -> Option<Value> {
        fit(kind, value).map_err(|wanted| self.fault(path, wanted, value)).ok()
    }
}
