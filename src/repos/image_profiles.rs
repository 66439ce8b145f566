//! The calls on image profiles.

use super::connections::{find_default, set_default};
use super::rules::defaults_of;
use super::rules::patch;
use crate::calls::{Args, Call, Reply, read, write};
use crate::catalogue::ModelId;
use crate::engine::{Tx, View};
use crate::error::Result;

pub(crate) const CALLS: &[Call] = &[
    read(
        "findDefault",
        "userId: string",
        "ImageProfile | null",
        "A user's default profile.",
        find_default,
    ),
    read(
        "findByName",
        "userId: string, name: string",
        "ImageProfile | null",
        "A user's profile with this name.",
        find_by_name,
    ),
    write(
        "unsetAllDefaults",
        "userId: string",
        "number",
        "Leaves a user without a default; gives how many there were.",
        unset_all,
    ),
    write(
        "setDefault",
        "id: string",
        "ImageProfile | null",
        "Makes a profile its user's default, in place of the one before.",
        set_default,
    ),
];

fn find_by_name(view: &View<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let found = view.find(model, &["userId", "name"], &[args.text(0)?, args.text(1)?])?;
    Ok(Reply::Record(found.into_iter().next()))
}

fn unset_all(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    let defaults = defaults_of(&tx.view(), model, args.text(0)?)?;
    for record in &defaults {
        tx.update(model, record.key(), patch("isDefault", false))?;
    }
    Ok(Reply::Count(defaults.len()))
}
