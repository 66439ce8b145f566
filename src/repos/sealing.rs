//! Sealing for the app's own use: what is sealed is the app's to keep.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::calls::{Args, Call, Reply, Type, bytes, param, read, text};
use crate::catalogue::ModelId;
use crate::crypto::clear_json;
use crate::engine::View;
use crate::error::Result;
use crate::secrets::{to_open, to_seal};

pub(crate) const CALLS: &[Call] = &[
    read(
"encryptJson",
&[param("value", Type::Any), text("context").optional()],
Type::Text,
        "Seals a value for the app to keep where it likes; only this store opens it, with the same context.",
        encrypt_json,
    )
    .secret(),
    read(
"decryptJson",
&[text("sealed"), text("context").optional()],
Type::Named("any"),
        "Opens what `encryptJson` sealed.",
        decrypt_json,
    )
    .secret(),
    bytes(
"encryptBuffer",
&[param("data", Type::Bytes), text("context").optional()],
        "Seals bytes for the app to keep where it likes; only this store opens them, with the same context.",
        |view, args, data| to_seal(view)?.seal_buffer(context(args)?, data),
    ),
    bytes(
"decryptBuffer",
&[param("sealed", Type::Bytes), text("context").optional()],
        "Opens what `encryptBuffer` sealed; the bytes are the caller's to wipe.",
        |view, args, data| {
            Ok(to_open(view)?.open_buffer(context(args)?, data)?.expose().to_vec())
        },
    ),
];

fn context(args: &Args) -> Result<&[u8]> {
    Ok(args.optional_text("context")?.unwrap_or_default().as_bytes())
}

fn encrypt_json(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let text = clear_json(args.value("value"));
    let sealed = to_seal(view)?.seal_json(context(args)?, &text)?;
    Ok(Reply::Value(Value::String(sealed)))
}

fn decrypt_json(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let json = to_open(view)?.open_json(context(args)?, args.text("sealed")?)?;
    Ok(Reply::Secret(Zeroizing::new(json.expose_text()?.to_owned())))
}
