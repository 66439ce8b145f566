//! What a checkpoint does while nobody may commit is little, however much it has to write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use quilltap_store::disk::{SafePath, SimulatedDisk};
use quilltap_store::store::{Options, Store};
use serde_json::json;

use super::hooked_disk::{HookedDisk, Next};
use super::support::{call, character, world};

/// What happens when the disk syncs a file.
type OnSync = Mutex<Box<dyn FnMut(&str) + Send>>;

#[test]
fn files_that_are_safe_are_not_synced_again_while_nobody_may_commit() {
    let on_sync: Arc<OnSync> = Arc::new(Mutex::new(Box::new(|_: &str| {})));
    let told = Arc::clone(&on_sync);
    let before = move |next: Next, path: &SafePath| {
        // The journal is synced by the call that this makes.
        if next == Next::Sync && !path.as_str().starts_with("journal/") {
            (told.lock().unwrap())(path.as_str());
        }
    };
    let disk = HookedDisk { disk: Arc::new(SimulatedDisk::new()), before: Arc::new(before) };
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
