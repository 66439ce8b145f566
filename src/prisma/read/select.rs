//! What an answer tells of rows: columns, related rows, counts.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::find::{Find, arguments_of, find_of, run};
use super::{condition, fitting};
use crate::prisma::answer_text::AnswerText;
use crate::prisma::description::{Relation, Table};
use crate::prisma::error::Answer;
use crate::prisma::filter::Filter;
use crate::prisma::request::{invalid, nothing, read};
use crate::prisma::rows::{Ends, Reader, Row};
use crate::prisma::schema::{Fault, In, InField, Obj, Schema, optional};

/// One key of an answer.
#[derive(Debug)]
enum Field {
    Column(usize),
    /// The related rows.
    Relation(usize, Box<(Find, Selection)>),
    /// How many related rows there are, of some relation fields.
    Count(Vec<(usize, Option<Filter>)>),
}

/// What is answered of each row, in this order.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    fields: Vec<Field>,
}

impl Selection {
    /// The selection of a request; `path` is where it stands.
    ///
    /// # Errors
    /// Validation errors.
    pub(crate) fn of(
        schema: &Schema,
        table: usize,
        given: &Map<String, Value>,
        path: &[&str],
    ) -> Answer<Selection> {
        let of = &schema.description.tables[table];
        let mut fields = Vec::new();
        let omitted = |name: &str| given.get(name) == Some(&Value::Bool(false));
        for (name, value) in given {
            match (name.as_str(), value) {
                ("$scalars", _) => {
                    let columns = of.columns.iter().enumerate();
                    let columns = columns.filter(|(_, column)| !omitted(&column.name));
                    fields.extend(columns.map(|(at, _)| Field::Column(at)));
                }
                ("$composites", _) | (_, Value::Bool(false)) if known(of, name) => {}
                ("_count", value) if of.relations.iter().any(|own| own.list) => {
                    fields.push(Field::Count(counts(schema, table, value, path)?));
                }
                (name, value) => fields.push(field(schema, table, (name, value), (given, path))?),
            }
        }
        if fields.is_empty() {
            return Err(empty(of, given, path));
        }
        Ok(Selection { fields })
    }
}

fn known(table: &Table, name: &str) -> bool {
    let field = table.column(name).is_some() || table.relation(name).is_some();
    field || matches!(name, "$composites" | "_count")
}

fn empty(
    table: &Table,
    given: &Map<String, Value>,
    path: &[&str],
) -> crate::prisma::error::Failure {
    let name = &table.name;
    let sentence = if given.is_empty() {
        format!(
            "The `select` statement for type {name} must not be empty. Available options are \
             marked with ?."
        )
    } else {
        format!("The `select` statement for type {name} needs at least one truthy value.")
    };
    invalid(vec![Fault::selection(path.len(), sentence)])
}

fn unknown(type_name: &str, name: &str, given: &Map<String, Value>) -> Fault {
    let statement = if given.contains_key("$scalars") { "include" } else { "select" };
    Fault::selection(
        0,
        format!(
            "Unknown field `{name}` for {statement} statement on model `{type_name}`. Available \
             options are marked with ?."
        ),
    )
}

/// The key of an answer that a key of a selection asks for.
fn field(
    schema: &Schema,
    table: usize,
    (name, value): (&str, &Value),
    (given, path): (&Map<String, Value>, &[&str]),
) -> Answer<Field> {
    let of = &schema.description.tables[table];
    if let Some(column) = of.column(name) {
        return Ok(Field::Column(column));
    }
    let Some(number) = of.relation(name) else {
        return Err(invalid(vec![unknown(&of.name, name, given)]));
    };
    let own = &of.relations[number];
    let mut place = path.to_vec();
    place.push(name);
    let part = |part: &str| value.get(part).and_then(Value::as_object);
    let wanted = relation_arguments(own);
    let arguments = read(schema, &place, &wanted, part("arguments").unwrap_or(nothing()))?;
    let find = find_of(schema, own.target, &arguments)?;
    let all = all_columns();
    let selection = part("selection").unwrap_or(&all);
    let selection = Selection::of(schema, own.target, selection, &place)?;
    Ok(Field::Relation(number, Box::new((find, selection))))
}

fn all_columns() -> Map<String, Value> {
    Map::from_iter([("$scalars".to_owned(), Value::Bool(true))])
}

/// What selects among related rows.
fn relation_arguments(relation: &Relation) -> Vec<InField> {
    match (relation.list, relation.nullable) {
        (true, _) => arguments_of(relation.target),
        (false, true) => vec![optional("where", vec![In::Object(Obj::Where(relation.target))])],
        (false, false) => Vec::new(),
    }
}

