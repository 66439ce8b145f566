//! May one cut over? What the log says, as an answer and a list of what stands in the way.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::compare::Unclear;
use super::fold::{Difference, Mark, State, Verified};
use super::line::{Ended, Found, Kind};
use super::log;
use super::scope::Scope;
use crate::error::Result;

/// So many rows that wait are told one by one.
const MOST_TOLD: usize = 100;

/// How far both sides agree.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// May the app be switched over to the store?
    pub may_cut_over: bool,
    /// What stands in the way, each with what to do.
    pub obstacles: Vec<String>,
    /// Since when the log is kept, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Writes of the app that are under way.
    pub under_way: usize,
    writes: Writes,
    reads: Reads,
    differences: Vec<Told>,
    /// Some of the rows that wait to be copied.
    pub waiting: Vec<Waiting>,
    /// How many scopes of rows wait to be copied.
    pub waiting_in_all: usize,
    /// Operations that could not be logged.
    pub lost: u64,
    verified: Option<LastVerified>,
}

#[derive(Debug, Serialize)]
struct Writes {
    #[serde(flatten)]
    ended: BTreeMap<Ended, u64>,
    /// Of these, those that met another write of the same rows.
    overlapped: u64,
}

#[derive(Debug, Serialize)]
struct Reads {
    agreed: u64,
    unclear: BTreeMap<Unclear, u64>,
}

#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    found: Found,
    count: u64,
    first: i64,
    last: i64,
}

/// Rows that wait to be copied.
#[derive(Debug, Serialize)]
pub struct Waiting {
    #[serde(flatten)]
    scope: Scope,
    why: String,
    since: i64,
    attempts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct LastVerified {
    time: i64,
    differences: u64,
}

/// What the log in a data folder says; none where nothing was ever written to both sides.
///
/// # Errors
/// Those of the disk.
pub fn status(data_dir: &Path) -> Result<Option<Status>> {
    Ok(log::look(data_dir)?.map(|state| Status::of(&state)))
}

impl Status {
    fn of(state: &State) -> Status {
        let obstacles = obstacles(state);
        let waiting = state.marks().take(MOST_TOLD).map(Waiting::of).collect();
        Status {
            may_cut_over: obstacles.is_empty(),
            obstacles,
            since: state.since,
            under_way: under_way(state),
            writes: Writes { ended: state.writes.clone(), overlapped: state.overlapped },
            reads: Reads { agreed: state.agreed, unclear: state.unclear.clone() },
            differences: state.differences.iter().map(Told::of).collect(),
            waiting,
            waiting_in_all: state.marks().count(),
            lost: state.lost,
            verified: state.verified.as_ref().map(LastVerified::of),
        }
    }

    /// How many writes ended in which way, in the words of the log.
    pub fn writes(&self) -> impl Iterator<Item = (String, u64)> {
        let overlapped = Some(("overlapped".to_owned(), self.writes.overlapped));
        let ended = self.writes.ended.iter().map(|(how, count)| (word(how), *count));
        ended.chain(overlapped.filter(|(_, count)| *count > 0))
    }

    /// How many reads were the same, or could not be judged, and why.
    pub fn reads(&self) -> impl Iterator<Item = (String, u64)> {
        let unclear = self.reads.unclear.iter();
        let unclear = unclear.map(|(why, count)| (format!("unclear ({})", word(why)), *count));
        std::iter::once(("agreed".to_owned(), self.reads.agreed)).chain(unclear)
    }
}

impl Waiting {
    fn of(mark: &Mark) -> Waiting {
        let Mark { scope, why, time, attempts, error, .. } = mark.clone();
        Waiting { scope, why, since: time, attempts, error }
    }
}

impl Told {
    fn of(difference: &Difference) -> Told {
        let Difference { found, count, first, last } = difference.clone();
        Told { found, count, first, last }
    }
}

impl LastVerified {
    fn of(verified: &Verified) -> LastVerified {
        LastVerified { time: verified.time, differences: verified.differences }
    }
}

/// The words of what waits, for people.
impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = self.scope.equals.iter().map(|(name, text)| format!("{name} {text}"));
        let parts = parts.collect::<Vec<_>>().join(", ");
        let which = if parts.is_empty() { "every row".to_owned() } else { parts };
        write!(f, "{}, {which}: {}", self.scope.model, self.why)?;
        match &self.error {
            Some(error) => {
                write!(f, "; {} attempts, the last one ended with {error}", self.attempts)
            }
            None => Ok(()),
        }
    }
}

/// The word that JSON has for it.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn under_way(state: &State) -> usize {
    state.open.values().filter(|operation| operation.kind == Kind::Write).count()
}

fn obstacles(state: &State) -> Vec<String> {
    let mut found = Vec::new();
    let waiting = state.marks().count();
    if waiting > 0 {
        let mut models: BTreeMap<&str, usize> = BTreeMap::new();
        state.marks().for_each(|mark| *models.entry(&mark.scope.model).or_default() += 1);
        let models: Vec<String> =
            models.into_iter().map(|(model, count)| format!("{model} {count}")).collect();
        found.push(format!(
            "rows wait to be copied from the primary ({}): let the app run on, or run \
             quilltap-store dual repair SOURCE",
            models.join(", ")
        ));
    }
    if under_way(state) > 0 {
        found
            .push(format!("{} writes are under way: stop the app, or ask again", under_way(state)));
    }
    for difference in &state.differences {
        let Found { model, action, fields, .. } = &difference.found;
        found.push(format!(
            "{model}.{action} was answered otherwise {} times, in {}: look at the records (--json has their \
             ids), then run quilltap-store dual repair SOURCE",
            difference.count,
            fields.join(", ")
        ));
    }
    if state.untold > 0 {
        found.push(format!("{} more answers differed", state.untold));
    }
    if state.lost > 0 {
        found.push(format!(
            "{} writes could not be logged: run quilltap-store dual repair SOURCE",
            state.lost
        ));
    }
    found.extend(unverified(state));
    found
}

fn unverified(state: &State) -> Option<String> {
    let command = "run quilltap-store verify SOURCE";
    match &state.verified {
        None => Some(format!("nothing was verified yet: {command}")),
        Some(verified) if verified.differences > 0 => Some(format!(
            "the last verification found {} rows that differ: run quilltap-store dual repair SOURCE",
            verified.differences
        )),
        Some(verified) if verified.from < state.troubled => {
            Some(format!("rows had to be copied since the last verification: {command}"))
        }
        Some(_) => None,
    }
}
