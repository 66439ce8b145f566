//! What data say about the rows that refer to a row.

use std::rc::Rc;

use super::Writer;
use crate::prisma::error::{Answer, Failure};
use crate::prisma::filter::filter_of;
use crate::prisma::rows::Row;
use crate::prisma::schema::{Obj, Object, Parsed};
use crate::prisma::value::Cell;

/// A relation field whose foreign key the other rows hold, and the row that has it.
#[derive(Clone, Copy)]
struct Below<'r> {
    table: usize,
    relation: usize,
    row: &'r Rc<Row>,
    /// The other table, and its relation field that leads here.
    child: usize,
    back: usize,
}

impl Writer<'_, '_> {
    /// Does what data say about the rows that refer to this one.
    pub(super) fn nested_all(&mut self, table: usize, row: &Rc<Row>, data: &Object) -> Answer<()> {
        let of = self.table(table);
        for (name, value) in &data.fields {
            let Some(relation) = of.relation(name) else { continue };
            let own = &of.relations[relation];
            let Parsed::Object(object) = value else { continue };
            if own.foreign_key.is_none() {
                let below = Below { table, relation, row, child: own.target, back: own.back };
                for (operation, value) in &object.fields {
                    self.nested(below, operation, value)?;
                }
            }
        }
        Ok(())
    }

    fn nested(&mut self, below: Below<'_>, operation: &str, value: &Parsed) -> Answer<()> {
        let many = self.relation(below.table, below.relation).list;
        match (operation, many) {
            ("create", _) => self.nested_create(below, value),
            ("createMany", _) => self.nested_create_many(below, value),
            ("connect", _) => self.nested_connect(below, value),
            ("connectOrCreate", _) => self.nested_connect_or_create(below, value),
            ("set", _) => self.nested_set(below, value),
            ("disconnect", true) => self.nested_disconnect(below, value),
            ("disconnect", false) => {
                let rows = self.children(below)?;
                self.cut(below, &rows)
            }
            ("delete", true) => self.nested_delete(below, value),
            ("delete", false) => self.nested_delete_one(below, value),
            ("update", true) => self.nested_update(below, value),
            ("update", false) => self.nested_update_one(below, value),
            ("upsert", true) => self.nested_upsert(below, value),
            ("upsert", false) => self.nested_upsert_one(below, value),
            ("updateMany", _) => self.nested_update_many(below, value),
            ("deleteMany", _) => self.nested_delete_many(below, value),
            _ => Ok(()),
        }
    }

    /// Refuses data that let go of rows which must refer to one: that can be said before any row is
    /// looked at.
    pub(super) fn refuse_disconnect(&self, table: usize, data: &Object) -> Answer<()> {
        for (name, value) in &data.fields {
            let Some(number) = self.table(table).relation(name) else { continue };
            let own = self.relation(table, number);
            let back = self.relation(own.target, own.back);
            let asks = value.objects().any(|object| object.get("disconnect").is_some());
            if asks && own.foreign_key.is_none() && !back.nullable {
                let (child, parent) = (&self.table(own.target).name, &self.table(table).name);
                return Err(Failure::required_relation(&own.relation_name, child, parent));
            }
        }
        Ok(())
    }

    /// The rows that refer to the row.
    fn children(&self, below: Below<'_>) -> Answer<Vec<Rc<Row>>> {
        self.read(|reader| reader.related(below.table, below.relation, below.row))
    }

    /// The one that an object names among the rows that refer to the row.
    fn child(&self, below: Below<'_>, unique: Option<&Object>) -> Answer<Option<Rc<Row>>> {
        let Some(unique) = unique else { return Ok(None) };
        let found = self.find_unique(below.child, unique)?;
        Ok(found.filter(|row| self.refers(below, row)))
    }

    fn refers(&self, below: Below<'_>, child: &Row) -> bool {
        let key = self.relation(below.child, below.back).foreign_key.as_ref();
        key.is_some_and(|key| {
            let mut pairs = key.columns.iter().zip(&key.references);
            pairs.all(|(own, other)| child.cells[*own].same(&below.row.cells[*other]))
        })
    }

    /// Is a row of the other table nothing without one that it refers to?
    fn is_required(&self, below: Below<'_>) -> bool {
        !self.relation(below.child, below.back).nullable
    }

