//! What the client of both sides asks: questions and answers as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::{Value, json};

use super::compare::{Answer, Unclear, Verdict, compare};
use super::line::{Ended, Found, Kind, What};
use super::log::{self, Log, Moment};
use super::rows::{self, Which};
use super::scope::Scope;
use super::touched::{Touched, asked, touched, touched_by_sql};
use crate::error::{Code, Error, Result};
use crate::json;
use crate::prisma::{Default, Table, description};
use crate::sync::locked;

/// So many rows are copied at once.
const MOST_COPIED: usize = 100;
/// Marks that another process has left are taken over after this time, in milliseconds.
const TAKEN_OVER: i64 = 5_000;

/// A client of both sides: its place in the log.
pub struct Dual {
    data_dir: PathBuf,
    held: Mutex<Held>,
}

/// What is said while the log is held.
#[derive(Default)]
struct Held {
    log: Option<Log>,
    /// Was a line appended that leaves marks, and is to be durable soon?
    is_marked: bool,
    /// Operations that could not be logged.
    lost: u64,
    /// Reads that were judged since the last line about reads.
    agreed: u64,
    unclear: BTreeMap<Unclear, u64>,
}

/// What both sides answered to a request.
#[derive(Deserialize)]
struct Judged {
    request: Value,
    primary: Answer,
    store: Answer,
}

#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
enum Question {
    /// A write is about to be asked of the primary; 0 where it cannot be logged.
    Begin { requests: Vec<Value>, sql: Option<String> },
    /// It asks for more.
    More { op: u64, requests: Vec<Value>, sql: Option<String> },
    /// It is over: both sides have answered, or it ended in another way.
    End { op: u64, how: Option<Ended>, code: Option<String>, judged: Vec<Judged> },
    /// A shadow read that began at a position.
    Read { since: Moment, judged: Judged },
    /// A read that cannot be judged.
    Unclear { why: Unclear },
    /// Are there rows to be copied? The copy then is under way.
    Claim,
    /// A copy is over.
    Copied { op: u64, failed: Vec<(Scope, String)> },
    /// How rows are read from the primary.
    Select { model: String, keys: Option<Vec<Value>>, equals: Option<Value>, after: Option<Value> },
    /// What rows of texts mean.
    Rows { model: String, texts: Value },
    /// What is to be done now and then.
    Tend,
}

impl Dual {
    /// A client whose store is in a folder. Nothing is opened before something is asked.
    #[must_use]
    pub fn new(data_dir: &Path) -> Dual {
        Dual { data_dir: data_dir.to_owned(), held: Mutex::default() }
    }

    /// The moment at which a read begins, as JSON; it never waits, and is then one long ago.
    pub fn moment(&self) -> String {
        let held = self.held.try_lock();
        let log = held.as_ref().ok().and_then(|held| held.log.as_ref());
        serde_json::to_string(&log.map(Log::moment).unwrap_or_default()).unwrap_or_default()
    }

    /// The primary has answered an operation.
    pub fn answered(&self, op: u64) {
        if let Some(log) = &mut locked(&self.held).log {
            log.answered(op);
        }
    }

    /// A write begins, on the caller's own thread: 0 where it cannot be logged, `None` where that would have to
    /// wait for somebody. It is a line at the end of a file, which takes less than waking another thread.
    pub fn begin(&self, question: &str) -> Option<u64> {
        let mut held = self.held.try_lock().ok()?;
        held.log.as_ref()?;
        let Ok(Question::Begin { requests, sql }) = serde_json::from_str(question) else {
            return None;
        };
        held.begin(&self.data_dir, &requests, sql.as_deref()).as_u64()
    }

    /// Answers a question.
    ///
    /// # Errors
    /// `VALIDATION` for one that cannot be understood, or a value that the store cannot keep; those of the
    /// disk.
    pub fn ask(&self, question: &str) -> Result<String> {
        let question = serde_json::from_str(question);
        let question = question.map_err(|error| {
            Error::new(Code::Validation, format!("no question of dual writing: {error}"))
        })?;
        Ok(json::compact(&match question {
            Question::Select { model, keys, equals, after } => {
                let nothing = serde_json::Map::new();
                let equals = equals.as_ref().and_then(Value::as_object).unwrap_or(&nothing);
                let which = match &keys {
                    Some(keys) => Which::Keys(keys),
                    None => Which::Page(equals, after.as_ref()),
                };
                rows::query(table_of(&model)?, &which)
            }
            Question::Rows { model, texts } => rows::rows(table_of(&model)?, &texts)?,
            other => self.answer(other)?,
        }))
    }
}

