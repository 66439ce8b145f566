//! The handle on a store that JavaScript holds.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use napi::Env;
use napi_derive::napi;
use serde::Deserialize;

use super::lazy::Lazy;
use super::wake::{ListenFunction, SettleFunction, Waker, answer_text, listener};
use crate::store::{Durability, Options};

/// Options as the skin sends them, checked there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OptionsText {
    data_dir: PathBuf,
    durability: String,
    max_record_bytes: usize,
    lock_timeout: u64,
    transaction_timeout: u64,
    allow_network_fs: bool,
}

impl From<OptionsText> for Options {
    fn from(text: OptionsText) -> Options {
        let strict = text.durability == "strict";
        Options {
            data_dir: text.data_dir,
            durability: if strict { Durability::Strict } else { Durability::Batched },
            max_record_bytes: text.max_record_bytes,
            lock_timeout: Duration::from_millis(text.lock_timeout),
            transaction_timeout: Duration::from_millis(text.transaction_timeout),
            allow_network_fs: text.allow_network_fs,
        }
    }
}

/// A handle on a store. Every method returns at once; what it starts is settled by the function
/// that the handle was made with, under the number that the call was given.
#[napi]
pub struct NativeStore {
    lazy: Arc<Lazy>,
    waker: Arc<Waker>,
    kept_alive: AtomicBool,
}

/// A call's number is a whole number far below 2^53.
pub(super) fn whole(number: f64) -> u64 {
    number as u64
}

#[napi]
impl NativeStore {
    /// Makes a handle; nothing is opened before its first call.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: String, settle: SettleFunction<'_>) -> napi::Result<NativeStore> {
        let options: OptionsText = serde_json::from_str(&options)
            .map_err(|error| napi::Error::from_reason(error.to_string()))?;
        let waker = Arc::new(Waker::new(&settle)?);
        let lazy = Lazy::new(options.into(), Arc::clone(&waker) as _);
        Ok(NativeStore { lazy, waker, kept_alive: AtomicBool::new(false) })
    }

    /// Keeps the process alive while calls are under way.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, alive: bool) {
        if self.kept_alive.swap(alive, Ordering::Relaxed) != alive {
            self.waker.keep_alive(env, alive);
        }
    }

    /// Answers from memory; null when the answer needs the disk.
    #[napi(catch_unwind)]
    pub fn read(&self, call: u32, args: String) -> Option<String> {
        self.lazy.read(call as usize, &args).map(answer_text)
    }

    /// Answers a read on a thread that may use the disk.
    #[napi(catch_unwind)]
    pub fn read_later(&self, id: f64, call: u32, args: String) {
        self.lazy
            .with(whole(id), move |store, ticket| store.read_later(call as usize, args, ticket));
    }

    /// Commits what a writing call changes.
    #[napi(catch_unwind)]
    pub fn write(&self, id: f64, call: u32, args: String) {
        self.lazy.with(whole(id), move |store, ticket| store.write(call as usize, args, ticket));
    }

    /// Begins a transaction; 0 means the store's own timeout.
    #[napi(catch_unwind)]
    pub fn begin(&self, id: f64, timeout_ms: f64) {
        let timeout = (timeout_ms > 0.0).then(|| Duration::from_millis(whole(timeout_ms)));
        let transactions = Arc::clone(self.lazy.transactions());
        self.lazy.with(whole(id), move |store, ticket| {
            store.begin(timeout, transactions.noting(store, ticket));
        });
    }

    /// Makes a call in a transaction.
    #[napi(catch_unwind)]
    pub fn inside(&self, id: f64, transaction: f64, call: u32, args: String) {
        self.lazy.with(whole(id), move |store, ticket| {
            store.inside(whole(transaction), call as usize, args, ticket);
        });
    }

    /// Ends a transaction.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: f64, transaction: f64, commit: bool) {
        let transaction = whole(transaction);
        self.lazy.transactions().finished(transaction);
        self.lazy.with(whole(id), move |store, ticket| store.finish(transaction, commit, ticket));
    }

    /// Opens the store.
    #[napi(catch_unwind)]
    pub fn open(&self, id: f64) {
        self.lazy.with(whole(id), |_, ticket| {
            crate::engine::settle(vec![(ticket, Ok("null".to_owned()))]);
        });
    }

    /// Settles when the files show every change so far.
    #[napi(catch_unwind)]
    pub fn flush(&self, id: f64) {
        self.lazy.with(whole(id), |store, ticket| store.flush(ticket));
    }

    /// Drops dead lines and starts the journal anew.
    #[napi(catch_unwind)]
    pub fn compact(&self, id: f64) {
        self.lazy.with(whole(id), |store, ticket| store.compact(ticket));
    }

    /// What the store holds.
    #[napi(catch_unwind)]
    pub fn stats(&self, id: f64) {
        self.lazy.with(whole(id), |store, ticket| {
            crate::engine::settle(vec![(ticket, Ok(store.stats()))]);
        });
    }

    /// Calls `listen` with the JSON texts of events, until `unsubscribe`.
    #[napi(catch_unwind)]
    pub fn subscribe(&self, listen: ListenFunction<'_>) -> napi::Result<()> {
        self.lazy.listen(listener(&listen)?);
        Ok(())
    }

    /// Ends what `subscribe` began.
    #[napi(catch_unwind)]
    pub fn unsubscribe(&self) {
        self.lazy.unlisten();
    }

    /// Closes the handle.
    #[napi(catch_unwind)]
    pub fn close(&self, id: f64) {
        self.lazy.close(whole(id));
    }
}

impl NativeStore {
    /// What is open, or opens with its first call.
    pub(super) fn lazy(&self) -> &Arc<Lazy> {
        &self.lazy
    }
}

impl Drop for NativeStore {
    fn drop(&mut self) {
        self.lazy.abandon();
    }
}
