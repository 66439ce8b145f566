//! The calls on personas.

use super::generic::edit_list;
use crate::calls::{Args, Call, RECORD_OR_NULL, Reply, text, write};
use crate::catalogue::ModelId;
use crate::engine::Tx;
use crate::error::Result;

pub(crate) const CALLS: &[Call] = &[
    write(
        "addCharacterLink",
        &[text("id"), text("characterId")],
        RECORD_OR_NULL,
        "Links a character, whose personaLinks follow.",
        add,
    ),
    write(
        "removeCharacterLink",
        &[text("id"), text("characterId")],
        RECORD_OR_NULL,
        "Unlinks a character, whose personaLinks follow.",
        remove,
    ),
];

fn add(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    edit_list(tx, model, args.text("id")?, "characterLinks", args.text("characterId")?, true)
}

fn remove(tx: &mut Tx<'_>, model: ModelId, args: &Args) -> Result<Reply> {
    edit_list(tx, model, args.text("id")?, "characterLinks", args.text("characterId")?, false)
}
