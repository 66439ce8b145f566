//! The calls on chats and their logs.

use std::sync::Arc;

use serde_json::Value;

use crate::calls::{
    Args, Call, Keys, Others, RECORDS, Reply, Type, keys, param, read, text, write,
};
use crate::catalogue::{ModelId, models::MESSAGE, normalise_time};
use crate::engine::{LogBound, LogQuery, Tx, View};
use crate::error::{Error, Result};
use crate::json::{self, Object};

/// The type of the rows that are messages.
const MESSAGE_TYPE: &str = "message";

/// Which part of a log: an option of every call that lists one.
pub(super) const LOG_OPTIONS: Keys = Keys {
    name: Some(Type::Named("LogOptions")),
    keys: &[
        param("limit", Type::Count).optional(),
        text("before").optional(),
        text("after").optional(),
        param("types", Type::List(&Type::Text)).optional(),
    ],
    others: Others::Refused,
};
/// A message, or an event of another type.
const EVENT: Type = Type::Generic("ChatEventCreate", &[Type::new_of(MESSAGE)]);
const EVENTS: Type = Type::List(&EVENT);

pub(crate) const CALLS: &[Call] = &[
    read(
        "findByCharacterId",
        &[text("characterId")],
        RECORDS,
        "The chats with a character.",
        by_character,
    ),
    read("findByPersonaId", &[text("personaId")], RECORDS, "The chats with a persona.", by_persona),
    write(
        "addMessage",
        &[text("chatId"), param("message", EVENT)],
        Type::of(MESSAGE),
        "Adds a message, or an event of another type, to a chat.",
        add_message,
    ),
    write(
        "addMessages",
        &[text("chatId"), param("messages", EVENTS)],
        Type::List(&Type::of(MESSAGE)),
        "Adds messages, all or none.",
        add_messages,
    ),
    read(
        "getMessages",
        &[text("chatId"), keys("options", &LOG_OPTIONS).optional()],
        Type::List(&Type::of(MESSAGE)),
        "A chat's messages, oldest first; with `limit` the newest ones, or with `after` the next ones.",
        get_messages,
    ),
    read(
        "getMessageCount",
        &[text("chatId")],
        Type::Number,
        "How many messages a chat has.",
        count,
    ),
    read(
        "findMessage",
        &[text("messageId")],
        Type::OrNull(&Type::Generic("InChat", &[Type::of(MESSAGE)])),
        "A message, without knowing its chat.",
        find_message,
    ),
    write(
        "updateMessage",
        &[text("chatId"), text("messageId"), param("data", Type::patch_of(MESSAGE))],
        Type::OrNull(&Type::of(MESSAGE)),
        "Changes a message where it stands.",
        update_message,
    ),
    write(
        "deleteMessages",
        &[text("chatId"), param("messageIds", Type::OneOrMany(&Type::Text))],
        Type::Number,
        "Deletes messages or events; gives how many there were.",
        delete_messages,
    ),
    read(
        "getSwipes",
        &[text("chatId"), text("swipeGroupId")],
        Type::List(&Type::of(MESSAGE)),
        "The alternative answers of a group, by swipeIndex.",
        swipes,
    ),
    write(
        "clearMessages",
        &[text("chatId")],
        Type::Number,
        "Empties a chat's log; gives how many messages and events there were.",
        clear,
    ),
    write(
        "addEvent",
        &[text("chatId"), param("event", EVENT)],
        Type::Named("ChatEvent"),
        "Adds an event of any type to a chat.",
        add_event,
    ),
    read(
        "getEvents",
        &[text("chatId"), keys("options", &LOG_OPTIONS).optional()],
        Type::List(&Type::Named("ChatEvent")),
        "A chat's messages and events of every type, oldest first.",
        get_events,
    ),
];

fn by_character(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["characterId"], &[args.text("characterId")?])?))
}

fn by_persona(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["personaId"], &[args.text("personaId")?])?))
}

fn add_message(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    append_one(tx, args, "message")
}

fn add_event(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    append_one(tx, args, "event")
}

