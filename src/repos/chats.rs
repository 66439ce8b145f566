//! The calls on chats and their logs.

use serde_json::Value;

use crate::calls::{Args, Call, Reply, read, write};
use crate::catalogue::{ModelId, models::MESSAGE, normalise_time};
use crate::engine::{LogBound, LogQuery, Tx, View};
use crate::error::{Error, Issue, Result};
use crate::json::{self, Object};

/// The type of the rows that are messages.
const MESSAGE_TYPE: &str = "message";

pub(crate) const CALLS: &[Call] = &[
    read(
        "findByCharacterId",
        "characterId: string",
        "Chat[]",
        "The chats with a character.",
        by_character,
    ),
    read("findByPersonaId", "personaId: string", "Chat[]", "The chats with a persona.", by_persona),
    write(
        "addMessage",
        "chatId: string, message: ChatEventCreate<MessageCreate>",
        "Message",
        "Adds a message, or an event of another type, to a chat.",
        add_message,
    ),
    write(
        "addMessages",
        "chatId: string, messages: ChatEventCreate<MessageCreate>[]",
        "Message[]",
        "Adds messages, all or none.",
        add_messages,
    ),
    read(
        "getMessages",
        "chatId: string, options?: LogOptions",
        "Message[]",
        "A chat's messages, oldest first; with `limit` the newest ones, or with `after` the next ones.",
        get_messages,
    ),
    read("getMessageCount", "chatId: string", "number", "How many messages a chat has.", count),
    read(
        "findMessage",
        "messageId: string",
        "(Message & { chatId: string }) | null",
        "A message, without knowing its chat.",
        find_message,
    ),
    write(
        "updateMessage",
        "chatId: string, messageId: string, data: MessageUpdate",
        "Message | null",
        "Changes a message where it stands.",
        update_message,
    ),
    write(
        "deleteMessages",
        "chatId: string, messageIds: string | string[]",
        "number",
        "Deletes messages or events; gives how many there were.",
        delete_messages,
    ),
    read(
        "getSwipes",
        "chatId: string, swipeGroupId: string",
        "Message[]",
        "The alternative answers of a group, by swipeIndex.",
        swipes,
    ),
    write(
        "clearMessages",
        "chatId: string",
        "number",
        "Empties a chat's log; gives how many messages and events there were.",
        clear,
    ),
    write(
        "addEvent",
        "chatId: string, event: ChatEventCreate<MessageCreate>",
        "ChatEvent",
        "Adds an event of any type to a chat.",
        add_message,
    ),
    read(
        "getEvents",
        "chatId: string, options?: LogOptions",
        "ChatEvent[]",
        "A chat's messages and events of every type, oldest first.",
        get_events,
    ),
];

fn by_character(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["characterId"], &[args.text(0)?])?))
}

fn by_persona(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Records(view.find(model, &["personaId"], &[args.text(0)?])?))
}

fn add_message(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let added = tx.log_append(MESSAGE, args.text(0)?, vec![args.object(1)?])?;
    Ok(Reply::Row(added.into_iter().next()))
}

fn add_messages(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Rows(tx.log_append(MESSAGE, args.text(0)?, args.objects(1)?)?))
}

fn get_messages(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    rows(view, args, Some(vec![MESSAGE_TYPE.to_owned()]))
}

fn get_events(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    rows(view, args, None)
}

fn rows(view: &View<'_>, args: &Args<'_>, types: Option<Vec<String>>) -> Result<Reply> {
    let chat = args.text(0)?;
    let query = query(&args.options(1)?, types)?;
    Ok(Reply::Listed(view.log_list(MESSAGE, chat, &query)?))
}

/// The options `{ limit, before, after, types }`.
pub(super) fn query(options: &Object, types: Option<Vec<String>>) -> Result<LogQuery> {
    let mut issues = Vec::new();
    let mut query = LogQuery { types, ..LogQuery::default() };
    for (name, value) in options.iter().filter(|(_, value)| !value.is_null()) {
        let wanted = match name.as_str() {
            "limit" => {
                query.limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
                query.limit.is_none().then_some("a whole number of 0 or more")
            }
            "before" => {
                query.before = bound(value);
                query.before.is_none().then_some("the id of a message, or a time")
            }
            "after" => {
                query.after = bound(value);
                query.after.is_none().then_some("the id of a message, or a time")
            }
            "types" => {
                let words = value
                    .as_array()
                    .map(|w| w.iter().map(|w| w.as_str().map(str::to_owned)).collect());
                query.types = words.flatten();
                query.types.is_none().then_some("a list of types")
            }
            _ => Some("one of limit, before, after, types"),
        };
        issues.extend(wanted.map(|wanted| Issue::new(name, wanted, json::describe(value))));
    }
    if issues.is_empty() { Ok(query) } else { Err(Error::validation("Arguments", issues)) }
}

fn bound(value: &Value) -> Option<LogBound> {
    let text = value.as_str()?;
    // No id has a colon, and no time is without one.
    match normalise_time(text).filter(|_| text.contains(':')) {
        Some(time) => Some(LogBound::Time(time)),
        None => Some(LogBound::Id(text.to_owned())),
    }
}

fn count(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let chat = view.get(model, args.text(0)?)?.map(|chat| chat.map());
    let count = chat.and_then(|chat| chat.get("messageCount").and_then(Value::as_u64));
    Ok(Reply::Count(usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX)))
}

fn find_message(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let id = args.text(0)?;
    let Some(chat) = view.log_owner_of(MESSAGE, id)? else { return Ok(Reply::Row(None)) };
    let Some(row) = view.log_row(MESSAGE, &chat, id)? else { return Ok(Reply::Row(None)) };
    let mut message = json::parse_object(&row).unwrap_or_default();
    message.insert("chatId".into(), chat.into());
    Ok(Reply::Value(Value::Object(message)))
}

fn update_message(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Row(tx.log_update(MESSAGE, args.text(0)?, args.text(1)?, args.object(2)?)?))
}

fn delete_messages(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Count(tx.log_delete(MESSAGE, args.text(0)?, &args.texts(1)?)?))
}

fn swipes(view: &View<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let (chat, group) = (args.text(0)?, args.text(1)?);
    let types = Some(vec![MESSAGE_TYPE.to_owned()]);
    let mut rows = view.log(MESSAGE, chat, &LogQuery { types, ..LogQuery::default() })?;
    rows.retain(|row| json::text_field(row, "swipeGroupId").as_deref() == Some(group));
    rows.sort_by_key(|row| {
        let map = json::parse_object(row).unwrap_or_default();
        map.get("swipeIndex").and_then(Value::as_i64).unwrap_or(i64::MAX)
    });
    Ok(Reply::Rows(rows))
}

fn clear(tx: &mut Tx<'_>, _model: ModelId, args: &Args<'_>) -> Result<Reply> {
    Ok(Reply::Count(tx.log_clear(MESSAGE, args.text(0)?)?))
}
