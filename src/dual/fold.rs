//! What the lines of the log come to: the same in every process that reads them, for nothing else goes in.
//!
//! An operation reaches from its first line to its last; in between the primary and then the store are
//! asked. Two operations on one row whose reaches meet may have come to the two sides in different orders,
//! and nobody can tell. So the one that ends later leaves marks: its rows are copied from the primary. A
//! copy is an operation like any other. Rows on which nothing is under way and that have no mark are
//! therefore the same on both sides, as far as both understood the calls alike, which `verify` tells.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::compare::Unclear;
use super::line::{Ended, Found, Kind, Line, What};
use super::scope::{Scope, common, meet};
use crate::prisma::description;

/// So many operations that have ended are remembered, for those that are still under way.
const MOST_RECENT: usize = 2048;
/// Where there are more marks, whole tables are marked instead.
const MOST_MARKS: usize = 50_000;
/// So many different differences are kept, and of each so many ids.
const MOST_DIFFERENCES: usize = 200;
const MOST_IDS: usize = 5;

/// An operation under way, or a recent one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) writer: String,
    pub(super) op: u64,
    pub(super) kind: Kind,
    pub(super) scopes: Vec<Scope>,
    pub(super) tables: u64,
    with: Vec<u64>,
    pub(super) began: u64,
    ended: u64,
}

impl Operation {
    fn is_write_on(&self, tables: u64) -> bool {
        self.kind == Kind::Write && self.tables & tables != 0
    }
}

/// Rows that are to be copied from the primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) scope: Scope,
    /// Whose operation left it.
    pub(super) writer: String,
    pub(super) why: String,
    /// The position and the time of the line that left it last.
    pub(super) at: u64,
    pub(super) time: i64,
    pub(super) attempts: u64,
    pub(super) error: Option<String>,
}

/// A difference, and how often it was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Difference {
    pub(super) found: Found,
    pub(super) count: u64,
    pub(super) first: i64,
    pub(super) last: i64,
}

/// The last verification.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Verified {
    /// The position at which it began.
    pub(super) from: u64,
    pub(super) time: i64,
    pub(super) differences: u64,
}

/// What the log says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// How many lines were read.
    pub(super) position: u64,
    /// The time of the first of them.
    pub(super) since: Option<i64>,
    pub(super) open: BTreeMap<String, Operation>,
    recent: VecDeque<Operation>,
    /// The position up to which operations that ended are forgotten.
    forgotten: u64,
    marks: BTreeMap<String, Mark>,
    /// The lines of each writer.
    pub(super) lines: BTreeMap<String, u64>,
    pub(super) writes: BTreeMap<Ended, u64>,
    /// Writes that met others, among those above.
    pub(super) overlapped: u64,
    pub(super) agreed: u64,
    pub(super) unclear: BTreeMap<Unclear, u64>,
    pub(super) differences: Vec<Difference>,
    /// Differences of which there is no room to tell.
    pub(super) untold: u64,
    pub(super) verified: Option<Verified>,
    /// The position of the last line that left marks, or lost something.
    pub(super) troubled: u64,
    /// Operations that could not be logged, and lines that cannot be read.
    pub(super) lost: u64,
    pub(super) is_over: bool,
}

fn name_of(writer: &str, op: u64) -> String {
    format!("{writer}/{op}")
}

fn text_of(scope: &Scope) -> String {
    serde_json::to_string(scope).unwrap_or_default()
}

