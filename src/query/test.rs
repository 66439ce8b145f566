//! What is asked of one value, and the answer.
//!
//! Answers are SQL's, and so Prisma's: nothing is known of a value that is not there, and the
//! opposite of not known is not known either. So `NOT: { title: 'x' }`, `title: { not: 'x' }` and
//! `title: { notIn: ['x'] }` find the same records, none of which lacks a title.

use std::cmp::Ordering;
use std::collections::HashSet;

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::condition::Condition;
use crate::catalogue::{Kind, SortKey};

/// What is asked of one value.
#[derive(Debug, Clone)]
pub(super) enum Test {
    All(Vec<Test>),
    Not(Box<Test>),
    /// The text is in lower case when the case does not matter.
    Equals(Value, bool),
    In(Wanted, bool),
    Text(TextTest, String, bool),
    /// The kind of the values says how they compare.
    Compare(Comparison, Kind, SortKey, bool),
    Has(Value),
    HasSome(Wanted),
    HasEvery(Vec<Value>),
    IsEmpty(bool),
    At(Vec<String>, Box<Test>),
    Inside(Box<Condition>),
    Some(Box<Condition>),
    Every(Box<Condition>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Less => order.is_lt(),
            Comparison::AtMost => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::AtLeast => order.is_ge(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// Values of which one is enough; asked in the same time however many they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    texts: IndexSet<String>,
    numbers: HashSet<u64>,
    others: Vec<Value>,
}

impl Wanted {
    pub(super) fn new(values: Vec<Value>) -> Wanted {
        let mut wanted = Wanted::default();
        for value in values {
            match value {
                Value::String(text) => _ = wanted.texts.insert(text),
                Value::Number(number) => _ = wanted.numbers.insert(bits(&number)),
                other if wanted.others.contains(&other) => {}
                other => wanted.others.push(other),
            }
        }
        wanted
    }

    fn contains(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.texts.contains(text),
            Value::Number(number) => self.numbers.contains(&bits(number)),
            other => self.others.iter().any(|wanted| same(wanted, other)),
        }
    }

    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.numbers.is_empty() && self.others.is_empty()
    }

    /// The values, when they are all texts.
    pub(super) fn texts(&self) -> Option<Vec<&str>> {
        let only = self.numbers.is_empty() && self.others.is_empty();
        only.then(|| self.texts.iter().map(String::as_str).collect())
    }
}

/// A number as a key of a set: equal doubles have equal bits, but for the zeros.
fn bits(number: &serde_json::Number) -> u64 {
    (number.as_f64().unwrap_or_default() + 0.0).to_bits()
}

/// All of them: false as soon as one is, and otherwise unknown as soon as one is.
pub(super) fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

impl Test {
    /// Does it ask nothing?
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Test::All(tests) if tests.is_empty())
    }

    /// Calls `tell` with each test that must hold.
    pub(super) fn each<'t>(&'t self, tell: &mut impl FnMut(&'t Test)) {
        match self {
            Test::All(tests) => tests.iter().for_each(|test| test.each(tell)),
            test => tell(test),
        }
    }

    /// The texts of which a value that passes is one, or has one: just these pass.
    pub(super) fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Test::Equals(value, false) | Test::Has(value) => Some(vec![value.as_str()?]),
            Test::In(wanted, false) | Test::HasSome(wanted) => wanted.texts(),
            _ => None,
        }
    }

    /// The same, for whom cases are one: in lower case where the test ignores case.
    pub(super) fn texts_in_any_case(&self) -> Option<Vec<&str>> {
        match self {
            Test::Equals(value, true) => Some(vec![value.as_str()?]),
            Test::In(wanted, true) => wanted.texts(),
            test => test.texts(),
        }
    }

    /// Does a value pass? `None` when that cannot be known.
    pub(super) fn holds(&self, value: &Value) -> Option<bool> {
        match self {
            Test::All(tests) => all(tests.iter().map(|test| test.holds(value))),
            Test::Not(test) => test.holds(value).map(|answer| !answer),
            Test::At(path, test) => test.holds(at(value, path)),
            Test::Equals(Value::Null, _) => Some(value.is_null()),
            Test::In(wanted, _) if wanted.is_empty() => Some(false),
            Test::In(wanted, _) if value.is_null() => wanted.contains(value).then_some(true),
            Test::Equals(..) | Test::Text(..) | Test::Compare(..) if value.is_null() => None,
            scalar => Some(scalar.passes(value)),
        }
    }

    /// The tests whose answer is always known, of a value that is there or of a list or object.
    fn passes(&self, value: &Value) -> bool {
        let list = || value.as_array().map(Vec::as_slice).unwrap_or_default();
        let has = |wanted: &Value| list().iter().any(|item| same(item, wanted));
        match self {
            Test::Equals(wanted, fold) => with_case(value, *fold, |value| same(value, wanted)),
            Test::In(wanted, fold) => with_case(value, *fold, |value| wanted.contains(value)),
            Test::Text(test, wanted, fold) => {
                with_case(value, *fold, |value| text_passes(*test, value, wanted))
            }
            Test::Compare(test, kind, wanted, fold) => with_case(value, *fold, |value| {
                // What is of another kind than the field has no order, as what is not there.
                let key = SortKey::of(kind, Some(value));
                key != SortKey::Null && test.holds(key.cmp(wanted))
            }),
            Test::Has(wanted) => has(wanted),
            Test::HasSome(wanted) => list().iter().any(|item| wanted.contains(item)),
            Test::HasEvery(wanted) => wanted.iter().all(has),
            Test::IsEmpty(empty) => list().is_empty() == *empty,
            Test::Inside(condition) => value.as_object().is_some_and(|map| condition.matches(map)),
            Test::Some(condition) => objects(list()).any(|map| condition.matches(map)),
            Test::Every(condition) => objects(list()).all(|map| condition.matches(map)),
            Test::All(_) | Test::Not(_) | Test::At(..) => self.holds(value) == Some(true),
        }
    }
}

fn objects(list: &[Value]) -> impl Iterator<Item = &Map<String, Value>> {
    list.iter().filter_map(Value::as_object)
}

/// Asks of a value, or of its text in lower case.
fn with_case(value: &Value, fold: bool, ask: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::String(text) if fold => ask(&Value::String(text.to_lowercase())),
        _ => ask(value),
    }
}

/// What stands at a path into a JSON value; null where nothing does.
fn at<'v>(value: &'v Value, path: &[String]) -> &'v Value {
    path.iter().fold(value, |value, step| {
        match value {
            Value::Array(items) => step.parse().ok().and_then(|n: usize| items.get(n)),
            other => other.get(step),
        }
        .unwrap_or(&Value::Null)
    })
}

/// Are two values equal, at any depth, numbers as doubles?
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let in_other = |(key, value)| other.get(key).is_some_and(|found| same(value, found));
            one.len() == other.len() && one.iter().all(in_other)
        }
        _ => one == other,
    }
}

fn text_passes(test: TextTest, value: &Value, wanted: &str) -> bool {
    let Some(text) = value.as_str() else { return false };
    match test {
        TextTest::Contains => text.contains(wanted),
        TextTest::StartsWith => text.starts_with(wanted),
        TextTest::EndsWith => text.ends_with(wanted),
    }
}
