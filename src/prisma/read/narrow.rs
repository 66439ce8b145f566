//! What the store's own queries can say of a condition and an order, so that its planner finds the
//! rows. A query may find more than what is asked for, never less.

use serde_json::{Map, Value, json};

use super::order::{By, OrderKey};
use crate::catalogue::{Catalogue, Kind, Model};
use crate::prisma::description::{Column, Default, Place, Scalar, Source, Table};
use crate::prisma::filter::{Ask, Filter, Operand, Part, Test, is_plain};
use crate::prisma::value::Cell;

/// A query of the store's, and how much of what was asked it says.
pub(super) struct Narrowed {
    /// `{ where, orderBy, take }`.
    pub(super) options: Value,
    /// Do all records that it selects fit?
    pub(super) is_exact: bool,
    /// Where it takes the first in an order of which it says only so many steps: how many it takes.
    pub(super) cut: Option<Cut>,
}

/// The first so many records by the first steps of an order.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) steps: usize,
    pub(super) most: usize,
}

/// So many records are taken beyond those that are wanted: they may be the same in the steps that a query
/// can say.
const TIES: usize = 16;

/// A condition of the store's: what it can say of another one, and whether that is all of it.
struct Said {
    condition: Option<Value>,
    whole: bool,
}

const NOTHING: Said = Said { condition: None, whole: false };

/// The query for the rows of a table that fit, and of these for so many in an order, where there
/// is one; nothing where a query would find every record.
pub(super) fn narrow(
    catalogue: &Catalogue,
    table: &Table,
    filter: Option<&Filter>,
    (order, wanted): (&[OrderKey], Option<usize>),
) -> Option<Narrowed> {
    let Source::Records { model, only, .. } = &table.source else { return None };
    let narrow = Narrow { table, model: catalogue.model(*model) };
    let said = filter.map_or(Said { condition: None, whole: true }, |filter| narrow.filter(filter));
    let kind = only.as_ref().map(|(field, words)| json!({ field: { "in": words } }));
    let conditions: Vec<Value> = kind.into_iter().chain(said.condition).collect();
    let mut options = Map::new();
    let steps: Vec<Value> = order.iter().map_while(|key| narrow.order(key)).collect();
    let is_whole = steps.len() == order.len();
    let first = wanted.filter(|_| said.whole && (is_whole || !steps.is_empty()));
    if first.is_none() && conditions.is_empty() {
        return None;
    }
    options.insert("where".to_owned(), json!({ "AND": conditions }));
    let mut cut = None;
    if let Some(wanted) = first {
        let most = if is_whole { wanted } else { wanted.saturating_add(TIES) };
        cut = (!is_whole).then_some(Cut { steps: steps.len(), most });
        options.insert("orderBy".to_owned(), steps.into());
        options.insert("take".to_owned(), most.into());
    }
    Some(Narrowed { options: options.into(), is_exact: said.whole, cut })
}

struct Narrow<'n> {
    table: &'n Table,
    model: &'n Model,
}

impl Narrow<'_> {
    fn filter(&self, filter: &Filter) -> Said {
        match filter {
            Filter::All(filters) => self.all(filters),
            Filter::Any(filters) => self.any(filters),
            Filter::Not(filter) => match self.filter(filter) {
                Said { condition: Some(one), whole: true } => {
                    Said { condition: Some(json!({ "NOT": one })), whole: true }
                }
                _ => NOTHING,
            },
            Filter::Column(column, test) => {
                let condition = self.test(*column, test);
                Said { whole: condition.is_some(), condition }
            }
            Filter::Related(..) => NOTHING,
        }
    }

    fn all(&self, filters: &[Filter]) -> Said {
        let each: Vec<Said> = filters.iter().map(|filter| self.filter(filter)).collect();
        let whole = each.iter().all(|said| said.whole);
        let conditions: Vec<Value> = each.into_iter().filter_map(|said| said.condition).collect();
        let condition = (!conditions.is_empty()).then(|| json!({ "AND": conditions }));
        Said { condition, whole }
    }

    /// Of alternatives all must be said: a row may fit just the one that cannot be.
    fn any(&self, filters: &[Filter]) -> Said {
        let each = filters.iter().map(|filter| self.filter(filter));
        let said = each.map(|said| said.condition.filter(|_| said.whole));
        match said.collect::<Option<Vec<Value>>>() {
            Some(conditions) => Said { condition: Some(json!({ "OR": conditions })), whole: true },
            None => NOTHING,
        }
    }

    fn test(&self, column: usize, test: &Test) -> Option<Value> {
        let column = &self.table.columns[column];
        let name = self.field(column)?;
        if test.caseless {
            return None;
        }
        let value = |operand: &Operand| match operand {
            Operand::Value(cell) => cell.to_stored(column),
            Operand::Column(_) => None,
        };
        let compared = |operator: &str, operand: &Operand| {
            let value = value(operand).filter(|_| has_order(column))?;
            Some(json!({ operator: value }))
        };
        let asked = match &test.ask {
            Ask::Equals(Operand::Value(Cell::Null)) => Value::Null,
            Ask::Equals(operand) => json!({ "equals": value(operand)? }),
            Ask::In(cells) => {
                let values = cells.iter().map(|cell| cell.to_stored(column));
                json!({ "in": values.collect::<Option<Vec<Value>>>()? })
            }
            Ask::Less(operand) => compared("lt", operand)?,
            Ask::LessOrEqual(operand) => compared("lte", operand)?,
            Ask::Greater(operand) => compared("gt", operand)?,
            Ask::GreaterOrEqual(operand) => compared("gte", operand)?,
            Ask::Like(part, Operand::Value(Cell::Text(text))) if is_plain(text) => {
                let operator = match part {
                    Part::Anywhere => "contains",
                    Part::Start => "startsWith",
                    Part::End => "endsWith",
                };
                (!column.identifies).then(|| json!({ operator: text }))?
            }
            Ask::Like(..) | Ask::Json(..) => return None,
        };
        Some(json!({ name: asked }))
    }

    fn order(&self, key: &OrderKey) -> Option<Value> {
        let By::Column(path, column) = &key.by else { return None };
        let column = &self.table.columns[*column];
        let name = self.field(column).filter(|_| path.is_empty() && has_order(column))?;
        let nulls = if key.nulls_first.unwrap_or(key.descending) { "first" } else { "last" };
        let sort = if key.descending { "desc" } else { "asc" };
        Some(json!({ name: { "sort": sort, "nulls": nulls } }))
    }

    /// The field of the record that a column is, where the two always hold the same: neither a part
    /// of an object, nor a value that follows where nothing is kept.
    fn field<'c>(&self, column: &'c Column) -> Option<&'c str> {
        let Place::Path(path) = &column.place else { return None };
        let [name] = path.as_slice() else { return None };
        let kind = &self.model.field(name)?.kind;
        let agree = matches!(
            (column.scalar, kind),
            (Scalar::String, Kind::Text | Kind::Id | Kind::Link(..))
                | (Scalar::Enum(_), Kind::Enum(_))
                | (Scalar::DateTime, Kind::Time)
                | (Scalar::Int, Kind::Integer)
                | (Scalar::Boolean, Kind::Flag)
        );
        let follows = matches!(column.default, Some(Default::Value(_)));
        (agree && !follows).then_some(name)
    }
}

/// Are the values of a column kept in the order in which a database has them? Ids may be kept in
/// another form, and the words of an enumeration have an order of their own.
fn has_order(column: &Column) -> bool {
    !column.identifies && !matches!(column.scalar, Scalar::Enum(_))
}