    fn violated(&self, below: Below<'_>) -> Failure {
        let name = &self.relation(below.table, below.relation).relation_name;
        let (child, parent) = (&self.table(below.child).name, &self.table(below.table).name);
        Failure::required_relation(name, child, parent)
    }

    /// Of a relation to one row only one may remain: the others let go of it.
    fn make_room(&mut self, below: Below<'_>, keep: Option<&Row>) -> Answer<()> {
        if self.relation(below.table, below.relation).list {
            return Ok(());
        }
        let mut others = self.children(below)?;
        others.retain(|row| !keep.is_some_and(|keep| keep.is(row)));
        self.cut(below, &others)
    }

    /// Lets rows refer to nothing.
    fn cut(&mut self, below: Below<'_>, rows: &[Rc<Row>]) -> Answer<()> {
        if self.is_required(below) && !rows.is_empty() {
            return Err(self.violated(below));
        }
        for row in rows {
            let mut cells = row.cells.clone();
            let key = self.relation(below.child, below.back).foreign_key.iter();
            for column in key.flat_map(|key| &key.columns) {
                cells[*column] = Cell::Null;
            }
            self.exchange(below.child, row, cells)?;
        }
        Ok(())
    }

    /// Lets a row refer to the row. Of a list that is a statement of its own, which sets the row's time
    /// even where it refers to the row already; of one row only where it does not.
    fn tie(&mut self, below: Below<'_>, child: &Rc<Row>) -> Answer<()> {
        let many = self.relation(below.table, below.relation).list;
        if self.refers(below, child) && !many {
            return Ok(());
        }
        self.make_room(below, Some(child))?;
        let mut cells = child.cells.clone();
        self.refer(below.child, below.back, below.row, &mut cells);
        self.set_time(below.child, &mut cells);
        self.exchange(below.child, child, cells).map(drop)
    }

    fn nested_create(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        value.objects().try_for_each(|data| self.create_below(below, data))
    }

    fn create_below(&mut self, below: Below<'_>, data: &Object) -> Answer<()> {
        self.make_room(below, None)?;
        self.create(below.child, data, Some((below.back, below.row))).map(drop)
    }

    fn nested_create_many(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        let Some(envelope) = value.objects().next() else { return Ok(()) };
        let skip = envelope.get("skipDuplicates").is_some_and(Parsed::is_true);
        let data: Vec<&Object> =
            envelope.get("data").into_iter().flat_map(Parsed::objects).collect();
        self.insert_many(below.child, &data, skip, Some((below.back, below.row))).map(drop)
    }

    /// The rows that objects name, as far as they are there.
    fn found(&self, below: Below<'_>, value: &Parsed) -> Answer<Vec<Rc<Row>>> {
        let mut found = Vec::new();
        for unique in value.objects() {
            found.extend(self.find_unique(below.child, unique)?);
        }
        Ok(found)
    }

    /// The rows to be connected that objects name: all of them, or an error.
    fn named(&self, below: Below<'_>, value: &Parsed) -> Answer<Vec<Rc<Row>>> {
        let (found, wanted) = (self.found(below, value)?, value.objects().count());
        if found.len() == wanted {
            return Ok(found);
        }
        let own = self.relation(below.table, below.relation);
        if !own.list {
            return Err(self.missing(below.table, below.relation, "connect"));
        }
        Err(Failure::not_found_to_connect(&format!(
            "Expected {wanted} records to be connected after connect operation on {} relation \
             '{}', found {}.",
            self.arity(below.table, below.relation),
            own.relation_name,
            found.len()
        )))
    }

    fn nested_connect(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        for child in self.named(below, value)? {
            self.tie(below, &child)?;
        }
        Ok(())
    }

