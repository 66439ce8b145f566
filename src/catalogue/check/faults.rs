//! The faults of one record, and where in it they are.

use std::fmt::{self, Display};

use serde_json::Value;

use crate::catalogue::types::Kind;
use crate::error::{Issue, Issues};
use crate::json;

/// Where a value stands in a record; put into words only when something is wrong there.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Whole,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Whole => Ok(()),
            Path::Field(Path::Whole, name) => f.write_str(name),
            Path::Field(above, name) => write!(f, "{above}.{name}"),
            Path::Item(above, number) => write!(f, "{above}[{number}]"),
        }
    }
}

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults {
    found: Issues,
    /// Is what is looked at private?
    pub(super) hidden: bool,
}

impl Faults {
    /// Notes that something else than `received` was expected; `None` stands for nothing at all.
    pub(super) fn add(
        &mut self,
        path: &Path<'_>,
        expected: &dyn Display,
        received: Option<&Value>,
    ) {
        let hidden = self.hidden;
        self.found.add(|| {
            let received = match received {
                None => "nothing".to_owned(),
                Some(value) if hidden => json::kind(value).to_owned(),
                Some(value) => json::describe(value),
            };
            Issue::new(path.to_string(), expected.to_string(), received)
        });
    }

    /// The value, or the faults where there are any.
    pub(super) fn unless_any<T>(self, value: T) -> Result<T, Issues> {
        self.found.or(value)
    }
}

/// What a kind of value looks like, as a phrase.
pub(super) struct Expected<'a>(pub(super) &'a Kind);

impl Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Text => "a string",
            Kind::Id | Kind::Link(..) => "an id (1 to 64 of A-Z a-z 0-9 _ -, and no reserved name)",
            Kind::Integer => "a whole number within ±(2^53 − 1)",
            Kind::Number => "a number",
            Kind::Flag => "true or false",
            Kind::Time => "a time (ISO-8601 with offset)",
            Kind::Json | Kind::Object(_) => "an object",
            Kind::Any => "any value",
            Kind::Enum(words) => return write!(f, "one of {}", words.join(", ")),
            Kind::List(inner) => return write!(f, "an array, each {}", Expected(inner)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_is_put_into_words() {
        let list = Path::Field(&Path::Whole, "personaLinks");
        let item = Path::Item(&list, 2);
        assert_eq!(Path::Field(&item, "personaId").to_string(), "personaLinks[2].personaId");
        assert_eq!(Path::Whole.to_string(), "");
    }

    #[test]
    fn a_flood_of_faults_is_cut() {
        let mut faults = Faults::default();
        for number in 0..1_000_000 {
            faults.add(&Path::Item(&Path::Whole, number), &"a string", Some(&json!(1)));
        }
        let told = faults.unless_any(()).expect_err("faults");
        assert_eq!(told.told().len(), 100);
        assert!(told.to_string().ends_with("; and 999900 more"), "{told}");
    }
}
