//! Spreads work over the processors: reading a folder is mostly parsing.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread::{available_parallelism, scope};

/// Fewer things are not worth a thread.
const WORTH_IT: usize = 64;
/// More threads would take the processors from everybody else.
const MOST_THREADS: usize = 4;

/// Does the same to each of many things, and gives what came of them in their order.
pub(crate) fn par_map<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    if things.len() < WORTH_IT {
        return things.into_iter().map(work).collect();
    }
    let threads = available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let share = things.len().div_ceil(threads);
    let mut things = things.into_iter();
    let shares = std::iter::from_fn(|| {
        let some: Vec<T> = things.by_ref().take(share).collect();
        (!some.is_empty()).then_some(some)
    });
    scope(|scope| {
        let work = &work;
        let started: Vec<_> = shares
            .map(|some| scope.spawn(move || some.into_iter().map(work).collect::<Vec<R>>()))
            .collect();
        let ended = started.into_iter().map(|thread| thread.join());
        ended.flat_map(|done| done.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_stays() {
        for many in [0, 1, 63, 64, 65, 1000] {
            let doubled = par_map((0..many).collect(), |number: i32| number * 2);
            assert_eq!(doubled, (0..many).map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}
