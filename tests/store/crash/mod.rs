//! Nothing acknowledged is lost and nothing half done is seen, wherever a process or the machine
//! dies.

mod blocked;
pub(crate) mod scenarios;
mod search;
pub(crate) mod step;
mod survivor;

use std::sync::atomic::Ordering;

use quilltap_store::store::Durability;
use search::{Depth, search};
use step::Step;

/// How deep a search looks: as told by `QUILLTAP_CRASH_STATES` (outcomes of each crash, at most)
/// and `QUILLTAP_CRASH_SEED`, else as `usual` says.
fn depth(usual: Depth) -> Depth {
    let told = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = told("QUILLTAP_CRASH_SEED").unwrap_or(usual.seed);
    match told("QUILLTAP_CRASH_STATES") {
        None => Depth { seed, ..usual },
        Some(outcomes) => {
            let outcomes = usize::try_from(outcomes).unwrap_or(usize::MAX);
            // In the proportions of a usual search.
            let outcomes = (outcomes * usual.outcomes / USUAL.outcomes).max(1);
            let again = (outcomes / 4).max(usual.again);
            Depth { outcomes, recoveries: usual.recoveries / 3, again, seed }
        }
    }
}

/// What once failed, in which steps and mode, and the seed that found it.
type OnceFailed = (&'static str, fn() -> Vec<Step>, Durability, u64);

/// Seeds that once found a fault, with what they found it in: they are tried for good.
const ONCE_FAILED: [OnceFailed; 4] = [
    (
        "a row torn where its file had been longer",
        scenarios::rows_that_shrink,
        Durability::Strict,
        1,
    ),
    ("files that showed what the journal lost", scenarios::processes, Durability::Batched, 1),
    ("a new chat counted by the log of the old one", scenarios::cascade, Durability::Strict, 1),
    ("half of a .gitignore", scenarios::owners, Durability::Strict, 1),
];

#[test]
fn what_once_failed() {
    for (name, steps, durability, seed) in ONCE_FAILED {
        let recoveries = if name.contains("longer") { 7 } else { 1009 };
        let depth = Depth { outcomes: 3, recoveries, again: 4, seed };
        let (_, failures) = search(&steps(), durability, depth);
        assert!(failures.is_empty(), "{name}\n{}", failures.join("\n"));
    }
}

const BATCHED: Depth = Depth { outcomes: 4, recoveries: 101, again: 2, seed: 1 };
const USUAL: Depth = Depth { outcomes: 6, recoveries: 53, again: 2, seed: 1 };

fn expect_safe(name: &str, steps: &[Step], durability: Durability, usual: Depth) {
    let depth = depth(usual);
    let (totals, failures) = search(steps, durability, depth);
    let total = |number: &std::sync::atomic::AtomicUsize| number.load(Ordering::Relaxed);
    println!(
        "{name}, {durability:?}, seed {}: {} crash points, {} states; of recoveries {} crash points, {} states",
        depth.seed,
        total(&totals.moments),
        total(&totals.states),
        total(&totals.moments_of_recovery),
        total(&totals.states_of_recovery),
    );
    assert!(failures.is_empty(), "{name}, {depth:?}\n{}", failures.join("\n"));
}

macro_rules! scenarios {
    ($($name:ident, $steps:expr, $durability:ident, $depth:expr;)*) => {$(
        #[test]
        fn $name() {
            expect_safe(stringify!($name), &$steps, Durability::$durability, $depth);
        }
    )*};
}

scenarios! {
    records_of_every_place, scenarios::records(), Strict, USUAL;
    logs_that_grow_change_and_start_anew, scenarios::logs(), Strict, USUAL;
    logs_that_shrink, scenarios::logs_that_shrink(), Strict, USUAL;
    logs_that_are_looked_up, scenarios::logs_that_are_looked_up(), Strict, USUAL;
    files_that_are_edited_by_hand, scenarios::hand_edits(), Strict, USUAL;
    a_cascade_and_what_comes_after_it, scenarios::cascade(), Strict, USUAL;
    a_cascade_over_hundreds_of_files, scenarios::great_cascade(300), Strict,
        Depth { outcomes: 1, recoveries: 2400, again: 1, seed: 1 };
    owners_who_come_and_go, scenarios::owners(), Strict, USUAL;
    large_records, scenarios::large(), Strict,
        Depth { outcomes: 3, recoveries: 197, again: 1, seed: 1 };
    a_folder_of_an_older_store, scenarios::older_folder(), Strict, USUAL;
    several_changes_at_once, scenarios::several_at_once(), Strict, USUAL;
    processes_that_die_and_take_turns, scenarios::processes(), Strict, USUAL;
    batched_records, scenarios::records(), Batched, BATCHED;
    batched_logs, scenarios::logs(), Batched, BATCHED;
    batched_processes, scenarios::processes(), Batched, BATCHED;
    batched_changes_at_once, scenarios::several_at_once(), Batched, BATCHED;
}
