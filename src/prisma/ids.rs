//! Ids of any form. The store's are of few characters, for they name files; Prisma's are any text.
//! One that the store would refuse is kept in another form, which no other id has.

use std::borrow::Cow;
use std::fmt::Write;

use crate::catalogue::is_id;

/// What an id in the other form begins with; its bytes follow, in hexadecimal.
const FORM: &str = "_x";

/// The id as the store keeps it.
pub(crate) fn kept(id: &str) -> Cow<'_, str> {
    // What looks like the other form, and is not, stays as it is: it stands for itself only.
    if is_id(id) {
        return id.into();
    }
    id.bytes()
        .fold(FORM.to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
        .into()
}

/// The id that a kept one stands for.
pub(crate) fn given(kept: &str) -> Cow<'_, str> {
    let other =
        kept.strip_prefix(FORM).and_then(bytes).and_then(|bytes| String::from_utf8(bytes).ok());
    match other {
        Some(id) if !is_id(&id) => id.into(),
        _ => kept.into(),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let lower = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let pairs = (hex.len().is_multiple_of(2) && lower).then(|| (0..hex.len()).step_by(2))?;
    pairs.map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_store_would_refuse_has_another_form() {
        for (id, form) in [("a-1", "a-1"), ("", "_x"), ("a b", "_x612062"), ("_x61", "_x61")] {
            assert_eq!((&*kept(id), &*given(form)), (form, id));
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(id in ".{0,15}") {
            let form = kept(&id);
            prop_assert_eq!(given(&form), id.as_str());
        }
    }
}
