//! The fingerprint of an answer: a caller that has an answer with the same one need not be given it
//! again.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number over the versions of everything that an answer was made of, in their order. Two
/// different answers to the same question share one with a chance of 2^-52, for it must fit a
/// JavaScript number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

/// Bits of a fingerprint.
pub(super) const BITS: u32 = 52;

impl Fingerprint {
    /// The fingerprint that a caller was given before.
    pub fn known(number: u64) -> Fingerprint {
        Fingerprint(number)
    }

    /// The fingerprint of an answer made of things with these versions.
    pub fn of(versions: impl Iterator<Item = u64>) -> Fingerprint {
        // The finalizer of splitmix64, chained: every bit of every version counts.
        let mixed = versions.fold(0x9E37_79B9_7F4A_7C15_u64, |print, version| {
            let mut mixed = print.rotate_left(5) ^ version.wrapping_add(0x9E37_79B9_7F4A_7C15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        });
        // 0 and 1 mean something else in a question.
        Fingerprint((mixed >> (64 - BITS)).max(2))
    }

    /// As a whole number from 2 to 2^52 - 1.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// A number that no other thing of this process has had.
pub(crate) fn new_version() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}
