//! Published vectors come in hex.

/// The bytes of a hex text.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("a vector in hex")
}

/// So many bytes of a hex text.
pub(super) fn array<const N: usize>(hex: &str) -> [u8; N] {
    bytes(hex).try_into().expect("a vector of that length")
}
