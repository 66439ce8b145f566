//! Uniques and relations: what a change must not break, and what follows from it.
//!
//! Everything follows from the links, uniques and mirrors that the catalogue declares.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashSet;
use serde_json::{Map, Value};

use crate::catalogue::{
    self, Catalogue, IndexKey, IndexKeys, Link, Model, ModelId, OnDelete, Place,
};
use crate::error::{Code, Error, Issue, Issues, Result};

use super::tx::Tx;
use super::view::View;
use crate::engine::committed::{Committed, Question};
use crate::engine::memory::Record;

type Object = Map<String, Value>;
type Key = (ModelId, String);

/// Says what is about to be asked of a record that takes the place of `old`, where that saves time.
pub(crate) fn foresee(tx: &Tx<'_>, model: ModelId, record: &Record, old: Option<&Record>) {
    if !tx.base.foresees() {
        return;
    }
    let declared = tx.catalogue().model(model);
    let mut questions = Vec::new();
    if old.is_none() {
        questions.push(Question::Key(model, record.key()));
        questions.push(Question::Case(model, record.key()));
    }
    for (number, _) in declared.indexes.iter().enumerate().filter(|(_, index)| index.unique) {
        let values = record.index_keys().under(number);
        questions.extend(values.map(|value| Question::Under(model, number, value)));
    }
    let links = declared.links.iter().filter(|link| is_checked(link));
    let referring: Vec<(ModelId, Cow<'_, str>)> = links
        .filter(|link| link.by.is_none())
        .flat_map(|link| record.index_keys().under(link.index).map(move |key| (link, key)))
        .filter(|(link, key)| {
            old.is_none_or(|old| !old.index_keys().under(link.index).any(|old| old == *key))
        })
        .map(|(link, key)| (link.to, key.text()))
        .collect();
    questions.extend(referring.iter().map(|(to, key)| Question::Key(*to, key)));
    tx.base.foresee(&questions);
}

/// Refuses a record with a value that another record has already; it is to take the place of the one
/// with the key `own`.
pub(crate) fn check_uniques(tx: &Tx<'_>, model: ModelId, record: &Record, own: &str) -> Result<()> {
    let declared = tx.catalogue().model(model);
    let view = tx.view();
    for (number, index) in declared.indexes.iter().enumerate().filter(|(_, index)| index.unique) {
        for value in record.index_keys().under(number) {
            let mut same = view.lookup(model, number, value)?.into_iter();
            let other = same.find(|other| other.key() != own);
            if let Some(other) = other {
                tx.view().check_readable(model, other.key(), true)?;
                return Err(not_unique(declared, &index.paths, other.key()));
            }
            // What cannot be read may have the value: it is not free.
            tx.base.check_free(model, number, value, own)?;
        }
    }
    Ok(())
}

fn not_unique(model: &Model, paths: &[Vec<String>], other: &str) -> Error {
    let fields: Vec<String> = paths.iter().map(|path| path.join(".")).collect();
    let message = format!(
        "there is a {} with this {} already: that with {}",
        model.name,
        fields.join(" and "),
        model.named(other)
    );
    let issues =
        fields.iter().map(|field| Issue::new(field, "a value of its own", "one that is taken"));
    Error::new(Code::Unique, message).model(&model.name).issues(issues.collect::<Issues>())
}

/// Refuses a record that refers to nothing; what it referred to `before` already is let be. The
/// index keys are those of the record.
pub(crate) fn check_references(
    tx: &Tx<'_>,
    model: ModelId,
    map: &Object,
    after: &IndexKeys,
    before: Option<&IndexKeys>,
) -> Result<()> {
    let declared = tx.catalogue().model(model);
    let mut issues = Issues::default();
    for link in declared.links.iter().filter(|link| is_checked(link)) {
        let to = &tx.catalogue().model(link.to).name;
        let mut kept = before.into_iter().flat_map(|keys| keys.under(link.index)).peekable();
        for key in after.under(link.index) {
            // Both are sorted: a hostile list may have a million ids.
            while kept.next_if(|kept| *kept < key).is_some() {}
            if kept.peek() == Some(&key) {
                continue;
            }
            let id = &*key.text();
            let owner = log_owner(tx.catalogue(), link, map);
            if !refers_to_something(&tx.view(), link, id, owner)? {
                issues.add(|| {
                    let by = link.by.as_deref().unwrap_or("id");
                    let received = format!("{id} (no {to} has this {by})");
                    Issue::new(link.path.join("."), format!("the {by} of a {to}"), received)
                });
            }
        }
    }
    if issues.is_empty() {
        return Ok(());
    }
    let message = format!("{} refers to nothing: {issues}", declared.name);
    Err(Error::new(Code::ForeignKey, message).model(&declared.name).issues(issues))
}

/// Is there, or may there be, what a link with this value refers to? `owner` is that of the log where
/// it refers to a row of one.
///
/// # Errors
/// `CORRUPT` where that cannot be read: it is not nothing.
pub(crate) fn refers_to_something(
    view: &View<'_>,
    link: &Link,
    value: &str,
    owner: Option<&str>,
) -> Result<bool> {
    let Some(by) = &link.by else {
        let exists = view.exists(link.to, value, owner)?;
        view.check_readable(link.to, value, exists)?;
        return Ok(exists);
    };
    let index = unique_index(view.catalogue(), link.to, by);
    if !view.lookup(link.to, index, IndexKey::of(value))?.is_empty() {
        return Ok(true);
    }
    view.base.check_free(link.to, index, IndexKey::of(value), "")?;
    Ok(false)
}

/// The number of the index by which a model is referred to; the catalogue refuses a reference without.
fn unique_index(catalogue: &Catalogue, to: ModelId, by: &str) -> usize {
    catalogue.model(to).index_over(&[by]).expect("what is referred by is unique")
}

/// Refuses to change a value by which others refer to a record.
pub(crate) fn check_referred(
    tx: &Tx<'_>,
    model: ModelId,
    old: &Record,
    new: &Record,
) -> Result<()> {
    for &(referring, number) in tx.catalogue().referrers(model) {
        let link = &tx.catalogue().model(referring).links[number];
        let Some(by) = link.by.as_deref().filter(|_| is_checked(link)) else { continue };
        let index = unique_index(tx.catalogue(), model, by);
        let stays = |value| new.index_keys().under(index).any(|other| other == value);
        for value in old.index_keys().under(index).filter(|value| !stays(*value)) {
            if let Some(referrer) = tx.view().lookup(referring, link.index, value)?.first() {
                let referrer = format!(
                    "{} {} ({})",
                    tx.catalogue().model(referring).name,
                    referrer.key(),
                    link.path.join(".")
                );
                return Err(still_referred_to(tx.catalogue().model(model), old, by, referrer));
            }
        }
    }
    Ok(())
}

fn still_referred_to(model: &Model, record: &Record, by: &str, referrer: String) -> Error {
    let message = format!(
        "the {by} of {} {} cannot change, since this still refers to it: {referrer}; change or delete that first",
        model.name,
        record.key()
    );
    let issue = Issue::new(by, "the value that it has", "another one");
    Error::new(Code::ForeignKey, message).model(&model.name).issues(vec![issue])
}

/// Must what it refers to be there?
pub(crate) fn is_checked(link: &Link) -> bool {
    link.on_delete != OnDelete::NoAction && !link.unchecked
}

/// For a link to a row of a log: whose log, where the record says so.
pub(crate) fn log_owner<'m>(
    catalogue: &Catalogue,
    link: &Link,
    map: &'m Object,
) -> Option<&'m str> {
    let Place::Log { owner_field, .. } = &catalogue.model(link.to).place else { return None };
    map.get(owner_field).and_then(Value::as_str)
}

