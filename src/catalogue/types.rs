//! The words in which a model is declared: kinds of fields, relations, uniques, places.
//!
//! The same types describe a built-in model and an app's own collection, so nothing below can
//! tell the two apart. Where Prisma has a word for a thing, it is used.

use std::borrow::Cow;
use std::sync::Arc;

use crate::json::text_field;

/// A model's number in its [`Catalogue`](super::Catalogue).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub u16);

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// 1 to 64 of `A-Z a-z 0-9 _ -`.
    Id,
    /// A whole number within ±(2^53 − 1).
    Integer,
    /// Any finite number.
    Number,
    /// true or false.
    Flag,
    /// ISO-8601 UTC with milliseconds and `Z`; other ISO-8601 forms with an offset are
    /// accepted and brought to this one.
    Time,
    /// Any JSON object.
    Json,
    /// Any JSON value.
    Any,
    /// One of these words.
    Enum(Vec<String>),
    /// A reference to a record of another model, by its key. With [`OnDelete::NoAction`] it is
    /// kept in the index (so that it can be looked up by) but neither checked nor followed.
    Link(ModelId, OnDelete),
    /// A list of values of one kind.
    List(Box<Kind>),
    /// An object with declared fields (unknown ones are kept).
    Object(Vec<Field>),
}

/// What happens to a referring record when the one it refers to goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The referring record goes too; inside a list, the entry goes.
    Cascade,
    /// The field becomes null; inside a list, the entry goes, unless it is an object whose field
    /// can be null.
    SetNull,
    /// The deletion is refused.
    Restrict,
    /// Nothing happens, and the reference is not checked.
    NoAction,
}

/// One field of a model or of an object inside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The key in the record.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// May it be null or absent?
    pub optional: bool,
    /// The value that is filled in when the key is absent, as JSON text. (A given null stays, or
    /// is a fault where null is not allowed.)
    pub default: Option<String>,
    /// Does the store, and nobody else, write it? Given values are dropped without error.
    pub derived: bool,
    /// Follows, in lower case, the field of this name unless it is given.
    pub lower_case_of: Option<String>,
    /// For a list of objects: no two entries have the same value in this field.
    pub one_per: Option<String>,
    /// For a list of ids: each stands in it once, and what comes again is left out.
    pub once: bool,
    /// Looked up by often: keeps an index (unique fields and links have one anyway).
    pub indexed: bool,
    /// For a text: it is the value of another model's unique field, and refers to that record.
    pub refers: Option<Reference>,
    /// For a link: it may be any text, the id of nothing, or of something else than the model that
    /// the link names; a deletion is followed all the same.
    pub unchecked: bool,
    /// In an entry of a list: does the store give it a value where it is absent?
    pub filled: bool,
    /// Of a number the least value, of a text the fewest characters, of a list the fewest entries.
    pub least: Option<f64>,
    /// The same, the other way.
    pub most: Option<f64>,
    /// May only its owner see it? Then no message repeats it, and an adapter's user is without it.
    pub private: bool,
    /// For a text: does it let somebody in, or say who they are at a provider? Then no call takes an
    /// empty one, which would let in whoever sends nothing.
    pub lets_in: bool,
    /// Is it kept so that nobody who has the files can read it?
    pub sealing: Option<Sealing>,
    /// Is what is sealed in the record bound to its value? It is to a user who is referred to.
    pub binds: bool,
    /// One sentence for the documentation.
    pub doc: String,
}

/// A reference by another field than the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The model referred to.
    pub to: ModelId,
    /// Its field, which is unique.
    pub by: String,
    /// What happens when the other goes.
    pub on_delete: OnDelete,
}

/// How a field is kept that nobody who has the files can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// One text, sealed whenever it is written.
    Always,
    /// One text, sealed where its writer asks for it, and from then on.
    Asked,
    /// `ciphertext`, `iv` and `authTag`, which a call of its own seals.
    Parts,
}

/// One place of a sealed value, derived from the declaration: all that there are to be found when
/// everything is sealed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What the value is bound to, besides the collection and the record.
    pub field: String,
    /// In which form it is kept.
    pub sealing: Sealing,
    /// Do its parts stand at the top of the record, and not in the object of that name?
    pub at_top: bool,
}

/// Fields whose values together may occur once.
#[derive(Debug, Clone, PartialEq)]
pub struct Unique {
    /// Top-level field names.
    pub fields: Vec<String>,
    /// Compared without case (Unicode lower case)?
    pub caseless: bool,
}

/// One index that keeps an order: the records with the same values in `under`, by the field `by`,
/// and by creation where that is the same. Prisma's `@@index([...under, by])`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorting {
    /// Top-level fields that a query asks to be equal to something; none for all records.
    pub under: Vec<String>,
    /// The top-level field that the records are sorted by.
    pub by: String,
}

/// A field of which an index keeps the order.
#[derive(Debug, Clone, PartialEq)]
pub struct SortField {
    /// Its name.
    pub name: String,
    /// What it holds, which says how two values compare.
    pub kind: Kind,
}

/// Which times the store keeps on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// `createdAt` and `updatedAt`.
    Both,
    /// `createdAt` only.
    Created,
    /// None.
    None,
}

impl Times {
    /// The fields that hold them.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Times::Both => &["createdAt", "updatedAt"],
            Times::Created => &["createdAt"],
            Times::None => &[],
        }
    }
}

