//! What an import, a verification and an export tell.

use serde::Serialize;

use crate::prisma::Table;

/// So many problems and differences are told one by one; behind them, how many more there are.
pub(super) const MOST_TOLD: usize = 10_000;

/// Something that cannot come over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The table in the database.
    pub table: String,
    /// The key of the row; none for what is about the whole table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong, without the value.
    pub message: String,
    /// What to do.
    pub mend: String,
}

impl Problem {
    pub(super) fn of_table(table: &Table, message: &str, mend: &str) -> Problem {
        let (table, message, mend) = (table.db_name.clone(), message.to_owned(), mend.to_owned());
        Problem { table, key: None, column: None, message, mend }
    }

    pub(super) fn of_key(mut self, key: &str) -> Problem {
        self.key = Some(key.to_owned());
        self
    }

    pub(super) fn of_column(mut self, column: &str) -> Problem {
        self.column = Some(column.to_owned());
        self
    }
}

/// A list of what was found, cut where it gets too long to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Told<T> {
    /// The first ones.
    pub told: Vec<T>,
    /// How many more there are.
    pub more: u64,
}

impl<T> Told<T> {
    pub(super) fn new() -> Told<T> {
        Told { told: Vec::new(), more: 0 }
    }

    pub(super) fn add(&mut self, item: T) {
        if self.told.len() < MOST_TOLD {
            self.told.push(item);
        } else {
            self.more += 1;
        }
    }

    /// Is there nothing?
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.told.len() as u64 + self.more
    }
}
