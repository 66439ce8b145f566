//! What the studio's page asks for, as calls like any other.
//!
//! `models` describes the catalogue, `list` and `log` give pages of records and rows, `record` one of
//! them with what belongs to it, `related` who refers to it, `search` looks through logs. `change` alone
//! writes: by the functions that an app's calls run, told before it is done (`rehearsed`) and with the way
//! back (`undo`). `reveal` opens a sealed value for one look. `guard` and `content` say which requests are
//! let in, and as what a payload may be shown. This module must not know files, nor JavaScript.

mod change;
#[cfg(any(feature = "node", test))]
mod content;
mod describe;
#[cfg(any(feature = "node", test))]
mod guard;
mod list;
mod log;
mod record;
mod related;
mod reveal;
mod short;
mod undo;

use crate::calls::{
    Call, Keys, Others, Param, TEXT_OR_NULL, Type, flag, keys, number, object, param,
    read as reading, slow, text, write as writing,
};

#[cfg(feature = "node")]
pub(crate) use content::shown_as;
#[cfg(feature = "node")]
pub(crate) use guard::{Request, refusal};

const ANSWER: Type = Type::Named("any");

/// Which records, in which order, and which part of them.
const LIST: Keys = Keys {
    name: None,
    keys: &[
        object("where", "any").optional(),
        object("orderBy", "any").optional(),
        text("search").optional(),
        param("columns", Type::List(&Type::Text)).optional(),
        param("skip", Type::Count).optional(),
        param("take", Type::Count).optional(),
        text("cursor").optional(),
    ],
    others: Others::Refused,
};

const LOG: Keys = Keys {
    name: None,
    keys: &[
        text("before").optional(),
        text("after").optional(),
        param("take", Type::Count).optional(),
    ],
    others: Others::Refused,
};

const CHANGE: Keys = Keys {
    name: None,
    keys: &[
        text("model").optional(),
        text("key").optional(),
        text("owner").optional(),
        text("text").optional(),
        text("stamp").optional(),
        object("undo", "any").optional(),
    ],
    others: Others::Refused,
};

const OF_RECORD: &[Param] = &[text("model"), text("key")];

/// The studio's calls; its page names them.
pub(crate) const CALLS: &[Call] = &[
    reading("models", &[], ANSWER, "Every model, with its fields and how many there are.", describe::models),
    reading("list", &[text("model"), keys("options", &LIST)], ANSWER, "A page of records.", list::list),
    reading("count", &[text("model"), keys("options", &LIST)], ANSWER, "How many records match.", list::count),
    reading("record", OF_RECORD, ANSWER, "A record, with what belongs to it.", record::answer),
    reading(
        "related",
        &[text("model"), text("key"), text("from"), text("path"), keys("options", &LIST)],
        ANSWER,
        "A page of the records that refer to one.",
        related::page,
    ),
    reading("log", &[text("model"), text("owner"), keys("options", &LOG)], ANSWER, "A part of a log.", log::part),
    reading(
        "search",
        &[text("model"), text("text"), number("from")],
        ANSWER,
        "Rows of logs with a text in them, from one owner on.",
        log::search,
    ),
    slow(
        "reveal",
        &[text("model"), text("key"), text("field"), param("passphrase", Type::Passphrase)],
        TEXT_OR_NULL,
        "The clear text of a sealed value, for one look.",
        reveal::answer,
    ),
    writing(
        "change",
        &[text("do"), keys("change", &CHANGE), flag("rehearse")],
        ANSWER,
        "Creates, updates or deletes a record, or takes that back; or only tells what that would do.",
        change::answer,
    )
    .secret(),
];
