//! Looks at every moment of a scenario at which the process or the machine may die.
//!
//! The scenario runs once. Before each operation the disk gives a copy of itself; when the step
//! is done, and it is known what may be found, threads look at the copies: what a kill leaves,
//! and what a crash leaves, over every outcome where those are few, else over some that a seed
//! chooses. From some of these states the recovery is watched in the same way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use quilltap_store::disk::{Outcome, SimulatedDisk};
use quilltap_store::store::{Durability, Store};

use super::step::{Dump, Step, call, difference, dump, edit, open, together, transaction};

/// Threads that look at the states of one scenario.
const LOOKERS: usize = 2;
/// After so many failures a search gives up.
const ENOUGH: usize = 3;

/// How deep to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depth {
    /// Outcomes of a crash at one moment, at most; of one, it is a seed's.
    pub(crate) outcomes: usize,
    /// One state in so many is where the recovery itself is watched.
    pub(crate) recoveries: u64,
    /// Outcomes of a crash of one moment of a recovery, at most.
    pub(crate) again: usize,
    pub(crate) seed: u64,
}

/// What was looked at.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) moments: AtomicUsize,
    pub(crate) states: AtomicUsize,
    pub(crate) moments_of_recovery: AtomicUsize,
    pub(crate) states_of_recovery: AtomicUsize,
}

/// What a store holds after some changes, and the folder that it leaves.
struct State {
    dump: Dump,
    files: BTreeMap<String, Vec<u8>>,
}

/// A moment before an operation of the disk.
struct Moment {
    disk: SimulatedDisk,
    label: String,
    number: u64,
    /// What may be found after the death of the process, oldest first.
    after_kill: Vec<Arc<State>>,
    /// What may be found after the death of the machine.
    after_crash: Vec<Arc<State>>,
}

/// Every file but the cache.
fn files_at_rest(disk: &SimulatedDisk) -> BTreeMap<String, Vec<u8>> {
    let mut files = disk.files();
    files.retain(|path, _| !path.starts_with("cache/"));
    files
}

fn state_of(disk: &SimulatedDisk) -> State {
    let copy = disk.copy();
    let store = open(&copy, Durability::Strict).expect("a whole disk opens");
    let dump = dump(&store);
    store.close().expect("a whole disk closes");
    State { dump, files: files_at_rest(&copy) }
}

/// The moments of a step, as the disk gives them.
type Caught = Arc<Mutex<Vec<SimulatedDisk>>>;

fn watch(disk: &SimulatedDisk) -> Caught {
    let caught = Caught::default();
    let sink = Arc::clone(&caught);
    disk.watch(move |copy| sink.lock().expect("no holder panics").push(copy));
    caught
}

fn take(caught: &Caught) -> Vec<SimulatedDisk> {
    std::mem::take(&mut caught.lock().expect("no holder panics"))
}

/// A scenario while it runs.
struct Run<'a> {
    durability: Durability,
    disk: SimulatedDisk,
    caught: Caught,
    stores: Vec<Store>,
    /// The states after each change, oldest first.
    states: Vec<Arc<State>>,
    /// How many of them are safe from power loss.
    safe: usize,
    moments: u64,
    send: &'a mpsc::SyncSender<Moment>,
}

