//! What is wrong with a request's arguments, and the one sentence of it that Prisma tells.

use crate::error::{LONGEST_SENTENCE, cut};

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// How many steps lead to it, through the selection and the arguments.
    pub(super) depth: usize,
    /// Where it is, for faults of one place to be told together.
    pub(super) place: String,
    pub(super) kind: FaultKind,
}

#[derive(Debug, Clone)]
pub(super) enum FaultKind {
    /// A key that the type, or the call, does not have; the keys that it has.
    Unknown { name: String, options: Vec<String> },
    /// A value that must be there; or is it null?
    Missing { name: String, null: bool },
    /// A value of another type than the expected ones.
    Type { name: String, expected: Vec<String>, given: String },
    /// A value that its type does not allow, and why.
    Value { name: String, expected: String, why: Option<String> },
    /// A number that no integer of 64 bits is.
    TooLarge { name: String, value: String },
    /// None of the fields of which one must be given.
    NoneOf { name: String, type_name: String, fields: Vec<String> },
    /// Not as many fields as there must be.
    Fields { name: String, type_name: String, given: Vec<String>, exactly: bool },
    /// A whole sentence, of a selection.
    Selection(String),
}

impl Fault {
    pub(super) fn at(place: &[&str], kind: FaultKind) -> Fault {
        Fault { depth: place.len(), place: place.join("."), kind }
    }

    /// A fault of a selection, `depth` relations deep.
    pub(crate) fn selection(depth: usize, sentence: String) -> Fault {
        Fault { depth, place: String::new(), kind: FaultKind::Selection(sentence) }
    }

    /// How likely it tells what the caller meant, besides its depth.
    fn weight(&self) -> i32 {
        match self.kind {
            FaultKind::Value { .. } | FaultKind::TooLarge { .. } => 20,
            FaultKind::Type { .. } => 10,
            FaultKind::Missing { .. } => -10,
            _ => 0,
        }
    }
}

/// The sentence about the fault that most likely tells what was meant: the deepest one.
pub(crate) fn sentence(faults: Vec<Fault>) -> String {
    let merged = merge_types(faults);
    let best = merged.into_iter().reduce(|best, other| {
        if (other.depth, other.weight()) > (best.depth, best.weight()) { other } else { best }
    });
    let told = best.map_or_else(|| "Unknown error".into(), |fault| tell(fault.kind));
    cut(told, LONGEST_SENTENCE)
}

/// Values of a wrong type in one place become one fault, that expects any of the types.
fn merge_types(faults: Vec<Fault>) -> Vec<Fault> {
    let (types, mut merged): (Vec<Fault>, Vec<Fault>) =
        faults.into_iter().partition(|fault| matches!(fault.kind, FaultKind::Type { .. }));
    let mut of_types: Vec<Fault> = Vec::new();
    for fault in types {
        let same = of_types.iter_mut().find(|other| other.place == fault.place);
        match (same, fault.kind) {
            (
                Some(Fault { kind: FaultKind::Type { expected, .. }, .. }),
                FaultKind::Type { expected: more, .. },
            ) => {
                for name in more {
                    if !expected.contains(&name) {
                        expected.push(name);
                    }
                }
            }
            (_, kind) => of_types.push(Fault { kind, ..fault }),
        }
    }
    merged.append(&mut of_types);
    merged
}

const OPTIONS: &str = "Available options are marked with ?.";

fn tell(kind: FaultKind) -> String {
    match kind {
        FaultKind::Unknown { name, options } => {
            let mut parts = vec![format!("Unknown argument `{name}`.")];
            parts.extend(nearest(&name, &options).map(|near| format!("Did you mean `{near}`?")));
            parts.extend((!options.is_empty()).then(|| OPTIONS.to_owned()));
            parts.join(" ")
        }
        FaultKind::Missing { name, null: true } => format!("Argument `{name}` must not be null."),
        FaultKind::Missing { name, null: false } => format!("Argument `{name}` is missing."),
        FaultKind::Type { name, expected, given } => format!(
            "Argument `{name}`: Invalid value provided. Expected {}, provided {given}.",
            joined("or", &expected)
        ),
        FaultKind::Value { name, expected, why } => {
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            format!("Invalid value for argument `{name}`{why}. Expected {expected}.")
        }
        FaultKind::TooLarge { name, value } => {
            format!("Unable to fit value {value} into a 64-bit signed integer for field `{name}`")
        }
        FaultKind::NoneOf { name, type_name, fields } => {
            let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            format!(
                "Argument `{name}` of type {type_name} needs at least one of {} arguments. {OPTIONS}",
                joined("or", &fields)
            )
        }
        FaultKind::Fields { name, type_name, given, .. } if given.is_empty() => {
            format!("Argument `{name}` of type {type_name} needs at least one argument. {OPTIONS}")
        }
        FaultKind::Fields { name, type_name, given, exactly } => {
            let many = if exactly { "exactly one argument" } else { "at most one argument" };
            format!(
                "Argument `{name}` of type {type_name} needs {many}, but you provided {}. \
                 Please choose one. {OPTIONS}",
                joined("and", &given)
            )
        }
        FaultKind::Selection(sentence) => sentence,
    }
}

/// `a, b or c`.
fn joined(word: &str, names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// A known name is suggested for an unknown one when no more letters than these differ.
const NEAR: usize = 3;

/// The first of the known names that are nearest to an unknown one.
fn nearest<'o>(name: &str, options: &'o [String]) -> Option<&'o String> {
    let options = options.iter().filter(|option| option.len() + NEAR >= name.len());
    let distances = options.map(|option| (distance(name, option), option));
    let near = distances.filter(|(distance, _)| *distance <= NEAR);
    near.reduce(|best, other| if other.0 < best.0 { other } else { best }).map(|(_, name)| name)
}

/// How many letters must be added, removed or replaced (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut above_left = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = above_left + usize::from(x != *y);
            above_left = row[j + 1];
            row[j + 1] = replaced.min(above_left + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in
            [("nope", "role", 2), ("like", "lte", 2), ("mode", "lte", 3), ("", "ab", 2)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
