//! A fault at each operation of the scenarios of the crash search, once and from then on.
//!
//! Beside the store on the failing disk runs one on a whole disk, which makes only the changes
//! that the first one acknowledged. Both must hold the same at any time; after a death or a close
//! the first may besides hold one change that failed, or the first ones of several.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use quilltap_store::disk::{Fault, Outcome, SimulatedDisk};
use quilltap_store::error::{Code, Error};
use quilltap_store::store::{Durability, Store};
use serde_json::json;

use super::FAULTS;
use crate::crash::scenarios;
use crate::crash::step::{self, Call, Dump, Step, difference};

/// What the sentence of a store says after a failed sync.
const POISONED: &str = "takes no more changes";

fn open(disk: &SimulatedDisk) -> Result<Store, Error> {
    step::open(disk, Durability::Strict)
}

/// What a store holds, without the ids that it has made itself.
fn dump(store: &Store) -> Dump {
    let mut all = step::dump(store);
    all.values_mut().for_each(|text| *text = step::without_made_ids(text));
    all
}

fn probe(name: &str) -> Call {
    ("users.create", json!([{"id": name, "email": format!("{name}@globe.example")}]))
}

/// One run with one fault.
struct Run {
    label: String,
    code: Code,
    disk: SimulatedDisk,
    /// The disk and the store that have only what was acknowledged.
    shadow_disk: SimulatedDisk,
    shadow: Store,
    /// The changes that failed since the last one that did not.
    failed: Vec<Vec<Call>>,
    /// Has a sync failed, and has the store not been opened since?
    poisoned: bool,
}

impl Run {
    fn new(label: String, fault: Fault, code: Code, at: u64, forever: bool) -> Run {
        let disk = SimulatedDisk::new();
        if forever {
            disk.fail_from(at, fault)
        } else {
            disk.fail_at(at, fault)
        }
        let shadow_disk = SimulatedDisk::new();
        let shadow = open(&shadow_disk).expect("a whole disk opens");
        Run { label, code, disk, shadow_disk, shadow, failed: Vec::new(), poisoned: false }
    }

    /// Is this the right error for the fault?
    fn expect_code(&mut self, error: &Error) {
        if error.code() == Code::Io && error.message().contains(POISONED) {
            self.poisoned = true;
            return;
        }
        assert_eq!(error.code(), self.code, "{}: {error}", self.label);
    }

    fn expect_same(&self, store: &Store, when: &str) {
        let (found, wanted) = (dump(store), dump(&self.shadow));
        let different = difference(&found, &wanted, String::clone);
        assert!(found == wanted, "{}, {when}:\n{different}", self.label);
    }

    /// A change that several calls make, or one of several that share a sync.
    fn note(&mut self, calls: &[Call], done: Result<(), Error>) {
        match done {
            Ok(()) => {
                assert!(!self.poisoned, "{}: a change after a failed sync", self.label);
                let shadowed = step::transaction(&self.shadow, calls);
                assert!(shadowed.is_ok(), "{}: {shadowed:?}", self.label);
                self.failed.clear();
            }
            Err(error) => {
                // What it needed may have failed before it.
                let copy = open(&self.shadow_disk.copy()).expect("a whole disk opens");
                let alike = step::transaction(&copy, calls).err();
                if alike.is_none_or(|other| other.code() != error.code()) {
                    self.expect_code(&error);
                    self.failed.push(calls.to_vec());
                }
            }
        }
    }

