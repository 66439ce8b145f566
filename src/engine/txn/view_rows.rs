//! Finding a row of a log by its id, without knowing whose log it is in.

use std::cmp::Reverse;

use super::view::View;
use crate::catalogue::ModelId;
use crate::disk::read_stamped;
use crate::engine::files::ShownFile;
use crate::engine::logs::{KEY, LogKey, Named, Source};
use crate::engine::memory::Order;
use crate::error::{Error, Result};
use crate::json;

/// A log is read whole to see which rows it has up to this length, in bytes; a longer one is asked.
const LONGEST_LOOK: u64 = 64 << 20;

/// So many logs are read at once by whoever looks for a row; more are read beforehand.
const FEW: usize = 16;

impl View<'_> {
    /// The key of the record whose log has a row with this id; the one that was made first, where
    /// there are several.
    ///
    /// # Errors
    /// `CORRUPT` when it is in none that can be read, and may be in one that cannot; those of the
    /// disk.
    pub fn log_owner_of(&self, model: ModelId, id: &str) -> Result<Option<String>> {
        let owners = self.state.layout.log_place(model)?.owner;
        self.know_logs(model, owners)?;
        let mut fault = None;
        let named = self.in_order(owners, self.named(model, id));
        if let Some(owner) = self.first_with(model, id, named, &mut fault)? {
            return Ok(Some(owner));
        }
        let mut unsure = self.unsure(model, owners)?;
        unsure.extend(self.named(model, id));
        let unsure = self.in_order(owners, unsure);
        if let Some(owner) = self.first_with(model, id, unsure, &mut fault)? {
            return Ok(Some(owner));
        }
        let owners = self.state.collection(owners);
        let lost = || owners.broken.values().chain(&owners.faults).next().cloned();
        fault.or_else(lost).map_or(Ok(None), Err)
    }

    /// Sees to it that the logs of a model were read once.
    fn know_logs(&self, model: ModelId, owners: ModelId) -> Result<()> {
        let rows = &self.state.row_owners;
        rows.begin(model, self.state.collection(owners).iter().map(|(_, owner)| owner.key()));
        let unread = rows.unread(model, FEW + 1);
        if unread.is_empty() {
            return Ok(());
        }
        if self.source == Source::Memory {
            return Err(self.give_up());
        }
        if self.overlay.is_none() && (unread.len() > FEW || rows.is_new(model)) {
            self.wants_rows(model);
            return Err(self.give_up());
        }
        self.learn_logs(model, usize::MAX);
        Ok(())
    }

    /// Reads logs of which nobody knows what rows they have, at most so many; gives how many there were.
    pub(crate) fn learn_logs(&self, model: ModelId, most: usize) -> usize {
        let unread = self.state.row_owners.unread(model, most);
        for owner in &unread {
            self.learn_log(&(model, owner.clone()));
        }
        unread.len()
    }

    fn learn_log(&self, key: &LogKey) {
        let rows = &self.state.row_owners;
        let pending = self.state.logs.get(key);
        for piece in pending.iter().flat_map(|pending| &pending.pieces) {
            let ids = piece.bytes.lines().filter_map(|line| json::text_field(line, KEY));
            let ids: Vec<_> = ids.collect();
            rows.add(key, ids.iter().map(AsRef::as_ref));
        }
        if self.state.is_leftover(key) {
            return rows.learn(key, &Named::of_none(), false);
        }
        // The file of a log that began anew may show that already, and have been edited since. What is
        // wrong with it is told by whoever asks it for the row.
        let (named, is_aligned) = self.rows_in_file(key).unwrap_or_default();
        rows.learn(key, &named, is_aligned);
    }

    /// The rows of a log's file, and is it as the store left it?
    fn rows_in_file(&self, key: &LogKey) -> Result<(Named, bool)> {
        let (context, path) = (&self.context, self.state.layout.log_path(key.0, &key.1)?);
        let now = context.disk.stamp(&path)?;
        if now.is_some_and(|now| now.len > LONGEST_LOOK) {
            return Ok((Named::default(), false));
        }
        let read = read_stamped(context.disk, &path)?;
        let (bytes, stamp) = read.map_or((Vec::new(), None), |(bytes, stamp)| (bytes, Some(stamp)));
        let named = Named::of_lines(&bytes, self.catalogue().migrations, path.as_str());
        Ok((named, context.stamps.known(&path) == stamp))
    }

    /// The logs that have a row with this id, as far as is known.
    fn named(&self, model: ModelId, id: &str) -> Vec<Box<str>> {
        let mut named = self.state.row_owners.of(model, id);
        named.extend(self.overlay.iter().flat_map(|overlay| overlay.logs_with(model, id)));
        named
    }

    /// The logs that must be asked whatever is known, once those are read that were edited a moment ago.
    fn unsure(&self, model: ModelId, owners: ModelId) -> Result<Vec<Box<str>>> {
        let edited = self.edited_logs(model, owners)?;
        let odd = self.state.row_owners.odd(model);
        if self.source == Source::Memory && !(edited.is_empty() && odd.is_empty()) {
            return Err(self.give_up());
        }
        edited.iter().for_each(|key| self.learn_log(key));
        Ok(self.state.row_owners.odd(model))
    }

    /// The logs whose files are not as the store left them.
    fn edited_logs(&self, model: ModelId, owners: ModelId) -> Result<Vec<LogKey>> {
        if !self.may_suspect() {
            return Ok(Vec::new());
        }
        let (layout, context) = (&self.state.layout, &self.context);
        let suspects = match context.lookout.suspects_in(&layout.log_place(model)?.dir) {
            Some(suspects) => suspects,
            None if self.source == Source::Memory => return Err(self.give_up()),
            // Where the system tells of no changes, each file is looked at.
            None => {
                let keys = self.state.collection(owners).iter().map(|(_, owner)| owner.key());
                keys.filter_map(|key| layout.log_path(model, key).ok()).collect()
            }
        };
        let mut edited = Vec::new();
        for path in suspects {
            if let Some(ShownFile::Log(of, owner)) = layout.file_at(&path)
                && of == model
                && !context.stamps.are_of(context.disk, &path)?
            {
                edited.push((of, owner));
            }
        }
        Ok(edited)
    }

    /// Those of some owners that there are, in creation order, each once.
    fn in_order(&self, model: ModelId, owners: Vec<Box<str>>) -> Vec<Box<str>> {
        let place = |owner: &str| -> Option<Order> {
            match self.overlay.and_then(|overlay| overlay.get(model, owner)) {
                Some(slot) => slot.map(|(order, _)| *order),
                None => self.state.collection(model).order_of(owner),
            }
        };
        let mut placed: Vec<(Order, Box<str>)> =
            owners.into_iter().filter_map(|owner| Some((place(&owner)?, owner))).collect();
        placed.sort_unstable_by_key(|(order, _)| Reverse(*order));
        placed.dedup();
        placed.into_iter().rev().map(|(_, owner)| owner).collect()
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
                Err(_) if self.source == Source::Memory => return Err(self.give_up()),
                Err(error) => drop(fault.get_or_insert(error)),
            }
        }
        Ok(None)
    }
}
