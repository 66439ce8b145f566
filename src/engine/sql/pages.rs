//! Walks over records page by page, for most who walk stop early.

use std::sync::Arc;

use tokio_postgres::Row;

use super::database::{Begin, Database, Placed};
use super::keys::Rank;
use super::walk::{Place, Way};
use crate::catalogue::{Access, ModelId};
use crate::engine::memory::Record;
use crate::error::Result;

/// So many records are asked for at first where nobody knows how many are wanted, and at most.
const FIRST_PAGE: usize = 100;
const LONGEST_PAGE: usize = 5000;

/// The records of a walk.
pub(super) struct Pages<'d, 'a> {
    database: &'d Database<'a>,
    model: ModelId,
    access: &'d Access,
    page: std::vec::IntoIter<Placed>,
    /// The last place of the page.
    behind: Option<Place>,
    /// How many are asked for next; all that are left without a number.
    size: Option<usize>,
    is_last: bool,
}

impl<'a> Database<'a> {
    /// A walk of which so many records are expected to be wanted, where anybody knows.
    pub(super) fn pages<'d>(
        &'d self,
        model: ModelId,
        access: &'d Access,
        wanted: Option<usize>,
    ) -> Pages<'d, 'a> {
        let size = match wanted {
            Some(usize::MAX) => None,
            Some(wanted) => Some(wanted.clamp(1, LONGEST_PAGE)),
            None => Some(FIRST_PAGE),
        };
        let page = Vec::new().into_iter();
        Pages { database: self, model, access, page, behind: None, size, is_last: false }
    }
}

impl Pages<'_, '_> {
    fn turn(&mut self) -> Result<()> {
        let model = self.database.model(self.model);
        let mut way = Way::of(model, self.access);
        let of_keys = way.of_keys;
        if let Some(place) = &self.behind {
            way.behind(place);
        }
        let rows = self.database.ask_bound(&way.ask(model, self.size))?;
        // Whoever reads all of a large collection does not want it in memory.
        let page = match self.behind.is_some() && self.database.begin == Begin::Read {
            true => self.database.records_of(self.model, &rows)?,
            false => self.database.take(self.model, &rows)?,
        };
        self.is_last = self.size.is_none_or(|size| rows.len() < size);
        self.behind = page.last().zip(rows.last()).map(|((order, _), row)| Place {
            order: *order,
            rank: if of_keys { rank_of(row) } else { Rank::default() },
        });
        self.size = self.size.map(|size| (size * 2).clamp(FIRST_PAGE, LONGEST_PAGE));
        self.page = page.into_iter();
        Ok(())
    }
}

fn rank_of(row: &Row) -> Rank {
    Rank { by: row.get("by"), rest: row.get("rest") }
}

impl Iterator for Pages<'_, '_> {
    type Item = Arc<Record>;

    fn next(&mut self) -> Option<Arc<Record>> {
        loop {
            if let Some((_, record)) = self.page.next() {
                return Some(record);
            }
            // A failure is noted, so that what was found so far counts for nothing.
            if self.is_last || self.turn().is_err() {
                return None;
            }
        }
    }
}
