//! The handle on a store that JavaScript holds.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, FnArgs, Function};
use napi_derive::napi;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::lazy::{Lazy, Read, without_panic};
use super::wake::{ListenFunction, SettleFunction, Text, Waker, answer_text, listener};
use crate::engine::settle;
use crate::progress::Unheard;
use crate::store::{
    Answer, Command, Costs, DatabaseOptions, Declaration, Durability, Fingerprint, Models, Options,
    Secret,
};

/// The options that were given, as the JavaScript side sends them, checked there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OptionsText {
    data_dir: PathBuf,
    database: Option<DatabaseOptions>,
    durability: Option<Durability>,
    max_record_bytes: Option<usize>,
    lock_timeout: Option<u64>,
    transaction_timeout: Option<u64>,
    meant_dirs: Vec<PathBuf>,
    paths_within: Option<Vec<PathBuf>>,
    allow_network_fs: Option<bool>,
    trust_shared_folder: Option<bool>,
    declaration: String,
    kdf: Option<serde_json::Value>,
}

impl TryFrom<OptionsText> for Options {
    type Error = crate::error::Error;

    fn try_from(text: OptionsText) -> Result<Options, crate::error::Error> {
        let usual = Options::new(text.data_dir);
        let ms = |given: Option<u64>, usual| given.map_or(usual, Duration::from_millis);
        let costs = text.kdf.as_ref().map(Costs::from_value).transpose();
        Ok(Options {
            database: text.database,
            durability: text.durability.unwrap_or(usual.durability),
            max_record_bytes: text.max_record_bytes.unwrap_or(usual.max_record_bytes),
            lock_timeout: ms(text.lock_timeout, usual.lock_timeout),
            transaction_timeout: ms(text.transaction_timeout, usual.transaction_timeout),
            meant_dirs: text.meant_dirs,
            paths_within: text.paths_within,
            allow_network_fs: text.allow_network_fs.unwrap_or(usual.allow_network_fs),
            trust_shared_folder: text.trust_shared_folder.unwrap_or(usual.trust_shared_folder),
            declaration: Declaration::parse(&text.declaration)?,
            costs: costs.map_err(|error| error.inside("kdf"))?.unwrap_or(usual.costs),
            ..usual
        })
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

/// Said by a caller that has no answer yet, but wants its fingerprint.
const ASK: u64 = 1;

/// A call's number is a whole number far below 2^53.
pub(super) fn whole(number: f64) -> u64 {
    number as u64
}

#[napi]
impl NativeStore {
    /// Makes a handle; nothing is opened before its first call.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        options: String,
        #[napi(ts_arg_type = "(ids: number[], texts: string[]) => void")] settle: SettleFunction<
            '_,
        >,
    ) -> napi::Result<NativeStore> {
        let options: OptionsText = serde_json::from_str(&options)
            .map_err(|error| napi::Error::from_reason(error.to_string()))?;
        let waker = Arc::new(Waker::new(&settle)?);
        let options = Options::try_from(options)
            .map_err(|error| napi::Error::from_reason(answer_text(Err(error))))?;
        let lazy = Lazy::new(options, Arc::clone(&waker) as _);
        Ok(NativeStore { lazy, waker, kept_alive: AtomicBool::new(false) })
    }

    /// Keeps the process alive while calls are under way.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, alive: bool) {
        if self.kept_alive.swap(alive, Ordering::Relaxed) != alive {
            self.waker.keep_alive(env, alive);
        }
    }

    /// Answers from memory; null when the answer needs the disk. `known` is 0, or `ASK` for the
    /// answer's fingerprint to be given, or the fingerprint of the answer that the caller has.
    #[napi(catch_unwind)]
    pub fn read(&self, call: u32, args: String, known: f64) -> Option<String> {
        let known = whole(known);
        let print = (known > ASK).then(|| Fingerprint::known(known));
        let answer = self.lazy.read(call as usize, &args, print)?;
        Some(answer_text(answer.map(|answer| answer.into_marked(known >= ASK))))
    }

