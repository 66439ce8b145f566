//! What records are looked up by, in which orders, and whom they refer to: derived from the
//! declarations.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::models::USER;
use super::types::{
    Field, Index, Kind, Link, Model, OnDelete, Reference, Sealed, Sealing, SortField, Sorting,
};
use crate::error::{Code, Error};

/// Fills in [`Model::indexes`], [`Model::sort_fields`], [`Model::links`], [`Model::sealed`],
/// [`Model::binding`] and [`Model::private`].
pub(super) fn derive(model: &mut Model) {
    let mut indexes: Vec<Index> = Vec::new();
    for unique in &model.uniques {
        let paths = unique.fields.iter().map(|field| vec![field.clone()]).collect();
        indexes.push(Index { paths, unique: true, caseless: unique.caseless, sorts: Vec::new() });
    }
    let mut links = Vec::new();
    walk(&model.fields, &[], false, &mut indexes, &mut links);
    model.sort_fields.clear();
    for sorting in &model.sortings {
        let Some(sort) = sort_field(&model.fields, &mut model.sort_fields, sorting) else {
            continue;
        };
        let paths = sorting.under.iter().map(|field| vec![field.clone()]).collect();
        let index = index_over(&mut indexes, paths);
        if !indexes[index].sorts.contains(&sort) {
            indexes[index].sorts.push(sort);
        }
    }
    model.indexes = indexes;
    model.links = links;
    model.sealed = sealed(model);
    model.binding = binding(model);
    let private = model.fields.iter().filter(|field| field.private);
    model.private = private.map(|field| field.name.clone()).collect();
}

/// Whose a secret is, and what else it is of use with.
fn binding(model: &Model) -> Vec<String> {
    let of_user = |field: &Field| matches!(&field.kind, Kind::Link(USER, _));
    let binds = model.fields.iter().filter(|field| field.binds || of_user(field));
    let mut names: Vec<String> = binds.map(|field| field.name.clone()).collect();
    names.sort();
    names
}

fn sealed(model: &Model) -> Vec<Sealed> {
    let whole = model.sealed_as.iter().map(|name| (name.clone(), Sealing::Parts, true));
    let of = |field: &Field| Some((field.name.clone(), field.sealing?, false));
    let all = whole.chain(model.fields.iter().filter_map(of));
    all.map(|(field, sealing, at_top)| Sealed { field, sealing, at_top }).collect()
}

/// The number of a sorting's field, added where it is missing; none where no such field is
/// declared, which `soundness` tells.
fn sort_field(fields: &[Field], sorts: &mut Vec<SortField>, sorting: &Sorting) -> Option<usize> {
    let field = fields.iter().find(|field| field.name == sorting.by)?;
    let known = sorts.iter().position(|sort| sort.name == field.name);
    Some(known.unwrap_or_else(|| {
        sorts.push(SortField { name: field.name.clone(), kind: field.kind.clone() });
        sorts.len() - 1
    }))
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
            index_over(indexes, vec![path.clone()]);
        }
        let first = links.len();
        walk_kind(&field.kind, &path, in_list, indexes, links);
        if let Some(Reference { to, by, on_delete }) = field.refers.clone() {
            let index = index_over(indexes, vec![path.clone()]);
            let (path, by, optional, unchecked) = (path.clone(), Some(by), false, false);
            links.push(Link { path, to, by, on_delete, in_list, optional, unchecked, index });
        }
        for link in &mut links[first..] {
            link.unchecked |= field.unchecked;
            link.optional |= field.optional && link.path == path;
        }
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
            let index = index_over(indexes, vec![path.to_vec()]);
            let (path, to, on_delete) = (path.to_vec(), *to, *on_delete);
            let (optional, unchecked) = (false, false);
            let by = None;
            links.push(Link { path, to, by, on_delete, in_list, optional, unchecked, index });
        }
        Kind::List(inner) => walk_kind(inner, path, true, indexes, links),
        Kind::Object(fields) => walk(fields, path, in_list, indexes, links),
        _ => {}
    }
}

