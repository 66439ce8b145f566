//! Bytes in and bytes out. They arrive and are read on threads of their own; only the row goes
//! through the commit.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::waiting::wait;
use super::{Store, Transaction};
use crate::disk::SourceFile;
use crate::engine::{Arrived, Arriving, Harbour, OpenPayload, Settled, Ticket, Tx, View, settle};
use crate::error::{Code, Error, Result};
use crate::repos;
use crate::sync::locked;

/// Where bytes come from.
pub enum Bytes {
    /// From memory.
    Memory(Arc<[u8]>),
    /// From a file of the caller's own.
    File(PathBuf),
    /// From what was appended to it.
    Stream(Stream),
}

/// Bytes that come piece by piece. Dropping it before it is put leaves nothing.
#[derive(Clone, Default)]
pub struct Stream(Arc<Mutex<Option<Arriving>>>);

/// What becomes of the bytes.
pub enum Use {
    /// A row with this data, as JSON text.
    Row(String),
    /// A file of this name beside the bytes of the row with this id.
    Derived(String, String),
}

/// Bytes to be read, once they are open.
#[derive(Clone, Default)]
pub struct Reading(Arc<Mutex<Option<Arc<OpenPayload>>>>);

impl Stream {
    /// Gives up what has arrived.
    pub fn abort(&self) {
        drop(locked(&self.0).take());
    }
}

impl Reading {
    /// What is open; none before it is.
    pub fn get(&self) -> Option<Arc<OpenPayload>> {
        locked(&self.0).clone()
    }

    /// Lets the file go; a read under way still ends.
    pub fn close(&self) {
        drop(locked(&self.0).take());
    }
}

impl Use {
    /// What happens in the commit.
    fn commit(&self, tx: &mut Tx<'_>, arrived: &Arrived, name: Option<&str>) -> Result<Settled> {
        match self {
            Use::Row(data) => {
                Ok(Settled::Text(repos::put(tx, data, arrived, name)?.text().to_owned()))
            }
            Use::Derived(id, name) => Ok(Settled::Flag(repos::derive(tx, id, name, arrived)?)),
        }
    }
}

impl Store {
    /// Takes the next bytes of a stream; settles when there is room for more.
    pub fn append(&self, stream: &Stream, bytes: Arc<[u8]>, ticket: Ticket) {
        let Some((engine, ticket)) = self.open_engine(ticket) else { return };
        let stream = stream.clone();
        engine.with_payloads(ticket, move |harbour, ticket| {
            let mut arriving = locked(&stream.0);
            let appended = match arriving.take() {
                Some(open) => Ok(open),
                None => harbour.begin(),
            };
            let appended = appended.and_then(|mut open| open.append(&bytes).map(|()| open));
            // After a failure it is dropped, and what was written with it.
            let answer = appended.map(|open| *arriving = Some(open));
            drop(arriving);
            settle(vec![(ticket, answer.map(Settled::from))]);
        });
    }

    /// Stores bytes and what is made of them, in a transaction where one is given; settles with
    /// the answer: the row, or whether there was a row.
    pub fn put(&self, bytes: Bytes, made: Use, transaction: Option<u64>, ticket: Ticket) {
        let Some((engine, ticket)) = self.open_engine(ticket) else { return };
        let store = self.clone();
        engine.with_payloads(ticket, move |harbour, ticket| {
            let name = match &bytes {
                Bytes::File(path) => {
                    path.file_name().map(|name| name.to_string_lossy().into_owned())
                }
                _ => None,
            };
            let within = store.0.paths_within.as_deref();
            let arrived = match arrive(harbour, bytes, within) {
                Ok(arrived) => arrived,
                Err(error) => return settle(vec![(ticket, Err(error))]),
            };
            let change =
                Box::new(move |tx: &mut Tx<'_>| made.commit(tx, &arrived, name.as_deref()));
            match transaction {
                Some(number) => store.0.engine.inside(number, change, ticket),
                None => store.0.engine.write(change, 0, ticket),
            }
        });
    }

    /// Opens the bytes of a row, or a file beside them; settles with `true` when there are such,
    /// which `reading` then gives.
    pub fn open_payload(
        &self,
        reading: &Reading,
        id: String,
        derived: Option<String>,
        transaction: Option<u64>,
        ticket: Ticket,
    ) {
        let Some((engine, ticket)) = self.open_engine(ticket) else { return };
        let reading = reading.clone();
        let open = move |view: &View<'_>| {
            let Some(at) = repos::locate(view, &id)? else { return Ok(Settled::Flag(false)) };
            let opened = view.open_payload(&at.sha256, at.size, derived.as_deref())?;
            let found = opened.is_some();
            *locked(&reading.0) = opened.map(Arc::new);
            Ok(Settled::Flag(found))
        };
        match transaction {
            Some(number) => engine.inside(number, Box::new(move |tx| open(&tx.view())), ticket),
            None => engine.read_payload(open, ticket),
        }
    }