/// Where the records of a model live, relative to the data folder.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// One file a record: `characters/{id}.json`.
    Directory { dir: String },
    /// An array under `key` in one pretty-printed file, which other models may share.
    Document { file: String, key: String },
    /// One line a record in a `.jsonl` file; `schema` is what its header line says.
    Rows { file: String, schema: String },
    /// The first record under `key` in the file `first` (which other things share), every
    /// further one under the same key in its own file `dir/{id}.json`.
    Owner { first: String, dir: String, key: String },
    /// Under `key` in the file of the record that the link `by` names (whose model has the
    /// place `Owner`); one for each.
    Beside { of: ModelId, by: String, key: String },
    /// Exactly one record, whose fields stand at the top of `file` (which others share). Its
    /// key is the constant `settings`.
    Single { file: String },
    /// Lines of the log `dir/{owner id}.jsonl`, oldest first; not held in memory. Whatever tells of a
    /// row or refers to one names its owner in a field `owner_field`; the rows themselves may.
    Log { dir: String, owner: ModelId, owner_field: String, schema: String },
}

/// Two lists of ids that mirror each other: the ids at `path` of this model and the list
/// `field` of model `of` are kept in step.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    /// Where this model names the other's records: `["personaLinks", "personaId"]`.
    pub path: Vec<String>,
    /// The other model.
    pub of: ModelId,
    /// The other model's list of ids of this model: `characterLinks`.
    pub field: String,
}

/// What a log model's owner knows of its log.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The `type` of the rows that are counted, and that the model's fields describe; rows of
    /// other types need only an id, a type and a time.
    pub row_type: String,
    /// The owner's fields with the number of such rows, and with the latest `createdAt` of one;
    /// none where nobody counts.
    pub fields: Option<[String; 2]>,
}

/// One model: all that the store knows of a kind of record.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// `Character`.
    pub name: String,
    /// `characters`: its name in the journal, in change events and in `store.<collection>`.
    pub collection: String,
    /// The field that is the record's key: `id`, or `token`.
    pub key: String,
    /// Every field, the key and the times included, in the order in which they are written.
    pub fields: Vec<Field>,
    /// What may occur once.
    pub uniques: Vec<Unique>,
    /// Which times it has.
    pub times: Times,
    /// Where it lives.
    pub place: Place,
    /// Lists kept in step with another model's.
    pub mirrors: Vec<Mirror>,
    /// For a log model: what its owner counts.
    pub counted: Option<Counted>,
    /// Where the bytes lie that its records stand for.
    pub payload: Option<Payload>,
    /// What the `ciphertext`, `iv` and `authTag` of the record itself are the sealed form of.
    pub sealed_as: Option<String>,
    /// One sentence for the documentation.
    pub doc: String,
    /// What lists of its records are sorted by.
    pub sortings: Vec<Sorting>,
    /// Everything the store looks records up by; derived from the fields, uniques and sortings.
    pub indexes: Vec<Index>,
    /// Every field of which an index keeps the order; derived from the sortings.
    pub sort_fields: Vec<SortField>,
    /// Every reference to another model; derived from the fields.
    pub links: Vec<Link>,
    /// Every place of a sealed value; derived from the fields.
    pub sealed: Vec<Sealed>,
    /// The fields to whose values what is sealed is bound, in the order of their names; derived.
    pub binding: Vec<String>,
    /// The names of the private fields; derived from the fields.
    pub private: Arc<[String]>,
}

/// Where the bytes lie that a model's records stand for: once for each content, in
/// `<dir>/<SHA-256>/raw`. They go with the last record that has this content.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    /// The folder.
    pub dir: String,
    /// The indexed field that holds the SHA-256.
    pub field: String,
}

impl Payload {
    /// The folder of a content, from the data folder on: the payload and what is made from it.
    pub fn folder_of(&self, content: &str) -> String {
        format!("{}/{content}", self.dir)
    }

    /// The file of a content, from the data folder on.
    pub fn file_of(&self, content: &str) -> String {
        format!("{}/{content}/raw", self.dir)
    }

    /// The content in whose folder a path lies, or which that folder is of.
    pub fn content_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        let within = path.strip_prefix(&self.dir)?.strip_prefix('/')?;
        within.split('/').next().filter(|name| is_content(name))
    }
}

/// Is it a SHA-256 as the store writes it? Nothing else becomes part of a path.
pub fn is_content(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// One way of looking records up, derived from the declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Paths of the fields (`["userId"]`, `["personaLinks", "personaId"]`); a unique over
    /// several fields has several paths, an index over all records none.
    pub paths: Vec<Vec<String>>,
    /// May a key occur once only?
    pub unique: bool,
    /// Is the key compared without case?
    pub caseless: bool,
    /// The orders that are kept under each key, besides that of creation: numbers of fields in
    /// [`Model::sort_fields`].
    pub sorts: Vec<usize>,
}

/// One reference to another model, derived from the declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// `["apiKeyId"]`, `["tags"]`, `["avatarOverrides", "chatId"]`.
    pub path: Vec<String>,
    /// The model referred to.
    pub to: ModelId,
    /// The other's field that it has the value of, where that is not the key.
    pub by: Option<String>,
    /// What happens when the other goes.
    pub on_delete: OnDelete,
    /// Does it stand in a list (of ids, or of objects)?
    pub in_list: bool,
    /// May the field be null?
    pub optional: bool,
    /// May it refer to nothing?
    pub unchecked: bool,
    /// The number of its index in [`Model::indexes`].
    pub index: usize,
}

impl Link {
    /// The value by which a record (its key and JSON text) is referred to: its key, or that of the field which
    /// the link names.
    pub(crate) fn value_in<'r>(&self, key: &'r str, text: &'r str) -> Option<Cow<'r, str>> {
        match &self.by {
            None => Some(Cow::Borrowed(key)),
            Some(by) => text_field(text, by),
        }
    }
}
