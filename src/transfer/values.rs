//! Values of PostgreSQL's columns as cells, and back: exactly, or not at all.

use std::borrow::Cow;

use super::copy::Field;
use crate::json;
use crate::prisma::{Cell, Column, Description, Scalar, cell_time, time_text};

/// What a value is not, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong, without the value.
    pub(super) message: String,
    /// What to do.
    pub(super) mend: &'static str,
}

fn fault(message: impl Into<String>, mend: &'static str) -> Fault {
    Fault { message: message.into(), mend }
}

/// The cell of a column whose value PostgreSQL writes so.
///
/// # Errors
/// Why the store cannot keep the value as it is.
pub(super) fn cell(
    description: &Description,
    column: &Column,
    text: Field<'_>,
) -> Result<Cell, Fault> {
    let Some(text) = text else {
        let mend = "give the column a value, or its NOT NULL back";
        return if column.nullable { Ok(Cell::Null) } else { Err(fault("is NULL", mend)) };
    };
    match column.scalar {
        Scalar::String => Ok(Cell::Text(text.into_owned())),
        Scalar::Enum(number) => {
            let words = &description.enums[number].words;
            let known = words.iter().any(|word| *word == text);
            let message = || format!("is not one of {}", words.join(", "));
            if known { Ok(Cell::Text(text.into_owned())) } else { Err(fault(message(), UPDATE)) }
        }
        Scalar::Int => {
            let number = text.parse::<i32>().map(|number| Cell::Int(number.into()));
            number.map_err(|_| fault("is not a whole number of 32 bits", UPDATE))
        }
        Scalar::Float => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Cell::Float).ok_or_else(|| fault("is not a finite number", UPDATE))
        }
        Scalar::Boolean => match &*text {
            "t" => Ok(Cell::Flag(true)),
            "f" => Ok(Cell::Flag(false)),
            _ => Err(fault("is not a boolean", UPDATE)),
        },
        Scalar::DateTime => time(&text).map(Cell::Time),
        Scalar::Json => document(&text).map(Cell::Json),
    }
}

/// The same for who reads a single row elsewhere.
///
/// # Errors
/// What the value is not, without the value.
pub(crate) fn cell_of_text(
    description: &Description,
    column: &Column,
    text: Option<&str>,
) -> Result<Cell, String> {
    cell(description, column, text.map(Cow::Borrowed)).map_err(|fault| fault.message)
}

const UPDATE: &str = "set it to such a value with UPDATE, or leave the row out";

/// The milliseconds of a `timestamp` without a time zone, which is UTC by the app's convention.
fn time(text: &str) -> Result<i64, Fault> {
    const MEND: &str = "set it to a time of the years 1 to 275760 with UPDATE";
    if text.ends_with("infinity") {
        return Err(fault("is infinite, which no JavaScript Date is", MEND));
    }
    if text.ends_with(" BC") {
        return Err(fault("is a time before the year 1", MEND));
    }
    let unreadable = || fault("is not a time as PostgreSQL's DateStyle ISO writes it", MEND);
    let (year, rest) = text.split_once('-').ok_or_else(unreadable)?;
    let digits = rest.split_once('.').map_or("", |(_, fraction)| fraction);
    if digits.len() > 3 && digits[3..].bytes().any(|digit| digit != b'0') {
        let mend = "round it with UPDATE … SET x = date_trunc('milliseconds', x)";
        return Err(fault("has microseconds, which the app's timestamp(3) has not", mend));
    }
    let iso = if year.len() > 4 { format!("+{year:0>6}-{rest}Z") } else { format!("{text}Z") };
    let ms = cell_time(&iso).ok_or_else(unreadable)?;
    // The last millisecond of a JavaScript Date.
    if ms > 8_640_000_000_000_000 {
        return Err(fault("is later than a JavaScript Date can be", MEND));
    }
    Ok(ms)
}

/// Milliseconds by which rows are brought into the order of their times; what is no time comes first.
pub(super) fn order_of_time(text: &str) -> Option<i64> {
    time(text).ok()
}

/// A `jsonb` value, unless a number in it is none that a double holds.
fn document(text: &str) -> Result<serde_json::Value, Fault> {
    let value = json::parse(text).map_err(|error| {
        let mend = "make it smaller with UPDATE; numbers are doubles of at most 1.8e308";
        fault(format!("cannot be kept as JSON: {}", error.message), mend)
    })?;
    if numbers(text).all(is_short) {
        return Ok(value);
    }
    let kept = json::compact(&value);
    if numbers(text).map(decimal).eq(numbers(&kept).map(decimal)) {
        return Ok(value);
    }
    let mend = "store it as a text, or round it with UPDATE: JavaScript would round it too";
    Err(fault("has a number with more digits than a double holds", mend))
}

