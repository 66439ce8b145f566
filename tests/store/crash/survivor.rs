//! A process dies at each of its changes of the disk and of the words that processes share, and
//! another one, which had the store open all the time, goes on at once.

use std::sync::atomic::{AtomicU64, Ordering};

use quilltap_store::disk::{Outcome, SimulatedDisk};
use quilltap_store::store::Durability;
use serde_json::json;

use super::scenarios;
use super::step::{self, Dump, Step, call, difference, dump, open, transaction};

/// Makes one step on a store; gives whether it was done.
fn perform(disk: &SimulatedDisk, store: &mut quilltap_store::store::Store, step: &Step) -> bool {
    let done = match step {
        Step::Call(one) => call(store, one),
        Step::Transaction(calls) => transaction(store, calls),
        Step::Together(calls) => calls.iter().try_for_each(|one| call(store, one)),
        Step::Flush => store.flush_now(),
        Step::Compact => store.compact_now(),
        Step::Plant(_) | Step::Edit(..) => unreachable!("nobody edits here"),
        Step::Reopen | Step::Kill | Step::Switch => store.close().and_then(|()| {
            *store = open(disk, Durability::Strict)?;
            Ok(())
        }),
    };
    done.is_ok()
}

/// A scenario whose changes are made one by one.
fn single(steps: Vec<Step>) -> Vec<Step> {
    let each = |step| match step {
        Step::Together(calls) => calls.into_iter().map(Step::Call).collect(),
        other => vec![other],
    };
    steps.into_iter().flat_map(each).collect()
}

/// What the records say, without the ids that the store has made itself.
fn comparable(mut dump: Dump) -> Dump {
    dump.values_mut().for_each(|text| *text = step::without_made_ids(text));
    dump
}

/// The first process dies at its change number `life`; gives whether it came that far.
fn die(name: &str, steps: &[Step], states: &[Dump], life: u64) -> bool {
    let disk = SimulatedDisk::new();
    let survivor = open(&disk, Durability::Strict).expect("a whole disk opens");
    let mortal = disk.process(life);
    let mut done = 0;
    if let Ok(mut store) = open(&mortal, Durability::Strict) {
        // What the dead say counts for nothing.
        let lives = |step: &&Step| perform(&mortal, &mut store, step) && mortal.is_alive();
        done = steps.iter().take_while(lives).count();
        let _ = store.close();
    }
    let died = !mortal.is_alive();
    let label = format!("{name}, dead at change {life}, {done} steps done");
    let found = dump(&survivor);
    let may = &states[done..(done + 2).min(states.len())];
    assert!(died || done == steps.len(), "{label}: the living fail");
    let plain = comparable(found.clone());
    let wanted = difference(&plain, &may[0], String::clone);
    assert!(may.contains(&plain), "{label}: the survivor finds\n{wanted}");
    let probe = ("users.create", json!([{"id": "probe", "email": "probe@globe.example"}]));
    call(&survivor, &probe).unwrap_or_else(|e| panic!("{label}: the survivor is refused: {e}"));
    let wanted = dump(&survivor);
    let third = open(&disk, Durability::Strict).unwrap_or_else(|e| panic!("{label}: {e}"));
    assert!(dump(&third) == wanted, "{label}: a third process finds something else");
    let lost =
        disk.copy().crash(if life.is_multiple_of(2) { Outcome::Lost } else { Outcome::Seed(life) });
    let settled = if life.is_multiple_of(3) { survivor.flush_now() } else { survivor.close() };
    settled.unwrap_or_else(|e| panic!("{label}: {e}"));
    for disk in [lost, disk.copy(), disk.crash(Outcome::Seed(life + 1))] {
        let after = open(&disk, Durability::Strict).unwrap_or_else(|e| panic!("{label}: {e}"));
        let different = difference(&dump(&after), &wanted, String::clone);
        assert!(different.is_empty(), "{label}: after it all\n{different}");
    }
    died
}

fn die_everywhere(name: &str, steps: Vec<Step>) {
    let steps = single(steps);
    let disk = SimulatedDisk::new();
    let mut store = open(&disk, Durability::Strict).expect("a whole disk opens");
    let mut states = vec![comparable(dump(&store))];
    for step in &steps {
        assert!(perform(&disk, &mut store, step), "{step:?}");
        states.push(comparable(dump(&store)));
    }
    let (next, last) = (AtomicU64::new(1), AtomicU64::new(u64::MAX));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let life = next.fetch_add(1, Ordering::Relaxed);
                    if life >= last.load(Ordering::Relaxed) {
                        return;
                    }
                    if !die(name, &steps, &states, life) {
                        last.fetch_min(life, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    println!("{name}: {} deaths of one of two processes", last.into_inner() - 1);
}

#[test]
fn records() {
    die_everywhere("records", scenarios::records());
}

#[test]
fn logs() {
    die_everywhere("logs", scenarios::logs());
}

#[test]
fn logs_that_shrink() {
    die_everywhere("logs that shrink", scenarios::logs_that_shrink());
}

#[test]
fn changes_at_once() {
    die_everywhere("changes at once", scenarios::several_at_once());
}

#[test]
fn openings() {
    die_everywhere("openings", scenarios::processes());
}
