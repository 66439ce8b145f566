//! New rows.

use std::sync::Arc;

use serde_json::{Value, json};

use super::request::Request;
use super::rows::Incoming;
use super::schema::{SERIALS, SERIALS_LAST};
use super::tables::Table;
use super::{ENCRYPT_TOKENS, HASH_SESSION_TOKENS, NUMBER_IDS};
use crate::auth;
use crate::calls::Args;
use crate::catalogue::{ModelId, models};
use crate::engine::{Record, Tx, View};
use crate::error::{Code, Error, Result};
use crate::json::Object;
use crate::repos::rules;
use crate::secrets;

/// Makes the record of a new row.
///
/// # Errors
/// Those of creating.
pub(super) fn create(tx: &mut Tx<'_>, request: &Request<'_>, args: &Args) -> Result<Arc<Record>> {
    let table = &request.table;
    let mut map = incoming(tx, table, args, None, request.object("data")?)?;
    if args.how(NUMBER_IDS) {
        number(tx, table, &mut map)?;
    }
    if table.core.is_none() {
        let record = tx.create(table.model, map)?;
        rules::claim_by(tx, table.model, &record)?;
        return Ok(record);
    }
    if table.model == models::ACCOUNT {
        let credential = map.get("provider").is_some_and(|provider| provider == "credential");
        map.entry("type").or_insert(if credential { "credentials" } else { "oauth" }.into());
        auth::refuse_contested(tx, map.get("userId").and_then(Value::as_str).unwrap_or_default())?;
        if args.how(ENCRYPT_TOKENS) {
            let id = rules::id_of(tx, table.model, &mut map);
            secrets::seal_asked(tx, table.model, &id, &mut map, None)?;
        }
    }
    rules::create(tx, table.model, map)
}

/// The record's fields of a row that comes in.
///
/// # Errors
/// `VALIDATION`.
pub(super) fn incoming(
    tx: &Tx<'_>,
    table: &Table,
    args: &Args,
    old: Option<&Object>,
    row: &Object,
) -> Result<Object> {
    let (view, now) = (tx.view(), tx.now());
    let model = view.catalogue().model(table.model);
    let hashes_tokens = args.how(HASH_SESSION_TOKENS);
    Incoming { table, model, now, hashes_tokens, old }.fields(row)
}

/// Gives a row the next number as its id, or notes the one that it has: no number comes twice, even
/// when the row that had it is gone.
fn number(tx: &mut Tx<'_>, table: &Table, map: &mut Object) -> Result<()> {
    let given = map.get("id").and_then(Value::as_str).map(str::parse::<u64>);
    let serials = serials(&tx.view())?;
    let kept = tx.view().get(serials, &table.name)?;
    let last = match &kept {
        Some(kept) => kept.map().get(SERIALS_LAST).and_then(Value::as_u64).unwrap_or_default(),
        None => highest(&tx.view(), table.model)?,
    };
    let number = match given {
        Some(Ok(number)) => number,
        Some(Err(_)) => return Ok(()),
        None => last + 1,
    };
    map.insert("id".into(), number.to_string().into());
    if number > last || kept.is_none() {
        let last = Object::from_iter([(SERIALS_LAST.to_owned(), number.max(last).into())]);
        match kept {
            Some(_) => drop(tx.update(serials, &table.name, last)?),
            None => {
                let mut made = last;
                made.insert("id".into(), json!(table.name));
                tx.create(serials, made)?;
            }
        }
    }
    Ok(())
}

fn serials(view: &View<'_>) -> Result<ModelId> {
    view.catalogue().by_collection(SERIALS).ok_or_else(|| {
        Error::new(Code::Validation, "the numbers of Better Auth's ids are not declared")
    })
}

/// The highest number among ids.
fn highest(view: &View<'_>, model: ModelId) -> Result<u64> {
    let numbers = view.all(model)?;
    Ok(numbers.iter().filter_map(|record| record.key().parse().ok()).max().unwrap_or_default())
}
