//! The calls of Prisma's client: requests in, answers out, one atomic change each.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::error::Answer;
use super::request::Request;
use super::rows::Reader;
use super::schema::Schema;
use super::{description, read, write};
use crate::calls::{
    Args, Call, Param, Reply, Type, object, param, read as reading, write as writing,
};
use crate::catalogue::ModelId;
use crate::engine::{Tx, View};
use crate::error::Result;

const ANSWER: Type = Type::Named("any");
const REQUEST: &[Param] = &[object("request", "any")];

pub(crate) const CALLS: &[Call] = &[
    reading("read", REQUEST, ANSWER, "Answers a request that reads.", read_call),
    writing("write", REQUEST, ANSWER, "Answers a request that changes something.", write_call),
    writing(
        "batch",
        &[param("requests", Type::List(&ANSWER))],
        ANSWER,
        "Answers requests, all or none.",
        batch_call,
    ),
];

pub(super) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::new(description()))
}

fn read_call(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = args.value("request");
    told(request, None, read_one(view, request))
}

fn write_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = args.value("request");
    let done = whole(tx, |tx| any_one(tx, request));
    told(request, None, done)
}

fn batch_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let requests = args.value("requests").as_array().map_or(&[][..], Vec::as_slice);
    let mut at = 0;
    let done = whole(tx, |tx| {
        let mut answers = Vec::with_capacity(requests.len());
        for (number, request) in requests.iter().enumerate() {
            at = number;
            answers.push(any_one(tx, request)?);
        }
        Ok(answers.into())
    });
    told(requests.get(at).unwrap_or(&Value::Null), Some(at), done)
}

/// Does something whole, or leaves everything as it was.
fn whole<T>(tx: &mut Tx<'_>, change: impl FnOnce(&mut Tx<'_>) -> Answer<T>) -> Answer<T> {
    tx.whole(change)
}

fn read_one(view: &View<'_>, request: &Value) -> Answer<Value> {
    let schema = schema();
    let request = Request::of(schema, request)?;
    read::run_request(schema, &Reader::new(schema.description, view), &request)
}

fn any_one(tx: &mut Tx<'_>, value: &Value) -> Answer<Value> {
    let schema = schema();
    let request = Request::of(schema, value)?;
    match write::run_request(schema, tx, &request)? {
        Some(answer) => Ok(answer),
        None => read_one(&tx.view(), value),
    }
}

/// The answer, or the failure in Prisma's words.
fn told(request: &Value, index: Option<usize>, done: Answer<Value>) -> Result<Reply> {
    let model = request.get("modelName").and_then(Value::as_str).unwrap_or_default();
    Ok(Reply::Value(match done {
        Ok(data) => json!({ "data": data }),
        Err(failure) => failure.into_json(model, index)?,
    }))
}
