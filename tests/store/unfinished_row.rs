//! A last line that an editor left without its line feed stays, whether it can be read or not.

use quilltap_store::disk::SimulatedDisk;
use serde_json::json;

use super::support::{call, open, world};

#[test]
fn nothing_is_added_to_it_and_nothing_cuts_it() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let one = world(&store);
    store.close().unwrap();
    let path = "chats/index.jsonl";
    let rows = String::from_utf8(disk.files()[path].clone()).unwrap();
    let half = format!("{rows}{{\"id\":\"h0\",\"us\n{{\"id\":\"h0\",\"userC");
    disk.plant(path, half.as_bytes());
    let store = open(&disk);
    call(&store, "chats.update", json!([one.chat, {"title": "Act II"}]));
    store.close().unwrap();
    let after = String::from_utf8(disk.files()[path].clone()).unwrap();
    let added = after.strip_prefix(&half).expect("the owner's lines stay");
    assert!(added.starts_with('\n') && added.contains("Act II"), "{added}");
    let chat = call(&open(&disk), "chats.findById", json!([one.chat]));
    assert_eq!(chat["title"], "Act II");
}
