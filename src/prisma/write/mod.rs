//! Requests that change something.
//!
//! `store` puts rows into the store, `one` makes and changes single rows, `many` several at once,
//! `bulk` those that come from elsewhere, `inline` and `nested` do what data say about related rows: where the row itself holds the
//! reference, and where the others do.

mod bulk;
mod copied;
mod inline;
mod lines;
mod many;
mod nested;
mod one;
mod store;

pub(crate) use bulk::{Existing, Given, Put, find_row, homes, put_rows, rows_at};
pub(crate) use copied::copy_rows;
pub(crate) use lines::{Line, LineCheck, check_owners, check_places, put_lines};

use std::collections::HashSet;
use std::rc::Rc;

use super::answer_text::AnswerText;
use super::description::{Description, Relation, Scalar, Table};
use super::error::{Answer, Failure};
use super::filter::Filter;
use super::read::{Selection, condition, matching, unique_argument, unique_row, where_argument};
use super::request::{Arguments, Request};
use super::rows::{Reader, Row};
use super::schema::{Data, In, InField, Obj, Object, Parsed, Schema, optional, required};
use super::time;
use crate::engine::Tx;

/// Changes rows in a transaction.
struct Writer<'w, 't> {
    schema: &'static Schema,
    tx: &'w mut Tx<'t>,
    /// The time of the request: one for all rows that it makes or changes.
    now: i64,
    /// The ids that the request has made.
    made: HashSet<String>,
}

/// Adds the answer to a request that changes something; `false` for one that only reads.
///
/// # Errors
/// Why it cannot; what it did by then is for the caller to take back.
pub(crate) fn run_request(
    schema: &'static Schema,
    tx: &mut Tx<'_>,
    request: &Request<'_>,
    text: &mut AnswerText,
) -> Answer<bool> {
    let now = time::stored(tx.now()).unwrap_or_default();
    let mut writer = Writer { schema, tx, now, made: HashSet::new() };
    match request.action {
        "createOne" => writer.create_one(request, text)?,
        "updateOne" => writer.update_one(request, text)?,
        "upsertOne" => writer.upsert_one(request, text)?,
        "deleteOne" => writer.delete_one(request, text)?,
        "createMany" => writer.create_many(request, false, text)?,
        "createManyAndReturn" => writer.create_many(request, true, text)?,
        "updateMany" => writer.update_many(request, false, text)?,
        "updateManyAndReturn" => writer.update_many(request, true, text)?,
        "deleteMany" => writer.delete_many(request, text)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The two kinds of data that a row may be given as.
fn data_types(table: usize, of: fn(Data) -> Obj) -> Vec<In> {
    [true, false].map(|checked| In::Object(of(Data { table, checked, without: None }))).into()
}

fn object<'a>(arguments: &'a Arguments, name: &str) -> Answer<&'a Object> {
    match arguments.get(name) {
        Some(Parsed::Object(object)) => Ok(object),
        _ => Err(Failure::Unknown(format!("the request has no {name}"))),
    }
}

fn push_count(text: &mut String, rows: usize) {
    text.push_str(&format!("{{\"count\":{rows}}}"));
}

