//! What is at the other ends of many rows, asked for at once before it is looked at row by row.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::description::Source;
use super::Row;
use super::access::Access;
use super::find::{Reader, key_of};
use crate::catalogue::{IndexKey, key_of as index_key};
use crate::engine::{LogKey, LogQuery, Question};

/// What is wanted of the rows at the other end of a relation field.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    /// The rows themselves; of a log perhaps only so many of the latest.
    Rows(Option<usize>),
    /// How many there are.
    Count,
}

impl Reader<'_> {
    /// Asks for what is at the other ends of some rows, where that saves time. Nothing is answered here: whoever
    /// needs it asks for it as ever.
    pub(crate) fn foresee_related(
        &self,
        (table, relation): (usize, usize),
        rows: &[Rc<Row>],
        ends: Ends,
    ) {
        let ([mine], [theirs]) = self.description.joined_by(table, relation) else { return };
        if rows.len() < 2 || !self.view.foresees() {
            return;
        }
        let number = self.description.tables[table].relations[relation].target;
        let column = &self.description.tables[number].columns[*theirs];
        let cells = rows.iter().map(|row| &row.cells[*mine]).filter(|cell| !cell.is_null());
        let keys: BTreeSet<String> = cells.map(|cell| key_of(column, cell)).collect();
        self.foresee_with((number, *theirs), &keys, ends);
    }

    fn foresee_with(&self, (number, column): (usize, usize), keys: &BTreeSet<String>, ends: Ends) {
        let source = &self.description.tables[number].source;
        let (model, catalogue) = (source.model(), self.view.catalogue());
        match (self.access(number, column), source) {
            (Access::Owner, Source::Log { .. }) => {
                let Ok(owners) = catalogue.owner_of_log(model) else { return };
                let latest = if let Ends::Rows(latest) = ends { latest } else { None };
                let query = LogQuery { latest, ..self.query_of(model) };
                let logs: Vec<LogKey> =
                    keys.iter().map(|key| (model, key.as_str().into())).collect();
                let owners = keys.iter().map(|key| Question::Key(owners, key));
                let rows = logs.iter().map(|log| Question::Rows(log, &query));
                let rows = rows.filter(|_| matches!(ends, Ends::Rows(_)));
                self.view.foresee(&owners.chain(rows).collect::<Vec<_>>());
            }
            (Access::Key | Access::Owner, _) => {
                let asked = keys.iter().map(|key| Question::Key(model, key));
                self.view.foresee(&asked.collect::<Vec<_>>());
            }
            (Access::Index(field), _) => {
                let declared = catalogue.model(model);
                let Some(index) = declared.index_over(&[&field]) else { return };
                let keys = keys.iter().map(|key| index_key(&declared.indexes[index], &[key]));
                let keys: Vec<String> = keys.collect();
                let asked = keys.iter().map(|key| match ends {
                    Ends::Rows(_) => Question::Under(model, index, IndexKey::of(key)),
                    Ends::Count => Question::Count(model, index, key),
                });
                self.view.foresee(&asked.collect::<Vec<_>>());
            }
            (Access::Line | Access::Scan, _) => {}
        }
    }
}
