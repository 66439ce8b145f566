//! Moving in and out, as calls: what is asked comes as JSON text, and whoever waits asks how far it has come.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::apart::Apart;
use crate::dual::{self, verify_recorded};
use crate::error::{Code, Error, Result};
use crate::progress::{Progress, Unit, given_up};
use crate::store::{DatabaseOptions, Options, Secret, Store, is_address};
use crate::sync::locked;
use crate::transfer::{self, Copy, Format, Import, Meeting, Reseal, Source};

/// How far some work has come, and whether it is to go on.
#[derive(Default)]
struct Meter {
    part: Mutex<Option<(String, Unit, Option<u64>)>>,
    done: AtomicU64,
    is_given_up: AtomicBool,
    /// Was it followed for long enough?
    is_enough: AtomicBool,
}

impl Progress for Meter {
    fn begin(&self, what: &str, unit: Unit, total: Option<u64>) {
        *locked(&self.part) = Some((what.to_owned(), unit, total));
        self.done.store(0, Ordering::Relaxed);
    }

    fn advance(&self, steps: u64) -> Result<()> {
        self.done.fetch_add(steps, Ordering::Relaxed);
        if self.is_given_up.load(Ordering::Relaxed) { Err(given_up()) } else { Ok(()) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    data_dir: PathBuf,
    trust_shared_folder: bool,
    source: Option<String>,
    public_dir: Option<PathBuf>,
    existing: Option<String>,
    #[serde(default)]
    dry_run: bool,
    file: Option<PathBuf>,
    format: Option<String>,
    #[serde(default)]
    replace: bool,
    from: Option<String>,
    to: Option<String>,
    payloads: Option<String>,
    #[serde(default)]
    follows: bool,
}

impl Asked {
    fn of(text: &str) -> Result<Asked> {
        serde_json::from_str(text).map_err(|error| Error::new(Code::Validation, error.to_string()))
    }

    fn options(&self) -> Options {
        let trust_shared_folder = self.trust_shared_folder;
        Options { trust_shared_folder, ..Options::new(&self.data_dir) }
    }

    /// The options of a store by its folder, or by the address of its database.
    fn options_of(&self, place: &str) -> Options {
        let payloads = self.payloads.clone();
        let database =
            is_address(place).then(|| DatabaseOptions { payloads, ..DatabaseOptions::new(place) });
        Options { database, data_dir: PathBuf::from(place), ..self.options() }
    }

    fn copy(&self) -> Copy {
        let [from, to] = [&self.from, &self.to]
            .map(|place| self.options_of(place.as_deref().unwrap_or_default()));
        Copy { from, to, existing: self.existing() }
    }

    fn existing(&self) -> Meeting {
        match self.existing.as_deref() {
            Some("keep") => Meeting::Keep,
            Some("replace") => Meeting::Replace,
            _ => Meeting::Refuse,
        }
    }

    fn source(&self) -> Source {
        Source::of(self.source.as_deref().unwrap_or_default())
    }

    fn import(&self, reseal: Option<Reseal>) -> Import {
        Import {
            source: self.source(),
            options: self.options(),
            public_dir: self.public_dir.clone(),
            existing: self.existing(),
            reseal,
            dry_run: self.dry_run,
        }
    }
}

fn text(answer: &impl Serialize) -> Result<String> {
    serde_json::to_string(answer).map_err(|error| Error::new(Code::Io, error.to_string()))
}

/// Some work that takes long, and how far it has come.
#[napi]
#[derive(Default)]
pub struct NativeTransfer {
    meter: Arc<Meter>,
}

#[napi]
impl NativeTransfer {
    /// Nothing has begun.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> NativeTransfer {
        NativeTransfer::default()
    }

    /// How far it has come, as JSON text; nothing where nothing has begun.
    #[napi(catch_unwind)]
    pub fn progress(&self) -> Option<String> {
        let (what, unit, total) = locked(&self.meter.part).clone()?;
        let done = self.meter.done.load(Ordering::Relaxed);
        let unit = if unit == Unit::Bytes { "bytes" } else { "things" };
        Some(json!({ "what": what, "unit": unit, "done": done, "total": total }).to_string())
    }

    /// Lets the work be given up.
    #[napi(catch_unwind)]
    pub fn give_up(&self) {
        self.meter.is_given_up.store(true, Ordering::Relaxed);
    }

    /// Imports a source; secrets are sealed anew where there is a pepper.
    #[napi(catch_unwind, ts_return_type = "Promise<string>")]
    pub fn import(
        &self,
        asked: String,
        pepper: Option<&[u8]>,
        passphrase: Option<&[u8]>,
    ) -> AsyncTask<Apart> {
        let secrets = pepper.map(Secret::copy_of).zip(passphrase.map(Secret::copy_of));
        let reseal = secrets.map(|(pepper, passphrase)| Reseal { pepper, passphrase });
        self.work(asked, move |asked, meter| text(&transfer::import(&asked.import(reseal), meter)?))
    }

    /// Compares a source with the store.
    #[napi(catch_unwind, ts_return_type = "Promise<string>")]
    pub fn verify(&self, asked: String) -> AsyncTask<Apart> {
        self.work(asked, |asked, meter| {
            let store = Store::open(asked.options())?;
            let verified = verify_recorded(&asked.data_dir, &asked.source(), &store, meter)?;
            store.close()?;
            text(&verified.0)
        })
    }

    /// Writes every row into a new file.
    #[napi(catch_unwind, ts_return_type = "Promise<string>")]
    pub fn export(&self, asked: String) -> AsyncTask<Apart> {
        self.work(asked, |asked, meter| {
            let format = match asked.format.as_deref() {
                Some("ndjson") => Format::Ndjson,
                _ => Format::Postgres { replace: asked.replace },
            };
            let store = Store::open(asked.options())?;
            let file = asked.file.clone().unwrap_or_default();
            let exported = transfer::export_to(&store, format, &file, meter)?;
            store.close()?;
            text(&exported)
        })
    }

    /// Copies a whole store into another one.
    #[napi(catch_unwind, ts_return_type = "Promise<string>")]
    pub fn copy(&self, asked: String) -> AsyncTask<Apart> {
        let meter = Arc::clone(&self.meter);
        let is_enough = move || meter.is_enough.load(Ordering::Relaxed);
        self.work(asked, move |asked, meter| {
            let follow: Option<&dyn Fn() -> bool> = asked.follows.then_some(&is_enough);
            text(&transfer::copy(asked.copy(), follow, meter)?)
        })
    }

    /// Lets following come to its end.
    #[napi(catch_unwind)]
    pub fn follow_no_more(&self) {
        self.meter.is_enough.store(true, Ordering::Relaxed);
    }

    /// Makes everything as it is in the database.
    #[napi(catch_unwind, ts_return_type = "Promise<string>")]
    pub fn repair(&self, asked: String) -> AsyncTask<Apart> {
        self.work(asked, |asked, meter| text(&dual::repair(&asked.import(None), meter)?))
    }
}

impl NativeTransfer {
    fn work(
        &self,
        asked: String,
        work: impl FnOnce(&Asked, &Meter) -> Result<String> + Send + 'static,
    ) -> AsyncTask<Apart> {
        let meter = Arc::clone(&self.meter);
        Apart::task(move || work(&Asked::of(&asked)?, &meter))
    }
}
