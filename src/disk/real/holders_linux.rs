//! Which processes hold a lock on a file: Linux, by what `/proc` tells.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::disk::Holder;

/// So much of a command is shown, in characters.
const SHOWN: usize = 80;

pub(in crate::disk) fn holders(path: &Path) -> Option<Vec<Holder>> {
    let Ok(about) = fs::metadata(path) else { return Some(Vec::new()) };
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let mut found: Vec<u32> = locks.lines().filter_map(|line| holder(line, about.ino())).collect();
    found.sort_unstable();
    found.dedup();
    found.retain(|process| *process != std::process::id());
    Some(found.into_iter().map(described).collect())
}

/// The process of a line such as `1: FLOCK  ADVISORY  READ 13363 fe:00:10505876 0 EOF`. The device is not
/// compared: some file systems tell another one there.
fn holder(line: &str, file_number: u64) -> Option<u32> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, "FLOCK", _, _, process, place, ..] = *words else { return None };
    let number = place.rsplit(':').next()?.parse::<u64>().ok()?;
    (number == file_number).then(|| process.parse().ok()).flatten()
}

fn described(process: u32) -> Holder {
    let of = |name: &str| fs::read(format!("/proc/{process}/{name}")).unwrap_or_default();
    let command = String::from_utf8_lossy(&of("cmdline")).replace('\0', " ");
    let stat = String::from_utf8_lossy(&of("stat")).into_owned();
    // The name in brackets may hold anything.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    Holder {
        process,
        command: command.trim().chars().take(SHOWN).collect(),
        is_stopped: matches!(state, Some('T' | 't')),
    }
}