    /// Reads open bytes from an offset on; `take` gets them before the answer, how many there
    /// were.
    pub fn read_payload(
        &self,
        reading: &Reading,
        (offset, len): (u64, usize),
        take: impl FnOnce(Vec<u8>) + Send + 'static,
        ticket: Ticket,
    ) {
        let Some((engine, ticket)) = self.open_engine(ticket) else { return };
        let open = reading.get();
        engine.with_payloads(ticket, move |_, ticket| {
            let read = open.ok_or_else(not_open).and_then(|open| open.read(offset, len));
            let answer = read.map(|bytes| {
                let len = bytes.len() as u64;
                take(bytes);
                Settled::Number(len)
            });
            settle(vec![(ticket, answer)]);
        });
    }

    /// Stores bytes and their row, and waits; gives the row.
    ///
    /// # Errors
    /// Those of the disk and of creating the row.
    pub fn put_now(&self, bytes: Bytes, made: Use) -> Result<String> {
        wait(|ticket| self.put(bytes, made, None, ticket)).map(Settled::into_json)
    }

    /// Appends to a stream, and waits.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn append_now(&self, stream: &Stream, bytes: &[u8]) -> Result<()> {
        wait(|ticket| self.append(stream, Arc::from(bytes), ticket)).map(drop)
    }

    /// The bytes of a row, or of a file beside them; `None` when there is no such thing.
    ///
    /// # Errors
    /// `CORRUPT` when they are missing or were changed, those of the disk.
    pub fn read_now(&self, id: &str, derived: Option<&str>) -> Result<Option<Vec<u8>>> {
        let Some(open) = self.open_now(id, derived)? else { return Ok(None) };
        open.read(0, usize::try_from(open.size()).unwrap_or(usize::MAX)).map(Some)
    }

    /// The same, open to be read piece by piece.
    ///
    /// # Errors
    /// As for [`Store::read_now`].
    pub fn open_now(&self, id: &str, derived: Option<&str>) -> Result<Option<Arc<OpenPayload>>> {
        let (reading, derived) = (Reading::default(), derived.map(str::to_owned));
        wait(|ticket| self.open_payload(&reading, id.to_owned(), derived, None, ticket))?;
        Ok(reading.get())
    }
}

impl Transaction<'_> {
    /// Stores bytes and their row as a part of the transaction, and waits; gives the row.
    ///
    /// # Errors
    /// Those of the disk and of creating the row.
    pub fn put(&self, bytes: Bytes, made: Use) -> Result<String> {
        wait(|ticket| self.store.put(bytes, made, Some(self.number), ticket))
            .map(Settled::into_json)
    }
}

fn not_open() -> Error {
    Error::new(Code::Io, "the bytes were read before they were open")
}

pub(super) fn arrive(
    harbour: &dyn Harbour,
    bytes: Bytes,
    within: Option<&[PathBuf]>,
) -> Result<Arrived> {
    match bytes {
        Bytes::Memory(bytes) => {
            let mut arriving = harbour.begin()?;
            arriving.append_all(&bytes)?;
            arriving.finish()
        }
        Bytes::File(path) => {
            let source = SourceFile::open(&path, within)?;
            let mut arriving = harbour.begin()?;
            arriving.append_file(source)?;
            arriving.finish()
        }
        Bytes::Stream(stream) => {
            let open = locked(&stream.0).take();
            open.map_or_else(|| harbour.begin(), Ok)?.finish()
        }
    }
}
