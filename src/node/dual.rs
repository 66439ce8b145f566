//! Dual writing, for `lib/dual/`: questions and answers are texts, on threads of Node's pool.

use std::sync::Arc;

use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use super::apart::Apart;
use super::handle::whole;
use crate::dual::{self, Dual};

/// A client of both sides.
#[napi]
pub struct NativeDual {
    dual: Arc<Dual>,
}

#[napi]
impl NativeDual {
    /// For the store in a folder; nothing is opened yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(data_dir: String) -> NativeDual {
        NativeDual { dual: Arc::new(Dual::new(data_dir.as_ref())) }
    }

    /// Answers a question; resolves to an answer's text.
    #[napi(catch_unwind, ts_return_type = "Promise<string>")]
    pub fn ask(&self, question: String) -> AsyncTask<Apart> {
        let dual = Arc::clone(&self.dual);
        Apart::task(move || dual.ask(&question))
    }

    /// A write begins; null where that would have to wait, and is to be asked.
    #[napi(catch_unwind)]
    pub fn begin(&self, question: String) -> Option<f64> {
        self.dual.begin(&question).map(|op| op as f64)
    }

    /// The primary has answered an operation.
    #[napi(catch_unwind)]
    pub fn answered(&self, op: f64) {
        self.dual.answered(whole(op));
    }

    /// The moment at which a read begins, as JSON text.
    #[napi(catch_unwind)]
    pub fn moment(&self) -> String {
        self.dual.moment()
    }
}

/// What must be known of the tables to make ids and times, as JSON text.
#[napi(catch_unwind)]
pub(crate) fn dual_tables() -> String {
    dual::tables().to_string()
}

/// How far both sides agree, for the store in a folder; resolves to an answer's text.
#[napi(catch_unwind, ts_return_type = "Promise<string>")]
pub(crate) fn dual_status(data_dir: String) -> AsyncTask<Apart> {
    Apart::task(move || {
        let status = dual::status(data_dir.as_ref())?;
        Ok(serde_json::to_string(&status).unwrap_or_default())
    })
}