    fn nested_connect_or_create(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        for data in value.objects() {
            let Some(unique) = data.object("where") else { continue };
            match (self.find_unique(below.child, unique)?, data.object("create")) {
                (Some(child), _) => self.tie(below, &child)?,
                // One that stands there already does not make room, as it does for `create`.
                (None, Some(create)) => {
                    drop(self.create(below.child, create, Some((below.back, below.row)))?)
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn nested_set(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        // A name that nobody has is no fault here, as it is to connect.
        let wanted = self.found(below, value)?;
        let mut old = self.children(below)?;
        old.retain(|row| !wanted.iter().any(|other| other.is(row)));
        self.cut(below, &old)?;
        let new = wanted.iter().filter(|child| !self.refers(below, child)).cloned();
        new.collect::<Vec<_>>().iter().try_for_each(|child| self.tie(below, child))
    }

    fn nested_disconnect(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        if self.is_required(below) {
            return Err(self.violated(below));
        }
        let mut rows = Vec::new();
        for unique in value.objects() {
            rows.extend(self.child(below, Some(unique))?);
        }
        self.cut(below, &rows)
    }

    fn nested_delete(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        let mut rows = Vec::new();
        for unique in value.objects() {
            let row = self.child(below, Some(unique))?;
            rows.push(row.ok_or_else(|| {
                let own = self.relation(below.table, below.relation);
                let (parent, child) =
                    (&self.table(below.table).name, &self.table(below.child).name);
                Failure::not_connected(&own.relation_name, parent, child)
            })?);
        }
        let rows: Vec<&Row> = rows.iter().map(|row| &**row).collect();
        self.remove(below.child, &rows)
    }

    fn nested_delete_one(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        if *value == Parsed::Cell(Cell::Flag(false)) {
            return Ok(());
        }
        let filter = value.objects().next();
        let row = self.related_fitting(below.table, below.relation, Some(below.row), filter)?;
        let row = row.ok_or_else(|| self.missing(below.table, below.relation, "delete"))?;
        self.remove(below.child, &[&row])
    }

    fn nested_update(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        for object in value.objects() {
            let row = self.child(below, object.object("where"))?;
            let row = row.ok_or_else(|| self.missing(below.table, below.relation, "update"))?;
            if let Some(data) = object.object("data") {
                self.update(below.child, &row, data)?;
            }
        }
        Ok(())
    }

    fn nested_update_one(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        let Some(object) = value.objects().next() else { return Ok(()) };
        let whole = matches!(object.of, Obj::UpdateOne(_));
        let (filter, data) = match whole {
            true => (object.object("where"), object.object("data")),
            false => (None, Some(object)),
        };
        let row = self.related_fitting(below.table, below.relation, Some(below.row), filter)?;
        let row = row.ok_or_else(|| self.missing(below.table, below.relation, "update"))?;
        data.map_or(Ok(()), |data| self.update(below.child, &row, data).map(drop))
    }

    fn nested_upsert(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        for object in value.objects() {
            let row = self.child(below, object.object("where"))?;
            self.update_or_create(below, row, object)?;
        }
        Ok(())
    }

    fn nested_upsert_one(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        let Some(object) = value.objects().next() else { return Ok(()) };
        let filter = object.object("where");
        let row = self.related_fitting(below.table, below.relation, Some(below.row), filter)?;
        self.update_or_create(below, row, object)
    }

    fn update_or_create(
        &mut self,
        below: Below<'_>,
        row: Option<Rc<Row>>,
        object: &Object,
    ) -> Answer<()> {
        match (row, object.object("update"), object.object("create")) {
            (Some(row), Some(update), _) => self.update(below.child, &row, update).map(drop),
            (None, _, Some(create)) => self.create_below(below, create),
            _ => Ok(()),
        }
    }

    /// The rows that refer to the row and fit a condition.
    fn children_fitting(&self, below: Below<'_>, object: Option<&Object>) -> Answer<Vec<Rc<Row>>> {
        let filter = object.and_then(|object| filter_of(self.description(), below.child, object));
        let rows = self.children(below)?;
        let Some(filter) = filter else { return Ok(rows) };
        self.read(|reader| {
            let mut fitting = Vec::new();
            for row in rows {
                if filter.fits(reader, below.child, &row)? {
                    fitting.push(row);
                }
            }
            Ok(fitting)
        })
    }

    fn nested_update_many(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        for object in value.objects() {
            let rows = self.children_fitting(below, object.object("where"))?;
            if let Some(data) = object.object("data") {
                self.change_many(below.child, &rows, data)?;
            }
        }
        Ok(())
    }

    fn nested_delete_many(&mut self, below: Below<'_>, value: &Parsed) -> Answer<()> {
        for object in value.objects() {
            let rows = self.children_fitting(below, Some(object))?;
            let rows: Vec<&Row> = rows.iter().map(|row| &**row).collect();
            self.remove(below.child, &rows)?;
        }
        Ok(())
    }
}