impl Writer<'_, '_> {
    fn description(&self) -> &'static Description {
        self.schema.description
    }

    fn table(&self, number: usize) -> &'static Table {
        &self.description().tables[number]
    }

    fn relation(&self, table: usize, number: usize) -> &'static Relation {
        &self.table(table).relations[number]
    }

    /// Reads what is there now.
    fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> Answer<T>) -> Answer<T> {
        let view = self.tx.view();
        read(&Reader::new(self.description(), &view))
    }

    fn rows_to_change(&self, table: usize, filter: Option<&Filter>) -> Answer<Vec<Rc<Row>>> {
        self.read(|reader| {
            reader.begin_change();
            matching(reader, table, filter)
        })
    }

    fn find_unique(&self, table: usize, object: &Object) -> Answer<Option<Rc<Row>>> {
        self.read(|reader| unique_row(self.schema, reader, table, object))
    }

    fn selection(&self, request: &Request<'_>) -> Answer<Selection> {
        Selection::of(self.schema, request.table, request.selection, &[])
    }

    fn tell(
        &self,
        table: usize,
        row: &Rc<Row>,
        (selection, text): (&Selection, &mut AnswerText),
    ) -> Answer<()> {
        self.read(|reader| selection.push_one(reader, table, Some(row), text))
    }

    fn create_one(&mut self, request: &Request<'_>, text: &mut AnswerText) -> Answer<()> {
        let wanted = [required("data", data_types(request.table, Obj::Create))];
        let arguments = request.read(self.schema, &wanted)?;
        let selection = self.selection(request)?;
        let row = self.create(request.table, object(&arguments, "data")?, None)?;
        self.tell(request.table, &row, (&selection, text))
    }

    fn update_one(&mut self, request: &Request<'_>, text: &mut AnswerText) -> Answer<()> {
        let table = request.table;
        let wanted = [required("data", data_types(table, Obj::Update)), unique_argument(table)];
        let arguments = request.read(self.schema, &wanted)?;
        let selection = self.selection(request)?;
        self.refuse_disconnect(table, object(&arguments, "data")?)?;
        let row = self.find_unique(table, object(&arguments, "where")?)?;
        let row = row.ok_or_else(|| Failure::not_found("No record was found for an update."))?;
        let row = self.update(table, &row, object(&arguments, "data")?)?;
        self.tell(table, &row, (&selection, text))
    }

    fn upsert_one(&mut self, request: &Request<'_>, text: &mut AnswerText) -> Answer<()> {
        let table = request.table;
        let wanted = [
            unique_argument(table),
            required("create", data_types(table, Obj::Create)),
            required("update", data_types(table, Obj::Update)),
        ];
        let arguments = request.read(self.schema, &wanted)?;
        let selection = self.selection(request)?;
        self.refuse_disconnect(table, object(&arguments, "update")?)?;
        let row = match self.find_unique(table, object(&arguments, "where")?)? {
            Some(row) => self.update(table, &row, object(&arguments, "update")?)?,
            None => self.create(table, object(&arguments, "create")?, None)?,
        };
        self.tell(table, &row, (&selection, text))
    }

    fn delete_one(&mut self, request: &Request<'_>, text: &mut AnswerText) -> Answer<()> {
        let table = request.table;
        let arguments = request.read(self.schema, &[unique_argument(table)])?;
        let selection = self.selection(request)?;
        let row = self.find_unique(table, object(&arguments, "where")?)?;
        let row = row.ok_or_else(|| Failure::not_found("No record was found for a delete."))?;
        // What is answered is what was there.
        self.tell(table, &row, (&selection, text))?;
        self.remove(table, &[&row])
    }

    fn create_many(
        &mut self,
        request: &Request<'_>,
        tell: bool,
        text: &mut AnswerText,
    ) -> Answer<()> {
        let table = request.table;
        let row = In::Object(Obj::CreateMany(Data { table, checked: false, without: None }));
        let wanted = [
            required("data", vec![row.clone(), In::List(Box::new(row))]),
            optional("skipDuplicates", vec![In::Scalar(Scalar::Boolean)]),
        ];
        let arguments = request.read(self.schema, &wanted)?;
        let selection = if tell { Some(self.selection(request)?) } else { None };
        let skip = arguments.get("skipDuplicates").is_some_and(Parsed::is_true);
        let data: Vec<&Object> =
            arguments.get("data").into_iter().flat_map(Parsed::objects).collect();
        let rows = self.insert_many(table, &data, skip, None)?;
        self.tell_many(table, &rows, (selection.as_ref(), text))
    }

    fn tell_many(
        &self,
        table: usize,
        rows: &[Rc<Row>],
        (selection, text): (Option<&Selection>, &mut AnswerText),
    ) -> Answer<()> {
        match selection {
            Some(selection) => self.read(|reader| selection.push_list(reader, table, rows, text)),
            None => {
                push_count(text, rows.len());
                Ok(())
            }
        }
    }

    fn limit(arguments: &Arguments) -> Answer<usize> {
        let Some(limit) = arguments.int("limit") else { return Ok(usize::MAX) };
        usize::try_from(limit).map_err(|_| {
            Failure::input(&format!("Provided limit ({limit}) must be a positive integer."))
        })
    }

    fn limit_argument() -> InField {
        optional("limit", vec![In::Scalar(Scalar::Int)])
    }

    fn update_many(
        &mut self,
        request: &Request<'_>,
        tell: bool,
        text: &mut AnswerText,
    ) -> Answer<()> {
        let table = request.table;
        let wanted = [
            required("data", data_types(table, Obj::UpdateMany)),
            where_argument(table),
            Writer::limit_argument(),
        ];
        let arguments = request.read(self.schema, &wanted)?;
        let selection = if tell { Some(self.selection(request)?) } else { None };
        let limit = Writer::limit(&arguments)?;
        let data = object(&arguments, "data")?;
        let filter = condition(self.schema, table, arguments.get("where"));
        let mut rows = self.rows_to_change(table, filter.as_ref())?;
        rows.truncate(limit);
        // Without anything to set there is no statement.
        if data.fields.is_empty() {
            rows.clear();
        }
        let rows = self.change_many(table, &rows, data)?;
        self.tell_many(table, &rows, (selection.as_ref(), text))
    }

    fn delete_many(&mut self, request: &Request<'_>, text: &mut AnswerText) -> Answer<()> {
        let table = request.table;
        let wanted = [where_argument(table), Writer::limit_argument()];
        let arguments = request.read(self.schema, &wanted)?;
        let limit = Writer::limit(&arguments)?;
        let filter = condition(self.schema, table, arguments.get("where"));
        let mut rows = self.rows_to_change(table, filter.as_ref())?;
        rows.truncate(limit);
        let all: Vec<&Row> = rows.iter().map(|row| &**row).collect();
        self.remove(table, &all)?;
        push_count(text, rows.len());
        Ok(())
    }
}
