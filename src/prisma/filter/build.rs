//! Conditions from arguments that were read.

use std::cmp::Ordering;

use super::{Ask, AskJson, Filter, How, Operand, Part, Test};
use crate::prisma::description::{Description, Scalar, Table};
use crate::prisma::schema::{Obj, Object, Parsed};
use crate::prisma::value::Cell;

/// The condition that an object of conditions on a table's rows says; none where it asks nothing.
pub(crate) fn filter_of(
    description: &Description,
    table: usize,
    object: &Object,
) -> Option<Filter> {
    let of = Build { description, table: &description.tables[table] };
    of.all(object)
}

/// The columns by which an object of type `WhereUnique` names a row, and their values.
pub(crate) fn unique_of(table: &Table, object: &Object) -> Vec<(usize, Cell)> {
    table
        .keys()
        .find_map(|key| {
            let inner =
                if key.len() == 1 { object } else { object.object(&table.key_name(key))? };
            let cell =
                |column: &usize| Some((*column, inner.get(&table.columns[*column].name)?.cell()?));
            key.iter().map(cell).collect::<Option<Vec<_>>>()
        })
        .unwrap_or_default()
}

struct Build<'d> {
    description: &'d Description,
    table: &'d Table,
}

fn all(filters: Vec<Filter>) -> Option<Filter> {
    match filters.len() {
        0 => None,
        1 => filters.into_iter().next(),
        _ => Some(Filter::All(filters)),
    }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

impl Build<'_> {
    fn all(&self, object: &Object) -> Option<Filter> {
        all(self.fields(object).collect())
    }

    fn fields<'o>(&'o self, object: &'o Object) -> impl Iterator<Item = Filter> + 'o {
        object.fields.iter().filter_map(|(name, value)| self.field(name, value))
    }

    /// The conditions of a list. What asks for one of none (`OR: []`) holds of no row where it
    /// stands outside of lists, and is passed over inside, like what asks nothing.
    fn each(&self, value: &Parsed) -> Vec<Filter> {
        let is_of_none = |filter: &Filter| matches!(filter, Filter::Any(of) if of.is_empty());
        let stated = |object| all(self.fields(object).filter(|one| !is_of_none(one)).collect());
        value.objects().filter_map(stated).collect()
    }

    fn field(&self, name: &str, value: &Parsed) -> Option<Filter> {
        match name {
            "AND" => all(self.each(value)),
            "OR" => Some(Filter::Any(self.each(value))),
            "NOT" => all(self.each(value).into_iter().map(not).collect()),
            name => match (self.table.column(name), self.table.relation(name)) {
                (Some(column), _) => column_filter(self.table, column, value),
                (None, Some(relation)) => self.relation(relation, value),
                (None, None) => self.key(value),
            },
        }
    }

    /// The values of a key of several columns.
    fn key(&self, value: &Parsed) -> Option<Filter> {
        let fields = value.objects().flat_map(|object| &object.fields);
        all(fields.filter_map(|(name, value)| self.field(name, value)).collect())
    }

    fn relation(&self, relation: usize, value: &Parsed) -> Option<Filter> {
        let target = self.table.relations[relation].target;
        let below = |value: &Parsed| match value {
            Parsed::Object(object) => filter_of(self.description, target, object).map(Box::new),
            _ => None,
        };
        let related = |how, value: &Parsed| Filter::Related(relation, how, below(value));
        let Parsed::Object(object) = value else {
            return Some(Filter::Related(relation, How::None, None));
        };
        if matches!(object.of, Obj::Where(_)) {
            return Some(related(How::Some, value));
        }
        let conditions = object.fields.iter().map(|(name, value)| match (name.as_str(), value) {
            ("some" | "is", Parsed::Object(_)) | ("isNot", Parsed::Null) => {
                related(How::Some, value)
            }
            ("every", _) => related(How::Every, value),
            _ => related(How::None, value),
        });
        all(conditions.collect())
    }
}

/// The condition on a column that a value, or an object of operators, says.
fn column_filter(table: &Table, column: usize, value: &Parsed) -> Option<Filter> {
    let tests = column_tests(table, column, value).into_iter().map(|(test, is)| {
        let filter = Filter::Column(column, test);
        if is { filter } else { not(filter) }
    });
    all(tests.collect())
}

