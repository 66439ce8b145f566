//! The bytes of payloads, under the name of the upload that brought them: rows of the database, or an object of a bucket.
//!
//! An upload is no part of the transaction that puts it in its place: that only says which upload a content is in.
//! So what takes long holds up nobody, and is not done again where the transaction is; and who removes an upload that
//! has lost its place never touches the one that somebody has just brought.

use std::sync::{Arc, Mutex};

use hashbrown::HashMap;
use tokio_postgres::Row;

use super::chunks::{Chunks, number};
use super::link::Param;
use super::pool::Pool;
use crate::error::{Code, Error, Result};
use crate::objects::{Address, Bucket, Object};
use crate::sync::locked;

/// Where the bytes of payloads are, and come.
pub(crate) struct Uploads {
    pub(super) pool: Arc<Pool>,
    /// Where new ones come to; into the database unless there is one.
    target: Option<Address>,
    buckets: Mutex<HashMap<String, Arc<Bucket>>>,
}

/// Bytes that have a place. They stay readable for a while after they have lost it.
pub(crate) struct Stored {
    pub(super) upload: String,
    pub(crate) size: u64,
    bytes: Kept,
}

enum Kept {
    Chunks(Chunks),
    Object(Object),
}

impl Uploads {
    /// # Errors
    /// `VALIDATION` for an address of object storage that is none; `IO` where the environment has no use for it.
    pub(super) fn new(pool: Arc<Pool>, payloads: Option<&str>) -> Result<Uploads> {
        let target = payloads.map(Address::of).transpose()?;
        let uploads = Uploads { pool, target, buckets: Mutex::default() };
        if let Some(target) = &uploads.target {
            uploads.bucket(&target.bucket)?;
        }
        Ok(uploads)
    }

    pub(super) fn target(&self) -> Option<&Address> {
        self.target.as_ref()
    }

    fn bucket(&self, name: &str) -> Result<Arc<Bucket>> {
        let mut buckets = locked(&self.buckets);
        if let Some(bucket) = buckets.get(name) {
            return Ok(Arc::clone(bucket));
        }
        let bucket = Arc::new(Bucket::open(name)?);
        buckets.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(bucket)
    }

    /// The object at an address, which has so many bytes.
    ///
    /// # Errors
    /// `IO` where the environment has no use for its bucket.
    pub(super) fn object(&self, address: Address, size: u64) -> Result<Object> {
        Ok(Object::new(self.bucket(&address.bucket)?, address, size))
    }

    /// What an upload has brought.
    ///
    /// # Errors
    /// As for [`Uploads::object`].
    pub(super) fn stored(&self, upload: String, object: Option<&str>, size: u64) -> Result<Stored> {
        let bytes = match object {
            Some(address) => Kept::Object(self.object(Address::of(address)?, size)?),
            None => Kept::Chunks(Chunks::new(Arc::clone(&self.pool), upload.clone())),
        };
        Ok(Stored { upload, size, bytes })
    }

    /// Says that an upload is going to be an object, before there is one: who sweeps goes by that.
    ///
    /// # Errors
    /// `IO` where the database cannot be reached.
    pub(super) fn announce(&self, upload: &str, object: &Address) -> Result<()> {
        let text = "INSERT INTO \".uploads\" (id, object) VALUES ($1, $2)";
        self.ask(text, &[&upload, &object.to_string()]).map(drop)
    }

    /// Says that all of it is there, from when on it waits for its place.
    ///
    /// # Errors
    /// As for [`Uploads::announce`]; `LOCKED` for one that took so long that it was swept.
    pub(super) fn arrived(&self, upload: &str) -> Result<()> {
        let text = "UPDATE \".uploads\" SET at = now() WHERE id = $1 RETURNING id";
        if self.ask(text, &[&upload])?.is_empty() {
            let message = "the bytes took over an hour to arrive; try again";
            return Err(Error::new(Code::Locked, message));
        }
        Ok(())
    }

    /// The upload of a content that is there already, as an object of so many bytes that has not been tampered with
    /// as far as its length tells.
    ///
    /// # Errors
    /// `IO` where the database or the object storage cannot be reached.
    pub(super) fn find(&self, content: &str, size: u64) -> Result<Option<(String, Object)>> {
        // It stays for as long as a new one does, should it lose its place meanwhile.
        let text = "UPDATE \".uploads\" u SET at = now() FROM \".payloads\" p
             WHERE p.content = $1 AND p.name = '' AND p.size = $2 AND u.id = p.upload AND u.object IS NOT NULL
             RETURNING u.id, u.object";
        let rows = self.ask(text, &[&content, &number(size)])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let object = self.object(Address::of(row.get(1))?, size)?;
        Ok(object.is_whole()?.then(|| (row.get(0), object)))
    }

    /// Removes what an upload has brought, which has no place.
    ///
    /// # Errors
    /// As for [`Uploads::announce`].
    pub(super) fn remove(&self, upload: &str) -> Result<()> {
        self.ask(&let_go("u.id = $1"), &[&upload]).map(drop)
    }

    /// Removes what has had no place for so long that nobody reads or places it any more.
    ///
    /// # Errors
    /// `IO` where the database or the object storage cannot be reached.
    pub(super) fn sweep(&self) -> Result<()> {
        self.ask(&let_go("u.at < now() - interval '1 hour'"), &[])?;
        for row in self.ask("SELECT address FROM \".objects\"", &[])? {
            let address: &str = row.get(0);
            self.object(Address::of(address)?, 0)?.remove()?;
            self.ask("DELETE FROM \".objects\" WHERE address = $1", &[&address])?;
        }
        Ok(())
    }

    fn ask(&self, text: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.pool.with(|link| link.ask(None, text, params))
    }
}

/// Lets uploads go that have no place. Nobody can give them one from then on; only then their objects are removed.
fn let_go(which: &str) -> String {
    format!(
        "WITH gone AS (
           DELETE FROM \".uploads\" u WHERE {which}
             AND NOT EXISTS (SELECT 1 FROM \".payloads\" p WHERE p.upload = u.id)
           RETURNING u.object)
         INSERT INTO \".objects\" (address) SELECT object FROM gone WHERE object IS NOT NULL"
    )
}

impl Stored {
    /// Reads at an offset, as many bytes as there are and fit.
    ///
    /// # Errors
    /// `IO` where the database or the object storage cannot be reached.
    pub(crate) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        match &self.bytes {
            Kept::Chunks(chunks) => chunks.read(offset, buffer),
            // What is missing ends what can be read.
            Kept::Object(object) => Ok(object.read(offset, buffer)?.unwrap_or_default()),
        }
    }

    /// The address of its object, where it is one.
    pub(crate) fn object(&self) -> Option<&Address> {
        match &self.bytes {
            Kept::Chunks(_) => None,
            Kept::Object(object) => Some(object.address()),
        }
    }
}
