//! The calls on image profiles.

use super::connections::{find_default, set_default};
use super::rules::defaults_of;
use super::rules::patch;
use crate::calls::{Args, Call, RECORD_OR_NULL, Reply, Type, read, text, write};
use crate::catalogue::ModelId;
use crate::engine::{Tx, View};
use crate::error::Result;

pub(crate) const CALLS: &[Call] = &[
    read(
        "findDefault",
        &[text("userId")],
        RECORD_OR_NULL,
        "A user's default profile.",
        find_default,
    ),
    read(
        "findByName",
        &[text("userId"), text("name")],
        RECORD_OR_NULL,
        "A user's profile with this name.",
        find_by_name,
    ),
    write(
        "unsetAllDefaults",
        &[text("userId")],
        Type::Number,
        "Leaves a user without a default; gives how many there were.",
        unset_all,
    ),
    write(
        "setDefault",
        &[text("id")],
        RECORD_OR_NULL,
        "Makes a profile its user's default, in place of the one before.",
        set_default,
    ),
];

fn find_by_name(view: &View<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let found =
        view.find(model, &["userId", "name"], &[args.text("userId")?, args.text("name")?])?;
    Ok(Reply::Record(found.into_iter().next()))
}

fn unset_all(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    let defaults = defaults_of(&tx.view(), model, args.text("userId")?)?;
    for record in &defaults {
        tx.update(model, record.key(), patch("isDefault", false))?;
    }
    Ok(Reply::Count(defaults.len()))
}
