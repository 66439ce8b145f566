//! The rows of a keys table that find a record: one for each key of each index, and one more for each order
//! that the index keeps.
//!
//! They are worked out here, as for a folder, and not by the database: a text is folded and a number written in
//! one way only, a list gives several keys, and a walk under a key comes in creation order.

use super::tables::{kept, name_of_index, name_of_order};
use crate::catalogue::{Model, SortKey};
use crate::engine::memory::Record;

/// So many bytes of a value are in the database's own index, which takes no long ones; the rest of it decides
/// among values that begin alike.
const LONGEST_VALUE: usize = 500;

/// Where a value stands in an order: bytes that compare as the values do. None are before all values, which is
/// where a row stands that is in creation order only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) by: Vec<u8>,
    pub(super) rest: Vec<u8>,
}

impl Rank {
    pub(super) fn of(key: &SortKey) -> Rank {
        let mut by = match key {
            SortKey::Flag(flag) => vec![1, u8::from(*flag)],
            SortKey::Number(number) => ranked(2, *number),
            SortKey::Time(ms) => ranked(3, *ms),
            SortKey::Text(text) => [&[4], text.as_bytes()].concat(),
            SortKey::Null => vec![5],
        };
        let rest = by.split_off(LONGEST_VALUE.min(by.len()));
        Rank { by, rest }
    }
}

/// Big-endian, with the negative ones below.
fn ranked(kind: u8, number: i64) -> Vec<u8> {
    let bits = number.cast_unsigned() ^ 1 << 63;
    [&[kind], bits.to_be_bytes().as_slice()].concat()
}

/// One row, but for what all rows of a record have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KeyRow {
    pub(super) index: String,
    pub(super) value: String,
    pub(super) rank: Rank,
}

/// The rows that find a record.
pub(super) fn rows_of(model: &Model, record: &Record) -> Vec<KeyRow> {
    let all = model.indexes.iter().position(|index| index.paths.is_empty());
    let keys = record.index_keys().iter().map(|(number, key)| (number, kept(&key.text())));
    let mut rows = Vec::new();
    for (number, value) in keys.chain(all.map(|number| (number, String::new()))) {
        // All records are found in creation order without a key.
        if Some(number) != all {
            let (index, value) = (name_of_index(model, number), value.clone());
            rows.push(KeyRow { index, value, rank: Rank::default() });
        }
        rows.extend(model.indexes[number].sorts.iter().map(|sort| KeyRow {
            index: name_of_order(model, number, *sort),
            value: value.clone(),
            rank: Rank::of(&record.sort_keys()[*sort]),
        }));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = SortKey> {
        prop_oneof![
            any::<bool>().prop_map(SortKey::Flag),
            any::<i64>().prop_map(SortKey::Number),
            any::<i64>().prop_map(SortKey::Time),
            Just(SortKey::Null),
            ".{0,4}".prop_map(|text| SortKey::text(&text)),
            // Those that differ only far behind.
            (490..510_usize, ".{0,2}")
                .prop_map(|(len, end)| SortKey::text(&("a".repeat(len) + &end))),
        ]
    }

    proptest! {
        #[test]
        fn ranks_compare_as_values_do(one in key(), other in key()) {
            prop_assert_eq!(Rank::of(&one).cmp(&Rank::of(&other)), one.cmp(&other));
            prop_assert!(Rank::default() < Rank::of(&one));
        }
    }
}