impl State {
    /// Takes in a line.
    pub(super) fn apply(&mut self, line: Line) {
        self.position += 1;
        self.since.get_or_insert(line.time);
        if matches!(line.what, What::Next) {
            self.is_over = true;
            return;
        }
        self.lines.insert(line.writer.clone(), line.number);
        let Line { writer, time, what, .. } = line;
        match what {
            What::Begin { op, kind, scopes, tables, with } => {
                let (began, ended, name) = (self.position, 0, name_of(&writer, op));
                let operation = Operation { writer, op, kind, scopes, tables, with, began, ended };
                self.open.insert(name, operation);
            }
            What::More { op, scopes, tables } => {
                if let Some(operation) = self.open.get_mut(&name_of(&writer, op)) {
                    operation.scopes.extend(scopes);
                    operation.tables |= tables;
                }
            }
            What::End { op, how, code, difference } => {
                self.end(&name_of(&writer, op), how, code, time);
                difference.into_iter().for_each(|found| self.differ(found, time));
            }
            What::Copied { op, failed } => self.copied(&name_of(&writer, op), failed, time),
            What::Reads { agreed, unclear } => {
                self.agreed += agreed;
                for (why, count) in unclear {
                    *self.unclear.entry(why).or_default() += count;
                }
            }
            What::Differed { found } => self.differ(found, time),
            What::Gone { who } => self.gone(&who, time),
            What::Mark { scopes } => self.mark(&scopes, &writer, "a repair was under way", time),
            What::Verified { from, differences } => {
                self.verified = Some(Verified { from, time, differences });
            }
            What::Repaired { from } => self.repaired(from),
            What::Lost { count } => self.lose(count),
            What::Next => {}
        }
        self.forget();
    }

    /// A line that cannot be read.
    pub(super) fn skip(&mut self) {
        self.position += 1;
        self.lose(1);
    }

    fn lose(&mut self, count: u64) {
        self.lost += count;
        self.troubled = self.position;
    }

    fn end(&mut self, name: &str, how: Ended, code: Option<String>, time: i64) {
        let Some(operation) = self.open.remove(name) else { return };
        *self.writes.entry(how).or_default() += 1;
        if how == Ended::Refused {
            return;
        }
        let met = self.met(&operation);
        self.overlapped += u64::from(!met.is_empty());
        if how.leaves_marks() {
            self.mark(&operation.scopes, &operation.writer, &why(how, code), time);
        } else if !met.is_empty() {
            self.mark(&met, &operation.writer, OVERLAPPED, time);
        }
        self.remember(operation);
    }

    fn remember(&mut self, operation: Operation) {
        self.recent.push_back(Operation { ended: self.position, ..operation });
    }

    /// The rows that another operation has touched which has ended by now and reaches into this one.
    fn met(&self, operation: &Operation) -> Vec<Scope> {
        if operation.began < self.forgotten {
            return operation.scopes.clone();
        }
        let others = self.recent.iter().rev();
        let reaching = others.take_while(|other| other.ended > operation.began);
        let related = reaching.filter(|other| other.tables & operation.tables != 0);
        let unordered = related.filter(|other| !are_ordered(operation, other));
        let met = unordered.flat_map(|other| common(&operation.scopes, &other.scopes));
        met.collect::<BTreeSet<Scope>>().into_iter().collect()
    }

    fn copied(&mut self, name: &str, failed: Vec<(Scope, String)>, time: i64) {
        let Some(operation) = self.open.remove(name) else { return };
        let open = self.open.values();
        let recent = self.recent.iter().rev().take_while(|other| other.ended > operation.began);
        let others: Vec<&Operation> =
            open.chain(recent).filter(|other| other.is_write_on(operation.tables)).collect();
        for scope in &operation.scopes {
            let text = text_of(scope);
            let Some(mark) = self.marks.get_mut(&text) else { continue };
            let one = std::slice::from_ref(scope);
            let is_met = operation.began < self.forgotten
                || others.iter().any(|other| meet(one, &other.scopes));
            let error = failed.iter().find(|(failed, _)| failed == scope).map(|(_, why)| why);
            if let Some(error) = error {
                mark.attempts += 1;
                mark.error = Some(error.clone());
                mark.time = time;
            } else if mark.at < operation.began && !is_met {
                self.marks.remove(&text);
            }
        }
        self.remember(operation);
    }

    fn mark(&mut self, scopes: &[Scope], writer: &str, why: &str, time: i64) {
        self.troubled = self.position;
        for scope in scopes {
            let old = self.marks.remove(&text_of(scope));
            let (attempts, error) = old.map_or((0, None), |old| (old.attempts, old.error));
            let (scope, writer, why) = (scope.clone(), writer.to_owned(), why.to_owned());
            let mark = Mark { scope, writer, why, at: self.position, time, attempts, error };
            self.marks.insert(text_of(&mark.scope), mark);
        }
        if self.marks.len() > MOST_MARKS {
            self.widen_marks();
        }
    }

    fn widen_marks(&mut self) {
        for mark in std::mem::take(&mut self.marks).into_values() {
            let scope = Scope::whole(&mark.scope.model);
            let at = self.position;
            self.marks.insert(text_of(&scope), Mark { scope, at, ..mark });
        }
    }

