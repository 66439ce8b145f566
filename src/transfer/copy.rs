//! The text format of PostgreSQL's COPY: a row a line, a tab between fields, `\N` for NULL.
//!
//! A server and a file of `pg_dump` give rows in it alike, as they are in the database: so there is
//! one reader, and nothing between that knows of time zones or of numbers.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::error::{Code, Error};

/// How the data of a table end.
pub(super) const END: &[u8] = b"\\.";

/// No row of the app's tables is longer, in bytes; a hostile one might never end.
pub(super) const LONGEST_ROW: usize = 128 << 20;

/// The error for one that is.
pub(super) fn too_long(source: &str) -> Error {
    let message = format!(
        "cannot read {source}: a line of it has more than {} MB, which no row of the app's tables has",
        LONGEST_ROW >> 20
    );
    Error::new(Code::TooLarge, message)
}

/// A field; `None` is NULL.
pub(super) type Field<'l> = Option<Cow<'l, str>>;

/// The fields of a line without its line feed.
///
/// # Errors
/// The number of the field that is not UTF-8.
pub(super) fn fields(line: &[u8]) -> Result<Vec<Field<'_>>, usize> {
    let mut found = Vec::with_capacity(16);
    let mut start = 0;
    // A tab within a field is written with a backslash, so each one parts two fields.
    for end in memchr_iter(b'\t', line).chain([line.len()]) {
        found.push(field(&line[start..end]).ok_or(found.len())?);
        start = end + 1;
    }
    Ok(found)
}

/// One of the fields of a line; none where there is no such field, or it is not UTF-8.
pub(super) fn field_at(line: &[u8], number: usize) -> Option<Field<'_>> {
    let mut ends = memchr_iter(b'\t', line).chain([line.len()]);
    let start = if number == 0 { 0 } else { ends.nth(number - 1)? + 1 };
    field(line.get(start..ends.next()?)?)
}

fn field(text: &[u8]) -> Option<Field<'_>> {
    if text == b"\\N" {
        return Some(None);
    }
    if memchr(b'\\', text).is_none() {
        return std::str::from_utf8(text).ok().map(|text| Some(text.into()));
    }
    String::from_utf8(unescaped(text)).ok().map(|text| Some(text.into()))
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        let (byte, used) = escape(&rest[at + 1..]);
        plain.push(byte);
        rest = &rest[at + 1 + used..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// The byte that stands behind a backslash, and how many bytes name it.
fn escape(behind: &[u8]) -> (u8, usize) {
    match behind.first() {
        None => (b'\\', 0),
        Some(b'b') => (8, 1),
        Some(b'f') => (12, 1),
        Some(b'n') => (b'\n', 1),
        Some(b'r') => (b'\r', 1),
        Some(b't') => (b'\t', 1),
        Some(b'v') => (11, 1),
        Some(b'0'..=b'7') => number(behind, 8, 3),
        Some(b'x') if behind.get(1).is_some_and(u8::is_ascii_hexdigit) => {
            let (byte, used) = number(&behind[1..], 16, 2);
            (byte, used + 1)
        }
        Some(other) => (*other, 1),
    }
}

fn number(digits: &[u8], radix: u32, most: usize) -> (u8, usize) {
    let digit = |byte: &u8| char::from(*byte).to_digit(radix);
    let values: Vec<u32> = digits.iter().take(most).map_while(digit).collect();
    let number = values.iter().fold(0, |number, digit| number * radix + digit);
    // PostgreSQL takes the low byte of `\777` too.
    ((number & 0xff) as u8, values.len())
}

/// Writes a field.
pub(super) fn push_field(line: &mut Vec<u8>, field: Option<&str>) {
    let Some(text) = field else {
        line.extend_from_slice(b"\\N");
        return;
    };
    for byte in text.bytes() {
        let escaped = match byte {
            b'\\' => b'\\',
            8 => b'b',
            12 => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            11 => b'v',
            plain => {
                line.push(plain);
                continue;
            }
        };
        line.extend_from_slice(&[b'\\', escaped]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(line: &str) -> Vec<Option<String>> {
        let fields = fields(line.as_bytes()).expect("UTF-8");
        fields.into_iter().map(|field| field.map(Cow::into_owned)).collect()
    }

    #[test]
    fn escapes() {
        let cases = [
            ("a\tb", vec![Some("a"), Some("b")]),
            ("", vec![Some("")]),
            ("\\N\t", vec![None, Some("")]),
            ("\\\\N", vec![Some("\\N")]),
            ("\\b\\f\\n\\r\\t\\v\\\\", vec![Some("\u{8}\u{c}\n\r\t\u{b}\\")]),
            ("\\101\\x4a\\x4\\7g", vec![Some("AJ\u{4}\u{7}g")]),
            ("\\xg\\q", vec![Some("xgq")]),
            ("\\303\\251", vec![Some("é")]),
        ];
        for (line, expected) in cases {
            let expected: Vec<Option<String>> =
                expected.into_iter().map(|field| field.map(str::to_owned)).collect();
            assert_eq!(texts(line), expected, "{line}");
        }
        assert_eq!(fields(b"a\t\xff"), Err(1));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(row in proptest::collection::vec(
            proptest::option::of("[\\PC\t\n\r\u{8}\u{b}\u{c}\\\\N.]{0,8}"), 1..5,
        )) {
            let mut line = Vec::new();
            for (at, field) in row.iter().enumerate() {
                if at > 0 {
                    line.push(b'\t');
                }
                push_field(&mut line, field.as_deref());
            }
            prop_assert!(!line.contains(&b'\n'));
            prop_assert_eq!(texts(std::str::from_utf8(&line).expect("UTF-8")), row);
        }

        #[test]
        fn any_bytes_are_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = fields(&line);
        }
    }
}
