//! What waits to be written is bounded: who writes faster than the disk takes it is told so.

use std::sync::{Arc, Mutex, mpsc};

use quilltap_store::api::Calls;
use quilltap_store::disk::SimulatedDisk;
use quilltap_store::error::{Code, Result};
use quilltap_store::store::{Command, Declaration, Ended, Settle, Settled, Ticket};
use serde_json::json;

use crate::support::open;

struct Told(Mutex<mpsc::Sender<Result<Settled>>>);

impl Settle for Told {
    fn settle(&self, ended: Vec<Ended>) {
        let sender = self.0.lock().unwrap();
        ended.into_iter().for_each(|(_, answer)| sender.send(answer).unwrap());
    }
}

#[test]
fn more_changes_than_memory_should_hold_are_refused_and_the_others_made() {
    const ALL: usize = 300;
    let store = open(&SimulatedDisk::new());
    let number = Calls::of(&Declaration::default()).unwrap().number_of("tags.create").unwrap();
    let (sender, receiver) = mpsc::channel();
    let told: Arc<dyn Settle> = Arc::new(Told(Mutex::new(sender)));
    // No user has this id: a change that fails leaves nothing behind, and waits like any other.
    let args = json!([{ "userId": "nobody", "name": "x".repeat(1 << 20) }]).to_string();
    let mut refused = 0;
    store
        .transaction(|_| {
            for id in 0..ALL {
                let command = Command::Write { call: number, args: args.clone() };
                store.run(command, Ticket::new(Arc::clone(&told), id as u64));
            }
            // The others wait for this transaction.
            for answer in receiver.try_iter() {
                assert_eq!(answer.unwrap_err().code(), Code::Locked);
                refused += 1;
            }
            Ok(())
        })
        .unwrap();
    assert!((40..60).contains(&refused), "{refused} refused");
    for _ in refused..ALL {
        assert_eq!(receiver.recv().unwrap().unwrap_err().code(), Code::ForeignKey);
    }
    // There is room again.
    store.run(Command::Write { call: number, args }, Ticket::new(told, 0));
    assert_eq!(receiver.recv().unwrap().unwrap_err().code(), Code::ForeignKey);
    store.close().unwrap();
}
