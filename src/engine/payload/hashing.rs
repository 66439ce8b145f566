//! SHA-256 of what is written, on a thread beside the writing one once there is much of it.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use sha2::{Digest, Sha256};

use crate::error::Result;

use crate::engine::commit::internal;

/// Below this many bytes a thread costs more than it gains.
const WORTH_A_THREAD: u64 = 4 << 20;
/// So many pieces may wait to be hashed, which bounds the memory.
const WAITING: usize = 4;

pub(super) enum Hashing {
    Here(Sha256),
    Beside(SyncSender<Arc<[u8]>>, JoinHandle<Sha256>),
}

impl Hashing {
    pub(super) fn new() -> Hashing {
        Hashing::Here(Sha256::new())
    }

    /// Takes the next bytes; `before` is how many came before them.
    pub(super) fn update(&mut self, bytes: &Arc<[u8]>, before: u64) -> Result<()> {
        if let Hashing::Here(hash) = self {
            if before < WORTH_A_THREAD {
                hash.update(bytes);
                return Ok(());
            }
            let hash = hash.clone();
            // Without a thread it goes on here.
            match Hashing::start(hash.clone()) {
                Some(beside) => *self = beside,
                None => *self = Hashing::Here(hash.chain_update(bytes)),
            }
        }
        match self {
            Hashing::Here(_) => Ok(()),
            Hashing::Beside(sender, _) => sender.send(Arc::clone(bytes)).map_err(|_| internal()),
        }
    }

    fn start(mut hash: Sha256) -> Option<Hashing> {
        let (sender, receiver) = sync_channel::<Arc<[u8]>>(WAITING);
        let work = move || {
            receiver.iter().for_each(|bytes| hash.update(&bytes));
            hash
        };
        let thread = Builder::new().name("quilltap-hash".into()).spawn(work).ok()?;
        Some(Hashing::Beside(sender, thread))
    }

    /// The hash of everything, in hexadecimal digits.
    pub(super) fn finish(self) -> Result<String> {
        let hash = match self {
            Hashing::Here(hash) => hash,
            Hashing::Beside(sender, thread) => {
                drop(sender);
                thread.join().map_err(|_| internal())?
            }
        };
        Ok(hex(hash))
    }
}

/// A finished hash in hexadecimal digits.
pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