impl Dual {
    fn answer(&self, question: Question) -> Result<Value> {
        let is_tending = matches!(question, Question::Tend);
        // Long answers take their time, and the app's next write needs the log.
        let verdicts = question.verdicts();
        let mut held = locked(&self.held);
        let answer = held.answer(&self.data_dir, question, verdicts)?;
        let is_due = is_tending || held.is_marked;
        held.is_marked = false;
        let unsynced = held.log.as_mut().filter(|_| is_due).and_then(Log::unsynced);
        drop(held);
        // The app's next write does not wait for the disk.
        unsynced.map_or(Ok(()), |unsynced| unsynced.sync())?;
        Ok(answer)
    }
}

fn table_of(model: &str) -> Result<&'static Table> {
    let number = description().by_name(model);
    let missing = || Error::new(Code::Validation, format!("there is no model {model}"));
    Ok(&description().tables[number.ok_or_else(missing)?])
}

impl Question {
    /// What there is to say of the answers in it.
    fn verdicts(&self) -> Vec<Verdict> {
        let judged = match self {
            Question::End { judged, .. } => judged.as_slice(),
            Question::Read { judged, .. } => std::slice::from_ref(judged),
            _ => &[],
        };
        judged.iter().map(|one| compare(&one.request, &one.primary, &one.store)).collect()
    }
}

impl Held {
    fn log(&mut self, data_dir: &Path) -> Result<&mut Log> {
        if self.log.is_none() {
            self.log = Some(Log::open(data_dir)?);
        }
        self.log.as_mut().ok_or_else(|| Error::new(Code::Io, "the log of dual writing is not open"))
    }

    fn answer(
        &mut self,
        data_dir: &Path,
        question: Question,
        verdicts: Vec<Verdict>,
    ) -> Result<Value> {
        match question {
            Question::Begin { requests, sql } => {
                Ok(self.begin(data_dir, &requests, sql.as_deref()))
            }
            Question::More { op, requests, sql } => {
                let Touched { scopes, tables } = all_touched(&requests, sql.as_deref());
                self.append(data_dir, op, What::More { op, scopes, tables })
            }
            Question::End { op, how, code, judged } => {
                let tables = judged.iter().fold(0, |all, judged| all | asked(&judged.request));
                self.end(data_dir, (op, tables), (how, code), verdicts)
            }
            Question::Read { since, judged } => {
                self.read(data_dir, &since, asked(&judged.request), verdicts)
            }
            Question::Unclear { why } => {
                *self.unclear.entry(why).or_default() += 1;
                Ok(Value::Null)
            }
            Question::Claim => self.claim(data_dir),
            Question::Copied { op, failed } => {
                self.append(data_dir, op, What::Copied { op, failed })
            }
            Question::Tend => self.tend(data_dir),
            Question::Select { .. } | Question::Rows { .. } => Ok(Value::Null),
        }
    }

    fn begin(&mut self, data_dir: &Path, requests: &[Value], sql: Option<&str>) -> Value {
        let touched = all_touched(requests, sql);
        let begun = self.log(data_dir).and_then(|log| log.begin(Kind::Write, touched));
        match begun {
            Ok(op) => op.into(),
            // The app does not wait for a log that cannot be written.
            Err(_) => {
                self.lost += 1;
                0.into()
            }
        }
    }

    /// Appends a line about an operation, unless its beginning was lost.
    fn append(&mut self, data_dir: &Path, op: u64, what: What) -> Result<Value> {
        if op > 0 {
            self.log(data_dir)?.append(what)?;
        }
        Ok(Value::Null)
    }

    fn end(
        &mut self,
        data_dir: &Path,
        (op, tables): (u64, u64),
        (how, code): (Option<Ended>, Option<String>),
        verdicts: Vec<Verdict>,
    ) -> Result<Value> {
        if op == 0 {
            return Ok(Value::Null);
        }
        let log = self.log(data_dir)?;
        log.catch_up()?;
        let was_alone = log.was_alone(op, tables);
        let mut found = verdicts.into_iter().filter_map(|verdict| match verdict {
            Verdict::Differs(found) => Some(found),
            _ => None,
        });
        let difference = found.next().filter(|_| how.is_none());
        let how = how.unwrap_or(match (&difference, was_alone) {
            (None, _) => Ended::Agreed,
            (Some(_), true) => Ended::Differed,
            (Some(_), false) => Ended::Behind,
        });
        let difference = difference.filter(|_| was_alone);
        log.append(What::End { op, how, code, difference })?;
        self.is_marked |= how.leaves_marks();
        Ok(Value::Null)
    }

    fn read(
        &mut self,
        data_dir: &Path,
        since: &Moment,
        tables: u64,
        mut verdicts: Vec<Verdict>,
    ) -> Result<Value> {
        let found: Found = match verdicts.pop().unwrap_or(Verdict::Same) {
            Verdict::Same => {
                self.agreed += 1;
                return Ok(Value::Null);
            }
            Verdict::Unclear(why) => {
                *self.unclear.entry(why).or_default() += 1;
                return Ok(Value::Null);
            }
            Verdict::Differs(found) => found,
        };
        let log = self.log(data_dir)?;
        log.catch_up()?;
        if log.is_quiet(tables, since) {
            log.append(What::Differed { found })?;
        } else {
            *self.unclear.entry(Unclear::Overlap).or_default() += 1;
        }
        Ok(Value::Null)
    }

