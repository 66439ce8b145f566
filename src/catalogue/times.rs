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

/// Has the text this form already, and is it a time that exists?
fn is_normal(text: &str) -> bool {
    text.len() == 24 && text.ends_with('Z') && text.as_bytes()[19] == b'.' && text.as_bytes()[10] == b'T'
        && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::normalise_time;

    #[test]
    fn forms() {
        let cases = [
            ("2024-05-01T12:00:00.000Z", Some("2024-05-01T12:00:00.000Z")),
            ("2024-05-01T12:00:00Z", Some("2024-05-01T12:00:00.000Z")),
            ("2024-05-01T12:00:00.123456+02:00", Some("2024-05-01T10:00:00.123Z")),
            ("2024-05-01", Some("2024-05-01T00:00:00.000Z")),
            ("2024-13-01T12:00:00.000Z", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(normalise_time(text).as_deref(), expected, "{text}");
        }
    }
}
