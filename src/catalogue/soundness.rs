//! What can be wrong with declarations themselves, found before any record is.

use super::check::fits;
use super::sort::has_order;
use super::types::{Field, Kind, Model, ModelId, OnDelete, Place, Reference, Sealing, Unique};
use crate::json;

/// The faults of one model, as sentences that begin with its name. `models` are all that there
/// are, itself included.
pub(super) fn faults_of(model: &Model, models: &[Model]) -> Vec<String> {
    let mut found = Vec::new();
    key(model, &mut found);
    times(model, &mut found);
    uniques(model, &mut found);
    sortings(model, &mut found);
    fields(model, &model.fields, "", models, &mut found);
    place(model, models, &mut found);
    mirrors(model, models, &mut found);
    counted(model, models, &mut found);
    found.into_iter().map(|fault| format!("{}: {fault}", model.name)).collect()
}

/// The names and places that several models claim.
pub(super) fn clashes(models: &[Model]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, model) in models.iter().enumerate() {
        for other in &models[..number] {
            let pair = format!("{} and {}", other.name, model.name);
            if other.name == model.name || other.collection == model.collection {
                found.push(format!("{pair}: two models with one name or collection"));
            }
            if claim(&other.place) == claim(&model.place) {
                found.push(format!("{pair}: two models in one place"));
            }
        }
    }
    found
}

/// What a place takes for itself alone: a file or folder, and a key in it.
fn claim(place: &Place) -> (&str, &str) {
    match place {
        Place::Directory { dir } => (dir, ""),
        Place::Document { file, key } => (file, key),
        Place::Rows { file, .. } => (file, ""),
        Place::Owner { .. } => ("the files of owners, which only one model has", ""),
        Place::Beside { key, .. } => ("beside an owner", key),
        Place::Single { .. } => ("the top of the first owner's file", ""),
        Place::Log { dir, .. } => (dir, ""),
    }
}

fn key(model: &Model, found: &mut Vec<String>) {
    let kind = model.field(&model.key).map(|field| (&field.kind, field.optional));
    match kind {
        None => found.push(format!("the key {} is no field", model.key)),
        Some((Kind::Id | Kind::Text, false)) => {}
        Some(_) => found.push(format!("the key {} must be an id or a text, never null", model.key)),
    }
}

fn times(model: &Model, found: &mut Vec<String>) {
    for name in model.times.fields() {
        let kind = model.field(name).map(|field| &field.kind);
        if kind != Some(&Kind::Time) {
            found.push(format!("the time {name} is no field of this kind"));
        }
    }
}

fn uniques(model: &Model, found: &mut Vec<String>) {
    for name in model.uniques.iter().flat_map(|unique| &unique.fields) {
        match model.field(name).map(|field| &field.kind) {
            None => found.push(format!("a unique over {name}, which is no field")),
            Some(Kind::Json | Kind::Any | Kind::List(_) | Kind::Object(_)) => {
                found.push(format!("a unique over {name}, which is no single value"));
            }
            Some(_) => {}
        }
    }
}

fn sortings(model: &Model, found: &mut Vec<String>) {
    if !model.sortings.is_empty() && matches!(model.place, Place::Log { .. }) {
        found.push("an index over the rows of a log, which are not held in memory".to_owned());
    }
    for sorting in &model.sortings {
        for name in sorting.under.iter().chain([&sorting.by]) {
            match model.field(name) {
                None => found.push(format!("an index over {name}, which is no field")),
                Some(field) if !has_order(&field.kind) => {
                    found.push(format!("an index over {name}, which is no single value"));
                }
                Some(field) if field.sealing.is_some() => {
                    found.push(format!("an index over {name}, which is secret"));
                }
                Some(_) => {}
            }
        }
    }
}

fn fields(model: &Model, all: &[Field], above: &str, models: &[Model], found: &mut Vec<String>) {
    for (number, field) in all.iter().enumerate() {
        let path = format!("{above}{}", field.name);
        if all[..number].iter().any(|other| other.name == field.name) {
            found.push(format!("{path} is declared twice"));
        }
        default(field, &path, found);
        follower(field, all, &path, found);
        sealing(model, field, &path, found);
        one_per(field, &path, found);
        kind(model, field, &field.kind, &path, models, found);
        reference(model, field, &path, models, found);
    }
}

fn default(field: &Field, path: &str, found: &mut Vec<String>) {
    match field.default.as_deref().map(json::parse) {
        Some(Err(_)) => found.push(format!("the default of {path} is no JSON")),
        Some(Ok(value)) if !fits(field, value.clone()) => {
            found.push(format!("the default of {path} does not fit it"));
        }
        _ => {}
    }
}