    /// Makes the steps; gives the store, unless it could not be opened.
    fn steps(&mut self, steps: &[Step]) -> Option<Store> {
        let mut store = match open(&self.disk) {
            Ok(store) => store,
            Err(error) => {
                self.expect_code(&error);
                return None;
            }
        };
        let mut looks = 0;
        for step in steps {
            let failed = self.failed.len();
            let done = match step {
                Step::Call(call) => {
                    self.note(std::slice::from_ref(call), step::call(&store, call));
                    Ok(())
                }
                Step::Transaction(calls) => {
                    self.note(calls, step::transaction(&store, calls));
                    Ok(())
                }
                Step::Together(calls) => {
                    match step::together(&store, calls) {
                        Err(error) => self.expect_code(&error),
                        Ok(all) => calls.iter().zip(all).for_each(|(call, done)| {
                            self.note(std::slice::from_ref(call), done);
                        }),
                    }
                    Ok(())
                }
                Step::Plant(_) | Step::Edit(..) => unreachable!("nobody edits here"),
                Step::Flush => store.flush_now(),
                Step::Compact => store.compact_now(),
                Step::Reopen | Step::Kill | Step::Switch => {
                    if let Err(error) = store.close() {
                        self.expect_code(&error);
                    }
                    self.poisoned = false;
                    store = match open(&self.disk) {
                        Ok(store) => store,
                        Err(error) => {
                            self.expect_code(&error);
                            return None;
                        }
                    };
                    self.agree(&store);
                    Ok(())
                }
            };
            let went_wrong = done.is_err() || self.failed.len() > failed;
            if let Err(error) = done {
                self.expect_code(&error);
            }
            if went_wrong && looks < 2 {
                looks += 1;
                self.expect_same(&store, "still readable");
            }
        }
        Some(store)
    }

    /// After an opening: what is there is what was acknowledged, or besides it what failed last.
    fn agree(&mut self, store: &Store) {
        let found = dump(store);
        if found == dump(&self.shadow) {
            return;
        }
        for first in 0..self.failed.len() {
            let disk = self.shadow_disk.copy();
            let copy = open(&disk).expect("a whole disk opens");
            for calls in &self.failed[first..] {
                if step::transaction(&copy, calls).is_ok() && dump(&copy) == found {
                    (self.shadow_disk, self.shadow) = (disk, copy);
                    self.failed.clear();
                    return;
                }
            }
        }
        self.expect_same(store, "opened anew");
    }

    /// The disk is whole again: it goes on, is opened anew, and survives a loss of power.
    fn mend(&mut self, store: Option<Store>, kill: bool, seed: u64) {
        self.disk.clear_faults();
        if let Some(store) = store {
            let done = step::call(&store, &probe("probe1"));
            let read_only = self.code == Code::ReadOnly && done.is_err();
            assert!(done.is_ok() || self.poisoned || read_only, "{}: {done:?}", self.label);
            self.note(&[probe("probe1")], done);
            self.expect_same(&store, "the disk is whole again");
            if kill {
                self.disk = self.disk.kill();
                let _ = store.close();
            } else if let Err(error) = store.close() {
                assert!(self.poisoned, "{}: {error}", self.label);
            }
        }
        self.poisoned = false;
        let store = open(&self.disk).unwrap_or_else(|e| panic!("{}: no opening: {e}", self.label));
        self.agree(&store);
        let done = step::call(&store, &probe("probe2"));
        assert!(done.is_ok(), "{}: {done:?}", self.label);
        self.note(&[probe("probe2")], done);
        let outcomes = [Outcome::Lost, Outcome::Seed(seed)];
        for disk in outcomes.map(|outcome| self.disk.crash(outcome)) {
            let after = open(&disk).unwrap_or_else(|e| panic!("{}: no opening: {e}", self.label));
            self.expect_same(&after, "after a loss of power");
        }
    }
}

/// In a deep search every fault is due everywhere, once and for good; else `EIO` is, and each
/// operation has its share of the others.
fn is_due(at: u64, number: usize, forever: bool) -> bool {
    let share = (at + number as u64 + u64::from(forever)).is_multiple_of(FAULTS.len() as u64);
    number == 0 || share || std::env::var("QUILLTAP_CRASH_STATES").is_ok()
}

