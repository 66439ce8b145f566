//! What takes long and needs no open store, on a thread of Node's pool.

use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Task};
use napi_derive::napi;

use super::lazy::without_panic;
use super::wake::answer_text;
use crate::backup::{self, Restore};
use crate::doctor::{self, Patient};
use crate::error::Result;
use crate::progress::Unheard;
use crate::store::Secret;

/// Some work, until it is done.
pub struct Apart(Option<Box<dyn FnOnce() -> Result<String> + Send>>);

impl Apart {
    pub(super) fn task(work: impl FnOnce() -> Result<String> + Send + 'static) -> AsyncTask<Apart> {
        AsyncTask::new(Apart(Some(Box::new(work))))
    }
}

#[napi]
impl Task for Apart {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> napi::Result<String> {
        let work = self.0.take().ok_or_else(|| napi::Error::from_reason("done already"))?;
        Ok(answer_text(without_panic("apart", work)))
    }

    fn resolve(&mut self, _env: Env, text: String) -> napi::Result<String> {
        Ok(text)
    }
}

/// Restores a backup into a data folder; resolves to an answer's text.
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub(crate) fn restore(
    file: String,
    data_dir: String,
    force: bool,
    dry_run: bool,
) -> AsyncTask<Apart> {
    Apart::task(move || {
        let how = Restore { force, dry_run };
        let done = backup::restore(file.as_ref(), data_dir.as_ref(), how, &Unheard)?;
        Ok(done.json().to_string())
    })
}

/// Looks at a folder and the app around it; resolves to an answer's text.
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub(crate) fn doctor(
    data_dir: String,
    app_dir: String,
    runtime: String,
    trust_shared_folder: bool,
    passphrase: Option<&[u8]>,
) -> AsyncTask<Apart> {
    let patient = Patient {
        database: None,
        data_dir: data_dir.into(),
        app_dir: app_dir.into(),
        passphrase: passphrase.map(Secret::copy_of),
        passphrase_file: None,
        runtime,
        trust_shared_folder,
        pretend: Vec::new(),
    };
    Apart::task(move || Ok(doctor::examine(&patient).json().to_string()))
}

/// The state of a folder at a glance; resolves to an answer's text.
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub(crate) fn folder_state(data_dir: String) -> AsyncTask<Apart> {
    Apart::task(move || Ok(doctor::state(data_dir.as_ref())?.to_string()))
}
