//! The command line, as `bin/quilltap-store.js` calls it.

use std::cell::RefCell;

use napi::bindgen_prelude::Function;
use napi_derive::napi;

use crate::cli::{self, Rest, Surroundings};

/// How a command has ended.
#[napi(object)]
pub(crate) struct CommandEnded {
    /// Its exit code.
    pub code: u32,
    /// The studio that is to be served now.
    pub studio: Option<StudioToServe>,
}

/// The studio that somebody asked for.
#[napi(object)]
pub(crate) struct StudioToServe {
    pub data_dir: String,
    /// 0 for a free one.
    pub port: u16,
    /// May the page change records?
    pub write: bool,
    /// Is a browser to be opened?
    pub open: bool,
    pub trust_shared_folder: bool,
    /// Is the address wanted as JSON?
    pub json: bool,
}

/// Runs a command and waits for its end, on the JavaScript thread, for the process has nothing else to
/// do; gives the exit code, and what is still to be done. `runtime` is what runs it (`node 20.20.2`),
/// `compose` gives the composed form (NFC) of a text.
#[napi(catch_unwind)]
pub(crate) fn run_command_line(
    arguments: Vec<String>,
    runtime: String,
    compose: Function<'_, String, String>,
) -> CommandEnded {
    let compose = |text: &str| compose.call(text.to_owned()).unwrap_or_else(|_| text.to_owned());
    let rest = RefCell::new(None);
    let around = Surroundings { runtime: &runtime, compose: &compose, rest: &rest };
    let code = cli::run(arguments, &around).into();
    let studio = rest.into_inner().map(|Rest::Studio(studio)| StudioToServe {
        data_dir: studio.data_dir.to_string_lossy().into_owned(),
        port: studio.port,
        write: studio.write,
        open: studio.open,
        trust_shared_folder: studio.trust_shared_folder,
        json: studio.json,
    });
    CommandEnded { code, studio }
}