/// Has a number so few digits that a double holds them all? Any of fifteen digits comes back.
fn is_short(number: &str) -> bool {
    number.len() <= 15 && !number.contains(['e', 'E'])
}

/// The numbers in a JSON text, in their order.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            rest = &rest[at..];
            if let Some(text) = rest.strip_prefix('"') {
                rest = behind_text(text);
                continue;
            }
            let in_number = |c: char| !c.is_ascii_digit() && !"+-.eE".contains(c);
            let end = rest.find(in_number).unwrap_or(rest.len());
            let number;
            (number, rest) = rest.split_at(end);
            return Some(number);
        }
    })
}

/// What stands behind a JSON string whose opening quote is read.
fn behind_text(text: &str) -> &str {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// A number as its sign, its digits without zeros around them, and the power of ten of the first:
/// the same for the same value, however it is written.
fn decimal(number: &str) -> (bool, String, i64) {
    let (sign, rest) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (digits, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let zeros = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0');
    if digits.is_empty() {
        return (false, String::new(), 0);
    }
    (sign, digits.to_owned(), exponent + (whole.len() as i64) - (zeros as i64))
}

/// A cell as PostgreSQL writes its value; `None` is NULL. The same value has the same text.
pub(super) fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(text.clone()),
        Cell::Flag(flag) => Some(if *flag { "t" } else { "f" }.to_owned()),
        Cell::Time(ms) => Some(timestamp(*ms)),
        Cell::Int(number) => Some(number.to_string()),
        Cell::Float(_) | Cell::Json(_) => Some(json::compact(&cell.to_value())),
    }
}

/// `2024-05-01 12:00:00.123`; PostgreSQL takes years of more digits without a sign.
fn timestamp(ms: i64) -> String {
    let iso = time_text(ms).replace('T', " ");
    let bare = iso.trim_end_matches('Z').trim_start_matches('+');
    let zeros = bare.len() - bare.trim_start_matches('0').len();
    let is_long = iso.starts_with('+');
    if is_long { bare[zeros..].to_owned() } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times() {
        let good = [
            ("2024-05-01 12:00:00", "2024-05-01 12:00:00.000"),
            ("2024-05-01 12:00:00.1", "2024-05-01 12:00:00.100"),
            ("2024-05-01 12:00:00.123000", "2024-05-01 12:00:00.123"),
            ("0001-01-01 00:00:00", "0001-01-01 00:00:00.000"),
            ("9999-12-31 23:59:59.999", "9999-12-31 23:59:59.999"),
            ("10000-01-01 00:00:00", "10000-01-01 00:00:00.000"),
            ("275760-09-13 00:00:00", "275760-09-13 00:00:00.000"),
        ];
        for (from, to) in good {
            assert_eq!(time(from).map(timestamp).as_deref(), Ok(to), "{from}");
        }
        let bad = [
            "infinity",
            "-infinity",
            "0001-01-01 00:00:00 BC",
            "275760-09-13 00:00:00.001",
            "294276-12-31 00:00:00",
            "2024-05-01 12:00:00.1234",
            "yesterday",
            "01/05/2024",
            "2024-13-01 00:00:00",
            "",
        ];
        for text in bad {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn documents() {
        let good = [
            "null",
            "1.10",
            "1e2",
            "[]",
            "{\"a\": \"1e999 \\\" 7\"}",
            "-0.5",
            "0",
            "12345678901234567890",
            "1.7976931348623157e308",
            "0.1",
            "100000000000000000000000",
            "5e-324",
            "-0",
        ];
        for text in good {
            assert!(document(text).is_ok(), "{text}");
        }
        let bad = [
            "1e400",
            "0.12345678901234567890",
            "123456789012345678901234",
            "{\"a\": [1, 1e309]}",
            "1e-400",
        ];
        for text in bad {
            assert!(document(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_time_comes_back(ms in -62_135_596_800_000_i64..=8_640_000_000_000_000) {
            prop_assert_eq!(time(&timestamp(ms)), Ok(ms));
        }

        #[test]
        fn every_double_comes_back(number in any::<f64>().prop_filter("JSON has no other", |n| n.is_finite())) {
            let text = json::compact(&serde_json::json!([number]));
            prop_assert_eq!(document(&text).map(|value| json::compact(&value)), Ok(text));
        }

        #[test]
        fn any_text_is_a_time_or_none(text in "[0-9:. BCinfty-]{0,26}") {
            let _ = time(&text);
        }
    }
}
