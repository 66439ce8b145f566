//! Which files belong to which line of a log: a file's row names the line, and the line has a list.

use std::collections::HashMap;

use super::origin::{Found, Origin, log_references};
use super::report::Problem;
use crate::error::Result;
use crate::json::Object;
use crate::prisma::{Cell, Table, description};

/// The files of lines.
#[derive(Default)]
pub(super) struct Attachments {
    /// By the line's id: the files, and whether the line was seen.
    lines: HashMap<String, (Vec<String>, bool)>,
}

impl Attachments {
    /// Those that a source has.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn of(origin: &mut Origin) -> Result<Attachments> {
        let mut lines: HashMap<String, (Vec<String>, bool)> = HashMap::new();
        for (number, table) in description().tables.iter().enumerate() {
            let columns: Vec<usize> = log_references(table).map(|(column, _)| column).collect();
            let Some(id) = table.id.first().filter(|_| !columns.is_empty()) else { continue };
            origin.each(number, &mut |found| {
                let Found::Row(cells, _) = found else { return Ok(()) };
                for line in columns.iter().filter_map(|column| cells[*column].text()) {
                    let files = &mut lines.entry(line.to_owned()).or_default().0;
                    files.push(cells[*id].kept(&table.columns[*id]).into_owned());
                }
                Ok(())
            })?;
        }
        Ok(Attachments { lines })
    }

    /// A line is there.
    pub(super) fn see(&mut self, line: &[Cell], table: &Table) {
        let id = table.id.first().and_then(|id| line[*id].text());
        if let Some((_, seen)) = id.and_then(|id| self.lines.get_mut(id)) {
            *seen = true;
        }
    }

    /// The fields of a line that say which files it has.
    pub(super) fn beside(&self, line: &[Cell], table: &Table) -> Object {
        let id = table.id.first().and_then(|id| line[*id].text());
        let files = id.and_then(|id| self.lines.get(id)).map(|(files, _)| files.clone());
        files.map(|files| ("attachments".to_owned(), files.into())).into_iter().collect()
    }

    /// The columns of a row that refer to lines, which a trial does not write: so they are looked at
    /// here. With what is wrong with them, if anything.
    pub(super) fn check(
        &self,
        row: &[Cell],
        table: &Table,
        key: &str,
    ) -> (Vec<usize>, Option<Problem>) {
        let (mut columns, mut problem) = (Vec::new(), None);
        for (column, target) in log_references(table) {
            let Some(line) = row[column].text() else { continue };
            columns.push(column);
            if !self.lines.get(line).is_some_and(|(_, seen)| *seen) {
                let message =
                    format!("refers to a {} that is not there", description().tables[target].name);
                let mend = "set the column to NULL, or leave the row out";
                let found = Problem::of_table(table, &message, mend);
                problem = Some(found.of_key(key).of_column(&table.columns[column].name));
            }
        }
        (columns, problem)
    }
}