fn append_one(tx: &mut Tx<'_>, args: &Args, row: &str) -> Result<Reply> {
    let added = tx.log_append(MESSAGE, args.text("chatId")?, vec![args.object(row)?])?;
    Ok(Reply::Row(added.into_iter().next()))
}

fn add_messages(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Rows(tx.log_append(MESSAGE, args.text("chatId")?, args.objects("messages")?)?))
}

fn get_messages(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    rows(view, args, Some(vec![MESSAGE_TYPE.to_owned()]))
}

/// The messages of a chat that can be read, oldest first, and what is wrong with the other lines of its log.
///
/// # Errors
/// `CORRUPT` when nobody knows whether the chat is there; `UNSUPPORTED_VERSION` for a log of a newer version;
/// those of the disk.
pub(crate) fn readable_messages(
    view: &View<'_>,
    chat: &str,
) -> Result<(Vec<Arc<str>>, Vec<Error>)> {
    let (mut rows, faults) = view.readable_log(MESSAGE, chat)?;
    rows.retain(|row| json::text_field(row, "type").as_deref() == Some(MESSAGE_TYPE));
    Ok((rows, faults))
}

fn get_events(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    rows(view, args, None)
}

fn rows(view: &View<'_>, args: &Args, types: Option<Vec<String>>) -> Result<Reply> {
    let chat = args.text("chatId")?;
    let query = query(&args.options("options")?, types);
    Ok(Reply::Listed(view.log_list(MESSAGE, chat, &query)?))
}

/// The options `{ limit, before, after, types }`, which are checked already.
pub(super) fn query(options: &Object, types: Option<Vec<String>>) -> LogQuery {
    let given = |name: &str| options.get(name).filter(|value| !value.is_null());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let limit = given("limit").and_then(Value::as_u64);
    let asked = given("types").and_then(Value::as_array);
    LogQuery {
        latest: None,
        limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        before: given("before").and_then(bound),
        after: given("after").and_then(bound),
        types: asked.map(|types| types.iter().filter_map(text).collect()).or(types),
    }
}

fn bound(value: &Value) -> Option<LogBound> {
    let text = value.as_str()?;
    // No id has a colon, and no time is without one.
    match normalise_time(text).filter(|_| text.contains(':')) {
        Some(time) => Some(LogBound::Time(time)),
        None => Some(LogBound::Id(text.to_owned())),
    }
}

fn count(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let chat = view.get(model, args.text("chatId")?)?.map(|chat| chat.map());
    let count = chat.and_then(|chat| chat.get("messageCount").and_then(Value::as_u64));
    Ok(Reply::Count(usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX)))
}

fn find_message(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let id = args.text("messageId")?;
    let Some(chat) = view.log_owner_of(MESSAGE, id)? else { return Ok(Reply::Row(None)) };
    let Some(row) = view.log_row(MESSAGE, &chat, id)? else { return Ok(Reply::Row(None)) };
    let mut message = json::parse_object(&row).unwrap_or_default();
    message.insert("chatId".into(), chat.into());
    Ok(Reply::Value(Value::Object(message)))
}

fn update_message(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Row(tx.log_update(
        MESSAGE,
        args.text("chatId")?,
        args.text("messageId")?,
        args.object("data")?,
    )?))
}

fn delete_messages(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Count(tx.log_delete(MESSAGE, args.text("chatId")?, &args.texts("messageIds")?)?))
}

fn swipes(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let (chat, group) = (args.text("chatId")?, args.text("swipeGroupId")?);
    let types = Some(vec![MESSAGE_TYPE.to_owned()]);
    let mut rows = view.log(MESSAGE, chat, &LogQuery { types, ..LogQuery::default() })?;
    rows.retain(|row| json::text_field(row, "swipeGroupId").as_deref() == Some(group));
    rows.sort_by_key(|row| {
        let map = json::parse_object(row).unwrap_or_default();
        map.get("swipeIndex").and_then(Value::as_i64).unwrap_or(i64::MAX)
    });
    Ok(Reply::Rows(rows))
}

fn clear(tx: &mut Tx<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Count(tx.log_clear(MESSAGE, args.text("chatId")?)?))
}