    fn differ(&mut self, found: Found, time: i64) {
        let same = |known: &&mut Difference| {
            let of =
                |found: &Found| (found.model.clone(), found.action.clone(), found.fields.clone());
            of(&known.found) == of(&found)
        };
        if let Some(known) = self.differences.iter_mut().find(same) {
            (known.count, known.last) = (known.count + 1, time);
            for id in found.ids {
                if known.found.ids.len() < MOST_IDS && !known.found.ids.contains(&id) {
                    known.found.ids.push(id);
                }
            }
        } else if self.differences.len() < MOST_DIFFERENCES {
            self.differences.push(Difference { found, count: 1, first: time, last: time });
        } else {
            self.untold += 1;
        }
    }

    /// What a dead process had under way may have reached the primary.
    fn gone(&mut self, who: &str, time: i64) {
        let of_it: Vec<String> = self
            .open
            .iter()
            .filter(|(_, op)| op.writer == who)
            .map(|(name, _)| name.clone())
            .collect();
        for name in of_it {
            let Some(operation) = self.open.remove(&name) else { continue };
            if operation.kind == Kind::Write {
                *self.writes.entry(Ended::Unknown).or_default() += 1;
                self.mark(&operation.scopes, who, "its process ended", time);
            }
            self.remember(operation);
        }
        self.lines.remove(who);
    }

    fn repaired(&mut self, from: u64) {
        self.marks.retain(|_, mark| mark.at > from);
        self.differences.clear();
        (self.untold, self.lost) = (0, 0);
    }

    /// Forgets what no operation that is under way, and no read of the last while, can ask for.
    fn forget(&mut self) {
        while self.recent.len() > MOST_RECENT {
            if let Some(oldest) = self.recent.pop_front() {
                self.forgotten = oldest.ended;
            }
        }
    }

    /// Has nothing happened to rows of these tables since `from`, is nothing happening now, and has none a
    /// mark? Operations that are `known` to be on both sides do not count.
    pub(super) fn is_quiet(
        &self,
        tables: u64,
        from: u64,
        known: &dyn Fn(&Operation) -> bool,
    ) -> bool {
        let touches = |operation: &Operation| operation.tables & tables != 0;
        let recent = self.recent.iter().rev().take_while(|operation| operation.ended > from);
        let mut recent = recent.filter(|operation| !known(operation));
        let marked = |mark: &Mark| {
            description().by_name(&mark.scope.model).is_some_and(|table| tables >> table & 1 == 1)
        };
        self.remembers(from)
            && !self.open.values().filter(|operation| !known(operation)).any(touches)
            && !recent.any(touches)
            && !self.marks.values().any(marked)
    }

    /// The scopes that were touched since `from`, or are being touched.
    pub(super) fn touched_since(&self, from: u64) -> BTreeSet<Scope> {
        let recent = self.recent.iter().rev().take_while(|operation| operation.ended > from);
        let all = self.open.values().chain(recent);
        all.flat_map(|operation| operation.scopes.iter().cloned()).collect()
    }

    /// Was everything that happened since `from` remembered?
    pub(super) fn remembers(&self, from: u64) -> bool {
        from >= self.forgotten
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.values()
    }
}

const OVERLAPPED: &str = "it met another write of the same rows";

fn why(how: Ended, code: Option<String>) -> String {
    match how {
        Ended::Failed => format!("the store failed: {}", code.unwrap_or_default()),
        Ended::Differed | Ended::Behind => "the store answered otherwise".to_owned(),
        Ended::Overflowed => "too many writes waited for the store".to_owned(),
        Ended::Unrepeated => "SQL is not repeated".to_owned(),
        Ended::Unknown | Ended::Agreed | Ended::Refused => {
            "the primary's answer was lost".to_owned()
        }
    }
}

/// Does the writer itself know which came first? It gives the store its operations in the order in which the
/// primary answered them; a copy reads when it likes.
fn are_ordered(one: &Operation, other: &Operation) -> bool {
    one.kind == Kind::Write
        && other.kind == Kind::Write
        && one.writer == other.writer
        && !one.with.contains(&other.op)
        && !other.with.contains(&one.op)
}
