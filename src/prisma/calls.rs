//! The calls of Prisma's client: requests in, answers out, one atomic change each.

use std::sync::OnceLock;

use serde_json::Value;

use super::answer_text::AnswerText;
use super::error::{Answer, Failure};
use super::request::Request;
use super::rows::Reader;
use super::schema::Schema;
use super::{description, read, write};
use crate::calls::{
    Args, Call, Param, Reply, Type, object, param, read as reading, text, write as writing,
};
use crate::catalogue::ModelId;
use crate::engine::{Models, Tx, View};
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
        "explain",
        REQUEST,
        Type::List(&ANSWER),
        "How a request that reads finds its rows.",
        explain_call,
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

/// Besides the answer, what tells whether it is still the same: the models that it was made of, and
/// their fingerprint.
fn read_call(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = args.value("request");
    let reader = Reader::new(schema().description, view);
    let mut text = opened();
    if let Err(failure) = read_one(&reader, request, &mut text) {
        return refused(request, None, failure);
    }
    Ok(finished(text, Some((view, reader.seen()))))
}

/// The answer that a text is, and where it reads, what tells whether it is still the same.
fn finished(mut text: AnswerText, seen: Option<(&View<'_>, u64)>) -> Reply {
    if let Some((view, tables)) = seen
        && let Some(models) = models_of(view, tables)
        && let Some(print) = view.fingerprint_of(models)
    {
        text.push_str(&format!(",\"seen\":[{},{}]", models.number(), print.number()));
    }
    text.push('}');
    Reply::Text(text.finish())
}

fn explain_call(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = args.value("request");
    let reader = Reader::explaining(schema().description, view);
    match read_one(&reader, request, &mut AnswerText::default()) {
        Ok(()) => Ok(Reply::Value(reader.looks())),
        Err(failure) => refused(request, None, failure),
    }
}

fn read_all_call(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let requests = requests(args);
    let mut tables = 0;
    let read = |request: &Value, text: &mut AnswerText| {
        let reader = Reader::new(schema().description, view);
        let done = read_one(&reader, request, text);
        tables |= reader.seen();
        done
    };
    match in_order(requests, read) {
        Ok(text) => Ok(finished(text, Some((view, tables)))),
        Err((at, failure)) => refused(&requests[at], Some(at), failure),
    }
}

/// The models that tables are made of; whose log it is decides of its lines too.
fn models_of(view: &View<'_>, tables: u64) -> Option<Models> {
    let all = schema().description.tables.iter().enumerate();
    let seen = all.filter(|(number, _)| tables >> number & 1 == 1);
    let models = seen.flat_map(|(_, table)| {
        let model = table.source.model();
        let owner = view.catalogue().counted(model).map(|(owner, _)| owner);
        [Some(model), owner].into_iter().flatten()
    });
    Models::of(models)
}

fn write_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = args.value("request");
    let mut text = opened();
    match tx.whole(|tx| any_one(tx, request, &mut text)) {
        Ok(()) => Ok(finished(text, None)),
        Err(failure) => refused(request, None, failure),
    }
}

fn batch_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let requests = requests(args);
    match tx.whole(|tx| in_order(requests, |request, text| any_one(tx, request, text))) {
        Ok(text) => Ok(finished(text, None)),
        Err((at, failure)) => refused(&requests[at], Some(at), failure),
    }
}

fn copy_call(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let table = description().by_name(args.text("model")?);
    let missing = || Error::new(Code::Validation, "there is no such model");
    Ok(Reply::Value(write::copy_rows(tx, table.ok_or_else(missing)?, args.value("given"))?))
}

fn requests(args: &Args) -> &[Value] {
    args.value("requests").as_array().map_or(&[], Vec::as_slice)
}

/// An answer of which nothing is there yet.
fn opened() -> AnswerText {
    let mut text = AnswerText::default();
    text.push_str("{\"data\":");
    text
}

/// The text with a list of answers, or the first failure and whose it is.
type AllAnswered = std::result::Result<AnswerText, (usize, Failure)>;

/// Answers to requests, one after another, or the first failure and whose it is.
fn in_order(
    requests: &[Value],
    mut answer: impl FnMut(&Value, &mut AnswerText) -> Answer<()>,
) -> AllAnswered {
    let mut text = opened();
    text.push('[');
    for (at, request) in requests.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        answer(request, &mut text).map_err(|failure| (at, failure))?;
    }
    text.push(']');
    Ok(text)
}

/// Adds the answer to a request that reads.
fn read_one(reader: &Reader<'_>, request: &Value, text: &mut AnswerText) -> Answer<()> {
    let request = Request::of(schema(), request)?;
    read::run_request(schema(), reader, &request, text)
}

/// Adds the answer to a request of any kind.
fn any_one(tx: &mut Tx<'_>, value: &Value, text: &mut AnswerText) -> Answer<()> {
    let schema = schema();
    let request = Request::of(schema, value)?;
    if write::run_request(schema, tx, &request, text)? {
        return Ok(());
    }
    read_one(&Reader::new(schema.description, &tx.view()), value, text)
}

/// The failure in Prisma's words.
fn refused(request: &Value, index: Option<usize>, failure: Failure) -> Result<Reply> {
    let model = request.get("modelName").and_then(Value::as_str).unwrap_or_default();
    Ok(Reply::Value(failure.into_json(model, index)?))
}
