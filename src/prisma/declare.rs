//! The words in which tables are declared, and how a description follows from them.

use super::description::{
    Column, Default, Description, Enumeration, ForeignKey, Place, Relation, Scalar, Source, Table,
};
use crate::catalogue::{Catalogue, Field, Kind, Model, ModelId, OnDelete, Times};
use crate::json;

/// An enumeration, as it is declared: the words of a catalogue's field, without some.
pub(super) struct EnumDraft {
    name: &'static str,
    model: ModelId,
    path: &'static str,
    without: Option<&'static str>,
}

pub(super) fn enumeration(name: &'static str, model: ModelId, path: &'static str) -> EnumDraft {
    EnumDraft { name, model, path, without: None }
}

impl EnumDraft {
    /// A word of the catalogue that the app's schema does not have.
    pub(super) fn without(mut self, word: &'static str) -> EnumDraft {
        self.without = Some(word);
        self
    }
}

struct ColumnDraft {
    name: String,
    place: Place,
    not_null: bool,
    plain_text: bool,
}

enum End {
    One { column: String },
    Many,
    Maybe,
}

struct RelationDraft {
    name: String,
    target: String,
    end: End,
    relation_name: Option<String>,
}

/// A table, as it is declared.
pub(super) struct Draft {
    name: String,
    db_name: String,
    source: Source,
    owner: Option<String>,
    columns: Vec<ColumnDraft>,
    relations: Vec<RelationDraft>,
    id: Option<String>,
    uniques: Vec<String>,
}

/// A table whose rows are the records of a model.
pub(super) fn records(name: &str, db_name: &str, model: ModelId) -> Draft {
    draft(name, db_name, Source::Records { model, only: None, inherited: None }, None)
}

/// A table whose rows are the entries of a list in the records of a model; the record's key is
/// the column `owner`.
pub(super) fn entries(name: &str, db_name: &str, model: ModelId, list: &str, owner: &str) -> Draft {
    draft(name, db_name, Source::Entries { model, list: list.into(), ids: None }, Some(owner))
}

/// A table whose rows are lines of logs; the key of a log's owner is the column `owner`.
pub(super) fn log(name: &str, db_name: &str, model: ModelId, owner: &str) -> Draft {
    draft(name, db_name, Source::Log { model }, Some(owner))
}

fn draft(name: &str, db_name: &str, source: Source, owner: Option<&str>) -> Draft {
    Draft {
        name: name.into(),
        db_name: db_name.into(),
        source,
        owner: owner.map(str::to_owned),
        columns: Vec::new(),
        relations: Vec::new(),
        id: None,
        uniques: Vec::new(),
    }
}

impl Draft {
    /// Its rows are the records with one of these words in a field.
    pub(super) fn only(mut self, field: &str, words: &str) -> Draft {
        if let Source::Records { only, .. } = &mut self.source {
            *only = Some((field.into(), words.split(' ').map(str::to_owned).collect()));
        }
        self
    }

    /// A field that has no column is that of the record which a column refers to.
    pub(super) fn inherits(mut self, field: &str, column: &str) -> Draft {
        if let Source::Records { inherited, .. } = &mut self.source {
            *inherited = Some((field.into(), column.into()));
        }
        self
    }

    /// A list of plain ids says which entries there are.
    pub(super) fn ids(mut self, list: &str, field: &str) -> Draft {
        if let Source::Entries { ids, .. } = &mut self.source {
            *ids = Some((list.into(), field.into()));
        }
        self
    }

    /// Columns that are called as the catalogue's fields are.
    pub(super) fn columns(mut self, names: &str) -> Draft {
        for name in names.split(' ') {
            let place = if self.owner.as_deref() == Some(name) {
                Place::Owner
            } else {
                Place::Path(vec![name.to_owned()])
            };
            self.columns.push(ColumnDraft {
                name: name.to_owned(),
                place,
                not_null: false,
                plain_text: false,
            });
        }
        self
    }

    /// A column that is called otherwise than the catalogue's field.
    pub(super) fn at(mut self, name: &str, path: &str) -> Draft {
        let place = Place::Path(path.split('.').map(str::to_owned).collect());
        let name = name.to_owned();
        self.columns.push(ColumnDraft { name, place, not_null: false, plain_text: false });
        self
    }

    /// The column is never null, though the catalogue's field may be.
    pub(super) fn not_null(self, name: &str) -> Draft {
        self.with_column(name, |column| column.not_null = true)
    }

    /// The column is a text, though the catalogue's field is one of some words.
    pub(super) fn plain_text(self, name: &str) -> Draft {
        self.with_column(name, |column| column.plain_text = true)
    }

