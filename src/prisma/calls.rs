//! The calls of Prisma's client: requests in, answers out, one atomic change each.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::error::{Answer, Failure};
use super::request::Request;
use super::rows::Reader;
use super::schema::Schema;
use super::{description, read, write};
use crate::calls::{
    Args, Call, Param, Reply, Type, number, object, param, read as reading, text, write as writing,
};
use crate::catalogue::ModelId;
use crate::engine::{Fingerprint, Tx, View};
use crate::error::{Code, Error, Result};

const ANSWER: Type = Type::Named("any");
const REQUEST: &[Param] = &[object("request", "any")];
const REQUESTS: &[Param] = &[param("requests", Type::List(&ANSWER))];

pub(crate) const CALLS: &[Call] = &[
    reading("read", REQUEST, ANSWER, "Answers a request that reads.", read_call),
    reading(
        "readAll",
        REQUESTS,
        ANSWER,
        "Answers requests that read, at one moment.",
        read_all_call,
    ),
    reading(
        "isSame",
        &[number("tables"), number("print")],
        Type::Flag,
        "Is what an answer was made of as it was?",
        is_same_call,
    ),
    writing("write", REQUEST, ANSWER, "Answers a request that changes something.", write_call),
    writing(
        "copy",
        &[text("model"), object("given", "any")],
        ANSWER,
        "Makes rows as they are elsewhere; tells which it could not.",
        copy_call,
    ),
    writing("batch", REQUESTS, ANSWER, "Answers requests, all or none.", batch_call),
];

pub(super) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::new(description()))
}

/// Besides the answer, what tells whether it is still the same: the tables that it was made of, and
/// their fingerprint.
fn read_call(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = args.value("request");
    let reader = Reader::new(schema().description, view);
    let data = match read_one(&reader, request) {
        Ok(data) => data,
        Err(failure) => return told(request, None, Err(failure)),
    };
    let tables = reader.seen();
    Ok(Reply::Value(match view.fingerprint_of(&models_of(view, tables)) {
        Some(print) => json!({ "data": data, "seen": [tables, print.number()] }),
        None => json!({ "data": data }),
    }))
}

fn read_all_call(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let requests = requests(args);
    let done =
        in_order(requests, |request| read_one(&Reader::new(schema().description, view), request));
    told_all(requests, done)
}

fn is_same_call(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let number = |name| args.value(name).as_u64();
    let (Some(tables), Some(print)) = (number("tables"), number("print")) else {
        return Ok(Reply::Flag(false));
    };
    let now = view.fingerprint_of(&models_of(view, tables));
    Ok(Reply::Flag(now == Some(Fingerprint::known(print))))
}

/// The models that tables are made of, a bit each; whose log it is decides of its lines too.
fn models_of(view: &View<'_>, tables: u64) -> Vec<ModelId> {
    let all = schema().description.tables.iter().enumerate();
    let seen = all.filter(|(number, _)| tables >> number & 1 == 1);
    let models = seen.flat_map(|(_, table)| {
        let model = table.source.model();
        let owner = view.catalogue().counted(model).map(|(owner, _)| owner);
        [Some(model), owner].into_iter().flatten()
    });
    models.collect()
}

fn write_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = args.value("request");
    let done = tx.whole(|tx| any_one(tx, request));
    told(request, None, done)
}

fn batch_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let requests = requests(args);
    let done = tx.whole(|tx| in_order(requests, |request| any_one(tx, request)));
    told_all(requests, done)
}

fn copy_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let table = description().by_name(args.text("model")?);
    let missing = || Error::new(Code::Validation, "there is no such model");
    Ok(Reply::Value(write::copy_rows(tx, table.ok_or_else(missing)?, args.value("given"))?))
}

fn requests(args: &Args) -> &[Value] {
    args.value("requests").as_array().map_or(&[], Vec::as_slice)
}

/// A list of answers, or the first failure and whose it is.
type AllAnswered = std::result::Result<Value, (usize, Failure)>;

/// Answers to requests, one after another, or the first failure and whose it is.
fn in_order(requests: &[Value], mut answer: impl FnMut(&Value) -> Answer<Value>) -> AllAnswered {
    let each = requests.iter().enumerate();
    each.map(|(at, request)| answer(request).map_err(|failure| (at, failure))).collect()
}

fn read_one(reader: &Reader<'_>, request: &Value) -> Answer<Value> {
    let request = Request::of(schema(), request)?;
    read::run_request(schema(), reader, &request)
}

fn any_one(tx: &mut Tx<'_>, value: &Value) -> Answer<Value> {
    let schema = schema();
    let request = Request::of(schema, value)?;
    match write::run_request(schema, tx, &request)? {
        Some(answer) => Ok(answer),
        None => read_one(&Reader::new(schema.description, &tx.view()), value),
    }
}

fn told_all(requests: &[Value], done: AllAnswered) -> Result<Reply> {
    match done {
        Ok(data) => told(&Value::Null, None, Ok(data)),
        Err((at, failure)) => told(&requests[at], Some(at), Err(failure)),
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
