//! Times: milliseconds since 1970, and the texts that stand for them.

use crate::catalogue;

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// The milliseconds of a time as records hold it.
pub(crate) fn stored(text: &str) -> Option<i64> {
    parse(text).ok()
}

/// A time as records and answers hold it: `2024-05-01T12:00:00.000Z`; years beyond four digits as
/// JavaScript writes them.
pub(crate) fn format(ms: i64) -> String {
    catalogue::written(date_of(ms.div_euclid(DAY)), ms.rem_euclid(DAY))
}

/// The milliseconds of a text as RFC 3339 has it, with any offset; digits below the millisecond
/// are cut.
///
/// # Errors
/// What is wrong with it, in the words of the parser that Prisma's engine has.
pub(crate) fn parse(text: &str) -> Result<i64, &'static str> {
    let mut rest = Rest(text);
    let year = rest.year()?;
    rest.byte(b'-')?;
    let month = rest.digits(2)?;
    rest.byte(b'-')?;
    let day = rest.digits(2)?;
    rest.one_of(b"Tt ")?;
    let hour = rest.digits(2)?;
    rest.byte(b':')?;
    let minute = rest.digits(2)?;
    rest.byte(b':')?;
    let second = rest.digits(2)?;
    let milli = rest.fraction()?;
    let offset = rest.offset()?;
    if !rest.0.is_empty() {
        return Err("trailing input");
    }
    let in_range = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && (hour, minute, second) <= (23, 59, 60)
        && minute <= 59
        && second <= 60;
    if !in_range {
        return Err("input is out of range");
    }
    let seconds = (hour * 60 + minute) * 60 + second.min(59);
    Ok(days_of(year, month, day) * DAY + seconds * 1000 + milli - offset * 60_000)
}

const END: &str = "premature end of input";
const INVALID: &str = "input contains invalid characters";

/// What is left of a text that is read.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn next(&mut self) -> Result<u8, &'static str> {
        let byte = *self.0.as_bytes().first().ok_or(END)?;
        self.0 = self.0.get(1..).ok_or(INVALID)?;
        Ok(byte)
    }

    fn byte(&mut self, wanted: u8) -> Result<(), &'static str> {
        self.one_of(&[wanted]).map(drop)
    }

    fn one_of(&mut self, wanted: &[u8]) -> Result<u8, &'static str> {
        match self.next()? {
            byte if wanted.contains(&byte) => Ok(byte),
            _ => Err(INVALID),
        }
    }

    fn digits(&mut self, count: usize) -> Result<i64, &'static str> {
        (0..count).try_fold(0, |number, _| Ok(number * 10 + self.digit()?))
    }

    fn digit(&mut self) -> Result<i64, &'static str> {
        let byte = self.next()?;
        if byte.is_ascii_digit() { Ok(i64::from(byte - b'0')) } else { Err(INVALID) }
    }

    fn year(&mut self) -> Result<i64, &'static str> {
        match self.0.as_bytes().first() {
            Some(b'+') => self.next().and_then(|_| self.digits(6)),
            Some(b'-') => self.next().and_then(|_| self.digits(6)).map(|year| -year),
            _ => self.digits(4),
        }
    }

    /// The milliseconds of a fraction of a second, if there is one.
    fn fraction(&mut self) -> Result<i64, &'static str> {
        if !self.0.starts_with('.') {
            return Ok(0);
        }
        self.0 = &self.0[1..];
        let (mut milli, mut worth) = (self.digit()? * 100, 10);
        while self.0.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            milli += self.digit()? * worth;
            worth /= 10;
        }
        Ok(milli)
    }

    /// The offset from UTC, in minutes.
    fn offset(&mut self) -> Result<i64, &'static str> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Ok(0),
        };
        let hours = self.digits(2)?;
        self.byte(b':')?;
        Ok(sign * (hours * 60 + self.digits(2)?))
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The days since 1970 of a date in the proleptic Gregorian calendar. Years are counted from
/// March, so that the leap day is the last of its year.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The other way: year, month and day.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms() {
        let cases = [
            ("1970-01-01T00:00:00.000Z", Ok(0)),
            ("2024-01-01T10:00:00.123456+02:00", Ok(1_704_096_000_123)),
            ("9999-12-31T23:59:59.999Z", Ok(253_402_300_799_999)),
            ("0001-01-01T00:00:00.000Z", Ok(-62_135_596_800_000)),
            ("2024-02-29T00:00:00-00:30", Ok(1_709_166_600_000)),
            ("2023-02-29T00:00:00Z", Err("input is out of range")),
            ("2024-01-01", Err("premature end of input")),
            ("2024-01-01T10:00:00Zx", Err("trailing input")),
            ("yesterday", Err("input contains invalid characters")),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ms in -8_640_000_000_000_000_i64..8_640_000_000_000_000) {
            prop_assert_eq!(parse(&format(ms)), Ok(ms));
        }

        #[test]
        fn anything_is_read_or_refused(text in "[0-9TZ:+. é-]{0,30}") {
            let _ = parse(&text);
        }
    }
}
