//! The records: what cannot be read, occurs twice, or refers to nothing.

use hashbrown::HashMap;

use crate::catalogue::{Index, IndexKey, Link, ModelId};

use super::{FaultKind, Report, Subject};
use crate::engine::memory::Record;
use crate::engine::memory::State;
use crate::engine::txn::View;
use crate::engine::txn::relations::{is_checked, log_owner, refers_to_something};

/// Looks at every record.
pub(super) fn look(state: &State, view: &View<'_>, report: &mut Report) {
    for model in state.catalogue.ids() {
        let (collection, declared) = (state.collection(model), state.catalogue.model(model));
        report.records += collection.len();
        collection
            .faults
            .iter()
            .chain(collection.broken.values())
            .chain(&collection.lines)
            .for_each(|e| report.unreadable(e));
        for (number, index) in declared.indexes.iter().enumerate().filter(|(_, i)| i.unique) {
            find_doubles(state, model, number, index, report);
        }
        for (_, record) in collection.iter() {
            let links = declared.links.iter().filter(|link| is_checked(link));
            links
                .for_each(|link| check_link(state, view, &Subject { model, record }, link, report));
        }
    }
}

fn find_doubles(state: &State, model: ModelId, number: usize, index: &Index, report: &mut Report) {
    let mut holders: HashMap<IndexKey<'_>, &Record> = HashMap::new();
    for (_, record) in state.collection(model).iter() {
        for value in record.index_keys().under(number) {
            let Some(other) = holders.insert(value, record) else { continue };
            let fields: Vec<String> = index.paths.iter().map(|path| path.join(".")).collect();
            let name = &state.catalogue.model(model).name;
            let message = format!(
                "{name} {} has the same {} as {}; change one of them",
                record.key(),
                fields.join(" and "),
                other.key()
            );
            report.about(FaultKind::Unique, state, &Subject { model, record }, message);
        }
    }
}

fn check_link(
    state: &State,
    view: &View<'_>,
    subject: &Subject<'_>,
    link: &Link,
    report: &mut Report,
) {
    let Subject { model, record } = *subject;
    let to = view.catalogue().model(link.to);
    for id in record.index_keys().under(link.index) {
        let id = &*id.text();
        let map = record.map();
        let owner = log_owner(view.catalogue(), link, &map);
        // What cannot be read is told as that, and may be what is referred to.
        if matches!(refers_to_something(view, link, id, owner), Ok(false)) {
            let (name, field) = (&state.catalogue.model(model).name, link.path.join("."));
            let by = link.by.as_deref().unwrap_or("id");
            let message = format!(
                "{field} of {name} {} is {id}, and there is no {} with this {by}; bring it back, or take the {by} out",
                record.key(),
                to.name
            );
            report.about(FaultKind::Relation, state, subject, message);
        }
    }
}