/// Keeps the other side of mirrored lists in step.
pub(crate) fn sync_mirrors(
    tx: &mut Tx<'_>,
    model: ModelId,
    key: &str,
    old: Option<&Object>,
    new: Option<&Object>,
) -> Result<()> {
    let catalogue = Arc::clone(tx.base.catalogue());
    for declaring in catalogue.ids() {
        for mirror in &catalogue.model(declaring).mirrors {
            let field = vec![mirror.field.clone()];
            if declaring == model {
                let (before, after) = (ids_at(old, &mirror.path), ids_at(new, &mirror.path));
                step(tx, mirror.of, &field, key, &before, &after)?;
            }
            if mirror.of == model {
                let (before, after) = (ids_at(old, &field), ids_at(new, &field));
                step(tx, declaring, &mirror.path, key, &before, &after)?;
            }
        }
    }
    Ok(())
}

fn step(
    tx: &mut Tx<'_>,
    other: ModelId,
    path: &[String],
    key: &str,
    before: &[String],
    after: &[String],
) -> Result<()> {
    for id in after.iter().filter(|id| !before.contains(id)) {
        edit(tx, other, id, |map| add_reference(map, path, key))?;
    }
    for id in before.iter().filter(|id| !after.contains(id)) {
        edit(tx, other, id, |map| take_out(map, path, key))?;
    }
    Ok(())
}

