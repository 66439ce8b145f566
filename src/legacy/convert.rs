//! Puts the translated files in the place of an older folder's, all or none.
//!
//! The originals are copied into a folder of their own, and each new file is written beside its
//! place, while `.converting/plan.json` tells what there is to undo. When all of it is durable, that
//! file becomes `apply.json`: from then on there are only renames within a folder left to do, and
//! whoever comes next does what is left of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::disk::{Access, Disk, DiskFile, SafePath, read_all, visit_pieces};
use crate::error::{Code, Error, Result};
use crate::json;

use super::shown::Shown;
use super::translate::Translation;

/// The folder in which the originals are kept, unless there is one of that name.
const ASIDE: &str = "older";

/// Is it the name of a folder in which originals are kept?
pub(crate) fn is_aside(name: &str) -> bool {
    let rest = name.strip_prefix(ASIDE).map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    rest.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn folder() -> Result<SafePath> {
    SafePath::new(".converting")
}

fn staged(path: &SafePath) -> Result<SafePath> {
    SafePath::new(&format!("{path}.converted"))
}

/// What a conversion does.
struct Plan {
    aside: SafePath,
    originals: Vec<SafePath>,
    files: Vec<SafePath>,
}

impl Plan {
    fn text(&self) -> String {
        let paths = |paths: &[SafePath]| -> Value { paths.iter().map(SafePath::as_str).collect() };
        let (originals, files) = (paths(&self.originals), paths(&self.files));
        json::pretty(&json!({
            "version": 1, "aside": self.aside.as_str(), "originals": originals, "files": files,
        }))
    }

    fn read(disk: &dyn Disk, name: &str) -> Result<Option<Plan>> {
        let path = folder()?.join(name)?;
        let Some(bytes) = read_all(disk, &path)? else { return Ok(None) };
        let plan = json::parse_bytes(&bytes).unwrap_or_default();
        if plan["version"] != 1 {
            let message = format!(
                "{path} is not of this package's version; use the one that began to convert this folder"
            );
            return Err(Error::new(Code::UnsupportedVersion, message).path(path.as_str()));
        }
        let paths = |key: &str| -> Result<Vec<SafePath>> {
            let paths = plan[key].as_array().into_iter().flatten();
            paths.map(|path| SafePath::new(path.as_str().unwrap_or_default())).collect()
        };
        let aside = SafePath::new(plan["aside"].as_str().unwrap_or_default())?;
        Ok(Some(Plan { aside, originals: paths("originals")?, files: paths("files")? }))
    }

    fn kept(&self, original: &SafePath) -> Result<SafePath> {
        SafePath::new(&format!("{}/{original}", self.aside))
    }
}

/// Finishes or undoes a conversion in whose middle a process died; the caller holds both locks.
///
/// # Errors
/// Those of the disk.
pub(crate) fn settle(disk: &dyn Disk) -> Result<()> {
    let folder = folder()?;
    if disk.list(&folder)?.is_empty() {
        return Ok(());
    }
    if let Some(plan) = Plan::read(disk, "apply.json")? {
        return apply(disk, &plan);
    }
    if let Some(plan) = Plan::read(disk, "plan.json")? {
        return undo(disk, &plan);
    }
    disk.remove(&folder.join("plan.draft")?)?;
    disk.remove_dir(&folder).map(drop)
}

/// Converts a folder; the caller holds both locks.
///
/// # Errors
/// Those of the disk: the folder is then as it was, or `settle` brings it there or to the end.
pub(super) fn convert(disk: &dyn Disk, translation: &Translation) -> Result<()> {
    let plan = Plan {
        aside: free_name(disk)?,
        originals: translation.originals.iter().cloned().collect(),
        files: translation.files.keys().cloned().collect(),
    };
    if let Err(error) = prepare(disk, &plan, translation) {
        // What cannot be undone now is undone by the next one.
        let _ = undo(disk, &plan);
        return Err(error);
    }
    let folder = folder()?;
    disk.rename(&folder.join("plan.json")?, &folder.join("apply.json")?)?;
    disk.sync_dir(&folder)?;
    apply(disk, &plan)
}

fn free_name(disk: &dyn Disk) -> Result<SafePath> {
    let taken = disk.list(&SafePath::root())?;
    let names = std::iter::once(ASIDE.to_owned()).chain((2_u32..).map(|n| format!("{ASIDE}-{n}")));
    let mut free = names.filter(|name| !taken.iter().any(|entry| entry.name == *name));
    SafePath::new(&free.next().unwrap_or_default())
}

/// Everything that can be undone.
fn prepare(disk: &dyn Disk, plan: &Plan, translation: &Translation) -> Result<()> {
    let folder = folder()?;
    disk.create_dir(&folder)?;
    let draft = folder.join("plan.draft")?;
    write(disk, &draft, plan.text().as_bytes())?;
    disk.rename(&draft, &folder.join("plan.json")?)?;
    sync_folders(disk, [&draft])?;
    let mut written = Vec::new();
    for original in &plan.originals {
        let kept = plan.kept(original)?;
        copy(disk, &Shown::as_it_is(original.clone()), &kept, b"")?;
        written.push(kept);
    }
    for (path, shown) in &translation.files {
        let staged = staged(path)?;
        // What the older store had not finished is a line of its own.
        let end: &[u8] = if path.as_str().ends_with(".jsonl") { b"\n" } else { b"" };
        copy(disk, shown, &staged, end)?;
        written.push(staged);
    }
    sync_folders(disk, &written)
}

fn write(disk: &dyn Disk, path: &SafePath, bytes: &[u8]) -> Result<()> {
    let file = make(disk, path)?;
    file.write_at(0, bytes)?;
    file.sync()
}

fn make(disk: &dyn Disk, path: &SafePath) -> Result<Box<dyn DiskFile>> {
    path.parent().map_or(Ok(()), |folder| disk.create_dir(&folder))?;
    disk.open(path, Access::Replace)
}

/// Writes what is shown to `path`, piece by piece, with `end` behind it unless it ends so.
fn copy(disk: &dyn Disk, shown: &Shown, path: &SafePath, end: &[u8]) -> Result<()> {
    let (from, to) = (shown.open(disk)?, make(disk, path)?);
    let (mut len, mut ends) = (0, true);
    visit_pieces(&*from, 0, |piece| {
        to.write_at(len, piece)?;
        len += piece.len() as u64;
        ends = piece.ends_with(end);
        Ok(())
    })?;
    if !ends {
        to.write_at(len, end)?;
    }
    to.sync()
}

/// Brings the new files into their places, and removes the originals that none of them replaces.
fn apply(disk: &dyn Disk, plan: &Plan) -> Result<()> {
    for path in &plan.files {
        let staged = staged(path)?;
        if disk.stamp(&staged)?.is_some() {
            disk.rename(&staged, path)?;
        }
    }
    sync_folders(disk, &plan.files)?;
    let gone: Vec<&SafePath> =
        plan.originals.iter().filter(|path| !plan.files.contains(path)).collect();
    for path in &gone {
        disk.remove(path)?;
    }
    sync_folders(disk, gone.iter().copied())?;
    remove_empty(disk, gone.iter().copied())?;
    finish(disk, "apply.json")
}

fn undo(disk: &dyn Disk, plan: &Plan) -> Result<()> {
    let mut removed = Vec::new();
    for path in &plan.files {
        removed.push(staged(path)?);
    }
    for original in &plan.originals {
        removed.push(plan.kept(original)?);
    }
    for path in &removed {
        disk.remove(path)?;
    }
    sync_folders(disk, &removed)?;
    remove_empty(disk, &removed)?;
    finish(disk, "plan.json")
}

/// Removes what told of the conversion, when all else is durable.
fn finish(disk: &dyn Disk, name: &str) -> Result<()> {
    let folder = folder()?;
    disk.remove(&folder.join("plan.draft")?)?;
    disk.remove(&folder.join(name)?)?;
    disk.sync_dir(&folder)?;
    disk.remove_dir(&folder)?;
    disk.sync_dir(&SafePath::root())
}

fn folders<'a>(paths: impl IntoIterator<Item = &'a SafePath>) -> BTreeSet<SafePath> {
    let above = |path: &SafePath| std::iter::successors(path.parent(), SafePath::parent);
    paths.into_iter().flat_map(above).collect()
}

fn sync_folders<'a>(disk: &dyn Disk, paths: impl IntoIterator<Item = &'a SafePath>) -> Result<()> {
    folders(paths).iter().try_for_each(|folder| disk.sync_dir(folder))
}

fn remove_empty<'a>(disk: &dyn Disk, paths: impl IntoIterator<Item = &'a SafePath>) -> Result<()> {
    for folder in folders(paths).iter().rev().filter(|folder| **folder != SafePath::root()) {
        disk.remove_dir(folder)?;
    }
    Ok(())
}
