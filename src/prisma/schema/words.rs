//! Enumerations of the query schema.

use super::super::description::Description;

/// An enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Of the description, by its number.
    Model(usize),
    /// `asc`, `desc`.
    Sort,
    /// `first`, `last`.
    Nulls,
    /// `default`, `insensitive`.
    Mode,
    /// What a filter can mean by null.
    JsonNullFilter,
    /// What a column that is never null can be given.
    JsonNull,
    /// What a column that may be null can be given.
    NullableJsonNull,
    /// The names of a table's columns.
    Columns(usize),
}

impl Words {
    /// Its name in an error.
    pub(super) fn name(self, description: &Description) -> String {
        match self {
            Words::Model(number) => description.enums[number].name.clone(),
            Words::Sort => "SortOrder".into(),
            Words::Nulls => "NullsOrder".into(),
            Words::Mode => "QueryMode".into(),
            Words::JsonNullFilter => "JsonNullValueFilter".into(),
            Words::JsonNull => "JsonNullValueInput".into(),
            Words::NullableJsonNull => "NullableJsonNullValueInput".into(),
            Words::Columns(table) => format!("{}ScalarFieldEnum", description.tables[table].name),
        }
    }

    /// Is it one of the words?
    pub(super) fn has(self, description: &Description, word: &str) -> bool {
        match self {
            Words::Model(number) => description.enums[number].words.iter().any(|w| w == word),
            Words::Sort => matches!(word, "asc" | "desc"),
            Words::Nulls => matches!(word, "first" | "last"),
            Words::Mode => matches!(word, "default" | "insensitive"),
            Words::JsonNullFilter => matches!(word, "DbNull" | "JsonNull" | "AnyNull"),
            Words::JsonNull => word == "JsonNull",
            Words::NullableJsonNull => matches!(word, "DbNull" | "JsonNull"),
            Words::Columns(table) => description.tables[table].column(word).is_some(),
        }
    }
}
