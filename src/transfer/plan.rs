//! A trial of the whole import, of which nothing stays: so everything that cannot come over is told at
//! once, by the same checks that an import makes, before anything is written.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::attachments::Attachments;
use super::origin::{Origin, in_order, key_of};
use super::payloads::{self, Looked, Missing};
use super::portions::{Portion, each_portion};
use super::report::{Problem, Told};
use super::sealed::{Opening, keep_seals};
use crate::disk::SimulatedDisk;
use crate::error::{Code, Error, Result};
use crate::json::Object;
use crate::prisma::{Cell, Existing, Given, Source, Table, check_lines, description, put_rows};
use crate::progress::{Progress, Unit};
use crate::store::{Options, Secret, Store, Waiting};

/// How long a trial may take.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a trial found.
pub(super) struct Plan {
    /// What cannot come over.
    pub(super) problems: Told<Problem>,
    /// Rows that are left out only because what they refer to is.
    pub(super) following: u64,
    /// Files that will not be taken in.
    pub(super) missing: Told<Missing>,
    /// Files that will be taken in, and their bytes.
    pub(super) files: (u64, u64),
    pub(super) attachments: Attachments,
}

impl Plan {
    /// That of a store which is copied as a whole.
    pub(super) fn of_whole() -> Plan {
        Plan {
            problems: Told::new(),
            following: 0,
            missing: Told::new(),
            files: (0, 0),
            attachments: Attachments::default(),
        }
    }
}

/// An answer of the trial store, with the keys of the rows.
type Answer = (usize, Vec<String>, Waiting<Vec<Result<()>>>);

/// How it is to come over.
pub(super) struct Asked<'a> {
    pub(super) existing: Existing,
    /// The public folder.
    pub(super) public: Option<&'a Path>,
    /// What the app encrypted its secrets with, where these are to be sealed anew.
    pub(super) pepper: Option<&'a Secret>,
}

struct Trial<'p> {
    store: Store,
    transaction: u64,
    existing: Existing,
    public: Option<&'p Path>,
    opening: Option<Opening<'p>>,
    plan: Plan,
    /// The rows that cannot come over.
    refused: HashSet<(usize, String)>,
    waiting: Option<Answer>,
}

/// Tries an import, into the store where there is one, else into one that is thrown away.
///
/// # Errors
/// Those of reading the source, and of the store; `CLOSED` when it is given up.
pub(super) fn plan(
    origin: &mut Origin,
    store: Option<&Store>,
    asked: Asked<'_>,
    progress: &dyn Progress,
) -> Result<Plan> {
    let store = match store {
        Some(store) => store.clone(),
        None => Store::open_on(Arc::new(SimulatedDisk::default()), &Options::new(""))?,
    };
    let total = description().tables.iter().map(|table| origin.size(table).0).sum();
    progress.begin("Checking", Unit::Things, Some(total));
    let mut problems = Told::new();
    origin.gaps().into_iter().for_each(|gap| problems.add(gap));
    let plan = Plan { problems, attachments: Attachments::of(origin)?, ..Plan::of_whole() };
    let transaction = store.begin(LONGEST)?;
    let (refused, waiting) = (HashSet::new(), None);
    let Asked { existing, public, pepper } = asked;
    let opening = pepper.map(Opening::new);
    let mut trial = Trial { store, transaction, existing, public, opening, plan, refused, waiting };
    let tried = in_order().into_iter().try_for_each(|table| trial.table(origin, table, progress));
    let given_up = trial.store.give_up(transaction);
    tried.and(given_up)?;
    Ok(trial.plan)
}

