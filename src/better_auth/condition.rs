//! Better Auth's `where` as the store's: all clauses joined by AND hold, and one of those joined by
//! OR, as its own SQL adapters have it.

use serde_json::{Map, Value, json};

use super::request::{fault, text};
use super::tables::{Form, Table};
use super::tokens;
use crate::catalogue::{Kind, Model, time_ms};
use crate::error::Result;

/// What is asked of one field: the store's word, the operand, and whether case matters.
struct Ask<'c> {
    operator: &'c str,
    value: Value,
    fold: bool,
}

/// The store's condition; null where nothing is asked.
///
/// # Errors
/// `VALIDATION` for an operator that there is not, and for what cannot be asked.
pub(super) fn of(table: &Table, model: &Model, clauses: &[Value]) -> Result<Value> {
    let (mut all, mut any) = (Vec::new(), Vec::new());
    for clause in clauses {
        let asked = of_clause(table, model, clause)?;
        let is_or = clause.get("connector").is_some_and(|connector| connector == "OR");
        if is_or { any.push(asked) } else { all.push(asked) }
    }
    if !any.is_empty() {
        all.push(json!({ "OR": any }));
    }
    Ok(if all.is_empty() { Value::Null } else { json!({ "AND": all }) })
}

fn of_clause(table: &Table, model: &Model, clause: &Value) -> Result<Value> {
    let name = text(clause, "field")?;
    let operator = clause.get("operator").and_then(Value::as_str).unwrap_or("eq");
    let value = clause.get("value").cloned().unwrap_or_default();
    let column = table.column(name);
    let form = column.map_or(Form::Same, |column| column.form);
    let kind = table.declared(model, name).map(|field| &field.kind);
    let folds = clause.get("mode").is_some_and(|mode| mode == "insensitive");
    let fold = is_text(&value) && (folds || form == Form::Caseless);
    let ask = Ask { operator, value: in_kind(kind, value), fold };
    let field = table.field_of(name);
    match form {
        Form::WhetherTime => whether(field, name, &ask),
        Form::Token => token(field, ask),
        Form::Expiry => expiry(field, &ask),
        Form::Scopes => {
            let value = map_texts(ask.value, |scopes| scopes.replace(',', " "));
            test(field, &Ask { value, ..ask })
        }
        _ => test(field, &ask),
    }
}

/// Is it a text, or a list of texts? Case is of those only.
fn is_text(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(Value::is_string),
        value => value.is_string(),
    }
}

fn map_texts(value: Value, change: impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(&text).into(),
        Value::Array(items) => {
            let changed = |item: Value| item.as_str().map(&change).map_or(item, Value::from);
            items.into_iter().map(changed).collect()
        }
        other => other,
    }
}

/// An operand in the form in which records hold it: a number stands for an id of digits.
pub(super) fn in_kind(kind: Option<&Kind>, value: Value) -> Value {
    match value {
        Value::Array(items) if !matches!(kind, Some(Kind::List(_) | Kind::Any)) => {
            items.into_iter().map(|item| in_kind(kind, item)).collect()
        }
        Value::Number(number) if matches!(kind, Some(Kind::Id | Kind::Link(..))) => {
            number.to_string().into()
        }
        other => other,
    }
}

fn one(field: &str, test: Value) -> Value {
    Value::Object(Map::from_iter([(field.to_owned(), test)]))
}

/// What is true of no record.
fn never() -> Value {
    json!({ "id": { "in": [] } })
}

/// What is true of every record.
fn always() -> Value {
    json!({ "id": { "not": { "equals": null } } })
}

fn test(field: &str, ask: &Ask<'_>) -> Result<Value> {
    let value = &ask.value;
    let mut asked = match ask.operator {
        "eq" => json!({ "equals": value }),
        "ne" => json!({ "not": { "equals": value } }),
        "in" => json!({ "in": listed(value) }),
        "not_in" if listed(value).is_empty() => return Ok(always()),
        "not_in" => json!({ "notIn": listed(value) }),
        // Nothing is greater than what is not there, or less.
        "lt" | "lte" | "gt" | "gte" if value.is_null() => return Ok(never()),
        "lt" | "lte" | "gt" | "gte" => one(ask.operator, value.clone()),
        "contains" => json!({ "contains": value }),
        "starts_with" => json!({ "startsWith": value }),
        "ends_with" => json!({ "endsWith": value }),
        other => {
            let known = "eq, ne, lt, lte, gt, gte, in, not_in, contains, starts_with or ends_with";
            return Err(fault("where.operator", known, &other.into()));
        }
    };
    if ask.fold {
        asked["mode"] = "insensitive".into();
    }
    Ok(one(field, asked))
}

fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// True or false, of whether there is a time.
fn whether(field: &str, name: &str, ask: &Ask<'_>) -> Result<Value> {
    let wanted: Option<Vec<bool>> = listed(&ask.value).iter().map(Value::as_bool).collect();
    let wanted = wanted.ok_or_else(|| fault(name, "true or false", &ask.value))?;
    let (yes, no) = match ask.operator {
        "eq" | "in" => (wanted.contains(&true), wanted.contains(&false)),
        "ne" | "not_in" => (!wanted.contains(&true), !wanted.contains(&false)),
        other => return Err(fault(name, "eq, ne, in or not_in", &other.into())),
    };
    let there = json!({ "not": { "equals": null } });
    Ok(match (yes, no) {
        (true, true) => always(),
        (true, false) => one(field, there),
        (false, true) => one(field, json!({ "equals": null })),
        (false, false) => never(),
    })
}

/// A session is known by its token, or by the hash of it.
fn token(field: &str, ask: Ask<'_>) -> Result<Value> {
    match ask.operator {
        "eq" | "in" => {
            let texts = listed(&ask.value);
            let kept = texts.iter().filter_map(Value::as_str).flat_map(tokens::forms).collect();
            test(field, &Ask { operator: "in", value: kept, fold: false })
        }
        _ => test(field, &ask),
    }
}

/// An account of Auth.js's has whole seconds only.
fn expiry(field: &str, ask: &Ask<'_>) -> Result<Value> {
    let seconds = |value: &Value| match value.as_str().and_then(time_ms) {
        Some(ms) => ms.div_euclid(1000).into(),
        None => value.clone(),
    };
    let value = match &ask.value {
        Value::Array(items) => items.iter().map(seconds).collect(),
        value => seconds(value),
    };
    let in_seconds = test("expires_at", &Ask { operator: ask.operator, value, fold: false })?;
    let exact = test(field, ask)?;
    let there = one(field, json!({ "not": { "equals": null } }));
    let absent = one(field, json!({ "equals": null }));
    Ok(json!({ "OR": [{ "AND": [there, exact] }, { "AND": [absent, in_seconds] }] }))
}
