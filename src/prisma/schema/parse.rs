//! Reading arguments by the types that they may have.

use serde_json::{Map, Value};

use super::fault::{Fault, FaultKind};
use super::given::{Given, plain};
use super::{Count, In, InField, Obj, ObjType, Schema};
use crate::prisma::description::Scalar;
use crate::prisma::time;
use crate::prisma::value::Cell;

/// A value that was read: of which of the possible types it is, is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parsed {
    /// Nothing.
    Null,
    /// A scalar.
    Cell(Cell),
    /// A word of the query schema, or of an enumeration.
    Word(String),
    /// A list.
    List(Vec<Parsed>),
    /// An object.
    Object(Object),
    /// The column of this number of the row's own table.
    Column(usize),
}

/// An object that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object {
    /// Its type.
    pub(crate) of: Obj,
    /// Its fields, in the order in which they were given.
    pub(crate) fields: Vec<(String, Parsed)>,
}

impl Object {
    /// A field.
    pub(crate) fn get(&self, name: &str) -> Option<&Parsed> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A field that is an object.
    pub(crate) fn object(&self, name: &str) -> Option<&Object> {
        match self.get(name) {
            Some(Parsed::Object(object)) => Some(object),
            _ => None,
        }
    }
}

impl Parsed {
    /// The objects of a list, or the one that stands for a list.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        let items = match self {
            Parsed::List(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        items.iter().filter_map(|item| match item {
            Parsed::Object(object) => Some(object),
            _ => None,
        })
    }

    /// The cell of a scalar, of a word, or of null.
    pub(crate) fn cell(&self) -> Option<Cell> {
        match self {
            Parsed::Cell(cell) => Some(cell.clone()),
            Parsed::Word(word) => Some(Cell::Text(word.clone())),
            Parsed::Null => Some(Cell::Null),
            _ => None,
        }
    }

    /// A whole number.
    pub(crate) fn int(&self) -> Option<i64> {
        match self {
            Parsed::Cell(Cell::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// Is it the scalar `true`?
    pub(crate) fn is_true(&self) -> bool {
        *self == Parsed::Cell(Cell::Flag(true))
    }

    /// A word.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Parsed::Word(word) => Some(word),
            _ => None,
        }
    }
}

type Read = Result<Parsed, Vec<Fault>>;

fn fault(place: &[&str], kind: FaultKind) -> Vec<Fault> {
    vec![Fault::at(place, kind)]
}

fn last(place: &[&str]) -> String {
    place.last().copied().unwrap_or_default().to_owned()
}

/// The place below another one.
fn below<'p>(place: &[&'p str], name: &'p str) -> Vec<&'p str> {
    let mut inner = place.to_vec();
    inner.push(name);
    inner
}

impl Schema {
    /// Reads the arguments of a call, whose place in the selection is given.
    ///
    /// # Errors
    /// Every fault that one of the alternatives has.
    pub(crate) fn arguments(
        &self,
        selection: &[&str],
        wanted: &[InField],
        given: &Map<String, Value>,
    ) -> Result<Vec<(String, Parsed)>, Vec<Fault>> {
        self.fields(selection, wanted, given)
    }

    fn fields(
        &self,
        place: &[&str],
        wanted: &[InField],
        given: &Map<String, Value>,
    ) -> Result<Vec<(String, Parsed)>, Vec<Fault>> {
        for field in wanted.iter().filter(|field| field.required) {
            if !given.contains_key(&field.name) {
                let kind = FaultKind::Missing { name: field.name.clone(), null: false };
                return Err(fault(&below(place, &field.name), kind));
            }
        }
        let mut fields = Vec::with_capacity(given.len());
        for (name, value) in given {
            let inner = below(place, name);
            let Some(field) = wanted.iter().find(|field| field.name == *name) else {
                let options = wanted.iter().map(|field| field.name.clone()).collect();
                return Err(fault(&inner, FaultKind::Unknown { name: name.clone(), options }));
            };
            fields.push((name.clone(), self.value(&inner, &field.types, value)?));
        }
        Ok(fields)
    }

    fn value(&self, place: &[&str], types: &[In], value: &Value) -> Read {
        let mut faults = Vec::new();
        for of in types {
            match self.one(place, of, value) {
                Ok(parsed) => return Ok(parsed),
                Err(mut found) => faults.append(&mut found),
            }
        }
        Err(faults)
    }

