//! What is on the simulated disk, and what of it a crash may take.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::super::{Access, Entry, EntryKind, LockKind, Stamp};
use super::Fault;

/// Bytes that a disk writes at once.
const SECTOR: usize = 512;

/// What a crash leaves of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything.
    Done,
    /// Nothing.
    Lost,
    /// A part, chosen by this seed; torn and garbage writes among it.
    Seed(u64),
}

/// A change of a file's bytes that was not synced.
#[derive(Debug, Clone)]
enum Write {
    Bytes(u64, Vec<u8>),
    Len(u64),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Write>,
    modified: u64,
}

/// A change of names that was not synced.
#[derive(Debug, Clone)]
enum Naming {
    Set(String, u64),
    Move(String, String, u64),
    Gone(String),
    Folder(String),
    FolderGone(String),
}

impl Naming {
    /// The folder whose sync makes it durable.
    fn folder(&self) -> &str {
        let (Naming::Set(path, _)
        | Naming::Move(_, path, _)
        | Naming::Gone(path)
        | Naming::Folder(path)
        | Naming::FolderGone(path)) = self;
        folder_of(path)
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

#[derive(Debug, Clone, Default)]
struct Names {
    files: BTreeMap<String, u64>,
    folders: BTreeSet<String>,
}

impl Names {
    fn apply(&mut self, naming: &Naming) {
        match naming {
            Naming::Set(path, number) => drop(self.files.insert(path.clone(), *number)),
            Naming::Move(from, to, number) => {
                self.files.remove(from);
                self.files.insert(to.clone(), *number);
            }
            Naming::Gone(path) => drop(self.files.remove(path)),
            Naming::Folder(path) => drop(self.folders.insert(path.clone())),
            Naming::FolderGone(path) => drop(self.folders.remove(path)),
        }
    }
}

/// Everything on the disk.
#[derive(Default)]
pub(super) struct World {
    inodes: HashMap<u64, Inode>,
    now: Names,
    durable: Names,
    pending: Vec<Naming>,
    locks: HashMap<String, (usize, bool)>,
    pub(super) words: HashMap<String, Arc<[AtomicU64; 8]>>,
    pub(super) operations: u64,
    pub(super) faults: Vec<(u64, u64, Fault)>,
    pub(super) capacity: Option<u64>,
    pub(super) down: bool,
    clock: u64,
    numbers: u64,
}

/// A small generator of pseudo-random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % sides
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl World {
    fn alive(&self) -> io::Result<()> {
        if self.down { Err(io::Error::other("the machine is down")) } else { Ok(()) }
    }

    /// Counts an operation that changes the disk; gives the fault that is due.
    fn operation(&mut self) -> io::Result<Option<Fault>> {
        self.alive()?;
        self.operations += 1;
        self.clock += 1;
        let number = self.operations;
        let due = self.faults.iter().find(|(from, to, _)| (*from..=*to).contains(&number));
        match due.map(|(_, _, fault)| *fault) {
            Some(Fault::Error(kind)) => Err(kind.into()),
            Some(Fault::Crash) => {
                self.down = true;
                self.alive()?;
                Ok(None)
            }
            other => Ok(other),
        }
    }

    fn inode(&self, number: u64) -> io::Result<&Inode> {
        self.alive()?;
        self.inodes.get(&number).ok_or_else(missing)
    }

    fn rename_now(&mut self, naming: Naming) {
        self.now.apply(&naming);
        self.pending.push(naming);
    }

    pub(super) fn open(&mut self, path: &str, access: Access) -> io::Result<u64> {
        self.alive()?;
        if self.now.folders.contains(path) {
            return Err(io::Error::other("it is not a regular file"));
        }
        let found = self.now.files.get(path).copied();
        match (found, access) {
            (None, Access::Read | Access::Write) => Err(missing()),
            (None, _) => {
                self.operation()?;
                let folder = folder_of(path);
                if folder != "." && !self.now.folders.contains(folder) {
                    return Err(missing());
                }
                self.numbers += 1;
                self.inodes.insert(self.numbers, Inode::default());
                self.rename_now(Naming::Set(path.to_owned(), self.numbers));
                Ok(self.numbers)
            }
            (Some(number), Access::Replace) => {
                self.set_len(number, 0)?;
                Ok(number)
            }
            (Some(number), _) => Ok(number),
        }
    }

    pub(super) fn stamp(&self, path: &str) -> io::Result<Option<Stamp>> {
        self.alive()?;
        self.now.files.get(path).map(|number| self.stamp_of(*number)).transpose()
    }

    pub(super) fn stamp_of(&self, number: u64) -> io::Result<Stamp> {
        let inode = self.inode(number)?;
        let modified_ns = i128::from(inode.modified);
        Ok(Stamp { len: inode.now.len() as u64, modified_ns, file_number: number })
    }

    pub(super) fn list(&self, dir: &str) -> io::Result<Vec<Entry>> {
        self.alive()?;
        let inside = |path: &&String| folder_of(path) == dir;
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        let files = self.now.files.keys().filter(inside).map(|p| (name(p), EntryKind::File));
        let folders = self.now.folders.iter().filter(inside).map(|p| (name(p), EntryKind::Folder));
        let mut entries: Vec<Entry> =
            files.chain(folders).map(|(name, kind)| Entry { name, kind }).collect();
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    pub(super) fn create_dir(&mut self, dir: &str) -> io::Result<()> {
        self.alive()?;
        if dir == "." || self.now.folders.contains(dir) {
            return Ok(());
        }
        self.operation()?;
        self.rename_now(Naming::Folder(dir.to_owned()));
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.operation()?;
        let number = self.now.files.get(from).copied().ok_or_else(missing)?;
        self.rename_now(Naming::Move(from.to_owned(), to.to_owned(), number));
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &str) -> io::Result<bool> {
        self.alive()?;
        if !self.now.files.contains_key(path) {
            return Ok(false);
        }
        self.operation()?;
        self.rename_now(Naming::Gone(path.to_owned()));
        Ok(true)
    }

    pub(super) fn remove_dir(&mut self, dir: &str) -> io::Result<bool> {
        if !self.now.folders.contains(dir) || !self.list(dir)?.is_empty() {
            return Ok(false);
        }
        self.operation()?;
        self.rename_now(Naming::FolderGone(dir.to_owned()));
        Ok(true)
    }

    pub(super) fn sync_dir(&mut self, dir: &str) -> io::Result<()> {
        self.operation()?;
        let (synced, rest) =
            std::mem::take(&mut self.pending).into_iter().partition(|n: &Naming| n.folder() == dir);
        self.pending = rest;
        synced.iter().for_each(|naming| self.durable.apply(naming));
        Ok(())
    }

    pub(super) fn read_at(&self, number: u64, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = &self.inode(number)?.now;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let read = buffer.len().min(bytes.len() - from);
        buffer[..read].copy_from_slice(&bytes[from..from + read]);
        Ok(read)
    }

    pub(super) fn write_at(&mut self, number: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let half = self.operation()? == Some(Fault::ShortWrite);
        let bytes = if half { &bytes[..bytes.len() / 2] } else { bytes };
        self.check_room(number, offset + bytes.len() as u64)?;
        self.change(number, Write::Bytes(offset, bytes.to_vec()))?;
        if half { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
    }

    fn check_room(&self, number: u64, len: u64) -> io::Result<()> {
        let Some(capacity) = self.capacity else { return Ok(()) };
        let own = self.inode(number)?.now.len() as u64;
        let all: u64 = self.now.files.values().map(|n| self.inodes[n].now.len() as u64).sum();
        if all + len.saturating_sub(own) > capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn change(&mut self, number: u64, write: Write) -> io::Result<()> {
        let clock = self.clock;
        let inode = self.inodes.get_mut(&number).ok_or_else(missing)?;
        apply_write(&mut inode.now, &write);
        inode.pending.push(write);
        inode.modified = clock;
        Ok(())
    }

    pub(super) fn len(&self, number: u64) -> io::Result<u64> {
        Ok(self.inode(number)?.now.len() as u64)
    }

    pub(super) fn set_len(&mut self, number: u64, len: u64) -> io::Result<()> {
        self.operation()?;
        self.check_room(number, len)?;
        self.change(number, Write::Len(len))
    }

    pub(super) fn sync(&mut self, number: u64) -> io::Result<()> {
        self.operation()?;
        let inode = self.inodes.get_mut(&number).ok_or_else(missing)?;
        inode.durable = inode.now.clone();
        inode.pending.clear();
        Ok(())
    }

    pub(super) fn try_lock(&mut self, path: &str, kind: LockKind) -> io::Result<bool> {
        self.alive()?;
        let (shared, exclusive) = self.locks.entry(path.to_owned()).or_default();
        let free = !*exclusive && (kind == LockKind::Shared || *shared == 0);
        match kind {
            LockKind::Shared if free => *shared += 1,
            LockKind::Exclusive if free => *exclusive = true,
            _ => {}
        }
        Ok(free)
    }

    pub(super) fn unlock(&mut self, path: &str, kind: LockKind) {
        let (shared, exclusive) = self.locks.entry(path.to_owned()).or_default();
        match kind {
            LockKind::Shared => *shared = shared.saturating_sub(1),
            LockKind::Exclusive => *exclusive = false,
        }
    }

    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let bytes = |number: &u64| self.inodes[number].now.clone();
        self.now.files.iter().map(|(path, number)| (path.clone(), bytes(number))).collect()
    }

    pub(super) fn plant(&mut self, path: &str, bytes: &[u8]) {
        self.numbers += 1;
        self.clock += 1;
        let inode = Inode {
            now: bytes.to_vec(),
            durable: bytes.to_vec(),
            pending: Vec::new(),
            modified: self.clock,
        };
        self.inodes.insert(self.numbers, inode);
        let mut folder = folder_of(path);
        while folder != "." {
            self.now.folders.insert(folder.to_owned());
            self.durable.folders.insert(folder.to_owned());
            folder = folder_of(folder);
        }
        self.now.files.insert(path.to_owned(), self.numbers);
        self.durable.files.insert(path.to_owned(), self.numbers);
    }

    /// The disk after the death of the process.
    pub(super) fn after_kill(&self) -> World {
        World {
            inodes: self.inodes.clone(),
            now: self.now.clone(),
            durable: self.durable.clone(),
            pending: self.pending.clone(),
            words: self.words.clone(),
            capacity: self.capacity,
            clock: self.clock,
            numbers: self.numbers,
            ..World::default()
        }
    }

    /// The disk after the death of the machine.
    pub(super) fn after_crash(&self, outcome: Outcome) -> World {
        let mut dice = Dice(match outcome {
            Outcome::Seed(seed) => seed,
            _ => 0,
        });
        let names = self.names_after_crash(outcome, &mut dice);
        let mut numbers: Vec<u64> = names.files.values().copied().collect();
        numbers.sort_unstable();
        let mut inodes = HashMap::new();
        for number in numbers {
            let bytes = bytes_after_crash(&self.inodes[&number], outcome, &mut dice);
            let inode = Inode {
                now: bytes.clone(),
                durable: bytes,
                pending: Vec::new(),
                modified: self.clock,
            };
            inodes.insert(number, inode);
        }
        let (clock, numbers) = (self.clock + 1, self.numbers);
        World {
            inodes,
            now: names.clone(),
            durable: names,
            capacity: self.capacity,
            clock,
            numbers,
            ..World::default()
        }
    }

    fn names_after_crash(&self, outcome: Outcome, dice: &mut Dice) -> Names {
        let mut names = self.durable.clone();
        let mut ended: BTreeSet<&str> = BTreeSet::new();
        for naming in &self.pending {
            let keep = match outcome {
                Outcome::Done => true,
                Outcome::Lost => false,
                Outcome::Seed(_) => !ended.contains(naming.folder()) && dice.roll(3) > 0,
            };
            if keep {
                names.apply(naming);
            } else {
                ended.insert(naming.folder());
            }
        }
        // What stands in a folder that was lost is lost with it.
        let (folders, files) = (names.folders.clone(), &mut names.files);
        files.retain(|path, _| folder_of(path) == "." || folders.contains(folder_of(path)));
        names
    }
}

fn bytes_after_crash(inode: &Inode, outcome: Outcome, dice: &mut Dice) -> Vec<u8> {
    match outcome {
        Outcome::Done => return inode.now.clone(),
        Outcome::Lost => return inode.durable.clone(),
        Outcome::Seed(_) => {}
    }
    let mut bytes = inode.durable.clone();
    for write in &inode.pending {
        match (dice.roll(5), write) {
            (0 | 1, _) => apply_write(&mut bytes, write),
            (2, _) | (_, Write::Len(_)) => {}
            (3, Write::Bytes(offset, new)) => {
                for (number, sector) in new.chunks(SECTOR).enumerate() {
                    if dice.roll(2) == 0 {
                        let at = offset + (number * SECTOR) as u64;
                        apply_write(&mut bytes, &Write::Bytes(at, sector.to_vec()));
                    }
                }
            }
            (_, Write::Bytes(offset, new)) => {
                let garbage = new.iter().map(|_| dice.roll(256) as u8).collect();
                apply_write(&mut bytes, &Write::Bytes(*offset, garbage));
            }
        }
    }
    bytes
}

fn apply_write(bytes: &mut Vec<u8>, write: &Write) {
    match write {
        Write::Len(len) => bytes.resize(usize::try_from(*len).unwrap_or(0), 0),
        Write::Bytes(offset, new) => {
            let from = usize::try_from(*offset).unwrap_or(0);
            if bytes.len() < from + new.len() {
                bytes.resize(from + new.len(), 0);
            }
            bytes[from..from + new.len()].copy_from_slice(new);
        }
    }
}
