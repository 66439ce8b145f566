//! Everything on the simulated disk, and what it does one call at a time.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::super::{Access, Entry, EntryKind, LockKind, Stamp, WORDS};
use super::Fault;
use super::content::{Content, Write};
use super::names::{Names, Node};
use super::process::Process;

/// Longest file, in bytes; a real disk refuses absurd lengths too, and memory is dear.
const MAX_FILE: u64 = 1 << 30;
/// Length of a file of words, in bytes.
const WORDS_LEN: u64 = 4096;

/// The words of one file.
pub(super) type SharedArray = Arc<[AtomicU64; WORDS]>;

/// A lock that is held: on which file, how, and by which process.
type Held = (u64, LockKind, u64);

/// Who looks at the disk before each operation.
pub(super) type Watcher = Box<dyn FnMut(World) + Send>;

/// Everything on the disk, and everything that processes hold of it.
#[derive(Default)]
pub(super) struct World {
    pub(super) contents: HashMap<u64, Content>,
    pub(super) names: Names,
    pub(super) locks: Vec<Held>,
    /// The process that calls.
    pub(super) process: Arc<Process>,
    pub(super) processes: u64,
    pub(super) words: HashMap<u64, SharedArray>,
    pub(super) operations: u64,
    /// First and last operation, and what goes wrong there.
    pub(super) faults: Vec<(u64, u64, Fault)>,
    pub(super) capacity: Option<u64>,
    pub(super) read_only: bool,
    pub(super) down: bool,
    pub(super) clock: u64,
    pub(super) numbers: u64,
    pub(super) watcher: Option<Watcher>,
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl World {
    pub(super) fn alive(&self) -> io::Result<()> {
        if self.down {
            return Err(io::Error::other("the machine is down"));
        }
        if self.process.lives() { Ok(()) } else { Err(io::Error::other("the process is dead")) }
    }

    /// Frees the locks of the calling process when it is dead.
    pub(super) fn bury(&mut self) -> io::Result<()> {
        let dead = self.process.number;
        self.alive().inspect_err(|_| self.locks.retain(|(_, _, of)| *of != dead))
    }

    /// Counts an operation that changes the disk, and lets the fault happen that is due. Is it
    /// a write that must stop half-way?
    fn operation(&mut self) -> io::Result<bool> {
        if !self.process.change() {
            return self.bury().map(|()| false);
        }
        let copy = self.watcher.is_some().then(|| self.after_kill());
        if let (Some(watcher), Some(copy)) = (&mut self.watcher, copy) {
            watcher(copy);
        }
        self.operations += 1;
        self.clock += 1;
        let number = self.operations;
        let due = self.faults.iter().find(|(from, to, _)| (*from..=*to).contains(&number));
        match due.map(|(_, _, fault)| *fault) {
            None => Ok(false),
            Some(Fault::ShortWrite) => Ok(true),
            Some(Fault::Error(kind)) => Err(kind.into()),
            Some(Fault::SystemError(number)) => Err(io::Error::from_raw_os_error(number)),
            Some(Fault::Crash) => {
                self.down = true;
                self.alive().map(|()| false)
            }
        }
    }

    /// Counts an operation that a read-only disk refuses.
    fn change_operation(&mut self) -> io::Result<bool> {
        self.writable()?;
        self.operation()
    }

    fn writable(&self) -> io::Result<()> {
        self.alive()?;
        if self.read_only { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }

    fn content(&self, number: u64) -> io::Result<&Content> {
        self.alive()?;
        self.contents.get(&number).ok_or_else(missing)
    }

    fn content_mut(&mut self, number: u64) -> io::Result<&mut Content> {
        self.contents.get_mut(&number).ok_or_else(missing)
    }

    fn file(&self, path: &str) -> io::Result<Option<u64>> {
        self.alive()?;
        match self.names.find(path) {
            Some(Node::File(number)) => Ok(Some(number)),
            Some(Node::Folder(_)) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "it is a folder, not a file"))
            }
            None => Ok(None),
        }
    }

    pub(super) fn open(&mut self, path: &str, access: Access) -> io::Result<u64> {
        let found = self.file(path)?;
        if access != Access::Read {
            self.writable()?;
        }
        match (found, access) {
            (Some(number), Access::Replace) => self.set_len(number, 0).map(|()| number),
            (Some(_), Access::New) => Err(io::ErrorKind::AlreadyExists.into()),
            (Some(number), _) => Ok(number),
            (None, Access::Read | Access::Write) => Err(missing()),
            (None, Access::Create | Access::Replace | Access::New) => {
                let number = self.new_file(path)?;
                self.names.set(path, Node::File(number));
                Ok(number)
            }
        }
    }

    fn new_file(&mut self, path: &str) -> io::Result<u64> {
        if !self.names.has_place(path) {
            return Err(missing());
        }
        self.change_operation()?;
        Ok(self.add(Content::settled(Vec::new(), self.clock)))
    }

    pub(super) fn add(&mut self, content: Content) -> u64 {
        self.numbers += 1;
        self.contents.insert(self.numbers, content);
        self.numbers
    }

    /// Opens a file of a lock or of words. It is durable as soon as can be: nothing in
    /// it matters to anybody, and the ways to lose it would only hide those that count.
    fn open_trivial(&mut self, path: &str) -> io::Result<u64> {
        self.writable()?;
        if let Some(number) = self.file(path)? {
            return Ok(number);
        }
        let number = self.new_file(path)?;
        self.names.settle(path, Node::File(number));
        Ok(number)
    }

    pub(super) fn stamp(&self, path: &str) -> io::Result<Option<Stamp>> {
        self.file(path)?.map(|number| self.stamp_of(number)).transpose()
    }

    pub(super) fn stamp_of(&self, number: u64) -> io::Result<Stamp> {
        let content = self.content(number)?;
        let modified_ns = i128::from(content.modified);
        Ok(Stamp { len: content.now.len() as u64, modified_ns, file_number: number })
    }

    pub(super) fn list(&self, dir: &str) -> io::Result<Vec<Entry>> {
        self.alive()?;
        let entry = |(name, node): (&String, &Node)| Entry {
            name: name.clone(),
            kind: match node {
                Node::File(_) => EntryKind::File,
                Node::Folder(_) => EntryKind::Folder,
            },
        };
        Ok(self.names.list(dir).map(entry).collect())
    }

    /// Makes one folder, in one that is there.
    pub(super) fn create_dir(&mut self, dir: &str) -> io::Result<()> {
        self.alive()?;
        match self.names.find(dir) {
            Some(Node::Folder(_)) => return Ok(()),
            Some(Node::File(_)) => return Err(io::Error::other("it is a file, not a folder")),
            None => {}
        }
        self.change_operation()?;
        let folder = self.names.new_folder();
        self.names.set(dir, folder);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.file(from)?.ok_or_else(missing)?;
        self.file(to)?;
        if !self.names.has_place(to) {
            return Err(missing());
        }
        self.change_operation()?;
        self.names.rename(from, to);
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &str) -> io::Result<bool> {
        if self.file(path)?.is_none() {
            return Ok(false);
        }
        self.change_operation()?;
        self.names.remove(path);
        Ok(true)
    }

    pub(super) fn remove_dir(&mut self, dir: &str) -> io::Result<bool> {
        self.alive()?;
        let is_there = dir != "." && self.names.folder(dir).is_some();
        if !is_there || self.names.list(dir).next().is_some() {
            return Ok(false);
        }
        self.change_operation()?;
        self.names.remove(dir);
        Ok(true)
    }

    pub(super) fn sync_dir(&mut self, dir: &str) -> io::Result<()> {
        self.alive()?;
        if self.names.folder(dir).is_none() {
            return Ok(());
        }
        self.operation()?;
        self.names.sync(dir);
        Ok(())
    }

    pub(super) fn read_at(&self, number: u64, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = &self.content(number)?.now;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let read = buffer.len().min(bytes.len() - from);
        buffer[..read].copy_from_slice(&bytes[from..from + read]);
        Ok(read)
    }

    pub(super) fn write_at(&mut self, number: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let half = self.change_operation()?;
        let bytes = if half { &bytes[..bytes.len() / 2] } else { bytes };
        self.check_room(number, offset.saturating_add(bytes.len() as u64))?;
        if !bytes.is_empty() {
            self.change(number, Write::Bytes(offset, bytes.into()))?;
        }
        if half { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
    }

    fn check_room(&self, number: u64, len: u64) -> io::Result<()> {
        if len > MAX_FILE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let Some(capacity) = self.capacity else {
            return Ok(());
        };
        let more = len.saturating_sub(self.content(number)?.now.len() as u64);
        if more > 0 && self.used()? + more > capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn used(&self) -> io::Result<u64> {
        self.names.files().values().map(|number| self.len(*number)).sum()
    }

    fn change(&mut self, number: u64, write: Write) -> io::Result<()> {
        let clock = self.clock;
        self.content_mut(number)?.change(write, clock);
        Ok(())
    }

    pub(super) fn len(&self, number: u64) -> io::Result<u64> {
        Ok(self.content(number)?.now.len() as u64)
    }

    pub(super) fn set_len(&mut self, number: u64, len: u64) -> io::Result<()> {
        self.change_operation()?;
        self.check_room(number, len)?;
        self.change(number, Write::Len(len))
    }

    pub(super) fn allocate(&mut self, number: u64, len: u64) -> io::Result<()> {
        if self.len(number)? < len { self.set_len(number, len) } else { self.alive() }
    }

    pub(super) fn sync(&mut self, number: u64) -> io::Result<()> {
        self.alive()?;
        let result = self.operation();
        // A machine that died instead gave nothing up.
        self.alive()?;
        let content = self.content_mut(number)?;
        match result {
            Ok(_) => content.sync(),
            Err(_) => content.give_up(),
        }
        result.map(|_| ())
    }

    /// Takes a lock; gives the number of the file when it is got.
    pub(super) fn try_lock(&mut self, path: &str, kind: LockKind) -> io::Result<Option<u64>> {
        let number = self.open_trivial(path)?;
        let both_share = |other: LockKind| [kind, other] == [LockKind::Shared; 2];
        let free = self.locks.iter().all(|(of, other, _)| *of != number || both_share(*other));
        if free {
            self.locks.push((number, kind, self.process.number));
        }
        Ok(free.then_some(number))
    }

    pub(super) fn unlock(&mut self, number: u64, kind: LockKind) {
        let held = (number, kind, self.process.number);
        if let Some(at) = self.locks.iter().position(|lock| *lock == held) {
            self.locks.swap_remove(at);
        }
    }

    pub(super) fn words(&mut self, path: &str) -> io::Result<SharedArray> {
        let number = self.open_trivial(path)?;
        if self.len(number)? < WORDS_LEN {
            self.change_operation()?;
            let bytes = vec![0; WORDS_LEN as usize];
            *self.content_mut(number)? = Content::settled(bytes, self.clock);
        }
        let zeroed = || Arc::new(std::array::from_fn(|_| AtomicU64::new(0)));
        Ok(Arc::clone(self.words.entry(number).or_insert_with(zeroed)))
    }

    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let bytes = |number: u64| self.contents[&number].now.to_vec();
        self.names.files().into_iter().map(|(path, number)| (path, bytes(number))).collect()
    }

    pub(super) fn plant(&mut self, path: &str, bytes: &[u8]) {
        self.clock += 1;
        for (end, _) in path.match_indices('/') {
            if self.names.find(&path[..end]).is_none() {
                let folder = self.names.new_folder();
                self.names.set(&path[..end], folder);
            }
        }
        let number = self.add(Content::settled(bytes.to_vec(), self.clock));
        self.names.set(path, Node::File(number));
        let above = path.match_indices('/').map(|(end, _)| &path[..end]);
        above.chain(["."]).for_each(|folder| self.names.sync(folder));
    }
}
