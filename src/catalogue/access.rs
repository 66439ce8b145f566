//! Which records of a model are wanted, in the words of its indexes: what a plan asks of whoever
//! holds the records.

use std::ops::Bound;

use super::sort::SortKey;

/// One way to the records of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum Access {
    /// The record with this key, if there is one.
    Key(String),
    /// The records that an index has under any of these keys, each once, in creation order.
    AnyOf { index: usize, keys: Vec<String> },
    /// Those under one key of an index, or all, in an order that is kept.
    Walk {
        /// The number of the index in [`Model::indexes`](super::Model::indexes) and the key.
        under: Option<(usize, String)>,
        by: By,
        /// What of it: values of the field that the order is of.
        from: Bound<SortKey>,
        to: Bound<SortKey>,
        /// Backwards? Records with one value come in creation order all the same.
        descending: bool,
        /// Are they wanted in creation order after all? The other order then only finds them.
        as_created: bool,
    },
}

/// The order of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By `createdAt`, and then in the order in which they came.
    Creation,
    /// By a field: its number in [`Model::sort_fields`](super::Model::sort_fields).
    Field(usize),
}

impl Access {
    /// All records under a key of an index, or all, in creation order.
    pub fn by_creation_of(under: Option<(usize, String)>) -> Access {
        Access::Walk {
            under,
            by: By::Creation,
            from: Bound::Unbounded,
            to: Bound::Unbounded,
            descending: false,
            as_created: false,
        }
    }

    /// The same way in creation order, and whether it is gone backwards.
    pub fn by_creation(&self) -> (Access, bool) {
        match self {
            Access::Walk { under, by: By::Creation, descending, .. } => {
                (Access::by_creation_of(under.clone()), *descending)
            }
            other => (other.clone(), false),
        }
    }
}
