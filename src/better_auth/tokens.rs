//! The tokens of sessions, which may be kept as their hashes.
//!
//! Better Auth lists a person's sessions with their tokens, and ends one by the token that it was
//! listed with. Where only hashes are kept it is given the hash, with which a session can be ended
//! and not used: asked for by its hash, a session has expired. The token of the caller's own session
//! is known again in such a list, since it was presented just before.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use super::request::text;
use crate::crypto::{Secret, is_session_token_hash, session_token_hash};
use crate::sync::locked;

/// So many tokens are known again at least.
const ENOUGH: usize = 2048;

/// What a session may be kept under that has this token.
pub(super) fn forms(token: &str) -> Vec<Value> {
    if is_session_token_hash(token) {
        return vec![token.into()];
    }
    vec![token.into(), session_token_hash(token).into()]
}

/// The tokens that clauses ask for.
pub(super) fn asked_for(clauses: &[Value]) -> Vec<&str> {
    let asks = |clause: &&Value| {
        let is_token = text(clause, "field").is_ok_and(|field| field == "token");
        let operator = clause.get("operator").and_then(Value::as_str).unwrap_or("eq");
        is_token && matches!(operator, "eq" | "in")
    };
    let operands = clauses.iter().filter(asks).filter_map(|clause| clause.get("value"));
    operands
        .flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))
        .filter_map(Value::as_str)
        .collect()
}

/// What the caller learns of a session's token.
pub(super) enum Told {
    /// This is its token.
    Token(String),
    /// The caller asked for it by its hash, with which it cannot be used.
    OnlyHash,
}

/// What is told of a token that is kept as `kept`, to whom asked for these.
pub(super) fn told(kept: &str, asked: &[&str]) -> Told {
    if !is_session_token_hash(kept) {
        return Told::Token(kept.to_owned());
    }
    if asked.contains(&kept) {
        return Told::OnlyHash;
    }
    if let Some(token) = asked.iter().find(|token| session_token_hash(token) == kept) {
        remember(kept, token);
        return Told::Token((*token).to_owned());
    }
    Told::Token(recall(kept).unwrap_or_else(|| kept.to_owned()))
}

/// Tokens by their hashes, those that were presented last; two generations bound what is kept.
#[derive(Default)]
struct Presented {
    young: HashMap<String, Secret>,
    old: HashMap<String, Secret>,
}

fn presented() -> &'static Mutex<Presented> {
    static PRESENTED: OnceLock<Mutex<Presented>> = OnceLock::new();
    PRESENTED.get_or_init(Mutex::default)
}

pub(super) fn remember(hash: &str, token: &str) {
    let mut presented = locked(presented());
    if presented.young.contains_key(hash) {
        return;
    }
    if presented.young.len() >= ENOUGH {
        presented.old = mem::take(&mut presented.young);
    }
    presented.young.insert(hash.to_owned(), Secret::copy_of(token.as_bytes()));
}

fn recall(hash: &str) -> Option<String> {
    let presented = locked(presented());
    let token = presented.young.get(hash).or_else(|| presented.old.get(hash))?;
    String::from_utf8(token.expose().to_vec()).ok()
}