impl Run<'_> {
    fn run(mut self, steps: &[Step]) {
        let store = open(&self.disk, self.durability).expect("a new disk opens");
        self.stores = vec![store];
        self.states.push(Arc::new(state_of(&self.disk)));
        self.tell("open", 0);
        for (number, step) in steps.iter().enumerate() {
            self.step(step, &format!("step {number}, {}", short(step)));
        }
        // The last one to leave is at rest.
        for store in std::mem::take(&mut self.stores) {
            store.close().expect("a whole disk closes");
        }
        self.tell("close", self.states.len() - 1);
        self.safe = self.states.len() - 1;
        self.caught.lock().expect("no holder panics").push(self.disk.copy());
        self.tell("the end", self.states.len() - 1);
    }

    fn step(&mut self, step: &Step, label: &str) {
        let acknowledged = self.states.len() - 1;
        if let Step::Together(calls) = step {
            self.note_each(calls);
        }
        self.perform(step);
        if matches!(step, Step::Call(_) | Step::Transaction(_) | Step::Plant(_) | Step::Edit(..)) {
            self.states.push(Arc::new(state_of(&self.disk)));
        }
        self.tell(label, acknowledged);
        let settles = matches!(step, Step::Flush | Step::Compact | Step::Reopen);
        if settles || self.durability == Durability::Strict {
            self.safe = self.states.len() - 1;
        }
    }

    /// The states after each of some changes, made one by one on a copy of the disk.
    fn note_each(&mut self, calls: &[(&'static str, serde_json::Value)]) {
        let copy = self.disk.copy();
        let store = open(&copy, Durability::Strict).expect("a whole disk opens");
        for one in calls {
            call(&store, one).expect("a whole disk takes it");
            self.states.push(Arc::new(state_of(&copy)));
        }
    }

    fn perform(&mut self, step: &Step) {
        let store = self.stores[0].clone();
        let done = match step {
            Step::Call(one) => call(&store, one),
            Step::Together(calls) => {
                together(&store, calls).and_then(|all| all.into_iter().collect())
            }
            Step::Transaction(calls) => transaction(&store, calls),
            Step::Flush => store.flush_now(),
            Step::Compact => store.compact_now(),
            Step::Reopen => {
                drop(store);
                self.stores.remove(0).close().expect("a whole disk closes");
                self.open_first();
                Ok(())
            }
            Step::Kill => {
                let next = self.disk.kill();
                let before = take(&self.caught);
                self.stores.drain(..).for_each(|dead| drop(dead.close()));
                self.disk = next;
                self.caught = watch(&self.disk);
                self.caught.lock().expect("no holder panics").extend(before);
                self.open_first();
                Ok(())
            }
            Step::Plant(files) => {
                drop(store);
                self.stores.remove(0).close().expect("a whole disk closes");
                files.iter().for_each(|(path, text)| self.disk.plant(path, text.as_bytes()));
                self.open_first();
                Ok(())
            }
            Step::Edit(path, from, to) => {
                edit(&self.disk, path, from, to);
                store.flush_now()
            }
            Step::Switch => {
                if self.stores.len() == 1 {
                    self.open_first();
                } else {
                    self.stores.swap(0, 1);
                }
                Ok(())
            }
        };
        done.unwrap_or_else(|error| panic!("{}: {error}", short(step)));
    }

    fn open_first(&mut self) {
        let store = open(&self.disk, self.durability).expect("a whole disk opens");
        self.stores.insert(0, store);
    }

    /// Hands on the moments since the last time.
    fn tell(&mut self, label: &str, acknowledged: usize) {
        for disk in take(&self.caught) {
            self.moments += 1;
            let moment = Moment {
                disk,
                label: format!("{label}, operation {}", self.moments),
                number: self.moments,
                after_kill: self.states[acknowledged..].to_vec(),
                after_crash: self.states[self.safe.min(acknowledged)..].to_vec(),
            };
            // Nobody listens any more when enough has failed.
            let _ = self.send.send(moment);
        }
    }
}

fn short(step: &Step) -> String {
    format!("{step:?}").chars().take(80).collect()
}

/// Looks at a scenario; gives what it looked at, and what was wrong.
pub(crate) fn search(
    steps: &[Step],
    durability: Durability,
    depth: Depth,
) -> (Totals, Vec<String>) {
    let (totals, failures) = (Totals::default(), Mutex::new(Vec::new()));
    let (send, receive) = mpsc::sync_channel::<Moment>(64);
    let receive = Arc::new(Mutex::new(receive));
    std::thread::scope(|scope| {
        for _ in 0..LOOKERS {
            let (totals, failures, receive) = (&totals, &failures, Arc::clone(&receive));
            scope.spawn(move || {
                loop {
                    let next = receive.lock().expect("no holder panics").recv();
                    let Ok(moment) = next else { return };
                    if failures.lock().expect("no holder panics").len() < ENOUGH {
                        let found = Look { depth, totals }.at(&moment);
                        failures.lock().expect("no holder panics").extend(found);
                    }
                }
            });
        }
        drop(receive);
        let disk = SimulatedDisk::new();
        let caught = watch(&disk);
        let (stores, states) = (Vec::new(), Vec::new());
        Run { durability, disk, caught, stores, states, safe: 0, moments: 0, send: &send }
            .run(steps);
        drop(send);
    });
    (totals, failures.into_inner().expect("no holder panics"))
}

/// A look at one moment.
struct Look<'a> {
    depth: Depth,
    totals: &'a Totals,
}

