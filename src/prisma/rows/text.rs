//! Cells straight from the text of an object: most of the time that a read takes goes by here, so no
//! object is built in between.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::super::description::{Column, Place, Scalar, Table};
use super::super::value::Cell;
use super::super::{ids, time};
use super::{at, completed};
use crate::json;

/// The cells that the text of an object holds for a table, and the text in its field `kind`; `owner` is
/// the key of the record that it belongs to. Nothing where the text is no object.
pub(super) fn cells_in(
    table: &Table,
    owner: &str,
    text: &str,
    kind: &str,
) -> Option<(Vec<Cell>, Option<String>)> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Read { table, cells: vec![Cell::Null; table.columns.len()], kind, found: None };
    match reader.deserialize_map(read) {
        Ok(read) => Some((completed(table, owner, read.cells), read.found)),
        // Half of a pair of surrogates, written by hand: only the strict reader takes that.
        Err(_) => {
            let map = json::parse_object(text).ok()?;
            let found = map.get(kind).and_then(Value::as_str).map(str::to_owned);
            Some((super::cells_of(table, owner, &map), found))
        }
    }
}

struct Read<'r> {
    table: &'r Table,
    cells: Vec<Cell>,
    kind: &'r str,
    found: Option<String>,
}

impl<'de> Visitor<'de> for Read<'_> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Self, A::Error> {
        let columns = &self.table.columns;
        // Fields come in the order of the columns, nearly: the next one is looked at first.
        let mut next = 0;
        while let Some(Text(key)) = entries.next_key()? {
            let mut ahead = (next..columns.len()).chain(0..next);
            let found = ahead.find(|number| is_under(&columns[*number], &key));
            if *key == *self.kind {
                let Seen(cell) = entries.next_value_seed(Seed { scalar: Scalar::String })?;
                if let Some(number) = found {
                    self.cells[number] = given(&columns[number], cell.clone());
                }
                self.found = cell.text().map(str::to_owned);
                continue;
            }
            let Some(number) = found else {
                entries.next_value::<IgnoredAny>()?;
                continue;
            };
            next = number + 1;
            if is_whole(&columns[number]) {
                let seed = Seed { scalar: columns[number].scalar };
                self.cells[number] = given(&columns[number], entries.next_value_seed(seed)?.0);
                continue;
            }
            let inner = Value::Object(serde_json::Map::from_iter([(
                key.into_owned(),
                entries.next_value()?,
            )]));
            self.take_parts(&inner);
        }
        Ok(self)
    }
}

impl Read<'_> {
    /// The cells of columns that are parts of an object.
    fn take_parts(&mut self, object: &Value) {
        let Some(map) = object.as_object() else { return };
        for (column, cell) in self.table.columns.iter().zip(&mut self.cells) {
            if let Place::Path(path) = &column.place
                && map.contains_key(&path[0])
            {
                *cell = Cell::of(column, at(map, path));
            }
        }
    }
}

fn is_under(column: &Column, key: &str) -> bool {
    matches!(&column.place, Place::Path(path) if path[0] == key)
}

fn is_whole(column: &Column) -> bool {
    matches!(&column.place, Place::Path(path) if path.len() == 1)
}

fn given(column: &Column, cell: Cell) -> Cell {
    match cell {
        Cell::Text(id) if column.identifies => match ids::given(&id) {
            Cow::Owned(other) => Cell::Text(other),
            Cow::Borrowed(_) => Cell::Text(id),
        },
        cell => cell,
    }
}

/// Borrowed from the object unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);
        Borrowed::deserialize(reader).map(|text| Text(text.0))
    }
}

/// Reads the cell of a column's type; what does not fit it is nothing.
#[derive(Clone, Copy)]
struct Seed {
    scalar: Scalar,
}

struct Seen(Cell);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Seen, D::Error> {
        match self.scalar {
            Scalar::Json => {
                serde::Deserialize::deserialize(reader).map(|json| Seen(Cell::Json(json)))
            }
            _ => reader.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen(Cell::Null))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Seen, E> {
        Ok(Seen(if self.scalar == Scalar::Boolean { Cell::Flag(flag) } else { Cell::Null }))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Seen, E> {
        Ok(Seen(match self.scalar {
            Scalar::Int => Cell::Int(number),
            Scalar::Float => Cell::Float(number as f64),
            _ => Cell::Null,
        }))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Seen, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E>(self, number: f64) -> Result<Seen, E> {
        Ok(Seen(if self.scalar == Scalar::Float { Cell::Float(number) } else { Cell::Null }))
    }

    fn visit_str<E>(self, text: &str) -> Result<Seen, E> {
        Ok(Seen(match self.scalar {
            Scalar::String | Scalar::Enum(_) => Cell::Text(text.to_owned()),
            Scalar::DateTime => time::stored(text).map_or(Cell::Null, Cell::Time),
            _ => Cell::Null,
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Seen, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Seen(Cell::Null))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Seen, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Seen(Cell::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prisma::description;
    use proptest::prelude::*;

    /// A value that a field may hold, or that somebody may have written there by hand.
    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?(0|[1-9][0-9]{0,11})(\\.[0-9])?",
            "\"[a-z\\\\n]{0,4}\""
                .prop_filter("sound", |text| serde_json::from_str::<Value>(text).is_ok()),
            Just("\"2024-05-01T12:00:00.123+02:00\"".to_owned()),
            Just("\"_x612062\"".to_owned()),
            Just("\"\\ud83d\"".to_owned()),
            Just("[1,{\"b\":2}]".to_owned()),
            Just("{\"iv\":\"x\",\"enabled\":true,\"ciphertext\":7}".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn a_text_gives_the_cells_that_its_object_gives(
            number in 0..description().tables.len(),
            values in proptest::collection::vec((0..40_usize, value()), 0..20),
        ) {
            let table = &description().tables[number];
            let mut fields = table.record_fields();
            fields.extend(["type".to_owned(), "other".to_owned()]);
            let mut entries: Vec<String> = Vec::new();
            let mut seen = std::collections::HashSet::new();
            for (at, value) in values {
                let name = &fields[at % fields.len()];
                if seen.insert(name.clone()) {
                    entries.push(format!("\"{name}\":{value}"));
                }
            }
            let text = format!("{{{}}}", entries.join(","));
            let map = json::parse_object(&text).expect("sound");
            let kind = map.get("type").and_then(Value::as_str).map(str::to_owned);
            let expected = (super::super::cells_of(table, "owner", &map), kind);
            prop_assert_eq!(cells_in(table, "owner", &text, "type"), Some(expected), "{}", text);
        }
    }
}
