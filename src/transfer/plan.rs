//! A trial of the whole import, of which nothing stays: so everything that cannot come over is told at
//! once, by the same checks that an import makes, before anything is written.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::attachments::Attachments;
use super::lines::{Collecting, Lines, Packed, PackedLine};
use super::origin::{Found, Origin, digest, in_order, key_of};
use super::payloads::{self, Looked, Missing};
use super::portions::{Portion, each_portion, each_worked};
use super::report::{Problem, Told};
use super::sealed::{Opening, keep_seals};
use crate::disk::SimulatedDisk;
use crate::error::{Code, Error, Result};
use crate::json::Object;
use crate::prisma::{
    Cell, Existing, Given, Line, LineCheck, Source, Table, check_owners, check_places, description,
    put_rows,
};
use crate::progress::{Progress, Unheard, Unit};
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
    /// By table, the lines of its logs.
    pub(super) lines: HashMap<usize, Lines>,
}

impl Plan {
    /// That of a store which is copied as a whole.
    pub(super) fn of_whole() -> Plan {
        Plan {
            problems: Told::new(),
            following: 0,
            missing: Told::new(),
            files: (0, 0),
            lines: HashMap::new(),
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
    /// Those of the store that it is to come into.
    pub(super) options: &'a Options,
}

/// What the store says of the owners of logs. They are asked for once for each line.
type Owners = hashbrown::HashMap<Vec<u8>, Result<()>>;

/// Rows of a table whose rows are lines of logs.
#[derive(Default)]
struct Tried {
    good: Packed,
    refused: Vec<(String, Error)>,
    /// The keys of those that refer to a row which cannot come over.
    following: Vec<String>,
    faults: Vec<Problem>,
}

struct Trial<'p> {
    store: Store,
    /// Is it the store that the rows are to come into?
    is_target: bool,
    transaction: u64,
    existing: Existing,
    public: Option<&'p Path>,
    opening: Option<Opening<'p>>,
    attachments: Attachments,
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
    let Asked { existing, public, pepper, options } = asked;
    let is_target = store.is_some();
    let store = match store {
        Some(store) => store.clone(),
        None => {
            let options = Options { data_dir: "".into(), ..options.clone() };
            Store::open_on(Arc::new(SimulatedDisk::default()), &options)?
        }
    };
    let total = description().tables.iter().map(|table| origin.size(table).0).sum();
    progress.begin("Checking", Unit::Things, Some(total));
    let mut problems = Told::new();
    origin.gaps().into_iter().for_each(|gap| problems.add(gap));
    let mut trial = Trial {
        is_target,
        transaction: store.begin(LONGEST)?,
        store,
        existing,
        public,
        opening: pepper.map(Opening::new),
        attachments: Attachments::of(origin)?,
        plan: Plan { problems, ..Plan::of_whole() },
        refused: HashSet::new(),
        waiting: None,
    };
    let tried = in_order().into_iter().try_for_each(|table| trial.table(origin, table, progress));
    let given_up = trial.store.give_up(trial.transaction);
    tried.and(given_up)?;
    Ok(trial.plan)
}

impl Trial<'_> {
    fn table(&mut self, origin: &mut Origin, table: usize, progress: &dyn Progress) -> Result<()> {
        let of = &description().tables[table];
        // The store looks only into the record, or the log, to which an id belongs.
        let scattered = of.owner_column().is_some() && of.id.len() == 1;
        let mut ids = Vec::new();
        if matches!(of.source, Source::Log { .. }) {
            self.lines(origin, table, &mut ids, progress)?;
        } else {
            each_portion(origin, table, progress, |portion| {
                if scattered {
                    ids.extend(portion.rows.iter().map(|row| id_of(of, row)));
                }
                self.portion(table, portion)
            })?;
            self.settle()?;
        }
        self.look_for_doubles(origin, table, &twice(ids))
    }

    fn look_for_doubles(
        &mut self,
        origin: &mut Origin,
        table: usize,
        twice: &HashSet<u128>,
    ) -> Result<()> {
        if twice.is_empty() {
            return Ok(());
        }
        let of = &description().tables[table];
        let mut seen = HashSet::new();
        each_portion(origin, table, &Unheard, |portion| {
            for row in &portion.rows {
                let id = id_of(of, row);
                if twice.contains(&id) && !seen.insert(id) {
                    self.plan.problems.add(is_twice(of).of_key(&key_of(of, row)));
                }
            }
            Ok(())
        })
    }

    /// Checks the lines of logs, and keeps them for the import. They need not be written for that: it is
    /// enough that their owners are there.
    fn lines(
        &mut self,
        origin: &mut Origin,
        table: usize,
        ids: &mut Vec<u128>,
        progress: &dyn Progress,
    ) -> Result<()> {
        let of = &description().tables[table];
        let check = self.store.look(|view| Ok(LineCheck::of(view, table)))?;
        // What a line refers to has been tried before.
        let (files, refused) = (self.attachments.files(), std::mem::take(&mut self.refused));
        let work = |rows: &mut dyn Iterator<Item = Found>| {
            let mut tried = Tried::default();
            for found in rows {
                match found {
                    Found::Faulty(faults) => tried.faults.extend(faults),
                    Found::Row(cells, _) if follows(&refused, of, &cells) => {
                        tried.following.push(key_of(of, &cells));
                    }
                    Found::Row(cells, _) => {
                        let (key, beside) = (key_of(of, &cells), files.beside(&cells, of));
                        match check.line(cells, beside) {
                            Ok(line) => tried.good.add(&line),
                            Err(error) => tried.refused.push((key, error)),
                        }
                    }
                }
            }
            tried
        };
        let (mut owners, mut collecting) = (Owners::new(), Collecting::new());
        each_worked(origin, table, progress, work, |portion| {
            self.ask_for_owners(table, &portion, &mut owners)?;
            for tried in portion {
                self.cannot_come(table, tried.faults);
                tried.following.into_iter().for_each(|key| self.leave_out(table, key));
                tried.refused.into_iter().for_each(|(key, error)| self.refuse(table, key, &error));
                for line in tried.good.each() {
                    ids.push(line.id);
                    match owners.get(line.owner()) {
                        Some(Err(error)) => self.refuse(table, line.id_text(), error),
                        _ => {
                            self.attachments.see(|| line.id_text());
                            collecting.add(line)?;
                        }
                    }
                }
            }
            Ok(())
        })?;
        self.refused.extend(refused);
        let mut lines = collecting.finish()?;
        if self.is_target && self.existing == Existing::Refuse {
            lines.each_portion(&Unheard, |lines| self.compare_lines(table, lines))?;
        }
        self.plan.lines.insert(table, lines);
        Ok(())
    }

