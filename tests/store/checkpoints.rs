//! What a checkpoint does while nobody may commit is little, however much it has to write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use quilltap_store::disk::{
    Access, Disk, DiskFile, Entry, Lock, LockKind, SafePath, SharedWords, SimulatedDisk, Stamp,
};
use quilltap_store::error::Result;
use quilltap_store::store::{Options, Store};
use serde_json::json;

use super::support::{call, character, world};

/// What happens when the disk syncs a file.
type OnSync = Arc<Mutex<Box<dyn FnMut(&str) + Send>>>;

/// A disk that tells of each sync of a file before it.
struct Told {
    disk: SimulatedDisk,
    on_sync: OnSync,
}

struct ToldFile {
    file: Box<dyn DiskFile>,
    path: String,
    on_sync: OnSync,
}

impl DiskFile for ToldFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_at(offset, bytes)
    }
    fn len(&self) -> Result<u64> {
        self.file.len()
    }
    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len)
    }
    fn allocate(&self, len: u64) -> Result<()> {
        self.file.allocate(len)
    }
    fn sync(&self) -> Result<()> {
        // The journal is synced by the call that this makes.
        if !self.path.starts_with("journal/") {
            (self.on_sync.lock().unwrap())(&self.path);
        }
        self.file.sync()
    }
    fn stamp(&self) -> Result<Stamp> {
        self.file.stamp()
    }
}

impl Disk for Told {
    fn open(&self, path: &SafePath, access: Access) -> Result<Box<dyn DiskFile>> {
        let (path, file) = (path.as_str().to_owned(), self.disk.open(path, access)?);
        Ok(Box::new(ToldFile { file, path, on_sync: Arc::clone(&self.on_sync) }))
    }
    fn stamp(&self, path: &SafePath) -> Result<Option<Stamp>> {
        self.disk.stamp(path)
    }
    fn list(&self, dir: &SafePath) -> Result<Vec<Entry>> {
        self.disk.list(dir)
    }
    fn create_dir(&self, dir: &SafePath) -> Result<()> {
        self.disk.create_dir(dir)
    }
    fn rename(&self, from: &SafePath, to: &SafePath) -> Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &SafePath) -> Result<bool> {
        self.disk.remove(path)
    }
    fn remove_dir(&self, dir: &SafePath) -> Result<bool> {
        self.disk.remove_dir(dir)
    }
    fn sync_dir(&self, dir: &SafePath) -> Result<()> {
        self.disk.sync_dir(dir)
    }
    fn try_lock(&self, path: &SafePath, kind: LockKind) -> Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock(path, kind)
    }
    fn shared(&self, path: &SafePath) -> Result<Box<dyn SharedWords>> {
        self.disk.shared(path)
    }
    fn network_file_system(&self) -> Option<String> {
        self.disk.network_file_system()
    }
}

#[test]
fn files_that_are_safe_are_not_synced_again_while_nobody_may_commit() {
    let on_sync: OnSync = Arc::new(Mutex::new(Box::new(|_: &str| {})));
    let disk = Told { disk: SimulatedDisk::new(), on_sync: Arc::clone(&on_sync) };
    let store = Arc::new(Store::open_on(Arc::new(disk), &Options::new("unused")).unwrap());
    store.hold_files();
    let world = world(&store);
    for number in 0..20 {
        call(&store, "characters.create", json!([character(&world.user, &format!("No {number}"))]));
    }
    let synced: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let (counts, committer): (_, Weak<Store>) = (Arc::clone(&synced), Arc::downgrade(&store));
    let user = world.user.clone();
    *on_sync.lock().unwrap() = Box::new(move |path: &str| {
        let mut counts = counts.lock().unwrap();
        if counts.is_empty() {
            // Somebody commits while the first files are made safe.
            let store = committer.upgrade().unwrap();
            call(&store, "tags.create", json!([{"userId": user, "name": "late"}]));
        }
        *counts.entry(path.to_owned()).or_default() += 1;
    });
    store.compact_now().unwrap();
    let synced = synced.lock().unwrap().clone();
    let characters: Vec<_> =
        synced.iter().filter(|(path, _)| path.starts_with("characters/")).collect();
    assert_eq!(characters.len(), 21);
    assert!(characters.iter().all(|(_, times)| **times == 1), "{synced:?}");
    assert!(synced.contains_key("tags/tags.json"), "{synced:?}");
    *on_sync.lock().unwrap() = Box::new(|_: &str| {});
    store.close().unwrap();
}
