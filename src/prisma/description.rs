//! What the executor knows of a database: tables, columns, relations, and where their rows are.
//!
//! Types, defaults, nullability, unique fields and what a deletion leads to follow from the
//! catalogue's fields, so a table's declaration (`tables.rs`) says only what differs from them.
//! Nothing here knows of a single table.

use serde_json::Value;

use crate::catalogue::{Model, ModelId, OnDelete};

/// Tables and enumerations.
#[derive(Debug)]
pub struct Description {
    /// In the order of Prisma's schema.
    pub tables: Vec<Table>,
    /// The enumerations, in the order of their declaration.
    pub enums: Vec<Enumeration>,
}

/// A named list of words.
#[derive(Debug)]
pub struct Enumeration {
    /// `Role`.
    pub name: String,
    /// In the order in which a database sorts them.
    pub words: Vec<String>,
}

/// A table of the database that the client sees: Prisma's model.
#[derive(Debug)]
pub struct Table {
    /// `ChatTag`.
    pub name: String,
    /// `chat_tags`, which names of constraints begin with.
    pub db_name: String,
    /// Where its rows are.
    pub source: Source,
    /// In the order of the schema.
    pub columns: Vec<Column>,
    /// Its relation fields; in the schema they stand behind the columns.
    pub relations: Vec<Relation>,
    /// The columns of the primary key; none where there is only a unique.
    pub id: Vec<usize>,
    /// What else may occur once.
    pub uniques: Vec<Vec<usize>>,
}

/// Where the rows of a table are in the store.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A row is a record.
    Records {
        /// Of this model,
        model: ModelId,
        /// with one of these words in a field, where tables share a model. The first is written.
        only: Option<(String, Vec<String>)>,
        /// A field without a column, and the column of the reference to the record from whose field
        /// of the same name it is taken.
        inherited: Option<(String, String)>,
    },
    /// A row is an entry of a list of objects in a record.
    Entries {
        /// The record's model.
        model: ModelId,
        /// The list.
        list: String,
        /// The list of plain ids that says which entries there are, and which field of an entry
        /// holds that id; an id may lack an entry of its own.
        ids: Option<(String, String)>,
    },
    /// A row is a line of a log.
    Log {
        /// The model of the lines.
        model: ModelId,
    },
}

impl Source {
    /// The model whose records, or lines, hold the rows.
    pub fn model(&self) -> ModelId {
        match self {
            Source::Records { model, .. }
            | Source::Entries { model, .. }
            | Source::Log { model } => *model,
        }
    }
}

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// Any text.
    String,
    /// A whole number of 32 bits.
    Int,
    /// A number of 64 bits.
    Float,
    /// True or false.
    Boolean,
    /// Milliseconds since 1970.
    DateTime,
    /// Any JSON value.
    Json,
    /// A word of the enumeration with this number.
    Enum(usize),
}

/// What a new row gets in a column that is not given.
#[derive(Debug, Clone, PartialEq)]
pub enum Default {
    /// A UUID v4.
    Uuid,
    /// The time of the call.
    Now,
    /// A constant.
    Value(Value),
}

/// Where a column's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It is the key of the record that the entry, or the log, belongs to.
    Owner,
    /// Under this path: `["totp", "iv"]`.
    Path(Vec<String>),
}

/// A scalar field.
#[derive(Debug)]
pub struct Column {
    /// Its name, in the client and in the database.
    pub name: String,
    /// What it holds.
    pub scalar: Scalar,
    /// May it be null?
    pub nullable: bool,
    /// What it gets when it is not given.
    pub default: Option<Default>,
    /// Does it become the time of each change?
    pub updated_at: bool,
    /// Where it is in the record.
    pub place: Place,
    /// Is it an id, which the store keeps in a form of its own where it must?
    pub identifies: bool,
}

impl Column {
    /// Must a new row be given a value?
    pub fn required(&self) -> bool {
        !self.nullable && self.default.is_none() && !self.updated_at
    }
}

/// A relation field.
#[derive(Debug)]
pub struct Relation {
    /// `messages`.
    pub name: String,
    /// The number of the other table.
    pub target: usize,
    /// Are there many at the other end?
    pub list: bool,
    /// Can there be none at the other end? (A list says no.)
    pub nullable: bool,
    /// The relation's name: `ChatToMessage`.
    pub relation_name: String,
    /// The number of the relation field at the other end.
    pub back: usize,
    /// The foreign key, where this table holds it.
    pub foreign_key: Option<ForeignKey>,
}

/// A foreign key.
#[derive(Debug)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<usize>,
    /// The columns of the other table that they refer to.
    pub references: Vec<usize>,
    /// What happens to the row when the other goes.
    pub on_delete: OnDelete,
    /// `messages_chatId_fkey`.
    pub constraint: String,
}