fn follower(field: &Field, all: &[Field], path: &str, found: &mut Vec<String>) {
    let Some(name) = &field.lower_case_of else {
        return;
    };
    let is_text = |other: &Field| other.name == *name && other.kind == Kind::Text;
    if field.kind != Kind::Text || !all.iter().any(is_text) || path.contains('.') {
        found.push(format!("{path} follows {name}: both must be texts at the top"));
    }
}

/// A sealed text is looked at as a whole, by whoever has the key.
fn sealing(model: &Model, field: &Field, path: &str, found: &mut Vec<String>) {
    if !matches!(field.sealing, Some(Sealing::Always | Sealing::Asked)) {
        return;
    }
    let unique = model.uniques.iter().any(|unique| unique.fields.contains(&field.name));
    let looked_into = field.least.is_some() || field.most.is_some() || field.default.is_some();
    let apart =
        matches!(model.place, Place::Log { .. } | Place::Single { .. } | Place::Beside { .. });
    if field.kind != Kind::Text || apart {
        found.push(format!("{path} is secret: only a text can be, not in a log, nor in settings"));
    }
    if unique || field.indexed || looked_into || field.name == model.key {
        found.push(format!("{path} is secret: it has no default, limit, index or unique"));
    }
}

fn one_per(field: &Field, path: &str, found: &mut Vec<String>) {
    let Some(name) = &field.one_per else { return };
    let has = match &field.kind {
        Kind::List(inner) => match inner.as_ref() {
            Kind::Object(fields) => fields.iter().any(|field| field.name == *name),
            _ => false,
        },
        _ => false,
    };
    if !has {
        found.push(format!("{path} is one per {name}, which its entries do not have"));
    }
}

/// Checks a kind and what stands inside it; `field` is the one that holds it.
fn kind(
    model: &Model,
    field: &Field,
    kind_of: &Kind,
    path: &str,
    models: &[Model],
    found: &mut Vec<String>,
) {
    match kind_of {
        Kind::Enum(words) if words.is_empty() => {
            found.push(format!("{path} has no word to choose from"));
        }
        Kind::Link(to, _) if get(models, *to).is_none() => {
            found.push(format!("{path} refers to a model that there is not"));
        }
        Kind::Link(_, on_delete) => link(model, field, *on_delete, path, found),
        Kind::List(inner) => kind(model, field, inner, path, models, found),
        Kind::Object(inner) => fields(model, inner, &format!("{path}."), models, found),
        _ => {}
    }
}

fn link(model: &Model, field: &Field, on_delete: OnDelete, path: &str, found: &mut Vec<String>) {
    if matches!(model.place, Place::Log { .. }) && on_delete != OnDelete::NoAction {
        found.push(format!("{path} is a link from a log, which a deletion cannot follow"));
    }
    let can_go = field.optional || is_in_list(model, path);
    if on_delete == OnDelete::SetNull && !can_go {
        found.push(format!("{path} is set to null but cannot be null"));
    }
}

/// Does a path lead into a list, whose entry goes instead?
fn is_in_list(model: &Model, path: &str) -> bool {
    let links = model.links.iter().filter(|link| link.path.join(".") == path);
    links.into_iter().any(|link| link.in_list)
}

/// What is referred to by a field's value must be told by that alone.
fn reference(model: &Model, field: &Field, path: &str, models: &[Model], found: &mut Vec<String>) {
    let Some(Reference { to, by, on_delete }) = &field.refers else { return };
    link(model, field, *on_delete, path, found);
    let names = |unique: &Unique| unique.fields == [by.clone()] && !unique.caseless;
    let is_unique = |to: &Model| to.uniques.iter().any(names);
    if !get(models, *to).is_some_and(is_unique) {
        found.push(format!("{path} refers by {by}, which is not unique there"));
    }
}

fn get(models: &[Model], id: ModelId) -> Option<&Model> {
    models.get(usize::from(id.0))
}

fn place(model: &Model, models: &[Model], found: &mut Vec<String>) {
    match &model.place {
        Place::Beside { of, by, .. } => {
            let owner = get(models, *of).map(|owner| &owner.place);
            let links =
                matches!(model.field(by).map(|f| &f.kind), Some(Kind::Link(to, _)) if to == of);
            let once = model.uniques.iter().any(|unique| unique.fields == [by.clone()]);
            if !matches!(owner, Some(Place::Owner { .. })) || !links || !once {
                found.push(format!("{by} must be a unique link to a model with files of its own"));
            }
        }
        Place::Log { owner, .. } if get(models, *owner).is_none() => {
            found.push("the owner of its logs is a model that there is not".into());
        }
        Place::Directory { .. } if model.field("version").is_some() => {
            found.push("version is the file's own key, not a field's".into());
        }
        _ => {}
    }
}

