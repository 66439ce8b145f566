//! The payloads: read whole and compared with their rows; and those that have lost their row.

use hashbrown::HashSet;
use serde_json::Value;

use crate::catalogue::is_content;
use crate::disk::{EntryKind, SafePath};
use crate::error::Result;
use crate::json;

use super::{FaultKind, Report};
use crate::engine::core::Engine;
use crate::engine::memory::State;
use crate::engine::txn::View;

/// So many bytes are read at a time.
const PIECE: usize = 1 << 20;

/// Reads every payload that a record of the view stands for. It takes its time, so nobody is kept
/// from writing: what has gone meanwhile is no fault.
pub(super) fn look(
    engine: &Engine,
    state: &State,
    view: &View<'_>,
    report: &mut Report,
) -> Result<()> {
    let Some((model, payload)) = view.catalogue().payload() else { return Ok(()) };
    let name = &view.catalogue().model(model).name;
    let mut seen = HashSet::new();
    for (_, record) in state.collection(model).iter() {
        // Without it the bytes are not in the store, and none are looked for.
        let Some(content) = json::text_field(record.text(), &payload.field) else { continue };
        if !seen.insert(content.clone().into_owned()) {
            continue;
        }
        report.payloads += 1;
        let size = record.map().get("size").and_then(Value::as_u64);
        if let Err(error) = read(view, &content, size)
            && engine.state().collection(model).get(record.key()).is_some()
        {
            let path = error.file().unwrap_or(&payload.dir).to_owned();
            let about = Some((name.as_str(), record.key()));
            report.add(FaultKind::Payload, &path, about, error.message().to_owned());
        }
    }
    // Under this lock every payload has its row, or has lost it.
    let commit = (!engine.is_read_only()).then(|| engine.lock_commit()).transpose()?;
    let caught_up = commit.as_ref().map_or(Ok(()), |commit| engine.catch_up_locked(commit));
    let found = caught_up.and_then(|()| orphans(engine));
    drop(commit);
    for path in found? {
        let message = "no record stands for these bytes; compact() removes them";
        report.add(FaultKind::Orphan, &path, None, message.to_owned());
    }
    Ok(())
}

fn read(view: &View<'_>, content: &str, size: Option<u64>) -> Result<()> {
    let Some(open) = view.open_payload(content, size, None)? else { return Ok(()) };
    let mut at = 0;
    // Once even when there is nothing: what was cut to nothing is told, too.
    loop {
        at += open.read(at, PIECE)?.len() as u64;
        if at >= open.size() {
            return Ok(());
        }
    }
}

fn orphans(engine: &Engine) -> Result<Vec<String>> {
    let state = engine.state();
    let Some((model, payload)) = state.catalogue.payload() else { return Ok(Vec::new()) };
    let collection = state.collection(model);
    if !collection.is_whole() {
        return Ok(Vec::new());
    }
    let contents: HashSet<String> = collection
        .iter()
        .filter_map(|(_, record)| json::text_field(record.text(), &payload.field))
        .map(|content| content.into_owned())
        .collect();
    let entries = engine.disk.list(&SafePath::new(&payload.dir)?)?;
    let alone = entries.into_iter().filter(|entry| {
        entry.kind == EntryKind::Folder
            && is_content(&entry.name)
            && !contents.contains(&entry.name)
    });
    Ok(alone.map(|entry| payload.folder_of(&entry.name)).collect())
}