/// The number of the plain index over these paths, added where it is missing.
fn index_over(indexes: &mut Vec<Index>, paths: Vec<Vec<String>>) -> usize {
    let same = |index: &Index| index.paths == paths && !index.caseless;
    indexes.iter().position(same).unwrap_or_else(|| {
        indexes.push(Index { paths, unique: false, caseless: false, sorts: Vec::new() });
        indexes.len() - 1
    })
}

impl Model {
    /// The number of the index over exactly these fields; nested ones are joined with a dot.
    pub fn index_over(&self, fields: &[&str]) -> Option<usize> {
        self.indexes.iter().position(|index| {
            let paths = index.paths.iter().map(|path| path.join("."));
            index.paths.len() == fields.len()
                && paths.zip(fields).all(|(path, field)| path == *field)
        })
    }

    /// Does it have texts that are sealed whenever they are written?
    pub fn has_secrets(&self) -> bool {
        self.sealed.iter().any(|sealed| sealed.sealing == Sealing::Always)
    }

    /// Has it texts of which some are sealed?
    pub fn may_seal(&self) -> bool {
        self.sealed.iter().any(|sealed| sealed.sealing != Sealing::Parts)
    }

    /// A record's key as a message has it: one that is private is not told.
    pub fn named(&self, key: &str) -> String {
        let private = self.private.contains(&self.key);
        if private { format!("this {}", self.key) } else { format!("the {} {key}", self.key) }
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

/// The keys under which an index finds a record, in any order.
pub(super) fn keys<'m>(index: &Index, map: &'m Map<String, Value>) -> Vec<Cow<'m, str>> {
    if let [path] = index.paths.as_slice() {
        let mut found = Vec::new();
        collect(map.get(&path[0]), &path[1..], &mut found);
        if index.caseless {
            return found.into_iter().map(|key| lower_case(&key).into()).collect();
        }
        return found;
    }
    if index.paths.is_empty() {
        return Vec::new();
    }
    let parts = index.paths.iter().map(|path| map.get(&path[0]).and_then(key_text));
    let parts: Option<Vec<Cow<'m, str>>> = parts.collect();
    let key = parts.map(|parts| joined(index, parts.iter().map(AsRef::as_ref)).into());
    key.into_iter().collect()
}

fn collect<'m>(value: Option<&'m Value>, path: &[String], found: &mut Vec<Cow<'m, str>>) {
    match (value, path) {
        (Some(Value::Array(items)), _) => {
            items.iter().for_each(|item| collect(Some(item), path, found));
        }
        (Some(Value::Object(map)), [first, rest @ ..]) => collect(map.get(first), rest, found),
        (Some(value), []) => found.extend(key_text(value)),
        _ => {}
    }
}

fn key_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(flag) => Some(flag.to_string().into()),
        _ => None,
    }
}

/// `str::to_lowercase`, which goes letter by letter where most texts are short and in ASCII.
pub(super) fn lower_case(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

fn folded<'a>(index: &Index, key: &'a str) -> Cow<'a, str> {
    if index.caseless { lower_case(key).into() } else { key.into() }
}

fn joined<'a>(index: &Index, parts: impl Iterator<Item = &'a str>) -> String {
    let mut key = String::new();
    for part in parts {
        let part = folded(index, part);
        // Its length keeps the parts apart.
        let _ = write!(key, "{}:{part}", part.len());
    }
    key
}

/// The key under which an index finds records with these values.
pub fn key_of(index: &Index, values: &[&str]) -> String {
    match values {
        [value] => folded(index, value).into_owned(),
        _ => joined(index, values.iter().copied()),
    }
}

/// How many pairs of records with the same value a message names.
const DOUBLES_TOLD: usize = 5;

