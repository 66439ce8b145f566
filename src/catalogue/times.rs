//! The one form in which times are kept: what `toISOString` of a JavaScript `Date` gives.
//!
//! A `Date` reaches further than any calendar library, 100 million days around 1970. The calendar
//! repeats itself every 400 years, so a year is moved by whole cycles to where the library has it.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};

/// The last millisecond of a JavaScript `Date`, and with a minus the first one.
const MOST_MS: i64 = 8_640_000_000_000_000;
const DAY_MS: i64 = 86_400_000;
/// In days: 1970-01-01 from the first day of the year 1, and the 400 years of a cycle.
const EPOCH: i64 = 719_163;
const CYCLE: i64 = 146_097;

/// A time in the form in which records hold it, `2024-05-01T12:00:00.000Z`, with six digits and a
/// sign for years that have not four: `+012024-05-01T12:00:00.000Z`. `None` when the text is no
/// ISO-8601 time with an offset and no plain date (which means midnight UTC), or one that no `Date`
/// can hold. Digits below the millisecond are dropped.
pub fn normalise_time(text: &str) -> Option<String> {
    let ms = time_ms(text)?;
    Some(if is_normal(text) { text.to_owned() } else { time_text(ms) })
}

/// Is this time, which has four digits for its year, in the form already? Most are, and every
/// record that is written asks.
fn is_normal(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 24
        && (bytes[4], bytes[10], bytes[19], bytes[23]) == (b'-', b'T', b'.', b'Z')
        && &bytes[17..19] != b"60"
}

/// The milliseconds since 1970 of a time, or of midnight UTC of a plain date.
pub fn time_ms(text: &str) -> Option<i64> {
    let mut rest = Rest(text.as_bytes());
    let date = rest.date()? * DAY_MS;
    let ms = if rest.0.is_empty() {
        date
    } else {
        rest.one_of(b"Tt ")?;
        date + rest.time()? - rest.offset()?
    };
    (rest.0.is_empty() && ms.abs() <= MOST_MS).then_some(ms)
}

/// A time in milliseconds since 1970 as records hold it; one that no `Date` can hold becomes the
/// nearest that it can.
pub fn time_text(ms: i64) -> String {
    let ms = ms.clamp(-MOST_MS, MOST_MS);
    let days = ms.div_euclid(DAY_MS);
    let near = i32::try_from(days.rem_euclid(CYCLE) + EPOCH).unwrap_or_default();
    let date = NaiveDate::from_num_days_from_ce_opt(near).unwrap_or_default();
    let year = i64::from(date.year()) + 400 * days.div_euclid(CYCLE);
    let date = (year, i64::from(date.month()), i64::from(date.day()));
    written(date, ms.rem_euclid(DAY_MS))
}

/// The text of a time: year, month and day, and the milliseconds of that day.
pub(crate) fn written((year, month, day): (i64, i64, i64), ms: i64) -> String {
    let mut text = String::with_capacity(27);
    if (0..=9999).contains(&year) {
        push_digits(&mut text, year, 4);
    } else {
        text.push(if year < 0 { '-' } else { '+' });
        push_digits(&mut text, year.abs(), 6);
    }
    let parts = [
        ('-', month, 2),
        ('-', day, 2),
        ('T', ms / 3_600_000, 2),
        (':', ms / 60_000 % 60, 2),
        (':', ms / 1000 % 60, 2),
        ('.', ms % 1000, 3),
    ];
    for (before, number, digits) in parts {
        text.push(before);
        push_digits(&mut text, number, digits);
    }
    text.push('Z');
    text
}

/// The last digits of a number; `format!` is too slow for what every written record needs.
fn push_digits(text: &mut String, number: i64, digits: u32) {
    let digit = |place| (number / 10_i64.pow(place)).rem_euclid(10);
    let digits = (0..digits).rev().map(digit).map(|digit| u8::try_from(digit).unwrap_or_default());
    text.extend(digits.map(|digit| char::from(b'0' + digit)));
}

