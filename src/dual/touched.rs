//! Which rows a call may change, by its request alone.
//!
//! A call names rows by conditions. What of these is an equality of texts is taken over, the rest is
//! left out, which only makes the scope wider. Where a call moves a row out of its own condition
//! (`where: { email }, data: { email }`), both sides of the move are told.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::scope::Scope;
use crate::catalogue::OnDelete;
use crate::prisma::{ForeignKey, Relation, Scalar, Table, description};

type Equals = BTreeMap<String, String>;
type Data = Map<String, Value>;

/// What a call may change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) scopes: Vec<Scope>,
    /// The tables whose rows may change, a bit each: besides those of the scopes, where deletions lead to.
    pub(super) tables: u64,
}

/// The rows that a request of Prisma's JSON protocol may change.
pub(super) fn touched(request: &Value) -> Touched {
    let mut touched = Touched::default();
    let Some(table) = table_of(request) else { return touched };
    let arguments = &request["query"]["arguments"];
    let nothing = Data::new();
    let (given, data) = (&arguments["where"], arguments["data"].as_object().unwrap_or(&nothing));
    match request["action"].as_str().unwrap_or_default() {
        "createOne" => touched.create(table, data, None),
        "createMany" | "createManyAndReturn" => touched.create_all(table, &arguments["data"], None),
        "updateOne" | "updateMany" | "updateManyAndReturn" => touched.update(table, given, data),
        "upsertOne" => {
            let part = |name: &str| arguments[name].as_object().unwrap_or(&nothing);
            touched.update(table, given, part("update"));
            touched.create(table, part("create"), None);
        }
        "deleteOne" | "deleteMany" => touched.delete(table, given),
        _ => {}
    }
    touched.scopes.sort();
    touched.scopes.dedup();
    touched
}

/// Every row of the tables that these words name; of all tables where none does. For SQL, of which
/// nothing is understood.
pub(super) fn touched_by_sql(sql: &str) -> Touched {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = sql.split(|c| !is_word(c)).collect();
    let tables = &description().tables;
    let named = tables.iter().enumerate();
    let mut named: Vec<usize> = named
        .filter(|(_, table)| words.iter().any(|word| word.eq_ignore_ascii_case(&table.db_name)))
        .map(|(number, _)| number)
        .collect();
    if named.is_empty() {
        named = (0..tables.len()).collect();
    }
    let mut touched = Touched::default();
    for table in named {
        touched.remove(table, vec![Equals::new()]);
    }
    touched.scopes.sort();
    touched.scopes.dedup();
    touched
}

/// Every table that a request asks about, a bit each: those of its relations are named by their fields.
pub(super) fn asked(request: &Value) -> u64 {
    let mut tables = 0;
    if let Some(table) = table_of(request) {
        tables |= 1 << table;
        mentioned(table, &request["query"], &mut tables);
    }
    tables
}

fn mentioned(table: usize, value: &Value, tables: &mut u64) {
    let of = &description().tables[table];
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let target = of.relation(key).map(|at| of.relations[at].target);
                if let Some(target) = target {
                    *tables |= 1 << target;
                }
                mentioned(target.unwrap_or(table), inner, tables);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| mentioned(table, item, tables)),
        _ => {}
    }
}

pub(super) fn table_of(request: &Value) -> Option<usize> {
    request["modelName"].as_str().and_then(|name| description().by_name(name))
}

impl Touched {
    fn add(&mut self, table: usize, equals: Equals) {
        self.tables |= 1 << table;
        let model = description().tables[table].name.clone();
        self.scopes.push(Scope { model, equals });
    }

    /// A new row, whose columns `known` are those that its parent gives it.
    fn create(&mut self, table: usize, data: &Data, known: Option<(&str, &str)>) {
        let of = &description().tables[table];
        let text = |column: &str| {
            let parents = known.filter(|(name, _)| *name == column).map(|(_, text)| text);
            parents.or_else(|| text_of(of, data, column)).map(str::to_owned)
        };
        let parts = |key: &[usize]| -> Equals {
            of.names(key).filter_map(|name| Some((name.to_owned(), text(name)?))).collect()
        };
        let whole = of.keys().find(|key| parts(key).len() == key.len());
        let equals = whole.or_else(|| of.keys().next()).map(parts).unwrap_or_default();
        let id = text("id");
        self.add(table, equals);
        self.nested(table, data, id.as_deref());
    }

    fn create_all(&mut self, table: usize, data: &Value, known: Option<(&str, &str)>) {
        each_object(data, |row| self.create(table, row, known));
    }

    fn update(&mut self, table: usize, given: &Value, data: &Data) {
        for equals in conditions(table, given) {
            if let Some(moved) = moved(table, &equals, data) {
                self.add(table, moved);
            }
            let id = equals.get("id").cloned();
            self.add(table, equals);
            self.nested(table, data, id.as_deref());
        }
    }

