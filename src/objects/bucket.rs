//! A bucket of a server that speaks S3's protocol, as the usual variables of the environment (`AWS_…`) say that it is reached.

use std::future::Future;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{
    BackoffConfig, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::http::Http;
use crate::error::{Code, Error, Result};

/// One request may take so long, with all that it is tried again.
const PATIENCE: Duration = Duration::from_secs(120);

/// What fails on the way, or within the server, is tried again so often: for some seconds.
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.,
    },
    max_retries: 5,
    retry_timeout: Duration::from_secs(30),
};

/// A bucket.
pub(crate) struct Bucket {
    name: String,
    store: Box<dyn ObjectStore>,
    /// Whoever waits for an answer drives it, for all others too.
    runtime: Runtime,
}

type Asked<T> = std::result::Result<T, object_store::Error>;

impl Bucket {
    /// The bucket of a name; nothing is asked yet.
    ///
    /// # Errors
    /// `IO` where what the environment says is no use.
    pub(crate) fn open(name: &str) -> Result<Bucket> {
        let failed = |error: &dyn std::fmt::Display| {
            let message = format!("cannot use the object storage of s3://{name}: {error}");
            Error::new(Code::Io, message)
        };
        let trusted = std::env::var("AWS_CA_BUNDLE").ok().filter(|file| !file.is_empty());
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_retry(RETRY)
            .with_http_connector(Http::new(trusted.as_deref())?)
            .build()
            .map_err(|error| failed(&error))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        Ok(Bucket { name: name.to_owned(), store: Box::new(store), runtime })
    }

    /// Writes an object.
    ///
    /// # Errors
    /// `IO`.
    pub(super) fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let path = self.path(key)?;
        self.wait("write", key, self.store.put(&path, PutPayload::from(bytes))).map(drop)
    }

    /// Writes an object in parts of at least 5 MiB, but for the last; `next` gives them, and an empty one at the end.
    /// It is there once all of it is.
    ///
    /// # Errors
    /// `IO`; those of `next`.
    pub(super) fn put_parts(
        &self,
        key: &str,
        next: &mut dyn FnMut() -> Result<Vec<u8>>,
    ) -> Result<()> {
        let path = self.path(key)?;
        let mut upload = self.wait("write", key, self.store.put_multipart(&path))?;
        let put = self.put_each(key, &mut *upload, next);
        let done = put.and_then(|()| self.wait("write", key, upload.complete()).map(drop));
        if done.is_err() {
            // What cannot be given up now goes by a rule of the bucket's.
            let _ = self.wait("write", key, upload.abort());
        }
        done
    }

    fn put_each(
        &self,
        key: &str,
        upload: &mut dyn MultipartUpload,
        next: &mut dyn FnMut() -> Result<Vec<u8>>,
    ) -> Result<()> {
        loop {
            let part = next()?;
            if part.is_empty() {
                return Ok(());
            }
            self.wait("write", key, upload.put_part(PutPayload::from(part)))?;
        }
    }

    /// How many bytes an object has; none where there is no such object.
    ///
    /// # Errors
    /// `IO`.
    pub(super) fn size(&self, key: &str) -> Result<Option<u64>> {
        let path = self.path(key)?;
        let head = self.wait_for_some("read", key, self.store.head(&path))?;
        Ok(head.map(|head| head.size))
    }

    /// So many bytes of an object from an offset on, fewer only at its end; none where there is no such object.
    ///
    /// # Errors
    /// `IO`.
    pub(super) fn read(&self, key: &str, offset: u64, len: usize) -> Result<Option<Vec<u8>>> {
        let path = self.path(key)?;
        let range = offset..offset.saturating_add(len as u64);
        let read = self.wait_for_some("read", key, self.store.get_range(&path, range))?;
        Ok(read.map(Vec::from))
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// `IO`.
    pub(super) fn remove(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        self.wait_for_some("remove", key, self.store.delete(&path)).map(drop)
    }

    fn path(&self, key: &str) -> Result<Path> {
        Path::parse(key).map_err(|error| self.failed("use", key, &error))
    }

    fn failed(&self, what: &str, key: &str, error: &dyn std::fmt::Display) -> Error {
        let message = format!("cannot {what} s3://{}/{key}: {error}", self.name);
        Error::new(Code::Io, message)
    }

    fn wait<T>(&self, what: &str, key: &str, asked: impl Future<Output = Asked<T>>) -> Result<T> {
        let answer = self.runtime.block_on(async { timeout(PATIENCE, asked).await });
        let late = |_| self.failed(what, key, &format!("no answer within {PATIENCE:?}"));
        answer.map_err(late)?.map_err(|error| self.failed(what, key, &error))
    }

    fn wait_for_some<T>(
        &self,
        what: &str,
        key: &str,
        asked: impl Future<Output = Asked<T>>,
    ) -> Result<Option<T>> {
        self.wait(what, key, async {
            match asked.await {
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                answer => answer.map(Some),
            }
        })
    }
}
