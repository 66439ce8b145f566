//! The records: what cannot be read, occurs twice, refers to nothing, or miscounts.

use hashbrown::HashMap;

use crate::catalogue::{Index, Link, ModelId};

use super::{FaultKind, Report, Subject};
use crate::engine::clock;
use crate::engine::logs::LogKey;
use crate::engine::logs::{LogIndex, Need};
use crate::engine::memory::Record;
use crate::engine::memory::State;
use crate::engine::txn::View;
use crate::engine::txn::relations::{is_checked, log_owner};

/// Looks at every record and at every row of every log.
pub(super) fn look(view: &View<'_>, report: &mut Report) {
    let state = view.state;
    for model in state.catalogue.ids() {
        let (collection, declared) = (state.collection(model), state.catalogue.model(model));
        report.records += collection.len();
        collection
            .faults
            .iter()
            .chain(collection.broken.values())
            .for_each(|e| report.unreadable(e));
        for (number, index) in declared.indexes.iter().enumerate().filter(|(_, i)| i.unique) {
            find_doubles(state, model, number, index, report);
        }
        for (_, record) in collection.iter() {
            let links = declared.links.iter().filter(|link| is_checked(link));
            links.for_each(|link| check_link(view, model, record, link, report));
        }
    }
    look_at_logs(view, report);
}

fn find_doubles(state: &State, model: ModelId, number: usize, index: &Index, report: &mut Report) {
    let mut holders: HashMap<&str, &Record> = HashMap::new();
    for (_, record) in state.collection(model).iter() {
        for value in &record.index_keys()[number] {
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

fn check_link(view: &View<'_>, model: ModelId, record: &Record, link: &Link, report: &mut Report) {
    let (state, to) = (view.state, view.catalogue().model(link.to));
    for id in &record.index_keys()[link.index] {
        let map = record.map();
        let owner = log_owner(view.catalogue(), link, &map);
        // What cannot be read is told as that, and may be what is referred to.
        if !may_be_there(state, link.to, id) && matches!(view.exists(link.to, id, owner), Ok(false))
        {
            let (name, field) = (&state.catalogue.model(model).name, link.path.join("."));
            let message = format!(
                "{field} of {name} {} is {id}, and there is no {} with this id; bring it back, or take the id out",
                record.key(),
                to.name
            );
            report.about(FaultKind::Relation, state, &Subject { model, record }, message);
        }
    }
}

/// May a record be in a place that cannot be read?
fn may_be_there(state: &State, model: ModelId, id: &str) -> bool {
    let collection = state.collection(model);
    !collection.faults.is_empty() || collection.broken.contains_key(id)
}

fn look_at_logs(view: &View<'_>, report: &mut Report) {
    let state = view.state;
    for place in state.layout.logs() {
        let Some((owner_model, counted)) = state.catalogue.counted(place.model) else { continue };
        for (_, owner) in state.collection(place.owner).iter() {
            let key: LogKey = (place.model, owner.key().into());
            let found = view.with_log(&key, Need::Ids, |index: &LogIndex| {
                index.check()?;
                Ok((index.live(), index.count(&counted.row_type, &[])))
            });
            let (rows, (number, last)) = match found {
                Ok(found) => found,
                Err(error) => {
                    report.unreadable(&error);
                    continue;
                }
            };
            report.rows += rows;
            let last = last.map(clock::format_ms);
            if counted.fields.is_some() && owner.counts(counted) != (number, last.clone()) {
                let name = &state.catalogue.model(owner_model).name;
                let message = format!(
                    "{name} {} counts {} of {}, and its log has {number}; the next opening counts anew",
                    owner.key(),
                    owner.counts(counted).0,
                    counted.row_type
                );
                let subject = Subject { model: owner_model, record: owner };
                report.about(FaultKind::Count, state, &subject, message);
            }
        }
    }
}
