//! The calls behind `quilltap-store/better-auth`: Better Auth's own questions over the store.
//!
//! Better Auth asks for rows of tables. Its user, session, account and verification are the store's
//! own records under other names (`tables`), so what one library has made the other one knows; the
//! tables of plugins are collections that are declared from Better Auth's schema (`schema`). A request
//! is what Better Auth's adapter factory hands over, with its own names for models and fields
//! (`request`); `condition` turns its `where` into the store's, `rows` a record into a row and back.
//! This module must not know files, nor JavaScript.

mod condition;
mod create;
mod migrate;
mod read;
mod request;
mod rows;
mod schema;
mod tables;
mod tokens;
mod write;

use crate::calls::{Call, Param, Type, object, read as reading, write as writing};

pub(crate) use migrate::CALLS as MIGRATION;
pub(crate) use schema::declaration;

const ANSWER: Type = Type::Named("any");
const REQUEST: &[Param] = &[object("request", "any")];

/// The option under which accounts hold their tokens sealed.
const ENCRYPT_TOKENS: &str = "encryptTokens";
/// The option under which sessions are known by the hashes of their tokens only.
const HASH_SESSION_TOKENS: &str = "hashSessionTokens";
/// Said by Better Auth where ids are numbers, which the store counts up.
const NUMBER_IDS: &str = "numberIds";
const FLAGS: &[&str] = &[ENCRYPT_TOKENS, HASH_SESSION_TOKENS, NUMBER_IDS];

pub(crate) const CALLS: &[Call] = &[
    reading("find", REQUEST, ANSWER, "Answers a request that reads.", read::answer).how(FLAGS),
    reading("open", REQUEST, ANSWER, "The same, where rows hold sealed tokens.", read::answer)
        .how(FLAGS)
        .secret(),
    writing("change", REQUEST, ANSWER, "Answers a request that changes rows.", write::answer)
        .how(FLAGS)
        .secret(),
];