impl Trial<'_> {
    fn table(&mut self, origin: &mut Origin, table: usize, progress: &dyn Progress) -> Result<()> {
        let of = &description().tables[table];
        // The store looks only into the record, or the log, to which an id belongs.
        let scattered = of.owner_column().is_some() && of.id.len() == 1;
        let mut ids = Vec::new();
        each_portion(origin, table, progress, |portion| {
            if scattered {
                ids.extend(portion.rows.iter().map(|row| digest(&row[of.id[0]])));
            }
            self.portion(table, portion)
        })?;
        self.settle()?;
        let twice = twice(ids);
        if twice.is_empty() {
            return Ok(());
        }
        let mut seen = HashSet::new();
        each_portion(origin, table, &crate::progress::Unheard, |portion| {
            for row in &portion.rows {
                let id = digest(&row[of.id[0]]);
                if twice.contains(&id) && !seen.insert(id) {
                    self.plan.problems.add(is_twice(of).of_key(&key_of(of, row)));
                }
            }
            Ok(())
        })
    }

    fn portion(&mut self, table: usize, portion: Portion) -> Result<()> {
        let of = &description().tables[table];
        let is_log = matches!(of.source, Source::Log { .. });
        for fault in portion.faults {
            self.refused.extend(fault.key.clone().map(|key| (table, key)));
            self.plan.problems.add(fault);
        }
        let (mut keys, mut given) = (Vec::new(), Vec::new());
        for cells in portion.rows {
            let key = key_of(of, &cells);
            if self.follows(of, &cells) {
                self.plan.following += 1;
                self.refused.insert((table, key));
                continue;
            }
            if is_log {
                self.plan.attachments.see(&cells, of);
            }
            self.look_for_file(of, &cells);
            if let Some(opening) = &mut self.opening {
                let problems = opening.check(of, &cells)?;
                problems.into_iter().for_each(|problem| self.plan.problems.add(problem));
            }
            let (without, problem) = self.plan.attachments.check(&cells, of, &key);
            problem.into_iter().for_each(|problem| self.plan.problems.add(problem));
            keys.push(key);
            given.push(Given { cells, beside: Object::new(), without });
        }
        let existing = self.existing;
        let next = self.store.change(Some(self.transaction), move |tx| {
            keep_seals(&tx.view(), table, &mut given)?;
            if is_log {
                return Ok(check_lines(tx, table, given, existing));
            }
            let put = put_rows(tx, table, given, existing);
            Ok(put.into_iter().map(|put| put.map(drop)).collect())
        });
        // One portion is tried while the next one is read.
        self.settle()?;
        self.waiting = Some((table, keys, next));
        Ok(())
    }

    /// Does a row refer to one that cannot come over?
    fn follows(&self, of: &Table, cells: &[Cell]) -> bool {
        if self.refused.is_empty() {
            return false;
        }
        let mut keys = of.relations.iter().filter_map(|relation| {
            let key = relation.foreign_key.as_ref()?;
            Some((relation.target, cells[key.columns[0]].text()?.to_owned()))
        });
        keys.any(|key| self.refused.contains(&key))
    }

    fn look_for_file(&mut self, of: &Table, cells: &[Cell]) {
        let looked = self.public.and_then(|public| payloads::look(public, of, cells));
        match looked {
            Some(Looked::There(file)) => {
                self.plan.files.0 += 1;
                self.plan.files.1 += file.bytes;
            }
            Some(Looked::Missing(missing)) => self.plan.missing.add(missing),
            Some(Looked::Outside(problem)) => self.plan.problems.add(problem),
            None => {}
        }
    }

    /// Waits for the portion before.
    fn settle(&mut self) -> Result<()> {
        let Some((table, keys, waiting)) = self.waiting.take() else { return Ok(()) };
        let of = &description().tables[table];
        for (key, tried) in keys.into_iter().zip(waiting.wait()?) {
            if let Err(error) = tried {
                self.plan.problems.add(problem(of, &error).of_key(&key));
                self.refused.insert((table, key));
            }
        }
        Ok(())
    }
}

/// What the store says of a row, and what can be done.
fn problem(of: &Table, error: &Error) -> Problem {
    let mend = match error.code() {
        Code::Unique => {
            "give one of the two another value, or leave one out; for what the store has already: \
             another folder, or --existing keep | replace"
        }
        Code::ForeignKey => "bring back what it refers to, or leave the row out",
        Code::TooLarge => "make it smaller, or raise maxRecordBytes",
        _ => "set it to what is expected with UPDATE, or leave the row out",
    };
    let problem = Problem::of_table(of, error.message(), mend);
    let issues = error.all_issues();
    match issues.first().and_then(|issue| of.column_at_path(&issue.path)) {
        Some(column) => problem.of_column(&of.columns[column].name),
        None => problem,
    }
}

fn is_twice(of: &Table) -> Problem {
    Problem::of_table(of, "its id is there twice", "leave one of the two out")
}

/// Sixteen bytes that stand for an id: what is kept of each of many millions.
fn digest(id: &Cell) -> u128 {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        (seed, id.text()).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

fn twice(mut ids: Vec<u128>) -> HashSet<u128> {
    ids.sort_unstable();
    ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}
