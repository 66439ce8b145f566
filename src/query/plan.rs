//! How the records of a query are found: by which index, in which order, and what is left to be
//! looked at in each record.
//!
//! A plan is chosen among all that the model's indexes offer, by what each is expected to cost.
//! It changes how long an answer takes, and never the answer.

use super::Query;
use super::order::OrderBy;
use super::range::Range;
use super::test::Test;
use crate::catalogue::{Access, By, Index, Model, key_of};

/// What is known of the records before any is looked at.
pub trait Sizes {
    /// How many records there are.
    fn all(&self) -> usize;
    /// How many records an index has under a key. Whether there `is_choice` of another index says how well that
    /// must be known.
    fn under(&self, index: usize, key: &str, is_choice: bool) -> usize;
    /// Are the orders that indexes keep to be had? Uncommitted changes are in none of them.
    fn keeps_orders(&self) -> bool;
}

/// How the records of a query are found.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The way to the records that may match.
    pub access: Access,
    /// Does every record on this way match?
    pub exact: bool,
    /// Do they come in the order of the first key of `orderBy`, or of creation without one?
    pub ordered: bool,
    /// How many records lie on this way, as far as that is known.
    pub records: usize,
}

impl Plan {
    /// All records of `records`, in creation order, whoever has them.
    pub fn scan(query: &Query, records: usize) -> Plan {
        let (exact, ordered) = (query.condition.is_none(), query.order.is_empty());
        Plan { access: Access::by_creation_of(None), exact, ordered, records }
    }
}

/// To look into a record costs as much as walking over so many.
const LOOK: usize = 8;

/// How many records are in a range is not known; it is expected to be this part of them all.
const RANGE_PART: usize = 4;

struct Planner<'q> {
    query: &'q Query,
    model: &'q Model,
    sizes: &'q dyn Sizes,
    /// The tests of single fields that must hold.
    tests: Vec<(&'q str, &'q Test)>,
    /// Are these tests all that is asked?
    whole: bool,
}

/// The records under a key of an index, or all; and how many tests that key stands for.
struct Place {
    under: Option<(usize, String)>,
    covered: usize,
    records: usize,
}

/// The keys of an index that are asked for, and how many tests they stand for.
enum Keys {
    /// It has all records under none.
    All,
    One(String, usize),
    Any(Vec<String>, usize),
}

impl Keys {
    fn is_all(&self) -> bool {
        matches!(self, Keys::All)
    }
}

/// Chooses how the records of a query are found.
pub(super) fn choose(query: &Query, model: &Model, sizes: &dyn Sizes) -> Plan {
    let mut tests = Vec::new();
    let whole = query.condition.as_ref().is_none_or(|condition| condition.tests(&mut tests));
    let planner = Planner { query, model, sizes, tests, whole };
    let scan = planner.walk(&planner.everything(None), By::Creation);
    let others = planner.by_key().into_iter().chain(planner.by_indexes());
    others.fold(
        scan,
        |best, plan| {
            if planner.cost(&plan) < planner.cost(&best) { plan } else { best }
        },
    )
}

