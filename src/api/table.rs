//! The table of all calls, from which everything else follows: the methods in JavaScript, the
//! types, the documentation.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use zeroize::Zeroize;

use super::REPOSITORIES;
use crate::calls::{Answer, Args, Call, Narrows, Run, Step, Type};
use crate::catalogue::{Catalogue, Declaration, Model, ModelId, Place};
use crate::crypto::Secret;
use crate::engine::{Fingerprint, Tx, View};
use crate::error::{Code, Error, Result};
use crate::json::Object;
use crate::repos::{generic, logs};

/// Whose records a call is about.
pub(crate) enum Of {
    /// Those of a built-in model.
    Model(ModelId),
    /// Those of a declared collection, whose number each folder gives.
    Collection(String),
    /// Those of the collection that the caller names behind the arguments.
    Named,
}

impl Of {
    /// The model, where it is built in.
    fn built_in(&self) -> Option<ModelId> {
        match self {
            Of::Model(model) => Some(*model),
            Of::Collection(_) | Of::Named => None,
        }
    }

    fn model(&self, catalogue: &Catalogue, args: &Args) -> Result<ModelId> {
        let name = match self {
            Of::Model(model) => return Ok(*model),
            Of::Collection(name) => name,
            Of::Named => args.said(COLLECTION).unwrap_or_default(),
        };
        catalogue.by_collection(name).ok_or_else(|| {
            let message = format!("this store has no collection {name}; declare it");
            Error::new(Code::Validation, message)
        })
    }
}

/// Says behind the arguments which collection a call of [`BROUGHT`] is about.
const COLLECTION: &str = "collection";
/// The calls on collections that come to a store after it was made; no collection can have this name.
const BROUGHT: &str = "brought-collections";

/// One call of one repository.
pub(crate) struct Entry {
    pub(crate) repository: String,
    pub(crate) of: Of,
    pub(crate) call: Call,
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
        for call in generic::CALLS {
            calls.add(BROUGHT, Of::Named, *call);
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
        self.entries.push(Entry { repository: repository.to_owned(), of, call });
    }

    /// All calls, in their order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The table for JavaScript: `[{"repository":"characters","name":"findById","kind":"read",
    /// "params":1}, …]`, and what else is said of a call.
    pub fn json(&self) -> String {
        Value::from_iter(self.entries.iter().map(Entry::told)).to_string()
    }

