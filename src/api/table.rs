//! The table of all calls, from which everything else follows: the methods in JavaScript, the
//! types, the documentation.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde_json::json;
use zeroize::Zeroize;

use super::REPOSITORIES;
use crate::calls::{Answer, Args, Call, Param, Run, Step};
use crate::catalogue::{Catalogue, Declaration, Model, ModelId, Place};
use crate::crypto::Secret;
use crate::engine::{Fingerprint, Tx, View};
use crate::error::{Code, Error, Result};
use crate::repos::{generic, logs};

/// Whose records a call is about.
pub(crate) enum Of {
    /// Those of a built-in model.
    Model(ModelId),
    /// Those of a declared collection, whose number each folder gives.
    Collection(String),
}

impl Of {
    fn model(&self, catalogue: &Catalogue) -> Result<ModelId> {
        match self {
            Of::Model(model) => Ok(*model),
            Of::Collection(name) => catalogue.by_collection(name).ok_or_else(|| {
                let message = format!("this store has no collection {name}; declare it");
                Error::new(Code::Validation, message)
            }),
        }
    }
}

/// One call of one repository.
pub(crate) struct Entry {
    pub(crate) repository: String,
    pub(crate) of: Of,
    pub(crate) call: Call,
    params: Vec<Param>,
}

/// The text of a call's arguments.
pub struct Guarded {
    text: String,
    secret: bool,
}

impl Deref for Guarded {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.secret {
            self.text.zeroize();
        }
    }
}

/// All calls on a store; a call's number is its place.
pub struct Calls {
    entries: Vec<Entry>,
}

impl Calls {
    /// The calls of the built-in repositories and of the declared collections.
    ///
    /// # Errors
    /// `VALIDATION` when the declaration has a fault.
    pub fn of(declaration: &Declaration) -> Result<Arc<Calls>> {
        static BUILT_IN: OnceLock<Arc<Calls>> = OnceLock::new();
        if !declaration.is_empty() {
            return Calls::build(declaration).map(Arc::new);
        }
        if let Some(calls) = BUILT_IN.get() {
            return Ok(Arc::clone(calls));
        }
        let calls = Arc::new(Calls::build(declaration)?);
        Ok(Arc::clone(BUILT_IN.get_or_init(|| calls)))
    }

    fn build(declaration: &Declaration) -> Result<Calls> {
        let declared = Catalogue::declared(declaration);
        let catalogue = declared.map_err(|faults| Error::validation("Collections", faults))?;
        let mut calls = Calls { entries: Vec::new() };
        for repository in REPOSITORIES {
            let own = |name: &str| repository.calls.iter().any(|call| call.name == name);
            let shared = generic::CALLS.iter().filter(|call| {
                repository.generic
                    && !own(call.name)
                    && generic::applies(call, &catalogue, repository.model)
            });
            for call in shared.chain(repository.calls) {
                let call = hiding(*call, catalogue.model(repository.model));
                calls.add(repository.name, Of::Model(repository.model), call);
            }
        }
        for name in declaration.collections() {
            let Some(model) = catalogue.by_collection(name) else { continue };
            let is_log = matches!(catalogue.model(model).place, Place::Log { .. });
            let shared = if is_log { logs::CALLS } else { generic::CALLS };
            for call in shared.iter().filter(|call| generic::applies(call, &catalogue, model)) {
                let call = hiding(*call, catalogue.model(model));
                calls.add(name, Of::Collection(name.to_owned()), call);
            }
        }
        Ok(calls)
    }

    fn add(&mut self, repository: &str, of: Of, call: Call) {
        let params = Param::all(call.params);
        self.entries.push(Entry { repository: repository.to_owned(), of, call, params });
    }

    /// All calls, in their order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The table for JavaScript: `[{"repository":"characters","name":"findById","kind":"read"}, …]`.
    pub fn json(&self) -> String {
        let entries = self.entries.iter().map(|entry| {
            let mut told = json!({
                "repository": entry.repository, "name": entry.call.name,
                "kind": entry.call.kind(), "params": entry.params.len(),
            });
            if let Some(at) = Param::passphrase(&entry.params) {
                told["passphrase"] = at.into();
            }
            told
        });
        serde_json::Value::from_iter(entries).to_string()
    }

