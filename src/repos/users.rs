//! The calls on users and their chat settings.

use std::sync::Arc;

use super::second_factor;
use crate::calls::{
    Args, Call, RECORD_OR_NULL, Reply, TEXT_OR_NULL, Type, keys, param, read, slow, text, write,
};
use crate::catalogue::{ModelId, models};
use crate::engine::{Record, Tx, View};
use crate::error::Result;

pub(crate) const CALLS: &[Call] = &[
    read(
        "findByEmail",
        &[text("email")],
        RECORD_OR_NULL,
        "The user with this address, compared without case.",
        find_by_email,
    ),
    read("getCurrentUser", &[], RECORD_OR_NULL, "The owner of the store: the first user.", current),
    read(
        "getChatSettings",
        &[text("userId")],
        Type::OrNull(&Type::of(models::CHAT_SETTINGS)),
        "How a user's chats look.",
        chat_settings,
    ),
    write(
        "updateChatSettings",
        &[text("userId"), param("data", Type::patch_of(models::CHAT_SETTINGS))],
        Type::OrNull(&Type::of(models::CHAT_SETTINGS)),
        "Changes how a user's chats look.",
        update_chat_settings,
    ),
    write(
        "setTotpSecret",
        &[text("userId"), text("secret"), keys("options", &second_factor::TOTP_OPTIONS).optional()],
        RECORD_OR_NULL,
        "Seals the secret of a user's one-time passwords.",
        second_factor::set_totp,
    )
    .secret(),
    read(
        "getTotpSecret",
        &[text("userId")],
        TEXT_OR_NULL,
        "The clear secret of a user's one-time passwords.",
        second_factor::get_totp,
    )
    .secret(),
    write(
        "clearTotp",
        &[text("userId")],
        RECORD_OR_NULL,
        "Takes it away.",
        second_factor::clear_totp,
    ),
    slow(
        "setBackupCodes",
        &[text("userId"), param("codes", Type::List(&Type::Text))],
        Type::OrNull(&Type::Named("BackupCodesLeft")),
        "Keeps the hashes of a user's backup codes, sealed, in place of those before.",
        second_factor::set_codes,
    ),
    read(
        "getBackupCodes",
        &[text("userId")],
        Type::OrNull(&Type::Named("BackupCodesLeft")),
        "How many backup codes a user has left; the codes themselves cannot be given.",
        second_factor::get_codes,
    )
    .secret(),
    slow(
        "consumeBackupCode",
        &[text("userId"), text("code")],
        Type::Flag,
        "Uses a backup code up: true once for each code, whichever process asks first.",
        second_factor::consume_code,
    ),
];

fn find_by_email(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    Ok(Reply::Record(by_email(view, model, args.text("email")?)?))
}

/// The user with an address.
pub(crate) fn by_email(
    view: &View<'_>,
    model: ModelId,
    email: &str,
) -> Result<Option<Arc<Record>>> {
    Ok(view.find(model, &["email"], &[email])?.into_iter().next())
}

fn current(view: &View<'_>, model: ModelId, _args: &Args) -> Result<Reply> {
    Ok(Reply::Record(view.first(model)?))
}

fn settings_of(view: &View<'_>, user: &str) -> Result<Option<Arc<Record>>> {
    Ok(view.find(models::CHAT_SETTINGS, &["userId"], &[user])?.into_iter().next())
}

fn chat_settings(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let user = args.text("userId")?;
    let settings = settings_of(view, user)?;
    if settings.is_none() {
        // They stand in the user's file: where that cannot be read, it is told.
        view.get(models::USER, user)?;
    }
    Ok(Reply::Record(settings))
}

fn update_chat_settings(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let (user, data) = (args.text("userId")?, args.object("data")?);
    let settings = settings_of(&tx.view(), user)?;
    if let Some(settings) = settings {
        return Ok(Reply::Record(tx.update(models::CHAT_SETTINGS, settings.key(), data)?));
    }
    if tx.view().get(model, user)?.is_none() {
        return Ok(Reply::Record(None));
    }
    // A user of an older store may have none.
    let mut data = data;
    data.insert("userId".into(), user.into());
    Ok(Reply::Record(Some(tx.create(models::CHAT_SETTINGS, data)?)))
}
