//! One line of the journal: eight hexadecimal digits, a space, JSON text, a line feed.
//!
//! The digits are a CRC-32 over the text that goes on from the CRC of the line before. So a line
//! is only valid behind the one it was written behind: what a torn or lost write left over from
//! an earlier attempt can never be taken for a part of the journal.

use std::fmt::Write;

/// Digits and space before the text.
const PREFIX: usize = 9;

/// The line for `text`, and the checksum from which the next line goes on.
pub(super) fn encode(previous: u32, text: &str) -> (String, u32) {
    let mut line = String::with_capacity(PREFIX + text.len() + 1);
    let checksum = append(&mut line, previous, text);
    (line, checksum)
}

/// Adds the line for `text` to others; gives the checksum from which the next line goes on.
pub(super) fn append(lines: &mut String, previous: u32, text: &str) -> u32 {
    let checksum = chain(previous, text.as_bytes());
    write!(lines, "{checksum:08x} ").expect("a String takes any text");
    lines.push_str(text);
    lines.push('\n');
    checksum
}

/// A valid line at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JournalLine<'a> {
    pub(super) text: &'a str,
    /// Length with prefix and line feed, in bytes.
    pub(super) len: usize,
    pub(super) checksum: u32,
}

/// The valid line at the start of `bytes`, or `None` when there is none (yet).
pub(super) fn decode(previous: u32, bytes: &[u8]) -> Option<JournalLine<'_>> {
    let end = memchr::memchr(b'\n', bytes)?;
    let text = bytes.get(PREFIX..end)?;
    let checksum = chain(previous, text);
    // As `encode` writes them and not otherwise: a number may have capitals, or a sign.
    let valid = bytes[..PREFIX] == *format!("{checksum:08x} ").as_bytes();
    let text = std::str::from_utf8(text).ok().filter(|_| valid)?;
    Some(JournalLine { text, len: end + 1, checksum })
}

fn chain(previous: u32, text: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&previous.to_le_bytes());
    hasher.update(text);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back() {
        let (line, checksum) = encode(7, "{\"a\":1}");
        let found = decode(7, line.as_bytes()).expect("valid");
        assert_eq!(found, JournalLine { text: "{\"a\":1}", len: line.len(), checksum });
    }

    #[test]
    fn a_line_is_valid_only_behind_its_predecessor() {
        let (line, _) = encode(7, "{}");
        assert_eq!(decode(8, line.as_bytes()), None);
    }

    #[test]
    fn every_changed_byte_is_found() {
        let (line, _) = encode(0, "{\"name\":\"Hamlet\"}");
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] ^= 1;
            assert_ne!(decode(0, &bytes).map(|l| l.text), Some("{\"name\":\"Hamlet\"}"), "{at}");
        }
    }

    #[test]
    fn digits_are_those_that_we_write() {
        let (line, checksum) = encode(3, "{}");
        let capitals = format!("{checksum:08X} {{}}\n");
        assert_ne!(line, capitals);
        assert_eq!(decode(3, capitals.as_bytes()), None);
    }

    #[test]
    fn zeros_and_halves_are_no_line() {
        assert_eq!(decode(0, &[0; 64]), None);
        let (line, _) = encode(0, "{}");
        assert_eq!(decode(0, &line.as_bytes()[..line.len() - 1]), None);
    }
}
