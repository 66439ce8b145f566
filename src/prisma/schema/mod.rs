//! The input types of Prisma's query schema, as they follow from a description of tables, and the
//! reading of a request's arguments by them.
//!
//! A type is made when it is first asked for, and kept. The names and the order of fields and
//! alternatives are Prisma's, for the words of an error depend on them.

mod data;
mod fault;
mod filters;
mod given;
pub(crate) mod names;
mod parse;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

pub(crate) use fault::{Fault, sentence};
pub(crate) use parse::{Object, Parsed};
pub(crate) use words::Words;

use super::description::{Description, Scalar};

/// A function over the rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Aggregate {
    /// How many values there are.
    Count,
    /// Their mean.
    Avg,
    /// Their sum.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

impl Aggregate {
    /// All, in the order of an answer.
    pub(crate) const ALL: [Aggregate; 5] =
        [Aggregate::Count, Aggregate::Avg, Aggregate::Sum, Aggregate::Min, Aggregate::Max];

    /// `_count`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Aggregate::Count => "_count",
            Aggregate::Avg => "_avg",
            Aggregate::Sum => "_sum",
            Aggregate::Min => "_min",
            Aggregate::Max => "_max",
        }
    }

    /// Can it be asked of a column of this type?
    pub(crate) fn applies(self, scalar: Scalar) -> bool {
        match self {
            Aggregate::Count => true,
            Aggregate::Avg | Aggregate::Sum => matches!(scalar, Scalar::Int | Scalar::Float),
            Aggregate::Min | Aggregate::Max => !matches!(scalar, Scalar::Json | Scalar::Boolean),
        }
    }
}

/// The data of a new or changed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Data {
    /// Of which table.
    pub(crate) table: usize,
    /// Are references set by relation fields (checked), or by their columns (unchecked)?
    pub(crate) checked: bool,
    /// The relation field of the table that leads to the row that it stands in.
    pub(crate) without: Option<usize>,
}

/// A filter on a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ColumnFilter {
    /// The column's type.
    pub(crate) scalar: Scalar,
    /// May the column be null?
    pub(crate) nullable: bool,
    /// Does it stand under `not`?
    pub(crate) nested: bool,
    /// May it ask for aggregates?
    pub(crate) aggregates: bool,
}

/// A relation field, from the table that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Via {
    /// The table.
    pub(crate) table: usize,
    /// The number of its relation field.
    pub(crate) relation: usize,
}

/// An object type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Obj {
    /// Conditions on the rows of a table.
    Where(usize),
    /// Conditions on their columns only.
    ScalarWhere(usize),
    /// Names one row of a table.
    WhereUnique(usize),
    /// The values of the key with this number, of several columns.
    Key(usize, usize),
    /// Conditions on a column.
    Filter(ColumnFilter),
    /// A column to compare with.
    FieldRef(Scalar, bool),
    /// Conditions on the rows of a list.
    ListRelation(usize),
    /// Conditions on the one row; may there be none?
    OneRelation(usize, bool),
    /// An order of rows.
    OrderBy(usize),
    /// An order by the number of related rows.
    OrderByCount(usize),
    /// A direction, and where nulls go.
    SortNulls,
    /// An order of groups.
    OrderByGroup(usize),
    /// An order of groups by an aggregate of a column.
    OrderByAggregate(usize, Aggregate),
    /// Conditions on groups.
    Having(usize),
    /// A new row.
    Create(Data),
    /// A new row of many, which has columns only.
    CreateMany(Data),
    /// Changes to a row.
    Update(Data),
    /// Changes to many rows, which are to columns only.
    UpdateMany(Data),
    /// A changed column.
    Operations(Scalar, bool),
    /// What a new row does to related ones; is it an unchecked one?
    NestedCreate(Via, bool),
    /// What a changed row does to related ones.
    NestedUpdate(Via, bool),
    /// `{ where, create }`.
    ConnectOrCreate(Via),
    /// `{ where, create, update }`.
    Upsert(Via),
    /// `{ data, skipDuplicates }`.
    CreateManyEnvelope(Via),
    /// `{ where, data }`.
    UpdateOne(Via),
    /// `{ where, data }`, for many.
    UpdateManyWhere(Via),
}

/// A type that a value may have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum In {
    /// A scalar.
    Scalar(Scalar),
    /// One of some words.
    Words(Words),
    /// A list.
    List(Box<In>),
    /// An object.
    Object(Obj),
    /// Nothing.
    Null,
}

/// A field of an object type, or an argument.
#[derive(Debug, Clone)]
pub(crate) struct InField {
    /// Its name.
    pub(crate) name: String,
    /// What it may be, in the order in which it is tried.
    pub(crate) types: Vec<In>,
    /// Must it be given?
    pub(crate) required: bool,
}

/// A field that may be left out.
pub(crate) fn optional(name: impl Into<String>, types: Vec<In>) -> InField {
    InField { name: name.into(), types, required: false }
}

/// A field that must be given.
pub(crate) fn required(name: impl Into<String>, types: Vec<In>) -> InField {
    InField { name: name.into(), types, required: true }
}

/// An object, or a list of such.
fn one_or_many(object: Obj) -> Vec<In> {
    vec![In::Object(object), In::List(Box::new(In::Object(object)))]
}

/// How many fields an object must have.
#[derive(Debug, Clone, PartialEq)]
enum Count {
    Any,
    /// At most one.
    AtMostOne,
    /// Exactly one.
    ExactlyOne,
    /// At least one of these.
    OneOf(Vec<String>),
}

/// An object type, as values are read by it.
#[derive(Debug)]
struct ObjType {
    name: String,
    fields: Vec<InField>,
    count: Count,
}

/// The input types that follow from a description.
pub(crate) struct Schema {
    /// The tables.
    pub(crate) description: &'static Description,
    made: RwLock<HashMap<Obj, Arc<ObjType>>>,
}

impl Schema {
    /// The schema of a description.
    pub(crate) fn new(description: &'static Description) -> Schema {
        Schema { description, made: RwLock::default() }
    }

    fn object(&self, obj: Obj) -> Arc<ObjType> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner).get(&obj).cloned();
        made.unwrap_or_else(|| {
            let new = Arc::new(self.make(obj));
            let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(obj).or_insert(new))
        })
    }

    fn make(&self, obj: Obj) -> ObjType {
        let count = match obj {
            Obj::OrderBy(_) | Obj::OrderByGroup(_) | Obj::OrderByAggregate(..) => Count::AtMostOne,
            Obj::OrderByCount(_) | Obj::Operations(..) => Count::ExactlyOne,
            Obj::WhereUnique(table) => {
                Count::OneOf(self.key_fields(table).map(|field| field.name).collect())
            }
            _ => Count::Any,
        };
        let fields = self.filter_fields(obj).or_else(|| self.data_fields(obj)).unwrap_or_default();
        ObjType { name: self.name(obj), fields, count }
    }
}
