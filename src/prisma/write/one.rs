//! Making and changing one row.

use std::rc::Rc;

use super::Writer;
use crate::prisma::description::{Column, Default};
use crate::prisma::error::{Answer, Failure};
use crate::prisma::rows::Row;
use crate::prisma::schema::{Object, Parsed};
use crate::prisma::value::Cell;
use serde_json::Value;

/// The row that new rows stand under: the relation field of theirs that leads to it, and the row.
pub(super) type Parent<'r> = (usize, &'r Row);

/// The cell that data give a column.
pub(super) fn cell_of(column: &Column, value: &Parsed) -> Cell {
    match value {
        Parsed::Word(word) if column.scalar == crate::prisma::Scalar::Json => match word.as_str() {
            "DbNull" => Cell::Null,
            _ => Cell::Json(Value::Null),
        },
        value => value.cell().unwrap_or(Cell::Null),
    }
}

/// The cell that an operation makes of another one.
fn operated(column: &Column, old: &Cell, value: &Parsed) -> Cell {
    let Parsed::Object(object) = value else { return cell_of(column, value) };
    let Some((name, value)) = object.fields.first() else { return old.clone() };
    let by = cell_of(column, value);
    match (name.as_str(), old, &by) {
        ("set", ..) => by,
        (name, Cell::Int(old), Cell::Int(by)) => {
            whole(name, *old, *by).map_or(Cell::Null, Cell::Int)
        }
        (name, old, by) => match (old.number(), by.number()) {
            (Some(old), Some(by)) => Cell::Float(match name {
                "increment" => old + by,
                "decrement" => old - by,
                "multiply" => old * by,
                _ => old / by,
            }),
            // Nothing stays nothing, whatever is added to it.
            _ => Cell::Null,
        },
    }
}

fn whole(name: &str, old: i64, by: i64) -> Option<i64> {
    match name {
        "increment" => old.checked_add(by),
        "decrement" => old.checked_sub(by),
        "multiply" => old.checked_mul(by),
        _ => old.checked_div(by),
    }
}

/// A whole number that is divided by nothing has no value.
fn check_division(value: &Parsed) -> Answer<()> {
    let Parsed::Object(object) = value else { return Ok(()) };
    let zero = |(name, by): &(String, Parsed)| name == "divide" && by.int() == Some(0);
    if object.fields.iter().any(zero) {
        return Err(Failure::Unknown("division by zero".to_owned()));
    }
    Ok(())
}

impl Writer<'_, '_> {
    /// Makes a row, and what its data say about related ones.
    pub(super) fn create(
        &mut self,
        table: usize,
        data: &Object,
        parent: Option<Parent<'_>>,
    ) -> Answer<Rc<Row>> {
        let of = self.table(table);
        let mut cells = self.new_cells(table, data, parent);
        for (name, value) in &data.fields {
            let Some(number) = of.relation(name) else { continue };
            if of.relations[number].foreign_key.is_some() {
                self.attach(table, number, value, &mut cells, None)?;
            }
        }
        let row = self.insert(table, cells)?;
        self.nested_all(table, &row, data)?;
        Ok(row)
    }

    /// The cells of a new row: what its data give, and the defaults of the rest.
    pub(super) fn new_cells(
        &mut self,
        table: usize,
        data: &Object,
        parent: Option<Parent<'_>>,
    ) -> Vec<Cell> {
        let of = self.table(table);
        let mut cells = Vec::with_capacity(of.columns.len());
        for column in &of.columns {
            cells.push(match data.get(&column.name) {
                Some(value) => cell_of(column, value),
                None => self.default_of(column),
            });
        }
        if let Some((relation, row)) = parent {
            self.refer(table, relation, row, &mut cells);
        }
        cells
    }

    fn default_of(&mut self, column: &Column) -> Cell {
        match &column.default {
            Some(Default::Uuid) => self.new_id(),
            Some(Default::Now) => Cell::Time(self.now),
            Some(Default::Value(value)) => Cell::stored(column.scalar, Some(value)),
            None if column.updated_at => Cell::Time(self.now),
            None => Cell::Null,
        }
    }

    /// Sets the foreign key of a relation field to a row.
    pub(super) fn refer(&self, table: usize, relation: usize, row: &Row, cells: &mut [Cell]) {
        if let Some(key) = &self.relation(table, relation).foreign_key {
            for (column, other) in key.columns.iter().zip(&key.references) {
                cells[*column] = row.cells[*other].clone();
            }
        }
    }

    /// Changes a row as its data say, and what they say about related ones.
    pub(super) fn update(&mut self, table: usize, row: &Rc<Row>, data: &Object) -> Answer<Rc<Row>> {
        let of = self.table(table);
        let mut cells = row.cells.clone();
        let mut touched = self.set_columns(table, data, &mut cells)?;
        for (name, value) in &data.fields {
            let Some(number) = of.relation(name) else { continue };
            if of.relations[number].foreign_key.is_some() {
                touched |= self.attach(table, number, value, &mut cells, Some(row))?;
            }
        }
        self.touch(table, data, touched, &mut cells);
        let changed = touched || cells != row.cells;
        // What was done to related rows may have changed this one: an image that is deleted.
        let row = self.again(table, row)?;
        let row = if changed { self.exchange(table, &row, cells)? } else { row };
        self.nested_all(table, &row, data)?;
        self.again(table, &row)
    }

    /// Sets the columns that data give; were there any?
    pub(super) fn set_columns(
        &self,
        table: usize,
        data: &Object,
        cells: &mut [Cell],
    ) -> Answer<bool> {
        let of = self.table(table);
        let mut any = false;
        for (name, value) in &data.fields {
            let Some(at) = of.column(name) else { continue };
            check_division(value)?;
            cells[at] = operated(&of.columns[at], &cells[at], value);
            any = true;
        }
        Ok(any)
    }

    /// Sets the time of the change, unless the data give it.
    pub(super) fn touch(&self, table: usize, data: &Object, touched: bool, cells: &mut [Cell]) {
        let is_given = |column: &Column| column.updated_at && data.get(&column.name).is_some();
        if touched && !self.table(table).columns.iter().any(is_given) {
            self.set_time(table, cells);
        }
    }

    /// Sets the time of the change.
    pub(super) fn set_time(&self, table: usize, cells: &mut [Cell]) {
        for (column, cell) in self.table(table).columns.iter().zip(cells) {
            if column.updated_at {
                *cell = Cell::Time(self.now);
            }
        }
    }

    /// The row as it is now.
    pub(super) fn again(&self, table: usize, row: &Rc<Row>) -> Answer<Rc<Row>> {
        let of = self.table(table);
        let key = of.keys().next().unwrap_or_default();
        let wanted: Vec<_> = key.iter().map(|at| (*at, vec![row.cells[*at].clone()])).collect();
        let same = |other: &Rc<Row>| key.iter().all(|at| other.cells[*at].same(&row.cells[*at]));
        let rows = self.read(|reader| reader.candidates(table, &wanted))?;
        Ok(rows.into_iter().find(same).unwrap_or_else(|| Rc::clone(row)))
    }
}