    /// A function that tells whether all records and logs of some models (a bit each) are as they were when
    /// they had a fingerprint. It is asked before every answer that was kept: a method would first look for
    /// its handle, which takes longer than the answer.
    #[napi(catch_unwind, ts_return_type = "(models: number, print: number) => boolean")]
    pub fn make_is_same<'e>(
        &self,
        env: &'e Env,
    ) -> napi::Result<Function<'e, FnArgs<(f64, f64)>, bool>> {
        let lazy = Arc::clone(&self.lazy);
        env.create_function_from_closure("isSame", move |call| {
            let (models, print) = (whole(call.get(0)?), whole(call.get(1)?));
            let is_same = || Ok(lazy.is_same(Models::known(models), Fingerprint::known(print)));
            // The read that follows meets the same panic, and tells it.
            Ok(without_panic("isSame", is_same).unwrap_or(false))
        })
    }

    /// Answers a read that takes or gives a clear text: nothing is remembered, and what is ours of
    /// it is wiped. Null when the answer needs the disk.
    #[napi(catch_unwind, ts_return_type = "string | null")]
    pub fn read_secret(&self, call: u32, args: String) -> Option<Text> {
        let args = Zeroizing::new(args);
        let answer = self.lazy.read(call as usize, &args, None)?;
        Some(Text::secret(answer_text(answer.map(Answer::into_text))))
    }

    /// Makes a call that takes long, in a transaction unless that is 0. A passphrase comes in bytes
    /// of its own, which JavaScript can wipe.
    #[napi(catch_unwind)]
    pub fn slow(
        &self,
        id: f64,
        transaction: f64,
        call: u32,
        args: String,
        passphrase: Option<&[u8]>,
    ) {
        let transaction = Some(whole(transaction)).filter(|number| *number > 0);
        let passphrase = passphrase.map(Secret::copy_of);
        self.run(id, Command::Slow { transaction, call: call as usize, args, passphrase });
    }

    /// Makes a call from bytes to bytes; null where memory does not have what it takes, a text for an error.
    #[napi(catch_unwind)]
    pub fn bytes(&self, call: u32, args: String, data: &[u8]) -> Option<Either<Buffer, String>> {
        Some(match self.lazy.bytes(call as usize, &args, data)? {
            Ok(bytes) => Either::A(bytes.into()),
            Err(error) => Either::B(answer_text(Err(error))),
        })
    }

    /// Answers a read on a thread that may use the disk and take long; `known` is 0, or `ASK`.
    #[napi(catch_unwind)]
    pub fn read_later(&self, id: f64, call: u32, args: String, known: f64) {
        let marked = whole(known) == ASK;
        self.lazy.read_later(whole(id), Read { call: call as usize, args, marked });
    }

    /// Commits what a writing call changes.
    #[napi(catch_unwind)]
    pub fn write(&self, id: f64, call: u32, args: String) {
        self.run(id, Command::Write { call: call as usize, args });
    }

    /// Commits what a writing call changes before it returns, in the batched mode; null, with nothing
    /// changed, where something is in the way or the call fails: then `write`.
    #[napi(catch_unwind, ts_return_type = "string | null")]
    pub fn write_here(&self, call: u32, args: String) -> Option<Text> {
        self.lazy.write_here(call as usize, args).map(|answer| Text::of_any(answer.into_json()))
    }

    /// Begins a transaction; 0 means the store's own timeout.
    #[napi(catch_unwind)]
    pub fn begin(&self, id: f64, timeout_ms: f64) {
        let timeout = (timeout_ms > 0.0).then(|| Duration::from_millis(whole(timeout_ms)));
        let transactions = Arc::clone(self.lazy.transactions());
        self.lazy.with(whole(id), move |store, ticket| {
            store.run(Command::Begin { timeout }, transactions.noting(store, ticket));
        });
    }

    /// Makes a call in a transaction.
    #[napi(catch_unwind)]
    pub fn inside(&self, id: f64, transaction: f64, call: u32, args: String) {
        let (transaction, call) = (whole(transaction), call as usize);
        self.run(id, Command::Inside { transaction, call, args });
    }

    /// Ends a transaction.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: f64, transaction: f64, commit: bool) {
        let transaction = whole(transaction);
        let transactions = Arc::clone(self.lazy.transactions());
        // Forgotten only once its end is on the way: a handle that closes refuses this call, and
        // must then end the transaction itself.
        self.lazy.with(whole(id), move |store, ticket| {
            store.run(Command::Finish { transaction, commit }, ticket);
            transactions.finished(transaction);
        });
    }

    /// Opens the store.
    #[napi(catch_unwind)]
    pub fn open(&self, id: f64) {
        self.run(id, Command::Open);
    }

    /// Declares the tables of Better Auth's schema.
    #[napi(catch_unwind)]
    pub fn declare_better_auth(&self, id: f64, schema: String) {
        self.run(id, Command::DeclareBetterAuth(schema));
    }

    /// Settles when the files show every change so far.
    #[napi(catch_unwind)]
    pub fn flush(&self, id: f64) {
        self.run(id, Command::Flush);
    }

    /// Drops dead lines and starts the journal anew.
    #[napi(catch_unwind)]
    pub fn compact(&self, id: f64) {
        self.run(id, Command::Compact);
    }

    /// What the store holds.
    #[napi(catch_unwind)]
    pub fn stats(&self, id: f64) {
        self.run(id, Command::Stats);
    }

    /// Calls `listen` with the JSON texts of events, until `unsubscribe`.
    #[napi(catch_unwind)]
    pub fn subscribe(
        &self,
        #[napi(ts_arg_type = "(events: string[]) => void")] listen: ListenFunction<'_>,
    ) -> napi::Result<()> {
        self.lazy.listen(listener(&listen)?);
        Ok(())
    }

    /// Ends what `subscribe` began.
    #[napi(catch_unwind)]
    pub fn unsubscribe(&self) {
        self.lazy.unlisten();
    }

    /// Reads everything, and tells every fault.
    #[napi(catch_unwind)]
    pub fn check(&self, id: f64) {
        self.run(id, Command::Check);
    }

    /// Makes a consistent copy of the folder.
    #[napi(catch_unwind)]
    pub fn snapshot(&self, id: f64, place: String) {
        self.run(id, Command::Snapshot(place.into()));
    }

    /// Writes everything into a new file, or into one in a folder of which a schedule keeps some.
    #[napi(catch_unwind)]
    pub fn backup(&self, id: f64, place: String, keep: Option<String>) {
        let keep = keep.map(|text| text.parse()).transpose();
        self.lazy.with(whole(id), move |store, ticket| match keep {
            Ok(keep) => {
                let progress = Arc::new(Unheard);
                store.run(Command::Backup { place: place.into(), keep, progress }, ticket);
            }
            Err(error) => settle(vec![(ticket, Err(error))]),
        });
    }

    /// Closes the handle.
    #[napi(catch_unwind)]
    pub fn close(&self, id: f64) {
        self.lazy.close(whole(id));
    }
}

impl NativeStore {
    fn run(&self, id: f64, command: Command) {
        self.lazy.with(whole(id), move |store, ticket| store.run(command, ticket));
    }

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
