//! The table of all calls, from which everything else follows: the methods in JavaScript, the
//! types, the documentation.

use std::sync::OnceLock;

use serde_json::json;

use super::args::Args;
use super::param::Param;
use super::reply::Reply;
use super::{REPOSITORIES, Repository, generic};
use crate::catalogue::{Catalogue, ModelId};
use crate::engine::{Tx, View};
use crate::error::{Code, Error, Result};

/// A call that only reads.
pub(crate) type ReadFn = fn(&View<'_>, ModelId, &Args<'_>) -> Result<Reply>;
/// A call that changes something.
pub(crate) type WriteFn = fn(&mut Tx<'_>, ModelId, &Args<'_>) -> Result<Reply>;

/// What a call does.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    Read(ReadFn),
    Write(WriteFn),
    /// Bytes go in or out, by the way that the store has for them; the name says which.
    Bytes,
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
}

/// Declares a call that only reads.
pub(crate) const fn read(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    doc: &'static str,
    run: ReadFn,
) -> Call {
    Call { name, params, result, doc, run: Run::Read(run) }
}

/// Declares a call that changes something.
pub(crate) const fn write(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    doc: &'static str,
    run: WriteFn,
) -> Call {
    Call { name, params, result, doc, run: Run::Write(run) }
}

/// Declares a call that takes or gives bytes.
pub(crate) const fn bytes(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    doc: &'static str,
) -> Call {
    Call { name, params, result, doc, run: Run::Bytes }
}

/// One call of one repository.
pub(crate) struct Entry {
    pub(crate) repository: &'static Repository,
    pub(crate) call: Call,
    params: Vec<Param>,
}

/// All calls; a call's number is its place.
pub(crate) fn table() -> &'static [Entry] {
    static TABLE: OnceLock<Vec<Entry>> = OnceLock::new();
    TABLE.get_or_init(build)
}

fn build() -> Vec<Entry> {
    let catalogue = Catalogue::builtin();
    let mut entries = Vec::new();
    for repository in REPOSITORIES {
        let own = |name: &str| repository.calls.iter().any(|call| call.name == name);
        let shared = generic::CALLS.iter().filter(|call| {
            repository.generic
                && !own(call.name)
                && generic::applies(call, &catalogue, repository.model)
        });
        for call in shared.chain(repository.calls) {
            entries.push(Entry { repository, call: *call, params: Param::all(call.params) });
        }
    }
    entries
}

/// The table for JavaScript: `[{"repository":"characters","name":"findById","kind":"read"}, …]`.
pub fn table_json() -> String {
    let entries = table().iter().map(|entry| {
        let kind = match entry.call.run {
            Run::Read(_) => "read",
            Run::Write(_) => "write",
            Run::Bytes => "bytes",
        };
        json!({ "repository": entry.repository.name, "name": entry.call.name, "kind": kind })
    });
    serde_json::Value::from_iter(entries).to_string()
}

fn is_write_call(call: &Call) -> bool {
    matches!(call.run, Run::Write(_))
}

/// Does the call with this number change something?
pub fn is_write(number: usize) -> bool {
    table().get(number).is_some_and(|entry| is_write_call(&entry.call))
}

/// The number of a call by its name: `characters.findById`.
pub fn number_of(name: &str) -> Option<usize> {
    let (repository, call) = name.split_once('.')?;
    table().iter().position(|e| e.repository.name == repository && e.call.name == call)
}

fn entry(number: usize) -> Result<&'static Entry> {
    let none = || Error::new(Code::Validation, format!("there is no call number {number}"));
    table().get(number).ok_or_else(none)
}

/// Answers a reading call.
///
/// # Errors
/// Those of the call; `VALIDATION` for a call that is none, or that writes.
pub fn read_call(number: usize, view: &View<'_>, args: &str) -> Result<String> {
    let entry = entry(number)?;
    let Run::Read(run) = entry.call.run else {
        let message = format!("{} is no call that only reads records", entry.call.name);
        return Err(Error::new(Code::Validation, message));
    };
    let args = Args::parse(&entry.params, args)?;
    Ok(run(view, entry.repository.model, &args)?.into_text())
}

/// Makes a call, reading or writing, in a transaction.
///
/// # Errors
/// Those of the call; `VALIDATION` for a call that is none.
pub fn any_call(number: usize, tx: &mut Tx<'_>, args: &str) -> Result<String> {
    let entry = entry(number)?;
    let args = Args::parse(&entry.params, args)?;
    let reply = match entry.call.run {
        Run::Read(run) => run(&tx.view(), entry.repository.model, &args)?,
        Run::Write(run) => run(tx, entry.repository.model, &args)?,
        Run::Bytes => {
            let message = format!("{} takes or gives bytes, not JSON", entry.call.name);
            return Err(Error::new(Code::Validation, message));
        }
    };
    Ok(reply.into_text())
}
