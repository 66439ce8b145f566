//! An editor that writes into a file in the very moment in which the store puts a new one in its place,
//! or adds to it: both the edit and the change of the store stay.

use std::sync::{Arc, Mutex};

use quilltap_store::disk::{Disk, RealDisk, SimulatedDisk};
use quilltap_store::store::Store;
use serde_json::json;

use super::hand_edits::{Folder, NEW, OLD, cases, options, says};
use super::hooked_disk::{HookedDisk, Next};
use super::support::call;

const OURS: &str = "by the store";

fn edit_while_it_is_written(folder: Arc<dyn Folder + Send + Sync>, disk: Arc<dyn Disk>) {
    let armed: Arc<Mutex<Option<String>>> = Arc::default();
    let before = {
        let (armed, folder) = (Arc::clone(&armed), Arc::clone(&folder));
        Arc::new(move |next: Next, path: &_| {
            let path = format!("{path}");
            let is_it = matches!(next, Next::Write | Next::Replace)
                && armed.lock().unwrap().take_if(|armed| *armed == path).is_some();
            if is_it {
                folder.edit(&path, OLD, NEW);
            }
        })
    };
    let open = |disk: Arc<dyn Disk>| Store::open_on(disk, &options("unused")).unwrap();
    let store = open(Arc::new(HookedDisk { disk: Arc::clone(&disk), before }));
    let mut cases = cases(&store);
    // A log is mended by other means.
    cases.retain(|case| case.event.get("id").is_some());
    store.hold_files();
    for case in &cases {
        let (by_id, args) = &case.by_id;
        let update = by_id.replace(".findById", ".update");
        call(&store, &update, json!([args[0], {"mark": OURS}]));
        *armed.lock().unwrap() = Some(case.path.clone());
        store.flush_now().unwrap();
        assert_eq!(*armed.lock().unwrap(), None, "{}: it was edited", case.path);
        let text = folder.text(&case.path).unwrap();
        for part in [NEW, OURS] {
            assert!(says(&store, &case.by_id, part), "{}: {part}", case.path);
            assert!(text.contains(part), "{}: {part}:\n{text}", case.path);
        }
    }
    store.close().unwrap();
    let again = open(disk);
    for case in &cases {
        assert!(says(&again, &case.by_id, NEW) && says(&again, &case.by_id, OURS), "{}", case.path);
    }
}

#[test]
fn an_edit_of_a_file_that_is_being_written_is_kept() {
    let simulated = SimulatedDisk::new();
    edit_while_it_is_written(Arc::new(simulated.clone()), Arc::new(simulated));
    let dir = tempfile::tempdir().unwrap();
    let real = RealDisk::open(dir.path()).unwrap();
    edit_while_it_is_written(Arc::new(dir), Arc::new(real));
}
