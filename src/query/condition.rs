//! `where`: a checked condition over the fields of a record.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::catalogue::{Field, Kind, normalise_time};
use crate::error::Issue;
use crate::json;

/// Conditions may be nested this deep.
const MAX_DEPTH: usize = 100;

/// A checked condition.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Field(String, Test),
}

/// What is asked of one value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    All(Vec<Test>),
    Not(Box<Test>),
    Equals(Value, bool),
    In(Vec<Value>, bool),
    Text(TextTest, String, bool),
    Compare(fn(Ordering) -> bool, Value, bool),
    Has(Value),
    HasSome(Vec<Value>),
    HasEvery(Vec<Value>),
    IsEmpty(bool),
    Inside(Box<Condition>),
    Some(Box<Condition>),
    Every(Box<Condition>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// Reads a condition; `None` when it asks nothing or is faulty.
pub(super) fn parse(
    fields: &[Field],
    value: &Value,
    path: &str,
    issues: &mut Vec<Issue>,
) -> Option<Condition> {
    Parser { issues, depth: 0 }.condition(fields, value, path)
}

struct Parser<'a> {
    issues: &'a mut Vec<Issue>,
    depth: usize,
}

impl Parser<'_> {
    fn fault(&mut self, path: &str, expected: impl Into<String>, came: &Value) {
        self.issues.push(Issue::new(path, expected, json::describe(came)));
    }

    fn condition(&mut self, fields: &[Field], value: &Value, path: &str) -> Option<Condition> {
        let Value::Object(map) = value else {
            self.fault(path, "an object of conditions", value);
            return None;
        };
        if self.depth >= MAX_DEPTH {
            self.fault(path, format!("at most {MAX_DEPTH} levels"), &Value::Null);
            return None;
        }
        self.depth += 1;
        let parts = map
            .iter()
            .filter_map(|(name, value)| self.part(fields, name, value, &format!("{path}.{name}")));
        let parts = parts.collect();
        self.depth -= 1;
        Some(Condition::And(parts))
    }

    fn part(
        &mut self,
        fields: &[Field],
        name: &str,
        value: &Value,
        path: &str,
    ) -> Option<Condition> {
        match name {
            "AND" => Some(Condition::And(self.conditions(fields, value, path))),
            "OR" => Some(Condition::Or(self.conditions(fields, value, path))),
            "NOT" => {
                let any = Condition::Or(self.conditions(fields, value, path));
                Some(Condition::Not(Box::new(any)))
            }
            _ => match fields.iter().find(|field| field.name == name) {
                Some(field) => {
                    let test = self.test(&field.kind, value, path)?;
                    Some(Condition::Field(name.to_owned(), test))
                }
                None => {
                    self.issues.push(Issue::new(
                        path,
                        suggestion(fields, name),
                        "an unknown field",
                    ));
                    None
                }
            },
        }
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
            (Kind::Object(fields), Value::Object(map)) => {
                let inside = map.get("is").unwrap_or(value);
                let inside = self.condition(fields, inside, path)?;
                Some(Test::Inside(Box::new(inside)))
            }
            (Kind::List(inner), Value::Object(map)) => self.list_tests(inner, map, path),
            (Kind::Json | Kind::Any, Value::Object(map)) if !is_filter(map) => {
                Some(Test::Equals(value.clone(), false))
            }
            (_, Value::Object(map)) => self.tests(kind, map, path),
            _ => Some(Test::Equals(self.operand(kind, value, path)?, false)),
        }
    }

    fn tests(&mut self, kind: &Kind, map: &Map<String, Value>, path: &str) -> Option<Test> {
        let fold = match map.get("mode") {
            None | Some(Value::Null) => false,
            Some(mode) if mode == "default" => false,
            Some(mode) if mode == "insensitive" => true,
            Some(other) => {
                self.fault(&format!("{path}.mode"), "default or insensitive", other);
                false
            }
        };
        let tests = map.iter().filter(|(name, _)| *name != "mode").filter_map(|(name, value)| {
            self.operator(kind, name, value, fold, &format!("{path}.{name}"))
        });
        Some(Test::All(tests.collect()))
    }

    fn operator(
        &mut self,
        kind: &Kind,
        name: &str,
        value: &Value,
        fold: bool,
        path: &str,
    ) -> Option<Test> {
        let text = |this: &mut Self, test| this.text_test(kind, test, value, fold, path);
        match name {
            "equals" => Some(Test::Equals(self.operand(kind, value, path)?, fold)),
            "not" => {
                let inner = match value {
                    Value::Object(map) if is_filter(map) => self.tests(kind, map, path)?,
                    _ => Test::Equals(self.operand(kind, value, path)?, fold),
                };
                Some(Test::Not(Box::new(inner)))
            }
            "in" => Some(Test::In(self.operands(kind, value, path)?, fold)),
            "notIn" => {
                let values = self.operands(kind, value, path)?;
                Some(Test::Not(Box::new(Test::In(values, fold))))
            }
            "contains" => text(self, TextTest::Contains),
            "startsWith" => text(self, TextTest::StartsWith),
            "endsWith" => text(self, TextTest::EndsWith),
            "lt" => self.compare(kind, Ordering::is_lt, value, fold, path),
            "lte" => self.compare(kind, Ordering::is_le, value, fold, path),
            "gt" => self.compare(kind, Ordering::is_gt, value, fold, path),
            "gte" => self.compare(kind, Ordering::is_ge, value, fold, path),
            _ => {
                let known = "one of equals, not, in, notIn, contains, startsWith, endsWith, lt, lte, gt, gte, mode";
                self.issues.push(Issue::new(path, known, "an unknown condition"));
                None
            }
        }
    }

    fn text_test(
        &mut self,
        kind: &Kind,
        test: TextTest,
        value: &Value,
        fold: bool,
        path: &str,
    ) -> Option<Test> {
        let textual =
            matches!(kind, Kind::Text | Kind::Id | Kind::Link(..) | Kind::Enum(_) | Kind::Time);
        match value.as_str().filter(|_| textual) {
            Some(text) => Some(Test::Text(test, folded(text, fold), fold)),
            None => {
                let wanted =
                    if textual { "a text" } else { "no such condition on a field that is no text" };
                self.fault(path, wanted, value);
                None
            }
        }
    }

    fn compare(
        &mut self,
        kind: &Kind,
        test: fn(Ordering) -> bool,
        value: &Value,
        fold: bool,
        path: &str,
    ) -> Option<Test> {
        if value.is_null() || matches!(kind, Kind::Flag | Kind::Json | Kind::Any) {
            self.fault(path, "a value that has an order", value);
            return None;
        }
        Some(Test::Compare(test, self.operand(kind, value, path)?, fold))
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
            ("isEmpty", _) => match value.as_bool() {
                Some(empty) => Some(Test::IsEmpty(empty)),
                None => {
                    self.fault(path, "true or false", value);
                    None
                }
            },
            ("some" | "every" | "none", Kind::Object(fields)) => {
                let inside = Box::new(self.condition(fields, value, path)?);
                Some(match name {
                    "some" => Test::Some(inside),
                    "every" => Test::Every(inside),
                    _ => Test::Not(Box::new(Test::Some(inside))),
                })
            }
            ("has", kind) => Some(Test::Has(self.operand(kind, value, path)?)),
            ("hasSome", kind) => Some(Test::HasSome(self.operands(kind, value, path)?)),
            ("hasEvery", kind) => Some(Test::HasEvery(self.operands(kind, value, path)?)),
            ("equals", kind) => {
                let list = Value::Array(self.operands(kind, value, path)?);
                Some(Test::Equals(list, false))
            }
            _ => {
                let known = match inner {
                    Kind::Object(_) => "one of some, every, none, isEmpty",
                    _ => "one of has, hasSome, hasEvery, isEmpty, equals",
                };
                self.issues.push(Issue::new(path, known, "an unknown condition"));
                None
            }
        }
    }

    fn operands(&mut self, kind: &Kind, value: &Value, path: &str) -> Option<Vec<Value>> {
        let Value::Array(items) = value else {
            self.fault(path, "a list", value);
            return None;
        };
        let items = items.iter().enumerate();
        items.map(|(n, item)| self.operand(kind, item, &format!("{path}[{n}]"))).collect()
    }

    /// A value to compare with, in the form in which records hold it.
    fn operand(&mut self, kind: &Kind, value: &Value, path: &str) -> Option<Value> {
        let (fits, wanted) = match kind {
            Kind::Time => {
                if let Some(time) = value.as_str().and_then(normalise_time) {
                    return Some(time.into());
                }
                (false, "a time (ISO-8601)")
            }
            Kind::Text | Kind::Id | Kind::Link(..) => (value.is_string(), "a text"),
            Kind::Enum(words) => {
                let known =
                    value.as_str().is_some_and(|text| words.iter().any(|word| word == text));
                if !known && !value.is_null() {
                    self.fault(path, format!("one of {}", words.join(", ")), value);
                    return None;
                }
                (true, "")
            }
            Kind::Integer | Kind::Number => (value.is_number(), "a number"),
            Kind::Flag => (value.is_boolean(), "true or false"),
            Kind::Json | Kind::Any | Kind::Object(_) => (true, ""),
            Kind::List(_) => {
                (value.is_array(), "conditions on a list: has, hasSome, hasEvery, isEmpty")
            }
        };
        if fits || value.is_null() {
            return Some(value.clone());
        }
        self.fault(path, wanted, value);
        None
    }
}

