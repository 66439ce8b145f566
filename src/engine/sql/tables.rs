//! The tables: two for each model (its records, and the keys under which its indexes find them), one for the
//! rows of all logs, four for the bytes of payloads (`.objects` has those to be removed from a bucket), one for what
//! is known of the whole, and one for calls.

use sha2::{Digest, Sha256};

use crate::catalogue::{Catalogue, Model, Place};
use crate::postgres::quoted;

/// A longer key is kept as its hash: the database's own indexes take no more.
const LONGEST_KEY: usize = 500;
/// The database's names are at most so long.
const LONGEST_NAME: usize = 48;

/// The version of the tables' form: 2 keeps the orders of fields.
pub(super) const FORM: i64 = 2;

/// The names of a model's tables, quoted.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) records: String,
    pub(super) keys: String,
}

impl Table {
    pub(super) fn of(model: &Model) -> Table {
        let name = if model.collection.len() > LONGEST_NAME {
            format!("{}~{}", cut(&model.collection), &hashed(&model.collection)[..12])
        } else {
            model.collection.clone()
        };
        Table { records: quoted(&name), keys: quoted(&format!("{name}.keys")) }
    }
}

fn cut(name: &str) -> &str {
    let end = (0..=LONGEST_NAME - 13).rev().find(|at| name.is_char_boundary(*at));
    &name[..end.unwrap_or_default()]
}

/// SHA-256 of a text, in hexadecimal digits.
pub(super) fn hashed(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// A key as the database's indexes have it: it takes neither long ones nor U+0000.
pub(super) fn kept(key: &str) -> String {
    if key.len() <= LONGEST_KEY && !key.contains('\0') && !key.starts_with('#') {
        return key.to_owned();
    }
    format!("#{}", hashed(key))
}

/// What an index is called in the rows of a keys table: by its fields, for the order of the indexes may change.
pub(super) fn name_of_index(model: &Model, number: usize) -> String {
    let index = &model.indexes[number];
    let fields: Vec<String> = index.paths.iter().map(|path| path.join(".")).collect();
    format!("{}{}", if index.caseless { "~" } else { "" }, fields.join("+"))
}

/// What an order is called there that an index keeps of a field.
pub(super) fn name_of_order(model: &Model, number: usize, sort: usize) -> String {
    format!("{}>{}", name_of_index(model, number), model.sort_fields[sort].name)
}

/// What makes the tables that every store has.
pub(super) fn create_common() -> String {
    "CREATE TABLE IF NOT EXISTS \".meta\" (name text COLLATE \"C\" PRIMARY KEY, value text NOT NULL);
     CREATE TABLE IF NOT EXISTS \".calls\" (id text COLLATE \"C\" PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
     CREATE INDEX IF NOT EXISTS \".calls.at\" ON \".calls\" (at);
     CREATE TABLE IF NOT EXISTS \".rows\" (
       log text COLLATE \"C\" NOT NULL, owner text COLLATE \"C\" NOT NULL, id text COLLATE \"C\" NOT NULL,
       place bigint GENERATED ALWAYS AS IDENTITY, kind text COLLATE \"C\", time_ms bigint, text text NOT NULL,
       PRIMARY KEY (log, owner, id));
     CREATE INDEX IF NOT EXISTS \".rows.place\" ON \".rows\" (log, owner, place);
     CREATE INDEX IF NOT EXISTS \".rows.id\" ON \".rows\" (log, id);
     CREATE INDEX IF NOT EXISTS \".rows.time\" ON \".rows\" (log, owner, time_ms);
     CREATE TABLE IF NOT EXISTS \".uploads\" (id text COLLATE \"C\" PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
     ALTER TABLE \".uploads\" ADD COLUMN IF NOT EXISTS object text;
     CREATE INDEX IF NOT EXISTS \".uploads.at\" ON \".uploads\" (at);
     CREATE TABLE IF NOT EXISTS \".chunks\" (
       upload text COLLATE \"C\" NOT NULL REFERENCES \".uploads\" ON DELETE CASCADE, number bigint NOT NULL,
       bytes bytea NOT NULL, PRIMARY KEY (upload, number));
     CREATE TABLE IF NOT EXISTS \".payloads\" (
       content text COLLATE \"C\" NOT NULL, name text COLLATE \"C\" NOT NULL,
       upload text COLLATE \"C\" NOT NULL REFERENCES \".uploads\", size bigint NOT NULL, PRIMARY KEY (content, name));
     CREATE INDEX IF NOT EXISTS \".payloads.upload\" ON \".payloads\" (upload);
     CREATE TABLE IF NOT EXISTS \".objects\" (address text COLLATE \"C\" PRIMARY KEY);"
        .to_owned()
}

/// What makes the tables of a catalogue's models, those that are there already excepted.
pub(super) fn create(catalogue: &Catalogue) -> String {
    let models = catalogue.ids().map(|id| catalogue.model(id));
    let kept = models.filter(|model| !matches!(model.place, Place::Log { .. }));
    kept.map(create_one).collect()
}

fn create_one(model: &Model) -> String {
    let Table { records, keys } = Table::of(model);
    let bare = |name: &str| name.trim_matches('"').to_owned();
    let (by_time, by_case) =
        (format!("{}.time", bare(&records)), format!("{}.case", bare(&records)));
    let by_record = format!("{}.record", bare(&keys));
    format!(
        "CREATE TABLE IF NOT EXISTS {records} (
           key text COLLATE \"C\" PRIMARY KEY, seq bigint GENERATED BY DEFAULT AS IDENTITY,
           created_ms bigint NOT NULL, folded text COLLATE \"C\" NOT NULL, text text NOT NULL);
         CREATE INDEX IF NOT EXISTS {} ON {records} (created_ms, seq);
         CREATE INDEX IF NOT EXISTS {} ON {records} (folded);
         CREATE TABLE IF NOT EXISTS {keys} (
           index text COLLATE \"C\" NOT NULL, value text COLLATE \"C\" NOT NULL, by bytea NOT NULL,
           created_ms bigint NOT NULL, seq bigint NOT NULL, record text COLLATE \"C\" NOT NULL, rest bytea NOT NULL,
           PRIMARY KEY (index, value, by, created_ms, seq));
         CREATE INDEX IF NOT EXISTS {} ON {keys} (record);\n",
        quoted(&by_time),
        quoted(&by_case),
        quoted(&by_record),
    )
}
