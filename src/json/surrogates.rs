//! Halves of a surrogate pair that stand alone.
//!
//! A JavaScript text can be cut within an emoji, and `JSON.stringify` then writes the half as an
//! escape, `"\ud83d"`. No UTF-8 text can hold it, so it is read as UTF-8 encoders write it: U+FFFD.

use std::borrow::Cow;

/// An escape of one UTF-16 unit: `\` and `u` and four digits.
const LEN: usize = 6;

/// The text with the escape of U+FFFD in place of each escape of a lone surrogate; borrowed where
/// there is none. Nothing else changes, and everything stays at its place.
pub fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut replaced: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        at += match (unit_at(bytes, at), unit_at(bytes, at + LEN)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 2 * LEN,
            (Some(0xD800..=0xDFFF), _) => {
                let other = replaced.get_or_insert_with(|| bytes.to_vec());
                other[at + 2..at + LEN].copy_from_slice(b"fffd");
                LEN
            }
            // Any other escape: its second character may be a backslash.
            _ => 2,
        };
    }
    // Only ASCII was replaced, by as much ASCII.
    let replaced = replaced.and_then(|bytes| String::from_utf8(bytes).ok());
    replaced.map_or(Cow::Borrowed(text), Cow::Owned)
}

fn unit_at(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + LEN)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_that_stand_alone_are_replaced() {
        let cases = [
            (r"Hello \ud83d", r"Hello \ufffd"),
            (r"\ud83d\ude00", r"\ud83d\ude00"),
            (r"\ude00\ud83d", r"\ufffd\ufffd"),
            (r"\uD83D\uD83D\uDE00", r"\ufffd\uD83D\uDE00"),
            (r"\ud83d\n\ude00", r"\ufffd\n\ufffd"),
            (r"\\ud83d", r"\\ud83d"),
            (r"\\\ud83d", r"\\\ufffd"),
            (r"\ud83", r"\ud83"),
            (r"é\ud83dé", r"é\ufffdé"),
            (r"\", r"\"),
        ];
        for (text, read) in cases {
            assert_eq!(without_lone_surrogates(text), read, "{text}");
        }
        assert!(matches!(without_lone_surrogates(r"\ud83d\ude00"), Cow::Borrowed(_)));
    }
}
