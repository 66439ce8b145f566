//! What a call is: its name, its types, its sentence and its function.

use super::args::Args;
use super::param::Param;
use super::reply::Reply;
use super::step::Step;
use super::types::Type;
use crate::catalogue::ModelId;
use crate::engine::{Tx, View};
use crate::error::Result;

/// A call that only reads.
pub(crate) type ReadFn = fn(&View<'_>, ModelId, &Args) -> Result<Reply>;
/// A call that changes something.
pub(crate) type WriteFn = fn(&mut Tx<'_>, ModelId, &Args) -> Result<Reply>;
/// The first look of a call that takes long.
pub(crate) type SlowFn = fn(&View<'_>, ModelId, &Args) -> Result<Step>;
/// A call from bytes to bytes.
pub(crate) type BytesFn = fn(&View<'_>, &Args, &[u8]) -> Result<Vec<u8>>;

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
    pub(crate) params: &'static [Param],
    /// What it gives, by a promise.
    pub(crate) result: Type,
    /// One sentence for the documentation.
    pub(crate) doc: &'static str,
    pub(crate) run: Run,
    /// Does it take or give a clear text? Then nothing of it is remembered or repeated.
    pub(crate) secret: bool,
    /// How it may be made besides: flags that the package itself passes behind the arguments, and
    /// that no caller sees.
    pub(crate) how: &'static [&'static str],
    /// The times in its answer, by their paths, that the adapter gives as a `Date`.
    pub(crate) dates: &'static [&'static str],
}

impl Call {
    const fn new(
        name: &'static str,
        params: &'static [Param],
        result: Type,
        doc: &'static str,
        run: Run,
    ) -> Call {
        Call { name, params, result, doc, run, secret: false, how: &[], dates: &[] }
    }

    /// It takes or gives a clear text.
    pub(crate) const fn secret(mut self) -> Call {
        self.secret = true;
        self
    }

    /// The package itself may pass these flags.
    pub(crate) const fn how(mut self, flags: &'static [&'static str]) -> Call {
        self.how = flags;
        self
    }

    /// Its answer holds times, at these paths.
    pub(crate) const fn dates(mut self, paths: &'static [&'static str]) -> Call {
        self.dates = paths;
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
    params: &'static [Param],
    result: Type,
    doc: &'static str,
    run: ReadFn,
) -> Call {
    Call::new(name, params, result, doc, Run::Read(run))
}

/// Declares a call that changes something.
pub(crate) const fn write(
    name: &'static str,
    params: &'static [Param],
    result: Type,
    doc: &'static str,
    run: WriteFn,
) -> Call {
    Call::new(name, params, result, doc, Run::Write(run))
}

/// Declares a call that takes long; only secrets do.
pub(crate) const fn slow(
    name: &'static str,
    params: &'static [Param],
    result: Type,
    doc: &'static str,
    run: SlowFn,
) -> Call {
    Call::new(name, params, result, doc, Run::Slow(run)).secret()
}

/// Declares a call from bytes, its first argument, to bytes; only secrets are.
pub(crate) const fn bytes(
    name: &'static str,
    params: &'static [Param],
    doc: &'static str,
    run: BytesFn,
) -> Call {
    Call::new(name, params, Type::Bytes, doc, Run::Bytes(run)).secret()
}

/// Declares a call that brings a payload in or out.
pub(crate) const fn payload(
    name: &'static str,
    params: &'static [Param],
    result: Type,
    doc: &'static str,
) -> Call {
    Call::new(name, params, result, doc, Run::Payload)
}
