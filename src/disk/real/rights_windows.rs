//! Whose a file is, and who else may write it: Windows, where the access lists of the folders above
//! say so, which nothing here reads.

/// Nothing is known.
#[derive(Clone, Copy)]
pub(super) struct Rights;

impl Rights {
    pub(super) fn is_of_another(&self) -> bool {
        false
    }

    pub(super) fn explain_refusal(&self) -> Option<String> {
        None
    }

    pub(super) fn not_ours_alone(&self) -> Option<String> {
        None
    }
}
