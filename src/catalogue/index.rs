//! What records are looked up by, and whom they refer to: derived from the declarations.

use serde_json::{Map, Value};

use super::types::{Field, Index, Kind, Link, Model, OnDelete};

/// Fills in [`Model::indexes`] and [`Model::links`].
pub(super) fn derive(model: &mut Model) {
    let mut indexes: Vec<Index> = Vec::new();
    for unique in &model.uniques {
        let paths = unique.fields.iter().map(|field| vec![field.clone()]).collect();
        indexes.push(Index { paths, unique: true, caseless: unique.caseless });
    }
    let mut links = Vec::new();
    walk(&model.fields, &[], false, &mut indexes, &mut links);
    model.indexes = indexes;
    model.links = links;
}

fn walk(
    fields: &[Field],
    above: &[String],
    in_list: bool,
    indexes: &mut Vec<Index>,
    links: &mut Vec<Link>,
) {
    for field in fields {
        let mut path = above.to_vec();
        path.push(field.name.clone());
        if field.indexed {
            index_over(indexes, &path);
        }
        walk_kind(&field.kind, &path, in_list, indexes, links);
    }
}

fn walk_kind(
    kind: &Kind,
    path: &[String],
    in_list: bool,
    indexes: &mut Vec<Index>,
    links: &mut Vec<Link>,
) {
    match kind {
        Kind::Link(to, on_delete) => {
            let index = index_over(indexes, path);
            let (path, to, on_delete) = (path.to_vec(), *to, *on_delete);
            links.push(Link { path, to, on_delete, in_list, index });
        }
        Kind::List(inner) => walk_kind(inner, path, true, indexes, links),
        Kind::Object(fields) => walk(fields, path, in_list, indexes, links),
        _ => {}
    }
}

/// The number of the plain index over one path, added where it is missing.
fn index_over(indexes: &mut Vec<Index>, path: &[String]) -> usize {
    let same = |index: &Index| index.paths.len() == 1 && index.paths[0] == path && !index.caseless;
    indexes.iter().position(same).unwrap_or_else(|| {
        indexes.push(Index { paths: vec![path.to_vec()], unique: false, caseless: false });
        indexes.len() - 1
    })
}

impl Model {
    /// The number of the index over exactly these fields; nested ones are joined with a dot.
    pub fn index_over(&self, fields: &[&str]) -> Option<usize> {
        self.indexes.iter().position(|index| {
            let paths = index.paths.iter().map(|path| path.join("."));
            index.paths.len() == fields.len() && paths.zip(fields).all(|(path, field)| path == *field)
        })
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Is this a link that a deletion follows?
    pub fn follows(link: &Link) -> bool {
        link.on_delete != OnDelete::NoAction
    }
}

/// For each index of the model, the keys under which it finds this record.
pub fn index_keys(model: &Model, map: &Map<String, Value>) -> Vec<Vec<String>> {
    model.indexes.iter().map(|index| keys(index, map)).collect()
}

fn keys(index: &Index, map: &Map<String, Value>) -> Vec<String> {
    if let [path] = index.paths.as_slice() {
        let mut found = Vec::new();
        collect(map.get(&path[0]), &path[1..], &mut found);
        found.sort_unstable();
        found.dedup();
        return found.into_iter().map(|key| folded(index, key)).collect();
    }
    let parts = index.paths.iter().map(|path| map.get(&path[0]).and_then(key_text));
    let parts: Option<Vec<String>> = parts.collect();
    parts.map(|parts| joined(index, parts.iter().map(String::as_str))).into_iter().collect()
}

fn collect(value: Option<&Value>, path: &[String], found: &mut Vec<String>) {
    match (value, path) {
        (Some(Value::Array(items)), _) => {
            items.iter().for_each(|item| collect(Some(item), path, found));
        }
        (Some(Value::Object(map)), [first, rest @ ..]) => collect(map.get(first), rest, found),
        (Some(value), []) => found.extend(key_text(value)),
        _ => {}
    }
}

fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn folded(index: &Index, key: String) -> String {
    if index.caseless { key.to_lowercase() } else { key }
}

fn joined<'a>(index: &Index, parts: impl Iterator<Item = &'a str>) -> String {
    let mut key = String::new();
    for part in parts {
        let part = folded(index, part.to_owned());
        key += &format!("{}:{part}", part.len());
    }
    key
}

/// The key under which an index finds records with these values.
pub fn key_of(index: &Index, values: &[&str]) -> String {
    match values {
        [value] => folded(index, (*value).to_owned()),
        _ => joined(index, values.iter().copied()),
    }
}
