//! Requests that change rows: one atomic change each.

use std::sync::Arc;

use serde_json::{Number, Value};

use super::create::{create, incoming};
use super::read::records;
use super::request::{Request, fault};
use super::rows::Rows;
use super::{ENCRYPT_TOKENS, tokens};
use crate::calls::{Args, Reply};
use crate::catalogue::{ModelId, models};
use crate::engine::{Record, Tx};
use crate::error::Result;
use crate::json::Object;
use crate::repos::rules;
use crate::secrets;

pub(super) fn answer(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let request = Request::of(&tx.view(), args.value("request"))?;
    let answer = tx.whole(|tx| change(tx, &request, args))?;
    Ok(Reply::clear(answer))
}

fn change(tx: &mut Tx<'_>, request: &Request<'_>, args: &Args) -> Result<Value> {
    match request.action()? {
        "create" => {
            let record = create(tx, request, args)?;
            row(tx, request, Some(record))
        }
        "update" => {
            let first = first(tx, request)?;
            let changed =
                first.map(|record| update(tx, request, args, &record, None)).transpose()?;
            row(tx, request, changed)
        }
        "updateMany" => {
            let all = records(&tx.view(), request, None)?;
            for record in &all {
                update(tx, request, args, record, None)?;
            }
            Ok(all.len().into())
        }
        "incrementOne" => {
            let first = first(tx, request)?;
            let by = request.object("increment")?;
            let changed = first.map(|record| update(tx, request, args, &record, Some(by)));
            row(tx, request, changed.transpose()?)
        }
        "delete" => delete(tx, request, &records(&tx.view(), request, None)?),
        "consumeOne" => {
            let first = first(tx, request)?;
            // Told before it goes: its sealed tokens are opened by their place in it.
            let told = row(tx, request, first.clone())?;
            delete(tx, request, first.as_slice())?;
            Ok(told)
        }
        other => Err(fault("action", "one that changes rows", &other.into())),
    }
}

fn first(tx: &Tx<'_>, request: &Request<'_>) -> Result<Option<Arc<Record>>> {
    Ok(records(&tx.view(), request, Some(1))?.into_iter().next())
}

/// The row of a record, or null.
fn row(tx: &Tx<'_>, request: &Request<'_>, record: Option<Arc<Record>>) -> Result<Value> {
    let Some(record) = record else { return Ok(Value::Null) };
    let asked = tokens::asked_for(request.clauses()?);
    let rows = Rows { view: &tx.view(), table: &request.table, select: &[], tokens: &asked };
    rows.of(&record).map(Value::Object)
}

fn delete(tx: &mut Tx<'_>, request: &Request<'_>, records: &[Arc<Record>]) -> Result<Value> {
    let keys: Vec<&str> = records.iter().map(|record| record.key()).collect();
    tx.delete_all(request.table.model, &keys)?;
    Ok(keys.len().into())
}

/// Changes a record, with numbers added to some of its fields.
fn update(
    tx: &mut Tx<'_>,
    request: &Request<'_>,
    args: &Args,
    record: &Arc<Record>,
    increment: Option<&Object>,
) -> Result<Arc<Record>> {
    let (table, old) = (&request.table, record.map());
    let given = request.value("update").as_object();
    let mut patch = incoming(tx, table, args, Some(&old), given.unwrap_or(&Object::new()))?;
    for (name, by) in increment.into_iter().flatten() {
        let field = table.field_of(name);
        patch.insert(field.to_owned(), sum(name, old.get(field), by)?);
    }
    if table.model == models::ACCOUNT && args.how(ENCRYPT_TOKENS) {
        secrets::seal_asked(tx, table.model, record.key(), &mut patch, Some(&old))?;
    }
    let changed = if table.core.is_some() {
        rules::update(tx, table.model, record.key(), patch)?
    } else {
        tx.update(table.model, record.key(), patch)?
    };
    if table.model == models::ACCOUNT && given.is_some_and(|given| given.contains_key("password")) {
        forget_older_password(tx, &old)?;
    }
    Ok(changed.unwrap_or_else(|| Arc::clone(record)))
}

/// A password that the app itself has kept must not outlive its change here.
fn forget_older_password(tx: &mut Tx<'_>, account: &Object) -> Result<()> {
    let Some(user) = account.get("userId").and_then(Value::as_str) else { return Ok(()) };
    let has_one = tx
        .view()
        .get(models::USER, user)?
        .is_some_and(|user| user.map().get("passwordHash").is_some_and(Value::is_string));
    if has_one && account.get("provider").is_some_and(|provider| provider == "credential") {
        let cleared = Object::from_iter([("passwordHash".to_owned(), Value::Null)]);
        rules::update(tx, models::USER, user, cleared)?;
    }
    Ok(())
}

/// What is not there counts as nothing.
fn sum(name: &str, old: Option<&Value>, by: &Value) -> Result<Value> {
    let old = old.filter(|old| !old.is_null());
    if let (Some(old), Some(by)) = (old.map_or(Some(0), Value::as_i64), by.as_i64()) {
        return Ok(old.saturating_add(by).into());
    }
    let (old, by_number) = (old.map_or(Some(0.0), Value::as_f64), by.as_f64());
    let sum = old.zip(by_number).and_then(|(old, by)| Number::from_f64(old + by));
    sum.map(Value::Number).ok_or_else(|| fault(name, "a number", by))
}
