//! What may have become of each thing that was not synced, and who decides it.

/// What becomes of everything that was not synced when the machine dies. It is printed by its
/// `Debug` form, and the same outcome of the same disk gives the same state again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is there.
    Done,
    /// Nothing is there.
    Lost,
    /// Each thing as pseudo-random numbers from this seed have it.
    Seed(u64),
    /// Each thing as the digits of this number have it, the first that the disk asks for being
    /// the lowest; 0 is "done". Made by `SimulatedDisk::crash_outcomes`.
    Numbered(u64),
}

/// A small generator of pseudo-random numbers (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }
}

/// One decision: what was taken, of how many.
#[derive(Clone, Copy)]
struct Decision {
    taken: u32,
    of: u32,
}

enum Rule {
    First,
    Last,
    Dice(Dice),
    Digits(u64),
    Listed(Vec<u32>),
}

/// Decides, and remembers what it decided.
pub(super) struct Chooser {
    rule: Rule,
    made: Vec<Decision>,
}

impl Chooser {
    pub(super) fn new(outcome: Outcome) -> Chooser {
        let rule = match outcome {
            Outcome::Done => Rule::First,
            Outcome::Lost => Rule::Last,
            Outcome::Seed(seed) => Rule::Dice(Dice::new(seed)),
            Outcome::Numbered(number) => Rule::Digits(number),
        };
        Chooser { rule, made: Vec::new() }
    }

    fn listed(choices: Vec<u32>) -> Chooser {
        Chooser { rule: Rule::Listed(choices), made: Vec::new() }
    }

    /// What was decided, as one number; `None` when it is too great.
    fn outcome(&self) -> Option<Outcome> {
        let add = |above: u64, decision: &Decision| {
            above.checked_mul(decision.of.into())?.checked_add(decision.taken.into())
        };
        self.made.iter().rev().try_fold(0, add).map(Outcome::Numbered)
    }

    /// One of `of` possibilities (at least one), of which 0 is "done" and the last is "lost".
    pub(super) fn choose(&mut self, of: usize) -> usize {
        let of = u32::try_from(of).unwrap_or(u32::MAX).max(1);
        let taken = match &mut self.rule {
            Rule::First => 0,
            Rule::Last => of - 1,
            Rule::Dice(dice) => (dice.roll() % u64::from(of)) as u32,
            Rule::Digits(rest) => {
                let digit = (*rest % u64::from(of)) as u32;
                *rest /= u64::from(of);
                digit
            }
            Rule::Listed(listed) => listed.get(self.made.len()).map_or(0, |n| *n % of),
        };
        self.made.push(Decision { taken, of });
        taken as usize
    }

    /// The list of choices that follows, when all are counted up like the digits of a number.
    pub(super) fn next_choices(mut self) -> Option<Vec<u32>> {
        while self.made.pop_if(|last| last.taken + 1 == last.of).is_some() {}
        self.made.last_mut()?.taken += 1;
        Some(self.made.iter().map(|decision| decision.taken).collect())
    }
}

/// Every outcome when there are at most `limit`, else `Done`, `Lost` and as many seeds as there
/// is room for. `decide` makes all the decisions of one crash.
pub(super) fn outcomes(limit: usize, seed: u64, decide: impl Fn(&mut Chooser)) -> Vec<Outcome> {
    all(limit, decide).unwrap_or_else(|| sample(limit, seed))
}

/// Is there a way to decide for which `holds` says yes?
pub(super) fn any(holds: impl Fn(&mut Chooser) -> bool) -> bool {
    let mut choices = Some(Vec::new());
    while let Some(these) = choices {
        let mut chooser = Chooser::listed(these);
        if holds(&mut chooser) {
            return true;
        }
        choices = chooser.next_choices();
    }
    false
}

/// Every outcome; `None` when there are more than `limit`.
fn all(limit: usize, decide: impl Fn(&mut Chooser)) -> Option<Vec<Outcome>> {
    let mut found = Vec::new();
    let mut choices = Some(Vec::new());
    while let Some(these) = choices {
        if found.len() == limit {
            return None;
        }
        let mut chooser = Chooser::listed(these);
        decide(&mut chooser);
        found.push(chooser.outcome()?);
        choices = chooser.next_choices();
    }
    Some(found)
}

fn sample(limit: usize, seed: u64) -> Vec<Outcome> {
    let mut dice = Dice::new(seed);
    let seeds = std::iter::repeat_with(move || Outcome::Seed(dice.roll()));
    [Outcome::Done, Outcome::Lost].into_iter().chain(seeds).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two choices, the second of which is there only after "lost".
    fn decide(chooser: &mut Chooser) {
        if chooser.choose(2) == 1 {
            chooser.choose(3);
        }
    }

    #[test]
    fn few_outcomes_are_all_listed_once() {
        let all = outcomes(4, 0, decide);
        assert_eq!(all, [0, 1, 3, 5].map(Outcome::Numbered));
        assert_eq!(outcomes(9, 0, |_| {}), [Outcome::Numbered(0)]);
        for outcome in all {
            let mut chooser = Chooser::new(outcome);
            decide(&mut chooser);
            assert_eq!(chooser.outcome(), Some(outcome));
        }
    }

    #[test]
    fn many_outcomes_are_sampled_by_the_seed() {
        let some = outcomes(3, 7, decide);
        assert_eq!(some.len(), 3);
        assert_eq!(some[..2], [Outcome::Done, Outcome::Lost]);
        assert_eq!(some, outcomes(3, 7, decide));
        assert_ne!(some, outcomes(3, 8, decide));
    }
}
