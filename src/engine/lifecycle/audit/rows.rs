//! The rows of logs: lines that cannot be read, rows that are not what their model says, and counts.

use crate::catalogue::Counted;
use crate::engine::clock;
use crate::engine::folder::Folder;
use crate::engine::logs::{LogIndex, LogKey, LogRows, Need};
use crate::engine::memory::Record;
use crate::engine::memory::State;
use crate::engine::txn::issues_of;
use crate::error::{Error, Result};
use crate::json;

use super::{FaultKind, Report, Subject};
use crate::catalogue::{Model, ModelId};

/// So many rows of a log are told that are not what their model says.
const MOST_ROWS: usize = 100;

/// Looks at every row of every log.
pub(super) fn look(folder: &Folder<'_>, report: &mut Report) {
    let state = folder.state;
    for place in state.layout.logs() {
        for (_, owner) in state.collection(place.owner).iter() {
            if let Err(error) = look_at(folder, place.model, owner, report) {
                report.unreadable(&error);
            }
        }
    }
}

fn look_at(folder: &Folder<'_>, model: ModelId, owner: &Record, report: &mut Report) -> Result<()> {
    let catalogue = &folder.state.catalogue;
    let Some((owner_model, counted)) = catalogue.counted(model) else { return Ok(()) };
    let key: LogKey = (model, owner.key().into());
    let path = folder.state.layout.log_path(model, owner.key())?;
    let declared = catalogue.model(model);
    let (whole, count) = folder.with_log(&key, Need::Ids, |index: &LogIndex| {
        report.rows += index.live();
        index.faults().for_each(|fault| report.unreadable(fault));
        let rows = index.committed();
        if index.refuse_newer().is_ok() {
            look_at_rows(&rows, declared, path.as_str(), report)?;
        }
        Ok((rows.are_whole(), rows.count(&[])))
    })?;
    if whole {
        compare_count(folder.state, (owner_model, owner), counted, count, report);
    }
    Ok(())
}

/// Tells the rows that are given out although they are not what the model says.
fn look_at_rows(rows: &LogRows<'_>, model: &Model, path: &str, report: &mut Report) -> Result<()> {
    let mut odd = 0;
    rows.visit(|text| {
        let row = json::parse_object(text).unwrap_or_default();
        let issues = issues_of(model, row);
        if issues.is_empty() {
            return;
        }
        odd += 1;
        if odd <= MOST_ROWS {
            let id = json::text_field(text, "id").unwrap_or_default();
            let error = Error::validation(&model.name, issues);
            let message = format!("{}; it is given out as it is: mend the line", error.message());
            report.add(FaultKind::Invalid, path, Some((&model.name, &id)), message);
        }
    })?;
    if odd > MOST_ROWS {
        let message = format!("{} more rows are not what {} says", odd - MOST_ROWS, model.name);
        report.add(FaultKind::Invalid, path, None, message);
    }
    Ok(())
}

fn compare_count(
    state: &State,
    (model, owner): (ModelId, &Record),
    counted: &Counted,
    (number, last): (u64, Option<i64>),
    report: &mut Report,
) {
    if counted.fields.is_none() || owner.counts(counted) == (number, last.map(clock::format_ms)) {
        return;
    }
    let name = &state.catalogue.model(model).name;
    let message = format!(
        "{name} {} counts {} of {}, and its log has {number}; the next opening counts anew",
        owner.key(),
        owner.counts(counted).0,
        counted.row_type
    );
    report.about(FaultKind::Count, state, &Subject { model, record: owner }, message);
}
