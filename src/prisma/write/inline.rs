//! What data say about the one row that a row refers to.

use std::rc::Rc;

use super::Writer;
use crate::prisma::error::{Answer, Failure};
use crate::prisma::filter::filter_of;
use crate::prisma::rows::Row;
use crate::prisma::schema::{Obj, Object, Parsed};
use crate::prisma::value::Cell;

impl Writer<'_, '_> {
    /// Does what data say under a relation field whose foreign key the row holds: `cells` are to
    /// become its own, `row` is what it was. Is the row changed by that, so that its time is?
    pub(super) fn attach(
        &mut self,
        table: usize,
        relation: usize,
        value: &Parsed,
        cells: &mut [Cell],
        row: Option<&Rc<Row>>,
    ) -> Answer<bool> {
        let Parsed::Object(object) = value else { return Ok(false) };
        let mut touched = false;
        for (operation, value) in &object.fields {
            touched |= self.attach_one(table, relation, (operation, value), cells, row)?;
        }
        Ok(touched)
    }

    fn attach_one(
        &mut self,
        table: usize,
        relation: usize,
        (operation, value): (&str, &Parsed),
        cells: &mut [Cell],
        row: Option<&Rc<Row>>,
    ) -> Answer<bool> {
        let target = self.relation(table, relation).target;
        let data = value.objects().next();
        match (operation, data) {
            ("create", Some(data)) => {
                let other = self.create(target, data, None)?;
                self.refer(table, relation, &other, cells);
                Ok(true)
            }
            ("connect", Some(unique)) => {
                let other = self.to_inline(table, relation, unique)?;
                self.refer(table, relation, &other, cells);
                Ok(true)
            }
            ("connectOrCreate", Some(data)) => {
                let other = self.found_or_made(target, data)?;
                self.refer(table, relation, &other, cells);
                Ok(true)
            }
            ("disconnect", _) => {
                self.unset(table, relation, cells);
                Ok(false)
            }
            ("delete", _) => self.delete_inline(table, relation, value, cells, row),
            ("update", Some(data)) => {
                let other = self.related_fitting(table, relation, row, data.object("where"))?;
                let other = other.ok_or_else(|| self.missing(table, relation, "update"))?;
                let data = if matches!(data.of, Obj::UpdateOne(_)) {
                    data.object("data")
                } else {
                    Some(data)
                };
                if let Some(data) = data {
                    self.update(target, &other, data)?;
                }
                Ok(false)
            }
            ("upsert", Some(data)) => self.upsert_inline(table, relation, data, cells, row),
            _ => Ok(false),
        }
    }

    /// The row to refer to.
    fn to_inline(&self, table: usize, relation: usize, unique: &Object) -> Answer<Rc<Row>> {
        let own = self.relation(table, relation);
        self.find_unique(own.target, unique)?.ok_or_else(|| {
            let (this, other) = (&self.table(table).name, &self.table(own.target).name);
            Failure::not_found(&format!(
                "No '{other}' record (needed to inline the relation on '{this}' record(s)) was \
                 found for a nested connect on {} relation '{}'.",
                self.arity(table, relation),
                own.relation_name
            ))
        })
    }

    /// The row that `where` names, or one made of `create`.
    fn found_or_made(&mut self, target: usize, data: &Object) -> Answer<Rc<Row>> {
        let (Some(unique), Some(create)) = (data.object("where"), data.object("create")) else {
            return Err(Failure::Unknown("connectOrCreate lacks a part".to_owned()));
        };
        match self.find_unique(target, unique)? {
            Some(row) => Ok(row),
            None => self.create(target, create, None),
        }
    }

    fn unset(&self, table: usize, relation: usize, cells: &mut [Cell]) {
        let key = self.relation(table, relation).foreign_key.iter();
        for column in key.flat_map(|key| &key.columns) {
            cells[*column] = Cell::Null;
        }
    }

    fn delete_inline(
        &mut self,
        table: usize,
        relation: usize,
        value: &Parsed,
        cells: &mut [Cell],
        row: Option<&Rc<Row>>,
    ) -> Answer<bool> {
        let filter = match value {
            Parsed::Object(object) => Some(object),
            value if value.is_true() => None,
            _ => return Ok(false),
        };
        let other = self.related_fitting(table, relation, row, filter)?;
        let other = other.ok_or_else(|| self.missing(table, relation, "delete"))?;
        self.unset(table, relation, cells);
        self.remove(self.relation(table, relation).target, &[&other])?;
        Ok(false)
    }

    fn upsert_inline(
        &mut self,
        table: usize,
        relation: usize,
        data: &Object,
        cells: &mut [Cell],
        row: Option<&Rc<Row>>,
    ) -> Answer<bool> {
        let target = self.relation(table, relation).target;
        let other = self.related_fitting(table, relation, row, data.object("where"))?;
        match (other, data.object("update"), data.object("create")) {
            (Some(other), Some(update), _) => {
                self.update(target, &other, update)?;
                Ok(false)
            }
            (None, _, Some(create)) => {
                let other = self.create(target, create, None)?;
                self.refer(table, relation, &other, cells);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The one row that a row is related to, if it fits a condition.
    pub(super) fn related_fitting(
        &self,
        table: usize,
        relation: usize,
        row: Option<&Rc<Row>>,
        condition: Option<&Object>,
    ) -> Answer<Option<Rc<Row>>> {
        let target = self.relation(table, relation).target;
        let Some(row) = row else { return Ok(None) };
        let filter = condition.and_then(|object| filter_of(self.description(), target, object));
        self.read(|reader| {
            for other in reader.related(table, relation, row)? {
                let fits = match &filter {
                    Some(filter) => filter.fits(reader, target, &other)?,
                    None => true,
                };
                if fits {
                    return Ok(Some(other));
                }
            }
            Ok(None)
        })
    }

    /// The error about a related row that is not there.
    pub(super) fn missing(&self, table: usize, relation: usize, operation: &str) -> Failure {
        let own = self.relation(table, relation);
        Failure::not_found(&format!(
            "No '{}' record was found for a nested {operation} on {} relation '{}'.",
            self.table(own.target).name,
            self.arity(table, relation),
            own.relation_name
        ))
    }

    /// How many rows a relation has at its ends.
    pub(super) fn arity(&self, table: usize, relation: usize) -> &'static str {
        let own = self.relation(table, relation);
        let back = self.relation(own.target, own.back);
        if own.list || back.list { "one-to-many" } else { "one-to-one" }
    }
}