    /// The names of the calls on each of the declared collections, as JSON: `{"notes":["findById", …]}`.
    pub(super) fn of_collections(&self) -> String {
        let mut told = Object::new();
        for entry in &self.entries {
            let Of::Collection(name) = &entry.of else { continue };
            let names = told.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            names.as_array_mut().into_iter().for_each(|names| names.push(entry.call.name.into()));
        }
        Value::Object(told).to_string()
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

    /// The repositories whose records can be asked for by `findMany`, each with its model where that is
    /// built in.
    pub(crate) fn repositories(&self) -> impl Iterator<Item = (&str, Option<ModelId>)> {
        let asked = self
            .entries
            .iter()
            .filter(|entry| entry.call.name == "findMany" && entry.repository != BROUGHT);
        asked.map(|entry| (entry.repository.as_str(), entry.of.built_in()))
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
        let reply = run(view, entry.of.model(view.catalogue(), &args)?, &args)?;
        reply.into_answer(known, |bytes| view.may_answer(bytes))
    }

    /// Makes a call, reading or writing, in a transaction.
    ///
    /// # Errors
    /// Those of the call; `VALIDATION` for a call that is none.
    pub fn any(&self, number: usize, tx: &mut Tx<'_>, args: &str) -> Result<String> {
        let entry = self.entry(number)?;
        let args = entry.args(args, None)?;
        let model = entry.of.model(tx.view().catalogue(), &args)?;
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
        run(view, entry.of.model(view.catalogue(), &args)?, &args)
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
    fn told(&self) -> Value {
        let Call { name, params, how, dates, .. } = self.call;
        let mut told = json!({
            "repository": self.repository, "name": name,
            "kind": self.call.kind(), "params": params.len(),
        });
        let place = |takes: Type| params.iter().position(|param| param.takes == takes);
        if let Some(at) = place(Type::Passphrase) {
            told["passphrase"] = at.into();
        }
        for (at, param) in params.iter().enumerate() {
            match param.narrows {
                Narrows::Nothing => {}
                Narrows::Whole => told["narrows"] = json!([at]),
                Narrows::Key(key) => told["narrows"] = json!([at, key]),
            }
        }
        for (key, names) in [("how", how), ("dates", dates)] {
            if !names.is_empty() {
                told[key] = names.into();
            }
        }
        told
    }

    fn args(&self, text: &str, passphrase: Option<Secret>) -> Result<Args> {
        Args::parse(self.call.params, text, self.call.secret, passphrase)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Param;
    use crate::json;

    /// What JSON a type takes, as `json::kind` calls it; nothing where it is not looked at.
    fn takes(takes: &Type) -> &'static [&'static str] {
        match takes {
            Type::Text | Type::Word(..) | Type::Passphrase => &["a string"],
            Type::Number | Type::Count => &["a number"],
            Type::TextOrNumber => &["a string", "a number"],
            Type::Flag => &["a boolean"],
            Type::List(_) => &["an array"],
            Type::OneOrMany(_) => &["a string", "an array"],
            Type::Any | Type::Bytes | Type::OrNull(_) => &[],
            Type::Model(..) | Type::Keys(_) | Type::Named(_) | Type::Generic(..) => &["an object"],
        }
    }

    fn right(param: &Param) -> Value {
        match param.takes {
            Type::Keys(keys) => {
                keys.keys.iter().map(|key| (key.name.to_owned(), right(key))).collect()
            }
            _ => match takes(&param.takes).first() {
                Some(&"a string") => json!("x"),
                Some(&"a number") => json!(1),
                Some(&"a boolean") => json!(true),
                Some(&"an array") => json!([]),
                Some(&"an object") => json!({}),
                _ => json!(null),
            },
        }
    }

    fn refused(entry: &Entry, args: &[Value], path: &str) {
        let text = json!(args).to_string();
        let place = format!("{}.{}{text}", entry.repository, entry.call.name);
        let error = entry.args(&text, None).err().unwrap_or_else(|| panic!("{place} is taken"));
        assert_eq!(error.code(), Code::Validation, "{place}");
        assert_eq!(error.all_issues().len(), 1, "{place}: {error}");
        assert_eq!(error.all_issues()[0].path, path, "{place}");
    }

    /// Puts every value of a wrong type in the place of a parameter, and of each of its keys.
    fn try_all(entry: &Entry, param: &Param, path: &str, with: &dyn Fn(Value) -> Vec<Value>) {
        let kinds = [json!(true), json!(7), json!("x"), json!([]), json!({})];
        let wanted = takes(&param.takes);
        let wrong = |value: &&Value| !wanted.is_empty() && !wanted.contains(&json::kind(value));
        kinds.iter().filter(wrong).for_each(|value| refused(entry, &with(value.clone()), path));
        if param.narrows == Narrows::Whole {
            refused(entry, &with(Value::Null), path);
        }
        if let Type::List(_) | Type::OneOrMany(_) = param.takes {
            refused(entry, &with(json!([7])), &format!("{path}[0]"));
        }
        let Type::Keys(keys) = param.takes else { return };
        for key in keys.keys {
            let inside = |value: Value| {
                let mut object = right(param);
                object[key.name] = value;
                with(object)
            };
            try_all(entry, key, key.name, &inside);
        }
    }

    #[test]
    fn every_argument_of_a_wrong_type_is_refused_by_its_place() {
        let calls = Calls::of(&Declaration::default()).expect("sound");
        for entry in calls.entries() {
            let all: Vec<Value> = entry.call.params.iter().map(right).collect();
            assert!(entry.args(&json!(all).to_string(), None).is_ok(), "{}", entry.call.name);
            for (at, param) in entry.call.params.iter().enumerate() {
                let with = |value: Value| {
                    let mut args = all.clone();
                    args[at] = value;
                    args
                };
                try_all(entry, param, param.name, &with);
            }
        }
    }

    #[test]
    fn what_is_private_is_not_repeated() {
        let calls = Calls::of(&Declaration::default()).expect("sound");
        let number = calls.number_of("auth.getSessionAndUser").expect("a call");
        let error = calls.entries()[number].args(r#"[["hunter2"]]"#, None).err().expect("refused");
        assert_eq!(error.all_issues()[0].received, "an array");
    }
}
