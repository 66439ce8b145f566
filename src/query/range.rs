//! The values between two ends, as an index keeps them in order.

use std::ops::Bound;

use super::test::{Comparison, Test, TextTest};
use crate::catalogue::{Kind, SortKey};

/// The values between two ends; all of them unless it says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    pub(super) from: Bound<SortKey>,
    pub(super) to: Bound<SortKey>,
}

impl Default for Range {
    fn default() -> Range {
        Range { from: Bound::Unbounded, to: Bound::Unbounded }
    }
}

impl Range {
    /// Is it of one value?
    pub(super) fn is_one_value(&self) -> bool {
        matches!((&self.from, &self.to), (Bound::Included(from), Bound::Included(to)) if from == to)
    }

    /// What is in both.
    pub(super) fn and(self, other: Range) -> Range {
        let from_other = position(&self.from, false) < position(&other.from, false);
        let to_other = position(&other.to, true) < position(&self.to, true);
        let from = if from_other { other.from } else { self.from };
        let to = if to_other { other.to } else { self.to };
        Range { from, to }
    }
}

/// A bound as it compares with others of its side.
fn position(bound: &Bound<SortKey>, upper: bool) -> (u8, Option<&SortKey>, bool) {
    match bound {
        Bound::Unbounded => (if upper { 2 } else { 0 }, None, false),
        Bound::Included(key) => (1, Some(key), upper),
        Bound::Excluded(key) => (1, Some(key), !upper),
    }
}

impl Test {
    /// The values of a kind for which it holds, where these are all those of a range.
    pub(super) fn range(&self, kind: &Kind) -> Option<Range> {
        let (from, to) = match self {
            Test::Equals(value, false) => {
                let key = SortKey::of(kind, Some(value));
                (Bound::Included(key.clone()), Bound::Included(key))
            }
            // Nothing is greater or less than what is not there, which comes last.
            Test::Compare(comparison, _, key, false) => match comparison {
                Comparison::Less => (Bound::Unbounded, Bound::Excluded(key.clone())),
                Comparison::AtMost => (Bound::Unbounded, Bound::Included(key.clone())),
                Comparison::Greater => {
                    (Bound::Excluded(key.clone()), Bound::Excluded(SortKey::Null))
                }
                Comparison::AtLeast => {
                    (Bound::Included(key.clone()), Bound::Excluded(SortKey::Null))
                }
            },
            Test::Text(TextTest::StartsWith, text, false) if *kind != Kind::Time => (
                Bound::Included(SortKey::text(text)),
                Bound::Excluded(behind(text).map_or(SortKey::Null, |t| SortKey::text(&t))),
            ),
            _ => return None,
        };
        Some(Range { from, to })
    }
}

/// The least text that is greater than all that begin with this one.
fn behind(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        if let Some(next) = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_begins_with_a_prefix_lies_before_what_is_behind_it(prefix in ".{0,3}", more in ".{0,3}", other in ".{0,5}") {
            let end = behind(&prefix);
            let inside = |text: &str| text >= prefix.as_str() && end.as_deref().is_none_or(|end| text < end);
            let whole = format!("{prefix}{more}");
            prop_assert!(inside(&whole));
            prop_assert_eq!(inside(&other), other.starts_with(&prefix));
        }
    }
}