    fn delete(&mut self, table: usize, given: &Value) {
        self.remove(table, conditions(table, given));
    }

    fn rows(&mut self, table: usize, which: Vec<Equals>) {
        which.into_iter().for_each(|equals| self.add(table, equals));
    }

    fn remove(&mut self, table: usize, which: Vec<Equals>) {
        for equals in &which {
            self.rows_below(table, equals.get("id"));
        }
        self.rows(table, which);
        self.tables |= follows(table);
    }

    /// The rows that go, or lose a reference, with a row: those that refer to it by its id, and all that
    /// may refer to these.
    fn rows_below(&mut self, table: usize, id: Option<&String>) {
        for (child, key, on_delete) in children(table) {
            let column = description().tables[child].columns[key].name.clone();
            self.add(child, id.map(|id| (column, id.clone())).into_iter().collect());
            if on_delete == OnDelete::Cascade {
                let deeper = follows(child);
                let all = (0..description().tables.len()).filter(|table| deeper >> table & 1 == 1);
                all.for_each(|table| self.add(table, Equals::new()));
            }
        }
    }

    /// What data say of the rows at the other ends of relations. `id` is that of the row itself.
    fn nested(&mut self, table: usize, data: &Data, id: Option<&str>) {
        let of = &description().tables[table];
        for relation in &of.relations {
            let Some(operations) = data.get(&relation.name).and_then(Value::as_object) else {
                continue;
            };
            let key =
                description().tables[relation.target].relations[relation.back].foreign_key.as_ref();
            for (operation, given) in operations {
                match key {
                    Some(key) if relation.foreign_key.is_none() => {
                        self.of_many(relation, key, id, operation, given);
                    }
                    _ => self.of_one(relation.target, operation, given),
                }
            }
        }
    }

    /// The row itself holds the reference.
    fn of_one(&mut self, target: usize, operation: &str, given: &Value) {
        match operation {
            "create" => self.create_all(target, given, None),
            "connectOrCreate" => self.create_all(target, &given["create"], None),
            "update" | "upsert" => {
                self.add(target, Equals::new());
                for name in ["data", "create", "update"] {
                    each_object(&given[name], |data| self.nested(target, data, None));
                }
                each_object(given, |data| self.nested(target, data, None));
            }
            "delete" => self.remove(target, vec![Equals::new()]),
            // `connect` and `disconnect` change the row itself.
            _ => {}
        }
    }

    /// The rows at the other end hold the reference: `key` is theirs.
    fn of_many(
        &mut self,
        relation: &Relation,
        key: &ForeignKey,
        id: Option<&str>,
        operation: &str,
        given: &Value,
    ) {
        let target = relation.target;
        let column = description().tables[target].columns[key.columns[0]].name.as_str();
        let parent = id.map(|id| (column, id));
        match operation {
            "create" => self.create_all(target, given, parent),
            "createMany" => self.create_all(target, &given["data"], parent),
            "connectOrCreate" => each_object(given, |one| {
                self.rows(target, conditions(target, &one["where"]));
                self.create_all(target, &one["create"], parent);
            }),
            "connect" => each_object(given, |one| self.rows(target, equalities(target, one))),
            // Which rows it takes out of the relation nobody can say afterwards.
            "set" => self.add(target, Equals::new()),
            _ => {
                let of_parent = parent.map(|(name, text)| (name.to_owned(), text.to_owned()));
                let of_parent: Equals = of_parent.into_iter().collect();
                if matches!(operation, "delete" | "deleteMany") {
                    self.rows_below(target, None);
                    self.tables |= follows(target);
                }
                if relation.list {
                    each_object(given, |one| self.of_item(target, &of_parent, operation, one));
                } else {
                    self.add(target, of_parent);
                }
            }
        }
    }

    /// An item of `update`, `upsert`, `updateMany`, `disconnect`, `delete` or `deleteMany`.
    fn of_item(&mut self, target: usize, of_parent: &Equals, operation: &str, item: &Data) {
        let nothing = Data::new();
        let part = |name: &str| item.get(name).and_then(Value::as_object);
        let condition = part("where").unwrap_or(item);
        let data = part("data").or_else(|| part("update")).unwrap_or(&nothing);
        for asked in equalities(target, condition) {
            if operation == "disconnect" {
                self.add(target, asked.clone());
            }
            let equals: Equals = of_parent.clone().into_iter().chain(asked).collect();
            if let Some(moved) = moved(target, &equals, data) {
                self.add(target, moved);
            }
            let id = equals.get("id").cloned();
            self.add(target, equals);
            self.nested(target, data, id.as_deref());
        }
        if let Some(data) = part("create") {
            let parent = of_parent.iter().next();
            self.create(target, data, parent.map(|(name, text)| (name.as_str(), text.as_str())));
        }
    }
}