    /// Some rows of one model that are to be copied: `{ op, model, keys }`, or with `equals` in place of
    /// the keys; null where there are none.
    fn claim(&mut self, data_dir: &Path) -> Result<Value> {
        let log = self.log(data_dir)?;
        log.catch_up()?;
        let Some((table, scopes)) = next_scopes(log) else { return Ok(Value::Null) };
        let of = &description().tables[table];
        let keys: Vec<Value> = scopes.iter().map(|scope| json!(scope.equals)).collect();
        let by_keys = scopes.iter().all(is_key);
        let touched = Touched { scopes: scopes.clone(), tables: 1 << table };
        let op = log.begin(Kind::Copy, touched)?;
        let (name, which) =
            if by_keys { ("keys", keys.into()) } else { ("equals", keys[0].clone()) };
        Ok(json!({ "op": op, "model": of.name, "scopes": scopes, name: which }))
    }

    fn tend(&mut self, data_dir: &Path) -> Result<Value> {
        let lost = self.lost;
        let log = self.log(data_dir)?;
        if lost > 0 {
            log.append(What::Lost { count: lost })?;
        }
        log.tend()?;
        self.lost -= lost;
        if self.agreed > 0 || !self.unclear.is_empty() {
            let unclear = self.unclear.iter().map(|(why, count)| (*why, *count)).collect();
            let what = What::Reads { agreed: self.agreed, unclear };
            self.log(data_dir)?.append(what)?;
            (self.agreed, self.unclear) = (0, BTreeMap::new());
        }
        Ok(Value::Null)
    }
}

fn all_touched(requests: &[Value], sql: Option<&str>) -> Touched {
    let mut all = sql.map(touched_by_sql).unwrap_or_default();
    for request in requests {
        let Touched { scopes, tables } = touched(request);
        all.scopes.extend(scopes);
        all.tables |= tables;
    }
    all
}

/// Does a scope say nothing but the key of one row?
fn is_key(scope: &Scope) -> bool {
    scope.key().as_ref() == Some(scope)
}

/// The scopes to be copied next, of one table: those with a key together, any other one alone. Tables that
/// others refer to come first.
fn next_scopes(log: &Log) -> Option<(usize, Vec<Scope>)> {
    let ripe = log::now() - TAKEN_OVER;
    let is_ours = |writer: &str| writer == log.writer;
    let marks = log.state.marks().filter(|mark| is_ours(&mark.writer) || mark.time < ripe);
    // What failed before waits until the others are done.
    let mut marks: Vec<_> = marks
        .filter_map(|mark| {
            let table = description().by_name(&mark.scope.model)?;
            Some((mark.attempts, rank(table), !is_key(&mark.scope), table, &mark.scope))
        })
        .collect();
    marks.sort();
    let (_, _, not_by_key, table, first) = *marks.first()?;
    if not_by_key {
        return Some((table, vec![first.clone()]));
    }
    let same = marks.iter().filter(|(_, _, other, of, _)| !other && *of == table);
    Some((table, same.take(MOST_COPIED).map(|(.., scope)| (*scope).clone()).collect()))
}

/// Where a table stands behind those that it refers to.
fn rank(table: usize) -> usize {
    crate::transfer::tables_in_order()
        .iter()
        .position(|other| *other == table)
        .unwrap_or(usize::MAX)
}

/// What the client must know of the tables to make ids and times before both sides are asked.
#[must_use]
pub fn tables() -> Value {
    let all = description().tables.iter().map(|table| {
        let named = |fits: &dyn Fn(&crate::prisma::Column) -> bool| {
            let fitting = table.columns.iter().filter(|column| fits(column));
            fitting.map(|column| column.name.as_str()).collect::<Vec<_>>()
        };
        let relations = table.relations.iter().map(|relation| {
            let target = &description().tables[relation.target].name;
            let is_own = relation.foreign_key.is_some();
            (relation.name.clone(), json!({ "model": target, "own": is_own }))
        });
        let made = json!({
            "key": table.names(table.keys().next().unwrap_or_default()).collect::<Vec<_>>(),
            "ids": named(&|column| column.default == Some(Default::Uuid)),
            "times": named(&|column| column.default == Some(Default::Now)),
            "changed": named(&|column| column.updated_at),
            "scalars": named(&|_| true),
            "relations": relations.collect::<serde_json::Map<_, _>>(),
        });
        (table.name.clone(), made)
    });
    all.collect::<serde_json::Map<_, _>>().into()
}