    fn one(&self, place: &[&str], of: &In, value: &Value) -> Read {
        let given = Given::of(value);
        match (of, given) {
            (In::Scalar(Scalar::Json), given)
                if !matches!(given, Given::Word(_) | Given::Field { .. }) =>
            {
                Ok(Parsed::Cell(Cell::Json(plain(value))))
            }
            (In::Null, Given::Null) => Ok(Parsed::Null),
            (_, Given::Null) => {
                Err(fault(place, FaultKind::Missing { name: last(place), null: true }))
            }
            (In::Scalar(scalar), given) => self.scalar(place, *scalar, given),
            (In::Words(words), Given::Text(word) | Given::Word(word)) => {
                if words.has(self.description, word) {
                    return Ok(Parsed::Word(word.to_owned()));
                }
                let expected = words.name(self.description);
                Err(fault(place, FaultKind::Value { name: last(place), expected, why: None }))
            }
            (In::List(inner), Given::List(items)) => {
                let items = items.iter().map(|item| self.one(place, inner, item));
                items.collect::<Result<_, _>>().map(Parsed::List)
            }
            (In::Object(Obj::FieldRef(scalar, list)), Given::Field { column, table }) => {
                self.field_ref(place, (*scalar, *list), column, table)
            }
            (In::Object(obj), Given::Object(map)) => self.read_object(place, *obj, map),
            (of, given) => Err(self.wrong_type(place, of, given)),
        }
    }

    fn wrong_type(&self, place: &[&str], of: &In, given: Given<'_>) -> Vec<Fault> {
        let expected = vec![self.type_name(of)];
        let given = given.type_name();
        fault(place, FaultKind::Type { name: last(place), expected, given })
    }

    fn scalar(&self, place: &[&str], scalar: Scalar, given: Given<'_>) -> Read {
        let cell = match (scalar, given) {
            (Scalar::String, Given::Text(text)) => Cell::Text(text.to_owned()),
            (Scalar::Boolean, Given::Flag(flag)) => Cell::Flag(flag),
            (Scalar::Int, Given::Number(number)) => match whole(number.as_i64(), number.as_f64()) {
                Some(number) => Cell::Int(number),
                None => {
                    let (name, value) = (last(place), number.to_string());
                    return Err(fault(place, FaultKind::TooLarge { name, value }));
                }
            },
            (Scalar::Float, Given::Number(number)) => Cell::Float(number.as_f64().unwrap_or(0.0)),
            (Scalar::DateTime, Given::Text(text) | Given::Time(text)) => {
                Cell::Time(time::parse(text).map_err(|why| {
                    let (expected, why) = ("ISO-8601 DateTime".into(), Some(why.to_owned()));
                    fault(place, FaultKind::Value { name: last(place), expected, why })
                })?)
            }
            (scalar, given) => return Err(self.wrong_type(place, &In::Scalar(scalar), given)),
        };
        Ok(Parsed::Cell(cell))
    }

    fn field_ref(&self, place: &[&str], of: (Scalar, bool), column: &str, table: &str) -> Read {
        let table = self.description.by_name(table).map(|at| &self.description.tables[at]);
        let number = table.and_then(|table| table.column(column));
        match (table, number) {
            (Some(table), Some(number)) if table.columns[number].scalar == of.0 && !of.1 => {
                Ok(Parsed::Column(number))
            }
            _ => {
                let expected = self.type_name(&In::Scalar(of.0));
                let why = Some(format!("the field {column} is of another type"));
                Err(fault(place, FaultKind::Value { name: last(place), expected, why }))
            }
        }
    }

    fn read_object(&self, place: &[&str], obj: Obj, map: &Map<String, Value>) -> Read {
        let of = self.object(obj);
        let fields = self.fields(place, &of.fields, map)?;
        check_count(place, &of, &fields)?;
        Ok(Parsed::Object(Object { of: obj, fields }))
    }
}

fn check_count(
    place: &[&str],
    of: &ObjType,
    fields: &[(String, Parsed)],
) -> Result<(), Vec<Fault>> {
    let (name, type_name) = (last(place), of.name.clone());
    let kind = match &of.count {
        Count::Any => return Ok(()),
        Count::AtMostOne if fields.len() <= 1 => return Ok(()),
        Count::ExactlyOne if fields.len() == 1 => return Ok(()),
        Count::OneOf(names) if fields.iter().any(|(name, _)| names.contains(name)) => return Ok(()),
        Count::OneOf(names) => FaultKind::NoneOf { name, type_name, fields: names.clone() },
        count => {
            let given = fields.iter().map(|(name, _)| name.clone()).collect();
            FaultKind::Fields { name, type_name, given, exactly: *count == Count::ExactlyOne }
        }
    };
    Err(fault(place, kind))
}

/// A whole number; a fraction is cut.
fn whole(exact: Option<i64>, number: Option<f64>) -> Option<i64> {
    exact.or_else(|| {
        let number = number?.trunc();
        (number.abs() < 9_223_372_036_854_775_808.0).then_some(number as i64)
    })
}