/// The tests of a column that a value, or an object of operators, says, and the answer that each
/// must have.
pub(crate) fn column_tests(table: &Table, column: usize, value: &Parsed) -> Vec<(Test, bool)> {
    let Parsed::Object(object) = value else {
        let ask = value.cell().map(|cell| Ask::Equals(Operand::Value(cell)));
        return ask.map(|ask| (Test { ask, caseless: false }, true)).into_iter().collect();
    };
    let caseless = object.get("mode").and_then(Parsed::word) == Some("insensitive");
    let asked = if table.columns[column].scalar == Scalar::Json {
        json_tests(object)
    } else {
        tests(object)
    };
    asked.into_iter().map(|(ask, is)| (Test { ask, caseless }, is)).collect()
}

/// A question, and the answer that it must have.
type Asked = (Ask, bool);

/// What the operators of an object ask.
fn tests(object: &Object) -> Vec<Asked> {
    object.fields.iter().flat_map(|(name, value)| tests_of(name, value)).collect()
}

fn operand(value: &Parsed) -> Option<Operand> {
    match value {
        Parsed::Column(column) => Some(Operand::Column(*column)),
        value => value.cell().map(Operand::Value),
    }
}

fn cells(value: &Parsed) -> Vec<Cell> {
    match value {
        Parsed::List(items) => items.iter().filter_map(Parsed::cell).collect(),
        _ => Vec::new(),
    }
}

fn tests_of(name: &str, value: &Parsed) -> Vec<Asked> {
    let ask = match (name, value) {
        // `not: { … }` is that none of its operators hold, as Prisma has it.
        ("not", Parsed::Object(object)) => {
            return tests(object).into_iter().map(|(ask, is)| (ask, !is)).collect();
        }
        ("in" | "notIn", Parsed::Null) => Some(Ask::Equals(Operand::Value(Cell::Null))),
        ("in" | "notIn", _) => Some(Ask::In(cells(value))),
        _ => operand(value).and_then(|operand| comparison(name, operand)),
    };
    ask.map(|ask| (ask, !matches!(name, "not" | "notIn"))).into_iter().collect()
}

fn comparison(name: &str, operand: Operand) -> Option<Ask> {
    Some(match name {
        "equals" | "not" => Ask::Equals(operand),
        "lt" => Ask::Less(operand),
        "lte" => Ask::LessOrEqual(operand),
        "gt" => Ask::Greater(operand),
        "gte" => Ask::GreaterOrEqual(operand),
        "contains" => Ask::Like(Part::Anywhere, operand),
        "startsWith" => Ask::Like(Part::Start, operand),
        "endsWith" => Ask::Like(Part::End, operand),
        _ => return None,
    })
}

fn json_tests(object: &Object) -> Vec<Asked> {
    let path: Vec<String> = match object.get("path") {
        Some(Parsed::List(steps)) => {
            let steps = steps.iter().filter_map(Parsed::cell);
            steps.filter_map(|cell| cell.text().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let fields = object.fields.iter();
    fields.filter_map(|(name, value)| json_test(name, value, path.clone())).collect()
}

fn json_test(name: &str, value: &Parsed, path: Vec<String>) -> Option<Asked> {
    let ask = match (name, value) {
        ("equals" | "not", Parsed::Word(word)) => match word.as_str() {
            "DbNull" => AskJson::DbNull,
            "JsonNull" => AskJson::JsonNull,
            _ => AskJson::AnyNull,
        },
        ("equals" | "not", _) => AskJson::Equals(operand(value)?),
        ("string_contains", _) => AskJson::Text(Part::Anywhere, operand(value)?),
        ("string_starts_with", _) => AskJson::Text(Part::Start, operand(value)?),
        ("string_ends_with", _) => AskJson::Text(Part::End, operand(value)?),
        ("array_contains", _) => AskJson::ArrayContains(operand(value)?),
        ("array_starts_with", _) => AskJson::ArrayEdge(Part::Start, operand(value)?),
        ("array_ends_with", _) => AskJson::ArrayEdge(Part::End, operand(value)?),
        ("lt", _) => AskJson::Order(Ordering::is_lt, operand(value)?),
        ("lte", _) => AskJson::Order(Ordering::is_le, operand(value)?),
        ("gt", _) => AskJson::Order(Ordering::is_gt, operand(value)?),
        ("gte", _) => AskJson::Order(Ordering::is_ge, operand(value)?),
        _ => return None,
    };
    Some((Ask::Json(path, ask), name != "not"))
}