fn each_object(value: &Value, mut each: impl FnMut(&Data)) {
    match value {
        Value::Object(one) => each(one),
        Value::Array(all) => all.iter().filter_map(Value::as_object).for_each(each),
        _ => {}
    }
}

/// The text that a new row has in a column: given as it is, or by the row that it is connected to.
fn text_of<'d>(of: &Table, data: &'d Data, column: &str) -> Option<&'d str> {
    let direct = data.get(column).and_then(Value::as_str);
    direct.or_else(|| {
        let at = of.column(column)?;
        let relation = of.relation_over(at)?;
        data.get(&relation.name)?.get("connect")?.get("id")?.as_str()
    })
}

/// The same of a condition that may be missing.
fn conditions(table: usize, given: &Value) -> Vec<Equals> {
    given.as_object().map_or_else(|| vec![Equals::new()], |given| equalities(table, given))
}

/// The equalities of texts that a condition asks for, each alternative for itself.
fn equalities(table: usize, condition: &Data) -> Vec<Equals> {
    let mut all = vec![Equals::new()];
    let of = &description().tables[table];
    for (name, asked) in condition {
        match (of.column(name), asked) {
            (Some(at), asked) if of.columns[at].scalar == Scalar::String => {
                let texts = texts(asked);
                if !texts.is_empty() {
                    all = crossed(&all, name, &texts);
                }
            }
            (None, Value::Object(parts))
                if of.relation(name).is_none() && name != "OR" && name != "NOT" =>
            {
                // A unique of several columns, or `AND`.
                all = joined(&all, &equalities(table, parts));
            }
            (None, Value::Array(parts)) if name == "AND" => {
                for part in parts {
                    all = joined(&all, &conditions(table, part));
                }
            }
            _ => {}
        }
    }
    all
}

/// The texts that a condition on one column allows; none where it says something else.
fn texts(asked: &Value) -> Vec<&str> {
    let list = |value: &'_ Value| value.as_array().map(|all| all.iter().all(Value::is_string));
    match asked {
        Value::String(text) => vec![text],
        Value::Object(parts) if parts.contains_key("mode") => Vec::new(),
        Value::Object(parts) => match (parts.get("equals"), parts.get("in")) {
            (Some(Value::String(text)), _) => vec![text],
            (_, Some(all)) if list(all) == Some(true) => {
                all.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn crossed(all: &[Equals], name: &str, texts: &[&str]) -> Vec<Equals> {
    let with = |equals: &Equals, text: &&str| {
        let mut equals = equals.clone();
        equals.insert(name.to_owned(), (*text).to_owned());
        equals
    };
    all.iter().flat_map(|equals| texts.iter().map(move |text| with(equals, text))).collect()
}

fn joined(all: &[Equals], others: &[Equals]) -> Vec<Equals> {
    let pairs = all.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    pairs.map(|(one, other)| one.clone().into_iter().chain(other.clone()).collect()).collect()
}

/// Where rows are afterwards, when data change what they were found by.
fn moved(table: usize, equals: &Equals, data: &Data) -> Option<Equals> {
    let of = &description().tables[table];
    let mut after = equals.clone();
    for name in equals.keys() {
        let relation = of.column(name).and_then(|at| of.relation_over(at));
        let by_relation = relation.is_some_and(|relation| data.contains_key(&relation.name));
        let given = data.get(name);
        if given.is_none() && !by_relation {
            continue;
        }
        let text = given.and_then(|given| given.as_str().or_else(|| given["set"].as_str()));
        match text {
            Some(text) => after.insert(name.clone(), text.to_owned()),
            None => after.remove(name),
        };
    }
    (after != *equals).then_some(after)
}

/// The tables that refer to one, each with the column and what happens to its rows.
fn children(table: usize) -> Vec<(usize, usize, OnDelete)> {
    let tables = description().tables.iter().enumerate();
    let keys = tables.flat_map(|(child, of)| {
        let relations = of.relations.iter().filter(|relation| relation.target == table);
        let keys = relations.filter_map(|relation| relation.foreign_key.as_ref());
        keys.map(move |key| (child, key.columns[0], key.on_delete))
    });
    keys.collect()
}

/// The tables whose rows change when rows of a table go, a bit each.
fn follows(table: usize) -> u64 {
    let mut found = 0_u64;
    let mut next = vec![table];
    while let Some(gone) = next.pop() {
        for (child, _, on_delete) in children(gone) {
            if found >> child & 1 == 0 && on_delete == OnDelete::Cascade {
                next.push(child);
            }
            found |= 1 << child;
        }
    }
    found
}
