//! Which of many backups are kept: the newest of each of so many days, weeks, months …

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};

use crate::disk;
use crate::error::{Code, Error, Result};

/// The name of a backup in a folder of them, as it is read: with the second in which it was made, in UTC.
const NAME: &str = "quilltap-%Y%m%dT%H%M%SZ.tar.zst";

/// For how long backups are kept: `7d,4w` keeps the newest of each of the last seven days, and of each of
/// the last four weeks, in which there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<(usize, Period)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Schedule> {
        let wrong = || {
            let message = format!(
                "{text:?} is no schedule; write how many of which, as in 7d,4w,12m (h hours, d days, w \
                 weeks, m months, y years)"
            );
            Error::new(Code::Validation, message)
        };
        let rule = |rule: &str| {
            let (number, letter) =
                rule.trim().split_at_checked(rule.trim().len().checked_sub(1)?)?;
            let period = match letter {
                "h" => Period::Hour,
                "d" => Period::Day,
                "w" => Period::Week,
                "m" => Period::Month,
                "y" => Period::Year,
                _ => return None,
            };
            let number: usize = number.parse().ok().filter(|number| *number > 0)?;
            Some((number, period))
        };
        let rules: Option<Vec<_>> = text.split(',').map(rule).collect();
        rules.map(Schedule).ok_or_else(wrong)
    }
}

impl Period {
    /// What is the same for all moments of one period, and for no other moment.
    fn of(self, moment: NaiveDateTime) -> (i32, u32) {
        let date = moment.date();
        match self {
            Period::Hour => (date.num_days_from_ce(), moment.hour()),
            Period::Day => (date.num_days_from_ce(), 0),
            Period::Week => (date.iso_week().year(), date.iso_week().week()),
            Period::Month => (date.year(), date.month()),
            Period::Year => (date.year(), 0),
        }
    }
}

impl Schedule {
    /// Which of these moments, newest first, are kept.
    fn kept(&self, moments: &[NaiveDateTime]) -> HashSet<NaiveDateTime> {
        // A new backup is never removed at once.
        let mut kept: HashSet<NaiveDateTime> = moments.first().copied().into_iter().collect();
        for (number, period) in &self.0 {
            let mut seen = HashSet::new();
            let newest = moments.iter().filter(|moment| seen.insert(period.of(**moment)));
            kept.extend(newest.take(*number));
        }
        kept
    }
}

/// Where in a folder of backups one stands that is made at this time, in milliseconds since 1970.
pub(super) fn place_in(folder: &Path, ms: i64) -> PathBuf {
    let moment = DateTime::from_timestamp_millis(ms).unwrap_or_default().naive_utc();
    folder.join(name_of(moment))
}

fn name_of(moment: NaiveDateTime) -> String {
    let (year, month, day) = (moment.year(), moment.month(), moment.day());
    let (hour, minute, second) = (moment.hour(), moment.minute(), moment.second());
    format!("quilltap-{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z.tar.zst")
}

/// Removes the backups in a folder that a schedule does not keep, and gives them, newest first. Files of
/// any other name are let be.
///
/// # Errors
/// Those of the disk.
pub(super) fn keep(folder: &Path, schedule: &Schedule) -> Result<Vec<PathBuf>> {
    let moment_of = |name: &String| {
        let moment = NaiveDateTime::parse_from_str(name, NAME).ok()?;
        // Some other spelling of the same time is somebody else's file.
        (name_of(moment) == *name).then_some(moment)
    };
    let mut moments: Vec<_> = disk::file_names(folder)?.iter().filter_map(moment_of).collect();
    moments.sort();
    moments.reverse();
    let kept = schedule.kept(&moments);
    let unwanted = moments.into_iter().filter(|moment| !kept.contains(moment));
    unwanted
        .map(|moment| folder.join(name_of(moment)))
        .map(|path| disk::remove_outside(&path).map(|()| path))
        .collect()
}