    /// Does the call with this number change something?
    pub fn is_write(&self, number: usize) -> bool {
        let run = self.entries.get(number).map(|entry| entry.call.run);
        matches!(run, Some(Run::Write(_)))
    }

    /// The text of a call's arguments, which is wiped when it goes where clear texts stand in it.
    pub fn guarded(&self, number: usize, text: String) -> Guarded {
        let secret = self.entries.get(number).is_some_and(|entry| entry.call.secret);
        Guarded { text, secret }
    }

    /// Does the call with this number take long?
    pub fn is_slow(&self, number: usize) -> bool {
        let run = self.entries.get(number).map(|entry| entry.call.run);
        matches!(run, Some(Run::Slow(_)))
    }

    /// The number of a call by its name: `characters.findById`.
    pub fn number_of(&self, name: &str) -> Option<usize> {
        let (repository, call) = name.split_once('.')?;
        self.entries.iter().position(|e| e.repository == repository && e.call.name == call)
    }

    fn entry(&self, number: usize) -> Result<&Entry> {
        let none = || Error::new(Code::Validation, format!("there is no call number {number}"));
        self.entries.get(number).ok_or_else(none)
    }

    /// Answers a reading call, for a caller who may have the answer with the fingerprint `known`.
    ///
    /// # Errors
    /// Those of the call; `VALIDATION` for a call that is none, or that writes.
    pub fn read(
        &self,
        number: usize,
        view: &View<'_>,
        args: &str,
        known: Option<Fingerprint>,
    ) -> Result<Answer> {
        let entry = self.entry(number)?;
        let Run::Read(run) = entry.call.run else { return Err(otherwise(entry)) };
        let args = entry.args(args, None)?;
        known.into_iter().for_each(|print| view.expect(print));
        Ok(run(view, entry.of.model(view.catalogue())?, &args)?.into_answer(known))
    }

    /// Makes a call, reading or writing, in a transaction.
    ///
    /// # Errors
    /// Those of the call; `VALIDATION` for a call that is none.
    pub fn any(&self, number: usize, tx: &mut Tx<'_>, args: &str) -> Result<String> {
        let entry = self.entry(number)?;
        let args = entry.args(args, None)?;
        let model = entry.of.model(tx.view().catalogue())?;
        let reply = match entry.call.run {
            Run::Read(run) => run(&tx.view(), model, &args)?,
            Run::Write(run) => run(tx, model, &args)?,
            Run::Slow(_) | Run::Bytes(_) | Run::Payload => return Err(otherwise(entry)),
        };
        Ok(reply.into_text())
    }

    /// The first step of a call that takes long; `passphrase` is given apart from the arguments.
    ///
    /// # Errors
    /// Those of the call; `VALIDATION` for a call that is none, or of another kind.
    pub(crate) fn first_step(
        &self,
        number: usize,
        view: &View<'_>,
        args: &str,
        passphrase: Option<Secret>,
    ) -> Result<Step> {
        let entry = self.entry(number)?;
        let Run::Slow(run) = entry.call.run else { return Err(otherwise(entry)) };
        let args = entry.args(args, passphrase)?;
        run(view, entry.of.model(view.catalogue())?, &args)
    }

    /// Makes a call from bytes to bytes.
    ///
    /// # Errors
    /// Those of the call; `VALIDATION` for a call that is none, or of another kind.
    pub fn bytes(
        &self,
        number: usize,
        view: &View<'_>,
        args: &str,
        data: &[u8],
    ) -> Result<Vec<u8>> {
        let entry = self.entry(number)?;
        let Run::Bytes(run) = entry.call.run else { return Err(otherwise(entry)) };
        run(view, &entry.args(args, None)?, data)
    }
}

impl Entry {
    fn args(&self, text: &str, passphrase: Option<Secret>) -> Result<Args<'_>> {
        Args::parse(&self.params, text, self.call.secret, passphrase)
    }
}

/// What changes a record with secret fields takes clear texts.
fn hiding(call: Call, model: &Model) -> Call {
    let takes = matches!(call.run, Run::Write(_)) && model.has_secrets();
    if takes { call.secret() } else { call }
}

fn otherwise(entry: &Entry) -> Error {
    let message = format!("{} is a call of kind {}", entry.call.name, entry.call.kind());
    Error::new(Code::Validation, message)
}
