//! The calls on personas.

use super::generic::edit_list;
use crate::calls::{Args, Call, Reply, write};
use crate::catalogue::ModelId;
use crate::engine::Tx;
use crate::error::Result;

pub(crate) const CALLS: &[Call] = &[
    write(
        "addCharacterLink",
        "id: string, characterId: string",
        "Persona | null",
        "Links a character, whose personaLinks follow.",
        add,
    ),
    write(
        "removeCharacterLink",
        "id: string, characterId: string",
        "Persona | null",
        "Unlinks a character, whose personaLinks follow.",
        remove,
    ),
];

fn add(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    edit_list(tx, model, args.text(0)?, "characterLinks", args.text(1)?, true)
}

fn remove(tx: &mut Tx<'_>, model: ModelId, args: &Args<'_>) -> Result<Reply> {
    edit_list(tx, model, args.text(0)?, "characterLinks", args.text(1)?, false)
}