impl Planner<'_> {
    /// In records walked over. Who takes a few in an order that is kept stops early.
    fn cost(&self, plan: &Plan) -> usize {
        let sorts = matches!(plan.access, Access::Walk { as_created: true, .. });
        let stops = plan.ordered && !sorts && self.query.take.is_some_and(|take| take >= 0);
        let wanted = plan.records.min(self.query.wanted());
        let walked = match (stops, plan.exact) {
            (true, true) => wanted,
            // How many of them match is not known: half of the way lies between all and none.
            (true, false) => wanted.max(plan.records / 2),
            (false, _) => plan.records,
        };
        let in_order = plan.ordered && self.query.order.len() <= 1 || self.query.order.is_empty();
        walked.saturating_mul(if plan.exact && in_order { 1 } else { LOOK })
    }

    fn by_key(&self) -> Option<Plan> {
        let key = self.text(&self.model.key)?.to_owned();
        Some(Plan { access: Access::Key(key), exact: self.is_all(1), ordered: true, records: 1 })
    }

    fn by_indexes(&self) -> Vec<Plan> {
        let indexes = self.model.indexes.iter().enumerate();
        let ways: Vec<_> =
            indexes.filter_map(|(number, index)| Some((number, self.keys_in(index)?))).collect();
        let is_choice = ways.iter().filter(|(_, keys)| !keys.is_all()).count() > 1;
        ways.into_iter().flat_map(|(number, keys)| self.by_index(number, keys, is_choice)).collect()
    }

    fn by_index(&self, number: usize, keys: Keys, is_choice: bool) -> Vec<Plan> {
        let under = |key: &String| self.sizes.under(number, key, is_choice);
        match keys {
            Keys::All => self.in_each_order(&self.everything(Some((number, String::new())))),
            Keys::One(key, covered) => {
                let records = under(&key);
                self.in_each_order(&Place { under: Some((number, key)), covered, records })
            }
            Keys::Any(keys, covered) => {
                let records = keys.iter().map(under).sum();
                let (access, ordered) =
                    (Access::AnyOf { index: number, keys }, self.query.order.is_empty());
                vec![Plan { access, exact: self.is_all(covered), ordered, records }]
            }
        }
    }

    /// The keys of an index that are asked for.
    fn keys_in(&self, index: &Index) -> Option<Keys> {
        if index.paths.is_empty() {
            return Some(Keys::All);
        }
        let fields: Option<Vec<&str>> =
            index.paths.iter().map(|path| only(path).map(String::as_str)).collect();
        let fields = fields?;
        // What is compared without case has more under a key than is asked for.
        let covered = if index.caseless { 0 } else { fields.len() };
        let texts_of = |field: &&str| match index.caseless {
            true => self.tests_of(field).find_map(Test::texts_in_any_case),
            false => self.texts(field),
        };
        let text_of = |field: &&str| only(&texts_of(field)?).copied();
        let texts: Option<Vec<&str>> = fields.iter().map(text_of).collect();
        if let Some(texts) = texts {
            return Some(Keys::One(key_of(index, &texts), covered));
        }
        let texts = texts_of(only(&fields)?)?;
        Some(Keys::Any(texts.iter().map(|text| key_of(index, &[text])).collect(), covered))
    }

    fn everything(&self, under: Option<(usize, String)>) -> Place {
        Place { under, covered: 0, records: self.sizes.all() }
    }

    /// The ways through the records of a place, one for each order in which they are kept.
    fn in_each_order(&self, place: &Place) -> Vec<Plan> {
        let index = place.under.as_ref().map(|(number, _)| &self.model.indexes[*number]);
        let sorts = index.filter(|_| self.sizes.keeps_orders()).map(|index| &index.sorts);
        let by_creation = index.is_none_or(|index| !index.paths.is_empty()).then_some(By::Creation);
        let by_field = sorts.into_iter().flatten().map(|sort| By::Field(*sort));
        by_creation.into_iter().chain(by_field).map(|by| self.walk(place, by)).collect()
    }

    fn walk(&self, place: &Place, by: By) -> Plan {
        let first = self.query.order.first();
        let (range, in_range) = match by {
            By::Creation => (Range::default(), 0),
            By::Field(sort) => self.range(&self.model.sort_fields[sort].name),
        };
        let asked = first.filter(|order| order.is_plain() && self.is_by(order, by));
        // Records with one value are kept in creation order.
        let as_created = asked.is_none() && by != By::Creation && !range.is_one_value();
        let access = Access::Walk {
            under: place.under.clone(),
            by,
            from: range.from,
            to: range.to,
            descending: asked.is_some_and(|order| order.descending),
            as_created,
        };
        let part = if in_range == 0 { 1 } else { RANGE_PART };
        Plan {
            access,
            exact: self.is_all(place.covered + in_range),
            ordered: asked.is_some() || first.is_none(),
            records: place.records.div_ceil(part),
        }
    }

    /// Is an order kept by creation, or by a field?
    fn is_by(&self, order: &OrderBy, by: By) -> bool {
        match by {
            By::Creation => {
                order.field == "createdAt" && self.model.times.fields().contains(&"createdAt")
            }
            By::Field(sort) => order.field == self.model.sort_fields[sort].name,
        }
    }

    /// Are so many tests all that is asked?
    fn is_all(&self, covered: usize) -> bool {
        self.whole && covered == self.tests.len()
    }

    fn tests_of(&self, field: &str) -> impl Iterator<Item = &Test> {
        self.tests.iter().filter(move |(name, _)| *name == field).map(|(_, test)| *test)
    }

    /// The texts of which a field must be one, or has one.
    fn texts(&self, field: &str) -> Option<Vec<&str>> {
        self.tests_of(field).find_map(Test::texts)
    }

    /// The one text that a field must be, or has.
    fn text(&self, field: &str) -> Option<&str> {
        only(&self.texts(field)?).copied()
    }

    /// The values that a field may have, and how many tests say so.
    fn range(&self, field: &str) -> (Range, usize) {
        let kind = self.model.field(field).map(|field| &field.kind);
        let tests =
            kind.into_iter().flat_map(|kind| self.tests_of(field).map(move |test| (kind, test)));
        tests
            .filter_map(|(kind, test)| test.range(kind))
            .fold((Range::default(), 0), |(all, n), one| (all.and(one), n + 1))
    }
}

/// The one entry of a list that has no other.
fn only<T>(list: &[T]) -> Option<&T> {
    match list {
        [one] => Some(one),
        _ => None,
    }
}
