//! What a provider says of an account, in the forms that an account has. Providers differ: Strava's
//! id is a number, some give scopes as a list, others a time as text or with a fraction.

use serde_json::Value;

use super::Object;
use crate::calls::came;
use crate::error::{Error, Issue, Result};

pub(super) const PROVIDER: &str = "provider";
pub(super) const ACCOUNT_ID: &str = "providerAccountId";

/// A value in the form of an account; none where it has no such form.
type Form = fn(&Value) -> Option<Value>;

/// Brings what a provider has said into the forms of an account; what has no such form stays, and
/// is refused with everything else that is wrong.
pub(super) fn arrange(data: &mut Object) {
    const FORMS: [(&str, Form); 3] =
        [(ACCOUNT_ID, text_of), ("scope", joined), ("expires_at", whole_seconds)];
    for (field, form) in FORMS {
        if let Some(arranged) = data.get(field).and_then(form) {
            data.insert(field.to_owned(), arranged);
        }
    }
}

/// The provider and the id by which an account is looked up.
///
/// # Errors
/// `VALIDATION` when one of them is no text or number, or empty.
pub(super) fn pair(data: &Object) -> Result<(String, String)> {
    let mut issues = Vec::new();
    let mut part = |field: &str| {
        let value = data.get(field).unwrap_or(&Value::Null);
        let text = text_of(value).unwrap_or_else(|| value.clone());
        text.as_str().filter(|text| !text.is_empty()).map(str::to_owned).unwrap_or_else(|| {
            let came = if value == "" { "an empty string".to_owned() } else { came(value, false) };
            issues.push(Issue::new(field, "a string that is not empty", came));
            String::new()
        })
    };
    let pair = (part(PROVIDER), part(ACCOUNT_ID));
    if issues.is_empty() { Ok(pair) } else { Err(Error::validation("Account", issues)) }
}

/// The text of an id that is a number.
fn text_of(id: &Value) -> Option<Value> {
    id.as_number().map(|number| number.to_string().into())
}

/// A list of scopes as OAuth writes it.
fn joined(scopes: &Value) -> Option<Value> {
    let scopes: Option<Vec<&str>> = scopes.as_array()?.iter().map(Value::as_str).collect();
    scopes.map(|scopes| scopes.join(" ").into())
}

/// Seconds since 1970 without what is beyond the point.
fn whole_seconds(time: &Value) -> Option<Value> {
    let seconds = match time {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    let is_time = f64::is_finite(seconds) && seconds.abs() < 1e15;
    is_time.then(|| (seconds.floor() as i64).into())
}