impl Look<'_> {
    /// What is wrong with a moment, first of all.
    fn at(&self, moment: &Moment) -> Option<String> {
        self.totals.moments.fetch_add(1, Ordering::Relaxed);
        let seed = self.depth.seed ^ moment.number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let killed = (None, moment.disk.copy());
        let outcomes = match self.depth.outcomes {
            1 => vec![Outcome::Seed(seed)],
            several => moment.disk.crash_outcomes(several, seed),
        };
        let crashed = outcomes.into_iter().map(|o| (Some(o), moment.disk.crash(o)));
        // Where one state a moment must do, it is the kill's every other time.
        let one = self.depth.outcomes == 1;
        let both = std::iter::once(killed).chain(crashed).enumerate();
        let chosen = |number: &usize| !one || (*number as u64 + moment.number).is_multiple_of(2);
        for (number, (outcome, disk)) in both.filter(|(number, _)| chosen(number)) {
            self.totals.states.fetch_add(1, Ordering::Relaxed);
            let label = outcome.map_or("a kill".to_owned(), |o| format!("{o:?}"));
            let crashed = &moment.after_crash[..];
            let may = if outcome.is_none() { &moment.after_kill } else { crashed };
            let watched = (moment.number + number as u64).is_multiple_of(self.depth.recoveries);
            let recovery = if watched { self.recovery(&disk, may, crashed, seed) } else { Ok(()) };
            if let Err(wrong) = recovery.and_then(|()| examine(&disk, may)) {
                return Some(format!("{}, {label}: {wrong}", moment.label));
            }
        }
        None
    }

    /// Looks at every moment of the recovery from a state.
    fn recovery(
        &self,
        disk: &SimulatedDisk,
        after_kill: &[Arc<State>],
        after_crash: &[Arc<State>],
        seed: u64,
    ) -> Result<(), String> {
        let disk = disk.copy();
        let caught = watch(&disk);
        let store = open(&disk, Durability::Strict).map_err(|e| format!("does not open: {e}"))?;
        drop(store);
        for (number, copy) in take(&caught).into_iter().enumerate() {
            self.totals.moments_of_recovery.fetch_add(1, Ordering::Relaxed);
            let outcomes = copy.crash_outcomes(self.depth.again, seed ^ number as u64);
            let crashed = outcomes.into_iter().map(|o| (Some(o), copy.crash(o)));
            for (outcome, next) in std::iter::once((None, copy.copy())).chain(crashed) {
                self.totals.states_of_recovery.fetch_add(1, Ordering::Relaxed);
                let label = outcome.map_or("a kill".to_owned(), |o: Outcome| format!("{o:?}"));
                let may = if outcome.is_none() { after_kill } else { after_crash };
                examine(&next, may).map_err(|e| {
                    format!("then operation {number} of the recovery, {label}: {e}")
                })?;
            }
        }
        Ok(())
    }
}

/// Opens what a death has left, and compares it with what may be found there.
fn examine(disk: &SimulatedDisk, may: &[Arc<State>]) -> Result<(), String> {
    let disk = disk.copy();
    let store = open(&disk, Durability::Strict).map_err(|e| format!("does not open: {e}"))?;
    let found = dump(&store);
    let Some(state) = may.iter().find(|state| state.dump == found) else {
        let wanted = may.first().map_or_else(Dump::new, |state| state.dump.clone());
        return Err(format!("found\n{}", difference(&found, &wanted, String::clone)));
    };
    store.close().map_err(|e| format!("does not close: {e}"))?;
    let files = files_at_rest(&disk);
    if files != state.files {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        return Err(format!("left\n{}", difference(&files, &state.files, text)));
    }
    let store = open(&disk, Durability::Strict).map_err(|e| format!("opens no more: {e}"))?;
    let again = dump(&store);
    drop(store);
    if again == found {
        return Ok(());
    }
    Err(format!("a second opening found\n{}", difference(&again, &found, String::clone)))
}