/// A field of a table, in the order of the schema.
#[derive(Debug, Clone, Copy)]
pub enum FieldRef<'d> {
    /// A column, and its number.
    Column(usize, &'d Column),
    /// A relation, and its number.
    Relation(usize, &'d Relation),
}

impl Description {
    /// The number of the table that is called so.
    pub fn by_name(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|table| table.name == name)
    }

    /// The type's name: `String`, `Role`.
    pub fn type_name(&self, scalar: Scalar) -> &str {
        match scalar {
            Scalar::String => "String",
            Scalar::Int => "Int",
            Scalar::Float => "Float",
            Scalar::Boolean => "Boolean",
            Scalar::DateTime => "DateTime",
            Scalar::Json => "Json",
            Scalar::Enum(number) => &self.enums[number].name,
        }
    }

    /// The columns by which a relation field finds the rows at the other end: those of its own
    /// table, and those of the other one that have the same values.
    pub fn joined_by(&self, table: usize, relation: usize) -> (&[usize], &[usize]) {
        let own = &self.tables[table].relations[relation];
        let other = || self.tables[own.target].relations[own.back].foreign_key.as_ref();
        match (&own.foreign_key, other()) {
            (Some(key), _) => (&key.columns, &key.references),
            (None, Some(key)) => (&key.references, &key.columns),
            (None, None) => (&[], &[]),
        }
    }
}

impl Table {
    /// The number of the column that is called so.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The number of the relation field that is called so.
    pub fn relation(&self, name: &str) -> Option<usize> {
        self.relations.iter().position(|relation| relation.name == name)
    }

    /// Every field, in the order of the schema.
    pub fn fields(&self) -> impl Iterator<Item = FieldRef<'_>> {
        let columns = self.columns.iter().enumerate().map(|(at, c)| FieldRef::Column(at, c));
        let relations = self.relations.iter().enumerate();
        columns.chain(relations.map(|(at, relation)| FieldRef::Relation(at, relation)))
    }

    /// Every set of columns that names one row: the primary key first.
    pub fn keys(&self) -> impl Iterator<Item = &[usize]> {
        let id = Some(self.id.as_slice()).filter(|id| !id.is_empty());
        id.into_iter().chain(self.uniques.iter().map(Vec::as_slice))
    }

    /// The name of a key of several columns: `chatId_tagId`.
    pub fn key_name(&self, key: &[usize]) -> String {
        self.names(key).collect::<Vec<_>>().join("_")
    }

    /// The names of some columns.
    pub fn names<'t>(&'t self, columns: &'t [usize]) -> impl Iterator<Item = &'t str> {
        columns.iter().map(|column| self.columns[*column].name.as_str())
    }

    /// Does this column alone name a row by a unique that is not the primary key?
    pub fn is_unique(&self, column: usize) -> bool {
        self.uniques.iter().any(|key| key.as_slice() == [column])
    }

    /// Is this column alone the primary key?
    pub fn is_id(&self, column: usize) -> bool {
        self.id.as_slice() == [column]
    }

    /// The column of the owner's key, where rows belong to a record.
    pub fn owner_column(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.place == Place::Owner)
    }

    /// The relation whose foreign key has this column.
    pub fn relation_over(&self, column: usize) -> Option<&Relation> {
        let holds = |relation: &&Relation| {
            relation.foreign_key.as_ref().is_some_and(|key| key.columns.contains(&column))
        };
        self.relations.iter().find(holds)
    }

    /// The fields of a record that its rows are made of.
    pub(crate) fn record_fields(&self) -> Vec<String> {
        let first = |column: &Column| match &column.place {
            Place::Path(path) => path.first().cloned(),
            Place::Owner => None,
        };
        let mut fields: Vec<String> = match &self.source {
            Source::Entries { list, ids, .. } => {
                let ids = ids.as_ref().map(|(ids, _)| ids.clone());
                // An entry without a time of its own has the record's.
                ids.into_iter().chain([list.clone(), "createdAt".to_owned()]).collect()
            }
            Source::Records { only, .. } => {
                let only = only.as_ref().map(|(field, _)| field.clone());
                self.columns.iter().filter_map(first).chain(only).collect()
            }
            Source::Log { .. } => self.columns.iter().filter_map(first).collect(),
        };
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// The column at a path of the record.
    pub fn column_at(&self, path: &[String]) -> Option<usize> {
        let at = |column: &Column| matches!(&column.place, Place::Path(own) if own == path);
        self.columns.iter().position(at)
    }

    /// The column at a path as an error names it: `totp.iv`; or of this name: `chatId`.
    pub(crate) fn column_at_path(&self, path: &str) -> Option<usize> {
        let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
        self.column_at(&steps).or_else(|| self.column(path))
    }

    /// Is the record's key the first column of the primary key, or of a unique?
    pub fn key_column(&self, model: &Model) -> Option<usize> {
        self.column_at(std::slice::from_ref(&model.key))
    }
}
