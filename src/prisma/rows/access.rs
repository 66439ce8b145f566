//! How the rows with a value in a column are found: the one place that knows.

use super::super::description::{Place, Source, Table};
use crate::catalogue::Catalogue;

/// A way to the rows with some value in a column, the cheapest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// The column is the record's key.
    Key,
    /// The column is the id of a line.
    Line,
    /// The column is the key of the record that the rows belong to.
    Owner,
    /// An index of the store is over the column.
    Index(String),
    /// All rows are looked at.
    Scan,
}

impl Access {
    /// What it is called, over a column of this name.
    pub(super) fn name(&self, column: &str) -> String {
        match self {
            Access::Key => "key".to_owned(),
            Access::Line => "id of a line".to_owned(),
            Access::Owner => "owner".to_owned(),
            Access::Index(field) => format!("index {field}"),
            Access::Scan => format!("all, by {column}"),
        }
    }
}

/// The way to the rows of a table with a value in a column.
pub(crate) fn access(catalogue: &Catalogue, table: &Table, column: usize) -> Access {
    let Place::Path(path) = &table.columns[column].place else { return Access::Owner };
    let model = catalogue.model(table.source.model());
    let full = match &table.source {
        Source::Log { .. } if path == std::slice::from_ref(&model.key) => return Access::Line,
        Source::Log { .. } => return Access::Scan,
        Source::Records { .. } if path == std::slice::from_ref(&model.key) => return Access::Key,
        Source::Records { .. } => path.join("."),
        Source::Entries { ids: Some((ids, field)), .. } if path == std::slice::from_ref(field) => {
            ids.clone()
        }
        Source::Entries { list, .. } => format!("{list}.{}", path.join(".")),
    };
    match model.index_over(&[&full]) {
        Some(_) => Access::Index(full),
        None => Access::Scan,
    }
}

/// The fields of the unique index of the store over exactly these columns.
pub(crate) fn index_over(
    catalogue: &Catalogue,
    table: &Table,
    columns: &[usize],
) -> Option<Vec<String>> {
    let Source::Records { model, .. } = &table.source else { return None };
    let path = |column: &usize| match &table.columns[*column].place {
        Place::Path(path) => Some(path.join(".")),
        Place::Owner => None,
    };
    let fields: Vec<String> = columns.iter().map(path).collect::<Option<_>>()?;
    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
    catalogue.model(*model).index_over(&names).map(|_| fields)
}
