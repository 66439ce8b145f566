//! How many rows there are, where that is known without a look at them.

use serde_json::Value;

use super::super::description::Source;
use super::super::error::Answer;
use super::super::value::Cell;
use super::Row;
use super::access::Access;
use super::find::{Reader, Wanted, key_of};
use crate::catalogue::{ModelId, key_of as index_key};
use crate::query::Query;
use crate::repos::find::count;

impl Reader<'_> {
    /// About how many rows must be looked at for those in which these columns have one of these values
    /// each.
    pub(crate) fn estimate(&self, number: usize, wanted: &[Wanted]) -> usize {
        let model = self.table(number).source.model();
        let all = || match self.table(number).source {
            // Whose logs these are is all that is known without reading them.
            Source::Log { .. } => usize::MAX,
            _ => self.view.sizes(model).about_all(),
        };
        let of = |(column, cells): &Wanted| match self.access(number, *column) {
            Access::Scan => all(),
            Access::Index(field) => {
                cells.iter().map(|cell| self.under(number, &field, *column, cell)).sum()
            }
            Access::Key | Access::Line | Access::Owner => cells.len(),
        };
        wanted.iter().map(of).min().unwrap_or_else(all)
    }

    /// About how many records an index has under a cell of a column.
    fn under(&self, number: usize, field: &str, column: usize, cell: &Cell) -> usize {
        let table = self.table(number);
        let model = self.view.catalogue().model(table.source.model());
        let Some(index) = model.index_over(&[field]) else { return 0 };
        let key = index_key(&model.indexes[index], &[&key_of(&table.columns[column], cell)]);
        self.view.sizes(table.source.model()).about_under(index, &key, true)
    }

    /// How many records such a query selects.
    pub(crate) fn count(&self, number: usize, options: &Value) -> Answer<Option<usize>> {
        let model = self.table(number).source.model();
        let Ok(query) = Query::parse(self.view.catalogue().model(model), Some(options)) else {
            return Ok(None);
        };
        self.view.check_whole(model)?;
        Ok(Some(count(self.view, model, &query)?))
    }

    /// How many rows are at the other end of a relation field.
    pub(crate) fn count_related(&self, table: usize, relation: usize, row: &Row) -> Answer<usize> {
        let target = self.table(table).relations[relation].target;
        let known = match self.description.joined_by(table, relation) {
            ([mine], [theirs]) => self.count_with(target, *theirs, &row.cells[*mine])?,
            _ => None,
        };
        match known {
            Some(count) => Ok(count),
            None => Ok(self.related(table, relation, row)?.len()),
        }
    }

    /// How many rows have a value in a column, where that is known without a look at them.
    fn count_with(&self, number: usize, column: usize, cell: &Cell) -> Answer<Option<usize>> {
        let table = self.table(number);
        let key = key_of(&table.columns[column], cell);
        match (&table.source, self.access(number, column)) {
            _ if cell.is_null() => Ok(Some(0)),
            (Source::Log { model }, Access::Owner) => self.count_lines(*model, &key),
            (Source::Records { model, only: None, .. }, Access::Index(field)) => {
                let sizes = self.view.sizes(*model);
                let declared = self.view.catalogue().model(*model);
                let index = declared.index_over(&[&field]);
                let index = index
                    .filter(|index| !declared.indexes[*index].caseless && !sizes.are_changed());
                self.view.check_whole(*model)?;
                Ok(index
                    .map(|index| sizes.under(index, &index_key(&declared.indexes[index], &[&key]))))
            }
            _ => Ok(None),
        }
    }

    /// How many lines of a log have this value in a column, where that says whose log it is.
    pub(crate) fn count_lines_with(
        &self,
        number: usize,
        (column, cells): &Wanted,
    ) -> Answer<Option<usize>> {
        let table = self.table(number);
        let ([cell], Access::Owner) = (cells.as_slice(), self.access(number, *column)) else {
            return Ok(None);
        };
        let owner = key_of(&table.columns[*column], cell);
        let model = table.source.model();
        Ok(Some(self.view.log_count(model, &owner, &self.query_of(model))?))
    }

    /// What the owner of a log says of how many lines it has.
    fn count_lines(&self, model: ModelId, owner: &str) -> Answer<Option<usize>> {
        let counted = self.view.catalogue().counted(model);
        let fields = counted.and_then(|(of, counted)| Some((of, counted.fields.as_ref()?)));
        let Some((of, [count, _])) = fields else { return Ok(None) };
        let Some(record) = self.view.get(of, owner)? else { return Ok(Some(0)) };
        let picked = self.view.look(&record, std::slice::from_ref(count))?;
        Ok(picked.get(count).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()))
    }
}