    /// Asks for the owners of lines that were not asked for yet.
    fn ask_for_owners(&self, table: usize, portion: &[Tried], owners: &mut Owners) -> Result<()> {
        let is_new = |owner: &&[u8]| !owners.contains_key(*owner);
        let lines = portion.iter().flat_map(|tried| tried.good.each());
        let new: hashbrown::HashSet<&[u8]> = lines.map(PackedLine::owner).filter(is_new).collect();
        if new.is_empty() {
            return Ok(());
        }
        let keys = new.iter().map(|owner| String::from_utf8_lossy(owner).into_owned());
        let keys: Vec<String> = keys.collect();
        let asked =
            self.store.change(Some(self.transaction), move |tx| Ok(check_owners(tx, table, &keys)));
        owners.extend(new.into_iter().map(<[u8]>::to_vec).zip(asked.wait()?));
        Ok(())
    }

    /// Looks for lines in whose place the store has others.
    fn compare_lines(&mut self, table: usize, lines: Vec<Line>) -> Result<()> {
        let keys: Vec<String> = lines.iter().map(Line::key).collect();
        let asked = self
            .store
            .change(Some(self.transaction), move |tx| Ok(check_places(tx, table, &lines)));
        for (key, place) in keys.into_iter().zip(asked.wait()?) {
            place.unwrap_or_else(|error| self.refuse(table, key, &error));
        }
        Ok(())
    }

    fn refuse(&mut self, table: usize, key: String, error: &Error) {
        let of = &description().tables[table];
        self.plan.problems.add(problem(of, error).of_key(&key));
        self.refused.insert((table, key));
    }

    /// Notes a row that cannot come over because of one that it refers to.
    fn leave_out(&mut self, table: usize, key: String) {
        self.plan.following += 1;
        self.refused.insert((table, key));
    }

    /// Notes what cannot become a row.
    fn cannot_come(&mut self, table: usize, faults: Vec<Problem>) {
        for fault in faults {
            self.refused.extend(fault.key.clone().map(|key| (table, key)));
            self.plan.problems.add(fault);
        }
    }

    /// Does all that a row refers to come over? Looks for its file and its secrets, too.
    fn may_come(&mut self, table: usize, cells: &[Cell]) -> Result<bool> {
        let of = &description().tables[table];
        if follows(&self.refused, of, cells) {
            self.leave_out(table, key_of(of, cells));
            return Ok(false);
        }
        self.look_for_file(of, cells);
        if let Some(opening) = &mut self.opening {
            let problems = opening.check(of, cells)?;
            problems.into_iter().for_each(|problem| self.plan.problems.add(problem));
        }
        Ok(true)
    }

    fn portion(&mut self, table: usize, portion: Portion) -> Result<()> {
        let of = &description().tables[table];
        self.cannot_come(table, portion.faults);
        let (mut keys, mut given) = (Vec::new(), Vec::new());
        for cells in portion.rows {
            if !self.may_come(table, &cells)? {
                continue;
            }
            let key = key_of(of, &cells);
            let (without, problem) = self.attachments.check(&cells, of, &key);
            problem.into_iter().for_each(|problem| self.plan.problems.add(problem));
            keys.push(key);
            given.push(Given { cells, beside: Object::new(), without });
        }
        let existing = self.existing;
        let next = self.store.change(Some(self.transaction), move |tx| {
            let mut given = tx.take_or_keep(&mut given);
            keep_seals(&tx.view(), table, &mut given)?;
            let put = put_rows(tx, table, given, existing);
            Ok(put.into_iter().map(|put| put.map(drop)).collect())
        });
        // One portion is tried while the next one is read.
        self.settle()?;
        self.waiting = Some((table, keys, next));
        Ok(())
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
        for (key, tried) in keys.into_iter().zip(waiting.wait()?) {
            tried.unwrap_or_else(|error| self.refuse(table, key, &error));
        }
        Ok(())
    }
}

/// Does a row refer to one that cannot come over?
fn follows(refused: &HashSet<(usize, String)>, of: &Table, cells: &[Cell]) -> bool {
    if refused.is_empty() {
        return false;
    }
    let mut keys = of.relations.iter().filter_map(|relation| {
        let key = relation.foreign_key.as_ref()?;
        Some((relation.target, cells[key.columns[0]].text()?.to_owned()))
    });
    keys.any(|key| refused.contains(&key))
}

/// What stands for the id of a row.
fn id_of(of: &Table, row: &[Cell]) -> u128 {
    digest(row[of.id[0]].text().unwrap_or_default())
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

fn twice(mut ids: Vec<u128>) -> HashSet<u128> {
    ids.sort_unstable();
    ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}
