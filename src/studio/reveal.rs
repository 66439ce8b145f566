//! A sealed value in clear, for one look: the keys are derived for it, and held by nobody.

use super::record::find;
use super::short::model_of;
use crate::calls::{Args, Reply, Step};
use crate::catalogue::ModelId;
use crate::crypto::SlotId;
use crate::engine::View;
use crate::error::{Code, Error, Result};
use crate::secrets;

pub(super) fn answer(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Step> {
    let model = model_of(view, args.text("model")?)?;
    let [key, field] = [args.text("key")?.to_owned(), args.text("field")?.to_owned()];
    let passphrase = args.passphrase()?;
    let envelope = secrets::envelope(view)?.ok_or_else(|| {
        Error::new(
            Code::Tampered,
            "this store has no keys: what is sealed here is from another one",
        )
    })?;
    Step::slow(move || {
        let slot_key = envelope.slot_key(SlotId::Passphrase, &passphrase)?;
        // A wrong passphrase is told here; what is opened is opened with the keys as they are by then.
        envelope.unlock(&slot_key)?;
        Step::look(move |view| {
            let gone = || Error::new(Code::Tampered, "the keys have changed meanwhile; try again");
            let keyring = secrets::envelope(view)?.ok_or_else(gone)?.unlock(&slot_key)?;
            let Some(found) = find(view, model, &key)? else {
                return Step::done(Reply::Record(None));
            };
            let declared = view.catalogue().model(model);
            let clear = secrets::open_with(&keyring, declared, (&key, &found.map()), &field)?;
            Step::done(clear.map_or(Ok(Reply::Record(None)), |clear| Reply::secret(&clear))?)
        })
    })
}
