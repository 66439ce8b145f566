//! The faults of one record, and where in it they are.

use std::fmt::{self, Display};

use serde_json::Value;

use crate::catalogue::types::Kind;
use crate::error::Issue;
use crate::json;

/// So many faults are told one by one; a hostile input may have millions.
const MAX_TOLD: usize = 100;

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
    told: Vec<Issue>,
    found: usize,
    /// Is what is looked at a secret?
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
        self.found += 1;
        if self.told.len() == MAX_TOLD {
            return;
        }
        let path = path.to_string();
        let received =
            received.map_or("nothing".to_owned(), |value| describe(&path, value, self.hidden));
        self.told.push(Issue::new(path, expected.to_string(), received));
    }

    /// The value, or the faults where there are any.
    pub(super) fn unless_any<T>(mut self, value: T) -> Result<T, Vec<Issue>> {
        if self.found == 0 {
            return Ok(value);
        }
        if self.found > MAX_TOLD {
            let (most, found) =
                (format!("at most {MAX_TOLD} faults"), format!("{} faults", self.found));
            self.told.push(Issue::new("", most, found));
        }
        Err(self.told)
    }
}

/// A value in a few words: shortened, and of a secret only its kind.
fn describe(path: &str, value: &Value, hidden: bool) -> String {
    let words = json::describe(value);
    if !hidden && !is_secret(path) {
        return words;
    }
    words.split(" (").next().unwrap_or_default().to_owned()
}

/// Does an error at this path keep the value to itself?
fn is_secret(path: &str) -> bool {
    const WORDS: &[&str] = &[
        "token",
        "hash",
        "cipher",
        "secret",
        "password",
        "key",
        "authtag",
        "totp",
        "backupcodes",
        "encryption",
    ];
    let lower = path.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// What a kind of value looks like, as a phrase.
pub(super) struct Expected<'a>(pub(super) &'a Kind);

impl Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Text => "a text",
            Kind::Id | Kind::Link(..) => "an id (1 to 64 of A-Z a-z 0-9 _ -, and no reserved name)",
            Kind::Integer => "a whole number within ±(2^53 − 1)",
            Kind::Number => "a number",
            Kind::Flag => "true or false",
            Kind::Time => "a time (ISO-8601 with offset)",
            Kind::Json | Kind::Object(_) => "an object",
            Kind::Any => "any value",
            Kind::Enum(words) => return write!(f, "one of {}", words.join(", ")),
            Kind::List(inner) => return write!(f, "a list, each {}", Expected(inner)),
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
    fn secrets_are_not_repeated_and_texts_are_cut() {
        let long = json!("hunter2 ".repeat(1000));
        for path in ["passwordHash", "totp.ciphertext", "totp", "access_token", "sessionToken"] {
            assert_eq!(describe(path, &long, false), "a text", "{path}");
        }
        assert_eq!(describe("totp", &Value::Null, false), "null");
        assert_eq!(describe("name", &long, true), "a text");
        assert!(describe("name", &long, false).chars().count() <= 60);
    }

    #[test]
    fn a_flood_of_faults_is_cut() {
        let mut faults = Faults::default();
        for number in 0..1_000_000 {
            faults.add(&Path::Item(&Path::Whole, number), &"a text", Some(&json!(1)));
        }
        let told = faults.unless_any(()).expect_err("faults");
        assert_eq!(told.len(), MAX_TOLD + 1);
        assert_eq!(told[MAX_TOLD].received, "1000000 faults");
    }
}
