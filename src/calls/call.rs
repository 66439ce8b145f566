//! What a call is: its name, its types, its sentence and its function.

use super::args::Args;
use super::reply::Reply;
use super::step::Step;
use crate::catalogue::ModelId;
use crate::engine::{Tx, View};
use crate::error::Result;

/// A call that only reads.
pub(crate) type ReadFn = fn(&View<'_>, ModelId, &Args<'_>) -> Result<Reply>;
/// A call that changes something.
pub(crate) type WriteFn = fn(&mut Tx<'_>, ModelId, &Args<'_>) -> Result<Reply>;
/// The first look of a call that takes long.
pub(crate) type SlowFn = fn(&View<'_>, ModelId, &Args<'_>) -> Result<Step>;
/// A call from bytes to bytes.
pub(crate) type BytesFn = fn(&View<'_>, &Args<'_>, &[u8]) -> Result<Vec<u8>>;

/// What a call does.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    Read(ReadFn),
    Write(WriteFn),
    Slow(SlowFn),
    Bytes(BytesFn),
    /// A payload goes in or out, by the way that the store has for it; the name says which.
    Payload,
}

/// One call, as it is declared.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// TypeScript parameters; `$` stands for the model's name.
    pub(crate) params: &'static str,
    /// TypeScript result, without the promise.
    pub(crate) result: &'static str,
    /// One sentence for the documentation.
    pub(crate) doc: &'static str,
    pub(crate) run: Run,
    /// Does it take or give a clear text? Then nothing of it is remembered or repeated.
    pub(crate) secret: bool,
}

impl Call {
    /// It takes or gives a clear text.
    pub(crate) const fn secret(mut self) -> Call {
        self.secret = true;
        self
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self.run {
            Run::Read(_) if self.secret => "secret",
            Run::Read(_) => "read",
            Run::Write(_) => "write",
            Run::Slow(_) => "slow",
            Run::Bytes(_) => "bytes",
            Run::Payload => "payload",
        }
    }
}

/// Declares a call that only reads.
pub(crate) const fn read(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    doc: &'static str,
    run: ReadFn,
) -> Call {
    Call { name, params, result, doc, run: Run::Read(run), secret: false }
}

/// Declares a call that changes something.
pub(crate) const fn write(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    doc: &'static str,
    run: WriteFn,
) -> Call {
    Call { name, params, result, doc, run: Run::Write(run), secret: false }
}

/// Declares a call that takes long; only secrets do.
pub(crate) const fn slow(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    doc: &'static str,
    run: SlowFn,
) -> Call {
    Call { name, params, result, doc, run: Run::Slow(run), secret: true }
}

/// Declares a call from bytes, its first argument, to bytes; only secrets are.
pub(crate) const fn bytes(
    name: &'static str,
    params: &'static str,
    doc: &'static str,
    run: BytesFn,
) -> Call {
    Call { name, params, result: "Uint8Array", doc, run: Run::Bytes(run), secret: true }
}

/// Declares a call that brings a payload in or out.
pub(crate) const fn payload(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    doc: &'static str,
) -> Call {
    Call { name, params, result, doc, run: Run::Payload, secret: false }
}
