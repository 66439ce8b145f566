//! The one form in which times are kept.

use jiff::{Timestamp, civil::Date};

/// A time in the form in which records hold it, `2024-05-01T12:00:00.000Z`; `None` when the
/// text is no ISO-8601 time with an offset, and no plain date (which means midnight UTC).
/// Digits below the millisecond are dropped.
pub fn normalise_time(text: &str) -> Option<String> {
    if is_normal(text) {
        return Some(text.to_owned());
    }
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time,
        Err(_) if text.len() == 10 => {
            let date: Date = text.parse().ok()?;
            date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        }
        Err(_) => return None,
    };
    let ms = time.as_nanosecond().div_euclid(1_000_000);
    let whole = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    Some(format!("{whole:.3}")).filter(|text| text.len() == 24)
}

/// The milliseconds since 1970 of a time as records hold it.
pub fn time_ms(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// Has the text this form already, and is it a time that exists? (A leap second, which jiff
/// reads, exists neither in JavaScript nor in a `Timestamp`.)
fn is_normal(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 24
        && (bytes[10], bytes[19], bytes[23]) == (b'T', b'.', b'Z')
        && &bytes[17..19] != b"60"
        && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::normalise_time;
    use proptest::prelude::*;

    #[test]
    fn forms() {
        let cases = [
            ("2024-05-01T12:00:00.000Z", Some("2024-05-01T12:00:00.000Z")),
            ("2024-05-01T12:00:00Z", Some("2024-05-01T12:00:00.000Z")),
            ("2024-05-01T12:00:00.123456+02:00", Some("2024-05-01T10:00:00.123Z")),
            ("2024-05-01", Some("2024-05-01T00:00:00.000Z")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000Z")),
            ("9999-12-30T21:59:59.9999Z", Some("9999-12-30T21:59:59.999Z")),
            ("0000-01-01T00:00:00+01:00", None),
            ("1969-12-31T23:59:59.9999Z", Some("1969-12-31T23:59:59.999Z")),
            ("2016-12-31T23:59:60.000Z", Some("2016-12-31T23:59:59.000Z")),
            ("2024-02-29", Some("2024-02-29T00:00:00.000Z")),
            ("2023-02-29", None),
            ("2024-05-01T12:00:00", None),
            ("2024-05-01T12:00:00.000é", None),
            ("2024-13-01T12:00:00.000Z", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(normalise_time(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn twice_is_once(ms in -62_167_219_200_000_i64..253_402_200_000_000, offset in -1439..1440) {
            let time = jiff::Timestamp::from_millisecond(ms).expect("in range");
            let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, i32::abs(offset));
            let local = format!("{:.3}", time + jiff::SignedDuration::from_mins(offset.into()));
            let zone = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            let normal = normalise_time(&local.replace('Z', &zone));
            prop_assume!(!local.starts_with('-'));
            prop_assert_eq!(normal.clone(), Some(format!("{time:.3}")));
            prop_assert_eq!(normalise_time(normal.as_deref().expect("checked")), normal);
        }

        #[test]
        fn anything_is_refused_or_brought_to_the_form(text in "[0-9TZ:+. é-]{0,30}") {
            if let Some(time) = normalise_time(&text) {
                prop_assert_eq!(time.len(), 24);
                prop_assert_eq!(normalise_time(&time), Some(time));
            }
        }
    }
}