fn mirrors(model: &Model, models: &[Model], found: &mut Vec<String>) {
    for mirror in &model.mirrors {
        let here =
            model.links.iter().any(|l| l.path == mirror.path && l.to == mirror.of && l.in_list);
        let back = |other: &Model| {
            other.links.iter().any(|link| link.path == [mirror.field.clone()] && link.in_list)
        };
        if !here || !get(models, mirror.of).is_some_and(back) {
            let path = mirror.path.join(".");
            found.push(format!(
                "the mirror of {path} and {}: both must be lists of links",
                mirror.field
            ));
        }
    }
}

fn counted(model: &Model, models: &[Model], found: &mut Vec<String>) {
    let Some(counted) = &model.counted else {
        return;
    };
    let Place::Log { owner, .. } = &model.place else {
        return found.push("only the rows of a log are counted".into());
    };
    for (name, kind) in counted.fields.iter().flatten().zip([Kind::Integer, Kind::Time]) {
        let field = get(models, *owner).and_then(|owner| owner.field(name));
        if !field.is_some_and(|field| field.derived && field.kind == kind) {
            found.push(format!("{name} is no derived field of the logs' owner"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::declare::{
        directory, flag, integer, json, link, links, model, objects, one_of, rows, text,
    };
    use crate::catalogue::{Catalogue, models};

    /// The faults that the store finds with a model of its own, without the model's name.
    fn faults(fields: Vec<Field>) -> Vec<String> {
        faults_in(model("Note", "notes", directory("notes"), fields))
    }

    fn faults_in(model: Model) -> Vec<String> {
        let faults = Catalogue::builtin().extend(model).err().unwrap_or_default();
        faults.into_iter().map(|fault| fault.trim_start_matches("Note: ").to_owned()).collect()
    }

    #[test]
    fn sound_ones_pass() {
        let fields = vec![
            text("title").opt(),
            link("chatId", models::CHAT, OnDelete::SetNull).opt(),
            links("tags", models::TAG, OnDelete::SetNull),
            one_of("mood", &["GOOD", "BAD"]).default("\"GOOD\""),
        ];
        assert_eq!(faults(fields), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_a_field_is_found() {
        let single = |field: Field| faults(vec![field]).join("; ");
        let missing = ModelId(999);
        let cases = [
            (flag("a").default("7"), "the default of a does not fit it"),
            (flag("a").default("yes"), "the default of a is no JSON"),
            (link("a", models::CHAT, OnDelete::SetNull), "a is set to null but cannot be null"),
            (link("a", missing, OnDelete::Cascade), "a refers to a model that there is not"),
            (links("a", missing, OnDelete::Cascade), "a refers to a model that there is not"),
            (text("a").lower_case_of("b"), "a follows b: both must be texts at the top"),
            (
                objects("a", vec![text("b")]).one_per("c"),
                "a is one per c, which its entries do not have",
            ),
            (objects("a", vec![text("b"), text("b")]), "a.b is declared twice"),
            (one_of("a", &[]), "a has no word to choose from"),
            (
                integer("a").sealed(Sealing::Always),
                "a is secret: only a text can be, not in a log, nor in settings",
            ),
            (
                text("a").sealed(Sealing::Always).indexed(),
                "a is secret: it has no default, limit, index or unique",
            ),
            (integer("version"), "version is the file's own key, not a field's"),
            (text("createdAt"), "the time createdAt is no field of this kind"),
            (flag("id"), "the key id must be an id or a text, never null"),
        ];
        for (field, expected) in cases {
            assert_eq!(single(field), expected);
        }
    }

    #[test]
    fn each_fault_of_a_model_is_found() {
        let note = |fields| model("Note", "notes", rows("notes.jsonl"), fields);
        let cases = [
            (note(vec![]).unique(&["x"]), "a unique over x, which is no field"),
            (note(vec![json("x")]).unique(&["x"]), "a unique over x, which is no single value"),
            (note(vec![]).counted("a", "b", "c"), "only the rows of a log are counted"),
            (
                note(vec![text("x")]).mirror(&["x"], models::CHAT, "tags"),
                "the mirror of x and tags: both must be lists of links",
            ),
            (
                model("Note", "chats", directory("notes"), vec![]),
                "Chat and Note: two models with one name or collection",
            ),
            (
                model("Note", "notes", directory("characters"), vec![]),
                "Character and Note: two models in one place",
            ),
        ];
        for (model, expected) in cases {
            assert_eq!(faults_in(model), [expected]);
        }
    }
}
