//! Queries over the records that a view has: planned by its indexes, and explained.

use std::cell::Cell;
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalogue::{Access, By, Model, ModelId};
use crate::engine::{Record, RecordCounts, View};
use crate::error::Result;
use crate::query::{Plan, Query, Sizes};

impl Sizes for RecordCounts<'_> {
    fn all(&self) -> usize {
        self.about_all()
    }

    fn under(&self, index: usize, key: &str, is_choice: bool) -> usize {
        self.about_under(index, key, is_choice)
    }

    fn keeps_orders(&self) -> bool {
        self.keep_orders()
    }
}

/// What a query found, and what that took.
pub(crate) struct Found {
    pub(crate) records: Vec<Arc<Record>>,
    plan: Plan,
    walked: usize,
    looked_into: usize,
}

impl Found {
    /// By what they were found.
    pub(crate) fn way(&self, view: &View<'_>, model: ModelId) -> String {
        let index = fields_of(view.catalogue().model(model), &self.plan.access).join(" ");
        match (&self.plan.access, index.is_empty()) {
            (Access::Key(_), _) => "key".to_owned(),
            (_, false) => format!("index {index}"),
            (_, true) => "all".to_owned(),
        }
    }

    /// How many records were walked over.
    pub(crate) fn walked(&self) -> usize {
        self.walked
    }
}

/// The records that a query selects, in its order.
///
/// # Errors
/// Those of the view.
pub(crate) fn select(view: &View<'_>, model: ModelId, query: &Query) -> Result<Found> {
    let plan = query.plan(view.catalogue().model(model), &view.sizes(model));
    view.may_gather(query.gathers(&plan))?;
    let fields = query.fields();
    let (walked, looked_into) = (Cell::new(0), Cell::new(0));
    let count = |cell: &Cell<usize>| cell.set(cell.get() + 1);
    let records = view.walk(model, &plan.access, query.wants(&plan))?.inspect(|_| count(&walked));
    let records = query.select(&plan, records, |record| {
        count(&looked_into);
        view.look(record, &fields)
    })?;
    Ok(Found { records, plan, walked: walked.get(), looked_into: looked_into.get() })
}

/// How many records a query selects.
///
/// # Errors
/// Those of the view.
pub(crate) fn count(view: &View<'_>, model: ModelId, query: &Query) -> Result<usize> {
    let sizes = view.sizes(model);
    let plan = query.plan(view.catalogue().model(model), &sizes);
    if plan.exact && is_whole(&plan.access) && !sizes.are_changed() {
        let known = match &plan.access {
            Access::Walk { under: Some((index, key)), .. } => {
                RecordCounts::under(&sizes, *index, key)
            }
            _ => RecordCounts::all(&sizes),
        };
        return view.check_list(model).map(|()| known);
    }
    Ok(select(view, model, query)?.records.len())
}

/// Is it all that an index has under one key, or all records?
fn is_whole(access: &Access) -> bool {
    matches!(access, Access::Walk { from: Bound::Unbounded, to: Bound::Unbounded, .. })
}

/// How a query finds its answer, for whoever declares the indexes.
///
/// # Errors
/// Those of the view.
pub(crate) fn explain(view: &View<'_>, model: ModelId, query: &Query) -> Result<Value> {
    let found = select(view, model, query)?;
    let declared = view.catalogue().model(model);
    let index = fields_of(declared, &found.plan.access);
    Ok(json!({
        "by": match (&found.plan.access, index.is_empty()) {
            (Access::Key(_), _) => "key",
            (_, false) => "index",
            (_, true) => "scan",
        },
        "index": index,
        "sorts": !found.plan.ordered || matches!(found.plan.access, Access::Walk { as_created: true, .. }),
        "walked": found.walked,
        "lookedInto": found.looked_into,
        "found": found.records.len(),
    }))
}

/// The fields of the index that is used, the one that it is sorted by last.
fn fields_of(model: &Model, access: &Access) -> Vec<String> {
    let of_index = |number: &usize| model.indexes[*number].paths.iter().map(|path| path.join("."));
    match access {
        Access::Key(_) => vec![model.key.clone()],
        Access::AnyOf { index, .. } => of_index(index).collect(),
        Access::Walk { under, by, .. } => {
            let sort = match by {
                By::Field(sort) => Some(model.sort_fields[*sort].name.clone()),
                By::Creation => None,
            };
            under.iter().flat_map(|(index, _)| of_index(index)).chain(sort).collect()
        }
    }
}