    fn with_column(mut self, name: &str, change: impl FnOnce(&mut ColumnDraft)) -> Draft {
        self.columns.iter_mut().find(|column| column.name == name).map(change);
        self
    }

    /// A relation to the one row that a column of this table names.
    pub(super) fn one(self, name: &str, target: &str, column: &str) -> Draft {
        self.relation(name, target, End::One { column: column.into() })
    }

    /// A relation to the rows of another table that name this one.
    pub(super) fn many(self, name: &str, target: &str) -> Draft {
        self.relation(name, target, End::Many)
    }

    /// A relation to the one row of another table that may name this one.
    pub(super) fn maybe(self, name: &str, target: &str) -> Draft {
        self.relation(name, target, End::Maybe)
    }

    fn relation(mut self, name: &str, target: &str, end: End) -> Draft {
        let (name, target) = (name.into(), target.into());
        self.relations.push(RelationDraft { name, target, end, relation_name: None });
        self
    }

    /// The relation before this has a name of its own.
    pub(super) fn named(mut self, name: &str) -> Draft {
        if let Some(last) = self.relations.last_mut() {
            last.relation_name = Some(name.into());
        }
        self
    }

    /// These columns together are the primary key.
    pub(super) fn id(mut self, columns: &str) -> Draft {
        self.id = Some(columns.into());
        self
    }

    /// These columns together occur once.
    pub(super) fn unique(mut self, columns: &str) -> Draft {
        self.uniques.push(columns.into());
        self
    }
}

/// The description that follows from declared tables over a catalogue.
pub(super) fn describe(
    catalogue: &Catalogue,
    enums: &[EnumDraft],
    drafts: &[Draft],
) -> Description {
    let words: Vec<&[String]> = enums.iter().map(|draft| words_of(catalogue, draft)).collect();
    let tables = drafts.iter().map(|draft| table(catalogue, &words, draft, drafts)).collect();
    let enums = enums.iter().zip(words).map(|(draft, words)| Enumeration {
        name: draft.name.to_owned(),
        words: words.iter().filter(|w| Some(w.as_str()) != draft.without).cloned().collect(),
    });
    Description { tables, enums: enums.collect() }
}

fn words_of<'c>(catalogue: &'c Catalogue, draft: &EnumDraft) -> &'c [String] {
    let path: Vec<String> = draft.path.split('.').map(str::to_owned).collect();
    match field_at(&catalogue.model(draft.model).fields, &path).map(|field| &field.kind) {
        Some(Kind::Enum(words)) => words,
        _ => &[],
    }
}

/// The field at a path, through objects and lists of them.
fn field_at<'c>(fields: &'c [Field], path: &[String]) -> Option<&'c Field> {
    let (first, rest) = path.split_first()?;
    let field = fields.iter().find(|field| field.name == *first)?;
    if rest.is_empty() { Some(field) } else { field_at(inner_fields(&field.kind), rest) }
}

fn inner_fields(kind: &Kind) -> &[Field] {
    match kind {
        Kind::Object(fields) => fields,
        Kind::List(inner) => inner_fields(inner),
        _ => &[],
    }
}

fn table(catalogue: &Catalogue, enums: &[&[String]], draft: &Draft, all: &[Draft]) -> Table {
    let model = catalogue.model(draft.source.model());
    let columns = draft.columns.iter().map(|column| column_of(model, enums, draft, column));
    let relations = draft.relations.iter().map(|own| relation_of(catalogue, draft, own, all));
    let mut table = Table {
        name: draft.name.clone(),
        db_name: draft.db_name.clone(),
        source: draft.source.clone(),
        columns: columns.collect(),
        relations: relations.collect(),
        id: Vec::new(),
        uniques: Vec::new(),
    };
    let numbers = |names: &str| -> Vec<usize> {
        names.split(' ').filter_map(|name| table.column(name)).collect()
    };
    let id = draft.id.as_deref().map_or_else(|| numbers("id"), numbers);
    let mut uniques: Vec<Vec<usize>> = draft.uniques.iter().map(|names| numbers(names)).collect();
    if let Source::Records { .. } = draft.source {
        let key = table.key_column(model).filter(|key| id != [*key]);
        uniques.extend(key.map(|key| vec![key]));
        for unique in &model.uniques {
            let columns =
                unique.fields.iter().map(|name| table.column_at(std::slice::from_ref(name)));
            uniques.extend(columns.collect::<Option<Vec<usize>>>());
        }
    }
    (table.id, table.uniques) = (id, uniques);
    table
}