/// Changes a record where a function does; what it refers to is not looked at.
pub(super) fn edit(
    tx: &mut Tx<'_>,
    model: ModelId,
    key: &str,
    change: impl FnOnce(&mut Object) -> bool,
) -> Result<()> {
    let Some(record) = tx.view().get(model, key)? else { return Ok(()) };
    let mut map = record.map();
    if change(&mut map) {
        let declared = tx.catalogue().model(model);
        let map = catalogue::validate_stored(declared, map)
            .map_err(|issues| Error::validation(&declared.name, issues))?;
        tx.put(model, key, &map)?;
    }
    Ok(())
}

/// The ids at a path: of a list of ids, or of one field of a list of objects.
fn ids_at(map: Option<&Object>, path: &[String]) -> Vec<String> {
    let Some(list) = map.and_then(|map| map.get(&path[0])).and_then(Value::as_array) else {
        return Vec::new();
    };
    let id = |item: &Value| match path.get(1) {
        Some(field) => item.get(field).and_then(Value::as_str).map(str::to_owned),
        None => item.as_str().map(str::to_owned),
    };
    list.iter().filter_map(id).collect()
}

fn add_reference(map: &mut Object, path: &[String], key: &str) -> bool {
    if ids_at(Some(map), path).iter().any(|id| id == key) {
        return false;
    }
    let list = map.entry(path[0].clone()).or_insert_with(|| Value::Array(Vec::new()));
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    let item = match path.get(1) {
        Some(field) => Value::Object(Map::from_iter([(field.clone(), key.into())])),
        None => key.into(),
    };
    list.as_array_mut().map(|list| list.push(item)).is_some()
}

/// Takes out what a deletion takes out: an entry of a list, or its field where that can be null.
fn let_go(map: &mut Object, link: &Link, key: &str) -> bool {
    let clears = link.in_list && link.optional && link.on_delete == OnDelete::SetNull;
    let (true, [list, field]) = (clears, link.path.as_slice()) else {
        return take_out(map, &link.path, key);
    };
    let entries = map.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
    let fields = entries.filter_map(|entry| entry.get_mut(field));
    fields.filter(|id| id.as_str() == Some(key)).map(|id| *id = Value::Null).count() > 0
}

/// Takes every reference to `key` at a path out of a record: out of a list the entry goes, a
/// field becomes null.
fn take_out(map: &mut Object, path: &[String], key: &str) -> bool {
    match map.get_mut(&path[0]) {
        Some(Value::Array(list)) => {
            let before = list.len();
            list.retain(|item| {
                let id = path.get(1).map_or(Some(item), |field| item.get(field));
                id.and_then(Value::as_str) != Some(key)
            });
            list.len() != before
        }
        Some(Value::Object(inner)) if path.len() > 1 => take_out(inner, &path[1..], key),
        Some(value) if value.as_str() == Some(key) => {
            *value = Value::Null;
            true
        }
        _ => false,
    }
}

/// What a deletion leads to.
#[derive(Default)]
struct Consequences {
    gone: Vec<Key>,
    seen: HashSet<Key>,
    /// What must be taken out of a record that may stay.
    edits: BTreeMap<Key, Vec<(Link, String)>>,
    /// What would refuse the deletion, unless it goes itself: who refers, to what, by which path.
    restricts: Vec<(Key, Key, String)>,
}

/// Deletes records with everything that follows. What restricts a deletion may go in the same one.
pub(crate) fn delete(tx: &mut Tx<'_>, model: ModelId, keys: &[&str]) -> Result<()> {
    let found = follow(tx, model, keys)?;
    refuse_restricted(tx, &found)?;
    apply(tx, found)
}

/// What would refuse a deletion: the model of who refers to what would go, and by which path.
pub(crate) fn restriction(
    tx: &Tx<'_>,
    model: ModelId,
    keys: &[&str],
) -> Result<Option<(ModelId, String)>> {
    let found = follow(tx, model, keys)?;
    let mut staying = staying(&found);
    Ok(staying.next().map(|(referrer, _, path)| (referrer.0, path.clone())))
}