/// The error of records of which pairs have the same under an index that shall be unique.
pub(crate) fn not_unique<K: AsRef<str>>(model: &Model, index: &Index, doubles: &[(K, K)]) -> Error {
    let named = |key: &K| model.named(key.as_ref());
    let told = doubles
        .iter()
        .take(DOUBLES_TOLD)
        .map(|(one, other)| format!("{} and {}", named(one), named(other)));
    let told = told.collect::<Vec<_>>().join("; ");
    let more = doubles.len().saturating_sub(DOUBLES_TOLD);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let fields: Vec<String> = index.paths.iter().map(|path| path.join(".")).collect();
    let message = format!(
        "{} of {} shall be unique, and these records have the same: {told}{more}; change or delete one of each",
        fields.join(" and "),
        model.name,
    );
    Error::new(Code::Unique, message).model(&model.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, IndexKeys, models};
    use proptest::prelude::*;
    use serde_json::json;

    fn keys_under(id: crate::catalogue::ModelId, fields: &[&str], value: Value) -> Vec<String> {
        let catalogue = Catalogue::builtin();
        let model = catalogue.model(id);
        let number = model.index_over(fields).expect("an index");
        let map = value.as_object().cloned().expect("an object");
        let keys = IndexKeys::of(model, &map);
        keys.under(number).map(|key| key.text().into_owned()).collect()
    }

    #[test]
    fn lists_give_each_key_once() {
        let links =
            json!({"personaLinks": [{"personaId": "b"}, {"personaId": "a"}, {"personaId": "b"}]});
        assert_eq!(keys_under(models::CHARACTER, &["personaLinks.personaId"], links), ["a", "b"]);
        let tags = json!({"tags": ["t", "t", null, 7]});
        assert_eq!(keys_under(models::CHARACTER, &["tags"], tags), ["7", "t"]);
    }

    #[test]
    fn null_and_absent_parts_give_no_key() {
        let fields = ["provider", "providerAccountId"];
        let half = json!({"provider": "google", "providerAccountId": null});
        assert!(keys_under(models::ACCOUNT, &fields, half).is_empty());
        assert!(keys_under(models::CHAT, &["personaId"], json!({"personaId": null})).is_empty());
        assert!(keys_under(models::CHAT, &["personaId"], json!({})).is_empty());
    }

    #[test]
    fn case_is_folded_where_declared() {
        let key = keys_under(models::USER, &["email"], json!({"email": "Ä@B.C"}));
        assert_eq!(key, ["ä@b.c"]);
        let name = json!({"userId": "U", "name": "N"});
        assert_eq!(keys_under(models::IMAGE_PROFILE, &["userId", "name"], name), ["1:U1:N"]);
    }

    #[test]
    fn every_link_has_an_index_and_knows_whether_it_stands_in_a_list() {
        let catalogue = Catalogue::builtin();
        for model in catalogue.ids().map(|id| catalogue.model(id)) {
            for link in &model.links {
                assert_eq!(model.indexes[link.index].paths, std::slice::from_ref(&link.path));
            }
        }
        let in_lists = |link: &&Link| link.in_list;
        let links = &catalogue.model(models::CHARACTER).links;
        let paths: Vec<String> = links.iter().filter(in_lists).map(|l| l.path.join(".")).collect();
        let expected = [
            "personaLinks.personaId",
            "tags",
            "tagLinks.tagId",
            "avatarOverrides.chatId",
            "avatarOverrides.imageId",
        ];
        assert_eq!(paths, expected);
    }

    proptest! {
        #[test]
        fn composite_keys_never_meet(a in ".{0,6}", b in ".{0,6}", c in ".{0,6}", d in ".{0,6}") {
            let paths = vec![vec!["x".into()], vec!["y".into()]];
            let index = Index { paths, unique: true, caseless: false, sorts: Vec::new() };
            let same = key_of(&index, &[&a, &b]) == key_of(&index, &[&c, &d]);
            prop_assert_eq!(same, (a, b) == (c, d));
        }

        #[test]
        fn a_record_is_found_under_the_key_of_its_values(provider in ".*", account in ".*") {
            let catalogue = Catalogue::builtin();
            let model = catalogue.model(models::ACCOUNT);
            let fields = ["provider", "providerAccountId"];
            let index = &model.indexes[model.index_over(&fields).expect("an index")];
            let value = json!({"provider": provider.clone(), "providerAccountId": account.clone()});
            let keys = keys_under(models::ACCOUNT, &fields, value);
            prop_assert_eq!(keys, vec![key_of(index, &[&provider, &account])]);
        }
    }
}