/// Are all keys those of a condition, rather than of a JSON value to be equal to?
fn is_filter(map: &Map<String, Value>) -> bool {
    let known = [
        "equals",
        "not",
        "in",
        "notIn",
        "contains",
        "startsWith",
        "endsWith",
        "lt",
        "lte",
        "gt",
        "gte",
        "mode",
    ];
    !map.is_empty() && map.keys().all(|key| known.contains(&key.as_str()))
}

/// What a field that is not there might have meant.
pub(super) fn suggestion(fields: &[Field], name: &str) -> String {
    let lower = name.to_lowercase();
    let near = |field: &&Field| {
        let other = field.name.to_lowercase();
        other.starts_with(&lower) || sorted(&other) == sorted(&lower)
    };
    match fields.iter().find(near) {
        Some(field) => format!("a declared field; did you mean {}?", field.name),
        None => "a declared field".to_owned(),
    }
}

fn sorted(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

fn folded(text: &str, fold: bool) -> String {
    if fold { text.to_lowercase() } else { text.to_owned() }
}

impl Condition {
    /// Does a record match?
    pub(super) fn matches(&self, record: &Map<String, Value>) -> bool {
        match self {
            Condition::And(parts) => parts.iter().all(|part| part.matches(record)),
            Condition::Or(parts) => parts.iter().any(|part| part.matches(record)),
            Condition::Not(part) => !part.matches(record),
            Condition::Field(name, test) => test.matches(record.get(name).unwrap_or(&Value::Null)),
        }
    }

    /// Fields and values of which every matching record has one.
    pub(super) fn narrowed(&self) -> Vec<(&str, Vec<&str>)> {
        match self {
            Condition::And(parts) => parts.iter().flat_map(Condition::narrowed).collect(),
            Condition::Field(name, test) => {
                test.values().map(|values| vec![(name.as_str(), values)]).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

impl Test {
    /// The texts of which a matching value is one, or has one.
    fn values(&self) -> Option<Vec<&str>> {
        match self {
            Test::All(tests) => tests.iter().find_map(Test::values),
            Test::Equals(value, false) | Test::Has(value) => Some(vec![value.as_str()?]),
            Test::In(values, false) | Test::HasSome(values) => {
                values.iter().map(Value::as_str).collect()
            }
            _ => None,
        }
    }

    fn matches(&self, value: &Value) -> bool {
        let list = || value.as_array().map(Vec::as_slice).unwrap_or_default();
        match self {
            Test::All(tests) => tests.iter().all(|test| test.matches(value)),
            // As in SQL, a value that is not there is not unlike anything, but for null itself.
            Test::Not(test) => match &**test {
                Test::Equals(Value::Null, _) => !value.is_null(),
                Test::Some(_) => !test.matches(value),
                _ => !value.is_null() && !test.matches(value),
            },
            Test::Equals(wanted, fold) => equal(value, wanted, *fold),
            Test::In(values, fold) => values.iter().any(|wanted| equal(value, wanted, *fold)),
            Test::Text(test, wanted, fold) => text_matches(*test, value, wanted, *fold),
            Test::Compare(test, wanted, fold) => order(value, wanted, *fold).is_some_and(test),
            Test::Has(wanted) => list().contains(wanted),
            Test::HasSome(wanted) => wanted.iter().any(|one| list().contains(one)),
            Test::HasEvery(wanted) => wanted.iter().all(|one| list().contains(one)),
            Test::IsEmpty(empty) => list().is_empty() == *empty,
            Test::Inside(condition) => value.as_object().is_some_and(|map| condition.matches(map)),
            Test::Some(condition) => objects(list()).any(|map| condition.matches(map)),
            Test::Every(condition) => objects(list()).all(|map| condition.matches(map)),
        }
    }
}

fn objects(list: &[Value]) -> impl Iterator<Item = &Map<String, Value>> {
    list.iter().filter_map(Value::as_object)
}

fn equal(value: &Value, wanted: &Value, fold: bool) -> bool {
    match (value, wanted) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::String(one), Value::String(other)) if fold => {
            one.to_lowercase() == other.to_lowercase()
        }
        _ => value == wanted,
    }
}

fn text_matches(test: TextTest, value: &Value, wanted: &str, fold: bool) -> bool {
    let Some(text) = value.as_str() else { return false };
    let text = folded(text, fold);
    match test {
        TextTest::Contains => text.contains(wanted),
        TextTest::StartsWith => text.starts_with(wanted),
        TextTest::EndsWith => text.ends_with(wanted),
    }
}

/// The order of two values of one kind; texts by their code points.
pub(super) fn order(one: &Value, other: &Value, fold: bool) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => {
            Some(folded(one, fold).cmp(&folded(other, fold)))
        }
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        _ => None,
    }
}
