//! Bytes across the border. Those that come in are copied before the call leaves the JavaScript
//! thread; those that go out are handed over when the call is settled.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use super::handle::{NativeStore, whole};
use super::lazy::Lazy;
use crate::crypto::Secret;
use crate::store::{Bytes, Reading, Stream, Use};
use crate::sync::locked;

/// Number 0 stands for no transaction.
fn transaction(number: f64) -> Option<u64> {
    (number > 0.0).then(|| whole(number))
}

/// Bytes on their way in: all at once, from a file, or piece by piece.
#[napi]
pub struct NativeBytes {
    lazy: Arc<Lazy>,
    stream: Stream,
    whole: Option<Arc<[u8]>>,
    path: Option<PathBuf>,
}

#[napi]
impl NativeBytes {
    /// Bytes that are all there, or those of the file at `path`, or else those that are appended.
    #[napi(constructor, catch_unwind)]
    pub fn new(handle: &NativeStore, bytes: Option<&[u8]>, path: Option<String>) -> NativeBytes {
        NativeBytes {
            lazy: Arc::clone(handle.lazy()),
            stream: Stream::default(),
            whole: bytes.map(Arc::from),
            path: path.map(PathBuf::from),
        }
    }

    fn source(&self) -> Bytes {
        match (&self.whole, &self.path) {
            (Some(bytes), _) => Bytes::Memory(Arc::clone(bytes)),
            (None, Some(path)) => Bytes::File(path.clone()),
            (None, None) => Bytes::Stream(self.stream.clone()),
        }
    }

    fn make(&self, id: f64, number: f64, made: Use) {
        let source = self.source();
        self.lazy.with(whole(id), move |store, ticket| {
            store.put(source, made, transaction(number), ticket);
        });
    }

    /// Takes the next bytes; settles when there is room for more.
    #[napi(catch_unwind)]
    pub fn append(&self, id: f64, bytes: &[u8]) {
        let (stream, bytes) = (self.stream.clone(), Arc::from(bytes));
        self.lazy.with(whole(id), move |store, ticket| store.append(&stream, bytes, ticket));
    }

    /// Stores the bytes and creates their row; settles with it.
    #[napi(catch_unwind)]
    pub fn put(&self, id: f64, transaction: f64, data: String) {
        self.make(id, transaction, Use::Row(data));
    }

    /// Stores the bytes beside those of a row; settles with whether there is such a row.
    #[napi(catch_unwind)]
    pub fn derive(&self, id: f64, transaction: f64, row: String, name: String) {
        self.make(id, transaction, Use::Derived(row, name));
    }

    /// Gives up what has arrived.
    #[napi(catch_unwind)]
    pub fn abort(&self) {
        self.stream.abort();
    }
}

/// Bytes on their way out.
#[napi]
pub struct NativeReading {
    lazy: Arc<Lazy>,
    reading: Reading,
    /// What was read and not yet fetched.
    ready: Arc<Mutex<Option<Vec<u8>>>>,
}

#[napi]
impl NativeReading {
    /// Nothing is open before `open` has settled.
    #[napi(constructor, catch_unwind)]
    pub fn new(handle: &NativeStore) -> NativeReading {
        let (reading, ready) = (Reading::default(), Arc::default());
        NativeReading { lazy: Arc::clone(handle.lazy()), reading, ready }
    }

    /// Opens the bytes of a row, or a file beside them; settles with whether there are such.
    #[napi(catch_unwind)]
    pub fn open(&self, id: f64, number: f64, row: String, derived: Option<String>) {
        let reading = self.reading.clone();
        self.lazy.with(whole(id), move |store, ticket| {
            store.open_payload(&reading, row, derived, transaction(number), ticket);
        });
    }

    /// How many bytes there are.
    #[napi(catch_unwind)]
    pub fn size(&self) -> f64 {
        self.reading.get().map_or(0.0, |open| open.size() as f64)
    }

    /// The absolute path of the bytes.
    #[napi(catch_unwind)]
    pub fn path(&self) -> Option<String> {
        let open = self.reading.get()?;
        open.absolute().map(|path| path.to_string_lossy().into_owned())
    }

    /// Reads from an offset on; settles with how many bytes `take` then gives.
    #[napi(catch_unwind)]
    pub fn read(&self, id: f64, offset: f64, len: u32) {
        let (reading, ready) = (self.reading.clone(), Arc::clone(&self.ready));
        let take = move |bytes| {
            *locked(&ready) = Some(bytes);
        };
        self.lazy.with(whole(id), move |store, ticket| {
            store.read_payload(&reading, (whole(offset), len as usize), take, ticket);
        });
    }

    /// Makes a call from bytes to bytes on a thread that may wait; once it has settled `take` gives what was made.
    #[napi(catch_unwind)]
    pub fn make(&self, id: f64, call: u32, args: String, data: &[u8]) {
        let (data, ready) = (Secret::copy_of(data), Arc::clone(&self.ready));
        let take = move |made| *locked(&ready) = Some(made);
        self.lazy.with(whole(id), move |store, ticket| {
            store.bytes_later(call as usize, args, data, take, ticket);
        });
    }

    /// Lets the file go, rather than whenever JavaScript's memory is tidied up.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.reading.close();
    }

    /// What was read last.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Option<Buffer> {
        locked(&self.ready).take().map(Buffer::from)
    }
}
