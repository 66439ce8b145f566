//! The command line, as `bin/quilltap-store.js` calls it.

use napi::bindgen_prelude::Function;
use napi_derive::napi;

use crate::cli::{self, Surroundings};

/// Runs a command and waits for its end, on the JavaScript thread, for the process has nothing else to
/// do; gives the exit code. `runtime` is what
/// runs it (`node 20.20.2`), `compose` gives the composed form (NFC) of a text.
#[napi(catch_unwind)]
pub(crate) fn run_command_line(
    arguments: Vec<String>,
    runtime: String,
    compose: Function<'_, String, String>,
) -> u32 {
    let compose = |text: &str| compose.call(text.to_owned()).unwrap_or_else(|_| text.to_owned());
    cli::run(arguments, &Surroundings { runtime: &runtime, compose: &compose }).into()
}
