//! Finding a row of a log by its id, without knowing whose log it is in.

use std::cmp::Reverse;

use super::view::View;
use crate::catalogue::ModelId;
use crate::engine::committed::Committed;
use crate::engine::memory::Order;
use crate::error::{Error, Result};

impl View<'_> {
    /// The key of the record whose log has a row with this id; the one that was made first, where
    /// there are several.
    ///
    /// # Errors
    /// `CORRUPT` when it is in none that can be read, and may be in one that cannot; those of the
    /// disk.
    pub fn log_owner_of(&self, model: ModelId, id: &str) -> Result<Option<String>> {
        let owners = self.catalogue().owner_of_log(model)?;
        let mut fault = None;
        let named = self.with_uncommitted(model, id, self.base.owners_of_row(model, id)?);
        if let Some(owner) =
            self.first_with(model, id, self.in_order(owners, named)?, &mut fault)?
        {
            return Ok(Some(owner));
        }
        let unsure = self.with_uncommitted(model, id, self.base.unsure_owners(model, id)?);
        if let Some(owner) =
            self.first_with(model, id, self.in_order(owners, unsure)?, &mut fault)?
        {
            return Ok(Some(owner));
        }
        fault.map_or(Ok(()), Err)?;
        self.base.check_whole(owners)?;
        Ok(None)
    }

    /// Some logs, and those in which a transaction has put a row with this id.
    fn with_uncommitted(&self, model: ModelId, id: &str, logs: Vec<Box<str>>) -> Vec<Box<str>> {
        let uncommitted = self.overlay.iter().flat_map(|overlay| overlay.logs_with(model, id));
        logs.into_iter().chain(uncommitted).collect()
    }

    /// Those of some owners that there are, in creation order, each once.
    fn in_order(&self, model: ModelId, owners: Vec<Box<str>>) -> Result<Vec<Box<str>>> {
        let place = |owner: &str| -> Result<Option<Order>> {
            match self.overlay.and_then(|overlay| overlay.get(model, owner)) {
                Some(slot) => Ok(slot.map(|(order, _)| *order)),
                None => self.base.order_of(model, owner),
            }
        };
        let placed = owners.into_iter().map(|owner| Ok(place(&owner)?.map(|order| (order, owner))));
        let mut placed: Vec<(Order, Box<str>)> =
            placed.filter_map(Result::transpose).collect::<Result<_>>()?;
        placed.sort_unstable_by_key(|(order, _)| Reverse(*order));
        placed.dedup();
        Ok(placed.into_iter().rev().map(|(_, owner)| owner).collect())
    }

    /// The first of some logs that has a row with this id; a `fault` of one that may have it is told
    /// only when none has.
    fn first_with(
        &self,
        model: ModelId,
        id: &str,
        owners: Vec<Box<str>>,
        fault: &mut Option<Error>,
    ) -> Result<Option<String>> {
        for owner in owners {
            match self.log_row(model, &owner, id) {
                Ok(Some(_)) => return Ok(Some(owner.into())),
                Ok(None) => {}
                // One of the others may have it, which only who may read them can tell.
                Err(_) if !self.base.may_wait() => return Err(self.base.give_up()),
                Err(error) => drop(fault.get_or_insert(error)),
            }
        }
        Ok(None)
    }
}
