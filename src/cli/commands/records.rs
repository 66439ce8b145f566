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
    let (call, args) = match (name.as_str(), &ls.chat) {
        (MESSAGES, Some(chat)) => ("chats.getMessages".to_owned(), json!([chat])),
        (MESSAGES, None) => return Err(Failure::usage("whose messages? Give --chat ID")),
        (_, Some(_)) => return Err(Failure::usage("--chat is for messages alone")),
        (name, None) => (format!("{name}.findAll"), json!([])),
    };
    list(&store, &call, &args, output)
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
    list(&store, &format!("{name}.findMany"), &json!([asked]), output)
}

fn standard_input() -> Ended<String> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}

/// Makes a call that gives a list, and writes a line for each of them.
fn list(store: &Store, call: &str, args: &Value, output: &Output) -> Ended {
    let answer = store.call(call, &args.to_string())?;
    store.close()?;
    for record in serde_json::from_str::<Vec<&RawValue>>(&answer).unwrap_or_default() {
        output.line(record.get())?;
    }
    Ok(Exit::Clean)
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
