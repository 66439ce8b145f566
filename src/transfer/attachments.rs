//! Which files belong to which line of a log: a file's row names the line, and the line has a list.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::origin::{Found, Origin, log_references};
use super::report::Problem;
use crate::error::Result;
use crate::json::Object;
use crate::prisma::{Cell, Table, description};

/// The files of lines, by the line's id.
#[derive(Default)]
pub(super) struct FilesOfLines(HashMap<String, Vec<String>>);

/// The files of lines, and which lines were seen.
#[derive(Default)]
pub(super) struct Attachments {
    files: Arc<FilesOfLines>,
    seen: HashSet<String>,
}

impl FilesOfLines {
    /// The fields of a line that say which files it has.
    pub(super) fn beside(&self, line: &[Cell], table: &Table) -> Object {
        let id = table.id.first().and_then(|id| line[*id].text());
        let files = id.and_then(|id| self.0.get(id)).cloned();
        files.map(|files| ("attachments".to_owned(), files.into())).into_iter().collect()
    }
}

impl Attachments {
    /// Those that a source has.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn of(origin: &mut Origin) -> Result<Attachments> {
        let mut files: HashMap<String, Vec<String>> = HashMap::new();
        for (number, table) in description().tables.iter().enumerate() {
            let columns: Vec<usize> = log_references(table).map(|(column, _)| column).collect();
            let Some(id) = table.id.first().filter(|_| !columns.is_empty()) else { continue };
            origin.each(number, &mut |found| {
                let Found::Row(cells, _) = found else { return Ok(()) };
                for line in columns.iter().filter_map(|column| cells[*column].text()) {
                    let id = cells[*id].kept(&table.columns[*id]).into_owned();
                    files.entry(line.to_owned()).or_default().push(id);
                }
                Ok(())
            })?;
        }
        Ok(Attachments { files: Arc::new(FilesOfLines(files)), seen: HashSet::new() })
    }

    /// Which files belong to which lines.
    pub(super) fn files(&self) -> Arc<FilesOfLines> {
        Arc::clone(&self.files)
    }

    /// A line with this id is there.
    pub(super) fn see(&mut self, id: impl FnOnce() -> String) {
        if !self.files.0.is_empty() {
            self.seen.extend(Some(id()).filter(|id| self.files.0.contains_key(id)));
        }
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
            if !self.seen.contains(line) {
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