/// What is still to be read of a text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| self.0 = rest)?;
        Some(*first)
    }

    /// A number of just so many digits.
    fn number<const DIGITS: usize>(&mut self) -> Option<u32> {
        let (digits, rest) = self.0.split_first_chunk::<DIGITS>()?;
        digits.iter().all(u8::is_ascii_digit).then(|| self.0 = rest)?;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    /// Days since 1970.
    fn date(&mut self) -> Option<i64> {
        let year = match self.one_of(b"+-") {
            Some(sign) => {
                let year = i64::from(self.number::<6>()?);
                // As in JavaScript, the year 0 has no minus.
                (sign == b'+' || year > 0).then_some(if sign == b'-' { -year } else { year })?
            }
            None => i64::from(self.number::<4>()?),
        };
        self.one_of(b"-")?;
        let month = self.number::<2>()?;
        self.one_of(b"-")?;
        let near = i32::try_from(year.rem_euclid(400) + 2000).ok()?;
        let date = NaiveDate::from_ymd_opt(near, month, self.number::<2>()?)?;
        let cycles = year.div_euclid(400) - 5;
        Some(i64::from(date.num_days_from_ce()) - EPOCH + cycles * CYCLE)
    }

    /// Milliseconds since midnight.
    fn time(&mut self) -> Option<i64> {
        let hour = self.number::<2>()?;
        self.one_of(b":")?;
        let minute = self.number::<2>()?;
        let second = if self.one_of(b":").is_some() { self.number::<2>()? } else { 0 };
        let mut ms = 0;
        if self.one_of(b".,").is_some() {
            let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (fraction, rest) = self.0.split_at(digits);
            self.0 = rest;
            let first = fraction.first()?;
            let digit = |at: usize| u32::from(fraction.get(at).map_or(0, |digit| digit - b'0'));
            ms = u32::from(first - b'0') * 100 + digit(1) * 10 + digit(2);
        }
        // A leap second exists neither in JavaScript nor here: it is the one before.
        let time = NaiveTime::from_hms_milli_opt(hour, minute, second.min(59), ms)?;
        (second <= 60).then_some(())?;
        Some(i64::from(time.num_seconds_from_midnight()) * 1000 + i64::from(ms))
    }

    /// How many milliseconds the clock is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number::<2>()?;
        let minutes =
            if self.one_of(b":").is_some() || !self.0.is_empty() { self.number::<2>()? } else { 0 };
        let fits = hours < 24 && minutes < 60;
        fits.then(|| sign * i64::from(hours * 60 + minutes) * 60_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms() {
        let cases = [
            ("2024-05-01T12:00:00.000Z", Some("2024-05-01T12:00:00.000Z")),
            ("2024-05-01T12:00:00Z", Some("2024-05-01T12:00:00.000Z")),
            ("2024-05-01T12:00Z", Some("2024-05-01T12:00:00.000Z")),
            ("2024-05-01 12:00:00.5z", Some("2024-05-01T12:00:00.500Z")),
            ("2024-05-01T12:00:00.123456+02:00", Some("2024-05-01T10:00:00.123Z")),
            ("2024-05-01T12:00:00-0230", Some("2024-05-01T14:30:00.000Z")),
            ("2024-05-01T12:00:00+02", Some("2024-05-01T10:00:00.000Z")),
            ("2024-05-01", Some("2024-05-01T00:00:00.000Z")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000Z")),
            ("0000-01-01T00:00:00+01:00", Some("-000001-12-31T23:00:00.000Z")),
            ("9999-12-30T21:59:59.9999Z", Some("9999-12-30T21:59:59.999Z")),
            ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
            ("9999-12-31T23:59:59.999-00:01", Some("+010000-01-01T00:00:59.999Z")),
            ("+002024-05-01", Some("2024-05-01T00:00:00.000Z")),
            ("-000001-02-28", Some("-000001-02-28T00:00:00.000Z")),
            ("+275760-09-13T00:00:00.000Z", Some("+275760-09-13T00:00:00.000Z")),
            ("-271821-04-20T00:00:00.000Z", Some("-271821-04-20T00:00:00.000Z")),
            ("+275760-09-13T00:00:00.001Z", None),
            ("-271821-04-19T23:59:59.999Z", None),
            ("-000000-01-01", None),
            ("+2024-05-01", None),
            ("10000-01-01", None),
            ("1969-12-31T23:59:59.9999Z", Some("1969-12-31T23:59:59.999Z")),
            ("2016-12-31T23:59:60.000Z", Some("2016-12-31T23:59:59.000Z")),
            ("2016-12-31T23:59:61.000Z", None),
            ("2024-02-29", Some("2024-02-29T00:00:00.000Z")),
            ("2023-02-29", None),
            ("2024-05-01T24:00:00Z", None),
            ("2024-05-01T12:00:00.Z", None),
            ("2024-05-01T12:00:00+24:00", None),
            ("2024-05-01T12:00:00", None),
            ("2024-05-01T12:00:00Zz", None),
            ("2024-05-01T12:00:00.000é", None),
            ("2024-13-01T12:00:00.000Z", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(normalise_time(text).as_deref(), expected, "{text}");
        }
        assert_eq!(time_text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time_text(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(time_text(i64::MAX), "+275760-09-13T00:00:00.000Z");
    }

    proptest! {
        #[test]
        fn every_time_of_a_date_comes_back(ms in -MOST_MS..=MOST_MS) {
            prop_assert_eq!(time_ms(&time_text(ms)), Some(ms));
        }

        #[test]
        fn an_offset_is_taken_off(ms in -MOST_MS / 2..=MOST_MS / 2, offset in -1439..1440_i64) {
            let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs());
            let local = time_text(ms + offset * 60_000);
            let zone = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            prop_assert_eq!(normalise_time(&local.replace('Z', &zone)), Some(time_text(ms)));
        }

        #[test]
        fn it_is_the_calendar_of_the_library(days in -90_000_000_i32..=90_000_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(days + 719_163).expect("in range");
            let text = time_text(i64::from(days) * DAY_MS);
            let wanted = format!("-{:02}-{:02}T00:00:00.000Z", date.month(), date.day());
            prop_assert!(text.ends_with(&wanted), "{} {}", text, date);
        }

        #[test]
        fn anything_is_refused_or_brought_to_the_form(text in "[0-9TZ:+. é-]{0,30}") {
            if let Some(time) = normalise_time(&text) {
                prop_assert!(matches!(time.len(), 24 | 27));
                prop_assert_eq!(normalise_time(&time), Some(time));
            }
        }
    }
}
