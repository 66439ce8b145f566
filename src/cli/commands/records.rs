//! `ls`, `get` and `query`: records as JSON, for `jq`.

use std::io::Read;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::cli::arguments::{Get, Ls, Query, Shared};
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::folder;
use crate::cli::output::Output;
use crate::error::{Code, Error};
use crate::json;
use crate::store::Store;

const MESSAGES: &str = "messages";

/// The repository that is meant by its name or its model's, in any case.
fn repository(word: &str, store: &Store) -> Ended<String> {
    let all = store.repositories();
    let is_meant = |name: &str| name.eq_ignore_ascii_case(word);
    let by_model = |model: &Option<String>| model.as_deref().is_some_and(is_meant);
    if is_meant(MESSAGES) || is_meant("message") {
        return Ok(MESSAGES.to_owned());
    }
    let found = all.iter().find(|(name, model)| is_meant(name) || by_model(model));
    found.map(|(name, _)| name.clone()).ok_or_else(|| {
        let names: Vec<&str> =
            all.iter().map(|(name, _)| name.as_str()).chain([MESSAGES]).collect();
        Failure::usage(format!("there is no model {word}; there are {}", names.join(", ")))
    })
}

pub(super) fn ls(ls: &Ls, shared: &Shared, output: &Output) -> Ended {
    let store = folder::open_declared(shared, output)?;
    let name = repository(&ls.model, &store)?;
    match (name.as_str(), &ls.chat) {
        (MESSAGES, Some(chat)) => messages(&store, chat, output),
        (MESSAGES, None) => Err(Failure::usage("whose messages? Give --chat ID")),
        (_, Some(_)) => Err(Failure::usage("--chat is for messages alone")),
        (name, None) => list(&store, name, "findAll", &json!([]), output),
    }
}

fn messages(store: &Store, chat: &str, output: &Output) -> Ended {
    let (messages, faults) = store.readable_messages(chat)?;
    store.close()?;
    show(messages.iter().map(|message| &**message), &faults, output)
}

pub(super) fn query(query: &Query, shared: &Shared, output: &Output) -> Ended {
    let asked = if query.question == "-" { standard_input()? } else { query.question.clone() };
    let asked = json::parse(&asked)
        .map_err(|fault| Failure::usage(format!("the query is not JSON: {fault}")))?;
    let store = folder::open_declared(shared, output)?;
    let name = repository(&query.model, &store)?;
    if name == MESSAGES {
        return Err(Failure::usage("messages are no table: list them by `ls messages --chat ID`"));
    }
    list(&store, &name, "findMany", &json!([asked]), output)
}

fn standard_input() -> Ended<String> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}

/// Makes a call of a repository that gives a list, and shows it with what it had to leave out.
fn list(store: &Store, repository: &str, call: &str, args: &Value, output: &Output) -> Ended {
    let answer = store.call(&format!("{repository}.{call}"), &args.to_string())?;
    let faults = store.known_faults(Some(repository));
    store.close()?;
    let records = serde_json::from_str::<Vec<&RawValue>>(&answer).unwrap_or_default();
    show(records.into_iter().map(RawValue::get), &faults, output)
}

/// Writes a line for each record, and tells what could not be read.
fn show<'r>(records: impl Iterator<Item = &'r str>, faults: &[Error], output: &Output) -> Ended {
    for record in records {
        output.line(record)?;
    }
    output.flush()?;
    faults.iter().for_each(|fault| output.fault(fault));
    Ok(Exit::found(!faults.is_empty()))
}

pub(super) fn get(get: &Get, shared: &Shared, output: &Output) -> Ended {
    let store = folder::open_declared(shared, output)?;
    let name = repository(&get.model, &store)?;
    let call =
        if name == MESSAGES { "chats.findMessage".to_owned() } else { format!("{name}.findById") };
    let answer = json::parse(&store.call(&call, &json!([get.id]).to_string())?)?;
    store.close()?;
    if answer.is_null() {
        let message = format!("no {} has the id {}", get.model, get.id);
        return Err(Error::new(Code::Validation, message).into());
    }
    output.answer(&answer, || json::pretty(&answer).trim_end().to_owned())?;
    Ok(Exit::Clean)
}