fn staying(found: &Consequences) -> impl Iterator<Item = &(Key, Key, String)> {
    found.restricts.iter().filter(|(referrer, ..)| !found.seen.contains(referrer))
}

fn follow(tx: &Tx<'_>, model: ModelId, keys: &[&str]) -> Result<Consequences> {
    let mut found = Consequences::default();
    let mut next: Vec<Key> = keys.iter().map(|key| (model, (*key).to_owned())).collect();
    found.seen.extend(next.iter().cloned());
    while let Some(target) = next.pop() {
        follow_links(tx, &target, &mut found, &mut next)?;
        found.gone.push(target);
    }
    Ok(found)
}

fn follow_links(
    tx: &Tx<'_>,
    target: &Key,
    found: &mut Consequences,
    next: &mut Vec<Key>,
) -> Result<()> {
    for &(model, number) in tx.catalogue().referrers(target.0) {
        let link = &tx.catalogue().model(model).links[number];
        let Some(value) = value_referred_to(tx, target, link)? else { continue };
        for record in tx.view().lookup(model, link.index, IndexKey::of(&value))? {
            let referrer: Key = (model, record.key().to_owned());
            match link.on_delete {
                OnDelete::Cascade if !link.in_list => {
                    if found.seen.insert(referrer.clone()) {
                        next.push(referrer);
                    }
                }
                OnDelete::Cascade | OnDelete::SetNull => {
                    let edit = (link.clone(), value.to_string());
                    found.edits.entry(referrer).or_default().push(edit);
                }
                OnDelete::Restrict => {
                    found.restricts.push((referrer, target.clone(), link.path.join(".")));
                }
                OnDelete::NoAction => {}
            }
        }
    }
    Ok(())
}

/// What a record is referred to by over a link: its key, or its value in the field that the link names.
fn value_referred_to<'k>(
    tx: &Tx<'_>,
    target: &'k Key,
    link: &Link,
) -> Result<Option<Cow<'k, str>>> {
    let Some(by) = &link.by else { return Ok(Some(Cow::Borrowed(&target.1))) };
    let Some(record) = tx.view().get(target.0, &target.1)? else { return Ok(None) };
    let index = unique_index(tx.catalogue(), target.0, by);
    let value = record.index_keys().under(index).next().map(|key| key.text().into_owned());
    Ok(value.map(Cow::Owned))
}

fn refuse_restricted(tx: &Tx<'_>, found: &Consequences) -> Result<()> {
    let staying: Vec<_> = staying(found).collect();
    let Some((_, target, _)) = staying.first() else { return Ok(()) };
    let name = |model: ModelId| tx.catalogue().model(model).name.clone();
    let list: Vec<String> = staying
        .iter()
        .take(10)
        .map(|(referrer, _, path)| format!("{} {} ({path})", name(referrer.0), referrer.1))
        .collect();
    let more = if staying.len() > 10 {
        format!(" and {} more", staying.len() - 10)
    } else {
        String::new()
    };
    let message = format!(
        "{} {} cannot be deleted, since this still refers to it: {}{more}; change or delete that first",
        name(target.0),
        target.1,
        list.join(", ")
    );
    let issues = staying.iter().map(|(referrer, _, path)| {
        Issue::new(path.as_str(), "no reference", format!("{} {}", name(referrer.0), referrer.1))
    });
    Err(Error::new(Code::ForeignKey, message)
        .model(&name(target.0))
        .issues(issues.collect::<Issues>()))
}

fn apply(tx: &mut Tx<'_>, found: Consequences) -> Result<()> {
    for ((model, key), edits) in &found.edits {
        if found.seen.contains(&(*model, key.clone())) {
            continue;
        }
        edit(tx, *model, key, |map| {
            edits.iter().fold(false, |changed, (link, id)| let_go(map, link, id) || changed)
        })?;
    }
    for (model, key) in &found.gone {
        tx.remove(*model, key);
    }
    Ok(())
}

/// Takes out of every record what refers to rows of a log that go.
pub(crate) fn forget_rows(tx: &mut Tx<'_>, model: ModelId, ids: &[String]) -> Result<()> {
    let referrers = tx.catalogue().referrers(model).to_vec();
    for (referring, number) in referrers {
        let link = tx.catalogue().model(referring).links[number].clone();
        for id in ids {
            for record in tx.view().lookup(referring, link.index, IndexKey::of(id))? {
                edit(tx, referring, record.key(), |map| let_go(map, &link, id))?;
            }
        }
    }
    Ok(())
}