fn counts(
    schema: &Schema,
    table: usize,
    value: &Value,
    path: &[&str],
) -> Answer<Vec<(usize, Option<Filter>)>> {
    let of = &schema.description.tables[table];
    let lists = || of.relations.iter().enumerate().filter(|(_, own)| own.list);
    let selected = value.get("selection").and_then(Value::as_object);
    let Some(selected) = selected.filter(|selected| !selected.contains_key("$scalars")) else {
        return Ok(lists().map(|(number, _)| (number, None)).collect());
    };
    let mut counts = Vec::new();
    for (name, value) in selected.iter().filter(|(_, value)| **value != Value::Bool(false)) {
        let Some((number, own)) = lists().find(|(_, own)| own.name == *name) else {
            let type_name = format!("{}CountOutputType", of.name);
            return Err(invalid(vec![unknown(&type_name, name, selected)]));
        };
        let place = [path, &["_count", name]].concat();
        let wanted = [optional("where", vec![In::Object(Obj::Where(own.target))])];
        let given = value.get("arguments").and_then(Value::as_object).unwrap_or(nothing());
        let arguments = read(schema, &place, &wanted, given)?;
        counts.push((number, condition(schema, own.target, arguments.get("where"))));
    }
    Ok(counts)
}

impl Selection {
    /// Adds the list of the answers about rows.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn push_list(
        &self,
        reader: &Reader<'_>,
        table: usize,
        rows: &[Rc<Row>],
        text: &mut AnswerText,
    ) -> Answer<()> {
        self.foresee(reader, table, rows);
        let mut list = text.begin_list();
        for row in rows {
            text.next_row(&mut list);
            self.push(reader, table, row, text)?;
            reader.may_answer(text.size())?;
        }
        text.end_list(list);
        Ok(())
    }

    /// Asks at once for what is at the other ends of these rows.
    fn foresee(&self, reader: &Reader<'_>, table: usize, rows: &[Rc<Row>]) {
        for field in &self.fields {
            match field {
                Field::Column(_) => {}
                Field::Relation(number, asked) => {
                    let target = reader.description.tables[table].relations[*number].target;
                    let latest = asked.0.latest(&reader.description.tables[target]);
                    reader.foresee_related((table, *number), rows, Ends::Rows(latest));
                }
                Field::Count(counts) => {
                    for (number, filter) in counts {
                        let ends = filter.as_ref().map_or(Ends::Count, |_| Ends::Rows(None));
                        reader.foresee_related((table, *number), rows, ends);
                    }
                }
            }
        }
    }

    /// Adds the answer about a row; null where there is none.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) fn push_one(
        &self,
        reader: &Reader<'_>,
        table: usize,
        row: Option<&Rc<Row>>,
        text: &mut AnswerText,
    ) -> Answer<()> {
        match row {
            Some(row) => self.push(reader, table, row, text),
            None => {
                text.push_str("null");
                Ok(())
            }
        }
    }

    fn push(
        &self,
        reader: &Reader<'_>,
        table: usize,
        row: &Rc<Row>,
        text: &mut AnswerText,
    ) -> Answer<()> {
        let of = reader.table(table);
        let mut before = '{';
        for field in &self.fields {
            match field {
                Field::Column(column) => {
                    push_key(text, before, &of.columns[*column].name);
                    row.cells[*column].push(text);
                }
                Field::Relation(number, asked) => {
                    push_key(text, before, &of.relations[*number].name);
                    push_related(reader, (table, *number), row, asked, text)?;
                }
                Field::Count(counts) => {
                    push_key(text, before, "_count");
                    push_counts(reader, table, row, counts, text)?;
                }
            }
            before = ',';
        }
        text.push('}');
        Ok(())
    }
}

/// Adds a key, and what stands before it. The names of fields need no escapes.
fn push_key(text: &mut String, before: char, name: &str) {
    text.push(before);
    text.push('"');
    text.push_str(name);
    text.push_str("\":");
}

fn push_related(
    reader: &Reader<'_>,
    (table, number): (usize, usize),
    row: &Rc<Row>,
    (find, selection): &(Find, Selection),
    text: &mut AnswerText,
) -> Answer<()> {
    let own = &reader.table(table).relations[number];
    let related = match find.latest(reader.table(own.target)) {
        Some(latest) => reader.latest_related(table, number, (row, latest))?,
        None => reader.related(table, number, row)?,
    };
    let related = run(reader, own.target, find, Some(related))?;
    match own.list {
        true => selection.push_list(reader, own.target, &related, text),
        false => selection.push_one(reader, own.target, related.first(), text),
    }
}

fn push_counts(
    reader: &Reader<'_>,
    table: usize,
    row: &Row,
    counts: &[(usize, Option<Filter>)],
    text: &mut AnswerText,
) -> Answer<()> {
    let mut before = '{';
    for (number, filter) in counts {
        let own = &reader.table(table).relations[*number];
        let count = match filter {
            None => reader.count_related(table, *number, row)?,
            Some(_) => {
                let related = reader.related(table, *number, row)?;
                fitting(reader, own.target, related, filter.as_ref())?.len()
            }
        };
        push_key(text, before, &own.name);
        text.push_str(&count.to_string());
        before = ',';
    }
    // Of nothing that was asked for there is an empty object.
    text.push_str(if before == '{' { "{}" } else { "}" });
    Ok(())
}
