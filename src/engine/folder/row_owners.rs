//! Which logs of a folder may have a row, for whoever does not know whose log it is in.

use super::{Folder, Looks};
use crate::catalogue::ModelId;
use crate::disk::read_stamped;
use crate::engine::files::ShownFile;
use crate::engine::logs::{KEY, LogKey, Named, Source};
use crate::error::Result;
use crate::json;

/// A log is read whole to see which rows it has up to this length, in bytes; a longer one is asked.
const LONGEST_LOOK: u64 = 64 << 20;

/// So many logs are read at once by whoever looks for a row; more are read beforehand.
const FEW: usize = 16;

impl Folder<'_> {
    /// Sees to it that the logs of a model were read once.
    pub(super) fn know_logs(&self, model: ModelId) -> Result<()> {
        let owners = self.state.layout.log_place(model)?.owner;
        let rows = &self.state.row_owners;
        rows.begin(model, self.state.collection(owners).iter().map(|(_, owner)| owner.key()));
        let unread = rows.unread(model, FEW + 1);
        if unread.is_empty() {
            return Ok(());
        }
        if self.source == Source::Memory {
            return Err(self.needs());
        }
        if self.who != Looks::Change && (unread.len() > FEW || rows.is_new(model)) {
            self.unread_logs.set(Some(model));
            return Err(self.needs());
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
        let (files, path) = (&self.files, self.state.layout.log_path(key.0, &key.1)?);
        let now = files.disk.stamp(&path)?;
        if now.is_some_and(|now| now.len > LONGEST_LOOK) {
            return Ok((Named::default(), false));
        }
        let read = read_stamped(files.disk, &path)?;
        let (bytes, stamp) = read.map_or((Vec::new(), None), |(bytes, stamp)| (bytes, Some(stamp)));
        let named = Named::of_lines(&bytes, self.state.catalogue.migrations, path.as_str());
        Ok((named, files.stamps.known(&path) == stamp))
    }

    /// The logs that may have a row and were not named at first, once those are read that were edited a
    /// moment ago, and those that must be asked whatever is known.
    pub(super) fn unsure(&self, model: ModelId, id: &str) -> Result<Vec<Box<str>>> {
        let edited = self.edited_logs(model)?;
        let odd = self.state.row_owners.odd(model);
        if self.source == Source::Memory && !(edited.is_empty() && odd.is_empty()) {
            return Err(self.needs());
        }
        edited.iter().for_each(|key| self.learn_log(key));
        let mut owners = self.state.row_owners.odd(model);
        owners.extend(self.state.row_owners.of(model, id));
        Ok(owners)
    }

    /// The logs whose files are not as the store left them.
    fn edited_logs(&self, model: ModelId) -> Result<Vec<LogKey>> {
        if !self.may_suspect() {
            return Ok(Vec::new());
        }
        let (layout, files) = (&self.state.layout, &self.files);
        let place = layout.log_place(model)?;
        let suspects = match files.lookout.suspects_in(&place.dir) {
            Some(suspects) => suspects,
            None if self.source == Source::Memory => return Err(self.needs()),
            // Where the system tells of no changes, each file is looked at.
            None => {
                let keys = self.state.collection(place.owner).iter().map(|(_, owner)| owner.key());
                keys.filter_map(|key| layout.log_path(model, key).ok()).collect()
            }
        };
        let mut edited = Vec::new();
        for path in suspects {
            if let Some(ShownFile::Log(of, owner)) = layout.file_at(&path)
                && of == model
                && !files.stamps.are_of(files.disk, &path)?
            {
                edited.push((of, owner));
            }
        }
        Ok(edited)
    }
}