fn column_of(model: &Model, enums: &[&[String]], draft: &Draft, column: &ColumnDraft) -> Column {
    let name = column.name.clone();
    let Place::Path(path) = &column.place else {
        return Column {
            name,
            scalar: Scalar::String,
            nullable: false,
            default: None,
            updated_at: false,
            place: Place::Owner,
            identifies: true,
        };
    };
    let mut full: Vec<String> = match &draft.source {
        Source::Entries { list, .. } => vec![list.clone()],
        _ => Vec::new(),
    };
    full.extend_from_slice(path);
    let field = field_at(&model.fields, &full);
    let above = path.len() > 1 && field_at(&model.fields, &path[..1]).is_some_and(|f| f.optional);
    let default = field.and_then(|field| default_of(model, field));
    let optional = field.is_some_and(|field| field.optional) || (above && default.is_none());
    let nullable = optional && !column.not_null && default.is_none();
    Column {
        scalar: match field.map(|field| &field.kind) {
            Some(Kind::Enum(_)) if column.plain_text => Scalar::String,
            Some(kind) => scalar_of(kind, enums),
            None => Scalar::String,
        },
        updated_at: model.times == Times::Both && path == &["updatedAt"],
        name,
        nullable,
        default,
        place: column.place.clone(),
        // An unchecked link may be any text, so it needs no other form.
        identifies: field.is_some_and(|field| {
            !field.unchecked && matches!(field.kind, Kind::Id | Kind::Link(..))
        }),
    }
}

fn scalar_of(kind: &Kind, enums: &[&[String]]) -> Scalar {
    match kind {
        Kind::Integer => Scalar::Int,
        Kind::Number => Scalar::Float,
        Kind::Flag => Scalar::Boolean,
        Kind::Time => Scalar::DateTime,
        Kind::Json | Kind::Any => Scalar::Json,
        Kind::Enum(words) => {
            let number = enums.iter().position(|other| *other == words.as_slice());
            number.map_or(Scalar::String, Scalar::Enum)
        }
        _ => Scalar::String,
    }
}

fn default_of(model: &Model, field: &Field) -> Option<Default> {
    match (&field.kind, field.name.as_str()) {
        (Kind::Id, "id") => Some(Default::Uuid),
        (Kind::Time, "createdAt") => Some(Default::Now),
        (Kind::Time, "updatedAt") if model.times == Times::Both => None,
        _ => field.default.as_deref().and_then(|text| json::parse(text).ok()).map(Default::Value),
    }
}

fn relation_of(
    catalogue: &Catalogue,
    draft: &Draft,
    own: &RelationDraft,
    all: &[Draft],
) -> Relation {
    let target = all.iter().position(|other| other.name == own.target).unwrap_or_default();
    let other = &all[target];
    let is_back = |relation: &&RelationDraft| {
        relation.target == draft.name
            && matches!(relation.end, End::One { .. }) != matches!(own.end, End::One { .. })
    };
    let back = other.relations.iter().position(|relation| is_back(&relation)).unwrap_or_default();
    let given =
        own.relation_name.as_ref().or_else(|| other.relations.get(back)?.relation_name.as_ref());
    let foreign_key = match &own.end {
        End::One { column } => Some(foreign_key(catalogue, draft, column, other)),
        End::Many | End::Maybe => None,
    };
    let key_column = foreign_key.as_ref().and_then(|key| draft.columns.get(key.columns[0]));
    let model = catalogue.model(draft.source.model());
    let enums: &[&[String]] = &[];
    Relation {
        name: own.name.clone(),
        target,
        list: matches!(own.end, End::Many),
        nullable: key_column.map_or(matches!(own.end, End::Maybe), |column| {
            column_of(model, enums, draft, column).nullable
        }),
        relation_name: given.cloned().unwrap_or_else(|| {
            let (a, b) =
                (draft.name.as_str().min(&other.name), draft.name.as_str().max(&other.name));
            format!("{a}To{b}")
        }),
        back,
        foreign_key,
    }
}

fn foreign_key(catalogue: &Catalogue, draft: &Draft, column: &str, other: &Draft) -> ForeignKey {
    let number = draft.columns.iter().position(|own| own.name == column).unwrap_or_default();
    let id = other.columns.iter().position(|column| column.name == "id").unwrap_or_default();
    let in_entry = matches!(draft.source, Source::Entries { .. });
    let model = catalogue.model(draft.source.model());
    let on_delete = match &draft.columns[number].place {
        Place::Path(path) if !in_entry => match field_at(&model.fields, path).map(|f| &f.kind) {
            Some(Kind::Link(_, on_delete)) => *on_delete,
            _ => OnDelete::NoAction,
        },
        // An entry goes with what it refers to, as it goes with its record.
        _ => OnDelete::Cascade,
    };
    let constraint = format!("{}_{column}_fkey", draft.db_name);
    ForeignKey { columns: vec![number], references: vec![id], on_delete, constraint }
}