/// Runs a scenario with faults at each operation; gives how many runs there were.
fn fail_everywhere(name: &str, steps: &[Step]) {
    let mut whole = Run::new(name.to_owned(), Fault::ShortWrite, Code::Io, u64::MAX, false);
    whole.steps(steps).expect("a whole disk opens").close().expect("and closes");
    let (last, next, runs) = (whole.disk.operations(), AtomicUsize::new(1), AtomicUsize::new(0));
    let wrong = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed) as u64;
                    if at > last {
                        return;
                    }
                    for (number, (fault, code)) in FAULTS.iter().enumerate() {
                        for forever in [false, true] {
                            if !is_due(at, number, forever) {
                                continue;
                            }
                            let label = format!(
                                "{name}, {fault:?} at operation {at} of {last}, for good: {forever}"
                            );
                            let one = || {
                                let mut run = Run::new(label, *fault, *code, at, forever);
                                let store = run.steps(steps);
                                run.mend(store, (at / 2).is_multiple_of(2), at);
                            };
                            let done = catch_unwind(AssertUnwindSafe(one));
                            if done.is_err() && wrong.fetch_add(1, Ordering::Relaxed) > 2 {
                                return;
                            }
                            runs.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    assert_eq!(wrong.into_inner(), 0, "{name}: each was told above");
    println!("{name}: {last} operations, {} runs with a fault", runs.into_inner());
}

#[test]
fn records_of_every_place() {
    fail_everywhere("records", &scenarios::records());
}

#[test]
fn logs() {
    fail_everywhere("logs", &scenarios::logs());
}

#[test]
fn a_cascade() {
    fail_everywhere("cascade", &scenarios::cascade());
}

#[test]
fn several_changes_at_once() {
    fail_everywhere("several at once", &scenarios::several_at_once());
}

#[test]
fn a_store_that_is_opened_again_and_again() {
    fail_everywhere("openings", &scenarios::processes());
}

/// The disks at some moments of a scenario, as a kill or a crash leaves them.
fn deaths(steps: &[Step], every: usize) -> Vec<SimulatedDisk> {
    let mut run = Run::new("deaths".to_owned(), Fault::ShortWrite, Code::Io, u64::MAX, false);
    let caught: Arc<Mutex<Vec<SimulatedDisk>>> = Arc::default();
    let sink = Arc::clone(&caught);
    run.disk.watch(move |copy| sink.lock().expect("no holder panics").push(copy));
    run.steps(steps).expect("a whole disk opens").close().expect("and closes");
    let caught = std::mem::take(&mut *caught.lock().expect("no holder panics"));
    let some = caught.into_iter().enumerate().skip(every / 2).step_by(every);
    some.map(|(n, disk)| if n % 2 == 0 { disk } else { disk.crash(Outcome::Seed(n as u64)) })
        .collect()
}

/// A fault at each operation of an opening after a death. Returns how many runs there were.
fn fail_the_opening(dead: &SimulatedDisk, number: usize) -> usize {
    let whole = dead.copy();
    let expected = dump(&open(&whole).expect("a whole disk opens"));
    let mut runs = 0;
    for at in 1..=whole.operations() {
        for (kind, (fault, code)) in FAULTS.iter().enumerate() {
            for forever in [false, true] {
                if !is_due(at, kind, forever) {
                    continue;
                }
                runs += 1;
                let label = format!("death {number}, {fault:?} at {at}, for good: {forever}");
                let mut run = Run::new(label, *fault, *code, at, forever);
                run.disk = dead.copy();
                run.shadow_disk = dead.copy();
                run.shadow = open(&run.shadow_disk).expect("a whole disk opens");
                if forever {
                    run.disk.fail_from(at, *fault)
                } else {
                    run.disk.fail_at(at, *fault)
                }
                let store = match open(&run.disk) {
                    Err(error) => {
                        run.expect_code(&error);
                        None
                    }
                    Ok(store) => {
                        assert_eq!(dump(&store), expected, "{}", run.label);
                        run.poisoned = step::call(&store, &probe("probe0")).is_err_and(|error| {
                            run.expect_code(&error);
                            run.poisoned
                        });
                        if dump(&store) != expected {
                            run.note(&[probe("probe0")], Ok(()));
                        } else {
                            run.failed.push(vec![probe("probe0")]);
                        }
                        Some(store)
                    }
                };
                run.mend(store, at.is_multiple_of(2), at);
            }
        }
    }
    runs
}

#[test]
fn an_opening_after_a_death() {
    let mut scenarios = scenarios::records();
    scenarios.extend(scenarios::logs().into_iter().skip(5));
    let dead = deaths(&scenarios, 41);
    let runs: usize = dead.iter().enumerate().map(|(n, disk)| fail_the_opening(disk, n)).sum();
    println!("openings after {} deaths: {runs} runs with a fault", dead.len());
}
