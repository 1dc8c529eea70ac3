//! Days, months and the other periods that figures are kept for, all in UTC.

use std::fmt;

use serde::{Serialize, Serializer};
use time::{Date, OffsetDateTime};

use crate::time::Timestamp;
use crate::value::Violation;

/// The longest range of days that can be asked for.
pub const MAX_DAYS: u32 = 366;
/// The days of a range whose begin is not asked for.
const USUAL_DAYS: u32 = 30;

/// A day in UTC. Written `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day of this moment. A moment before the year 0000 or after 9999 belongs to the nearest day.
    pub fn of(moment: Timestamp) -> Self {
        let seconds = moment.as_micros().div_euclid(1_000_000);
        let nearest = if seconds < 0 { Self::FIRST } else { Date::MAX };
        let day = OffsetDateTime::from_unix_timestamp(seconds).map_or(nearest, OffsetDateTime::date);
        Self(day.max(Self::FIRST))
    }

    /// Reads `2026-01-31`.
    ///
    /// # Errors
    /// A violation at `pointer` when the text is no such day.
    pub fn parse(pointer: &str, text: &str) -> Result<Self, Violation> {
        Self::read(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Violation::new(pointer, "invalid_date", format!("must be a day such as 2026-01-31, is {shown:?}"))
        })
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The day so many days before; the first there is if that lies before it.
    pub fn minus_days(self, days: u32) -> Self {
        let before = self.0.checked_sub(time::Duration::days(i64::from(days)));
        Self(before.unwrap_or(Self::FIRST).max(Self::FIRST))
    }

    /// The month it is in.
    pub fn month(self) -> Month {
        Month { year: self.0.year(), month: self.0.month().into() }
    }

    /// The ISO 8601 week it is in: `2026-W05`.
    pub fn week(self) -> String {
        let (year, week, _) = self.0.to_iso_week_date();
        format!("{year:04}-W{week:02}")
    }

    const FIRST: Date = match Date::from_ordinal_date(0, 1) {
        Ok(date) => date,
        Err(_) => Date::MIN,
    };

    fn read(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let number = |digits: &str, length: usize| -> Option<u16> {
            let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok())?
        };
        let month = u8::try_from(number(month, 2)?).ok()?.try_into().ok()?;
        let day = u8::try_from(number(day, 2)?).ok()?;
        Date::from_calendar_date(number(year, 4)?.into(), month, day).ok().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A month. Written `2026-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i32,
    month: u8,
}

impl Month {
    /// A month of the years 0 to 9999, counted from 1.
    ///
    /// # Errors
    /// Violations at `/year` and `/month`.
    pub fn new(year: i32, month: u8) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        if !(0..=9_999).contains(&year) {
            violations.push(Violation::new("/year", "out_of_range", format!("must be 0 to 9999, is {year}")));
        }
        if !(1..=12).contains(&month) {
            violations.push(Violation::new("/month", "out_of_range", format!("must be 1 to 12, is {month}")));
        }
        if violations.is_empty() { Ok(Self { year, month }) } else { Err(violations) }
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, from 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Days from one to another, both included: 366 at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    from: Day,
    to: Day,
}

impl DayRange {
    /// From this day to that.
    ///
    /// # Errors
    /// A violation at `/to`: `before_from` when it ends before it begins, `range_too_long` when it is longer than
    /// [`MAX_DAYS`].
    pub fn new(from: Day, to: Day) -> Result<Self, Vec<Violation>> {
        let days = (to.0 - from.0).whole_days() + 1;
        let fault = |code, detail: String| Err(vec![Violation::new("/to", code, detail)]);
        match days {
            ..1 => fault("before_from", format!("must not be before {from}, is {to}")),
            days if days > i64::from(MAX_DAYS) => {
                fault("range_too_long", format!("must be within {MAX_DAYS} days from {from}, is {to}"))
            }
            _ => Ok(Self { from, to }),
        }
    }

    /// Reads both ends.
    ///
    /// # Errors
    /// Every violation, at `/from` and `/to`; see [`DayRange::new`].
    pub fn parse(from: &str, to: &str) -> Result<Self, Vec<Violation>> {
        match (Day::parse("/from", from), Day::parse("/to", to)) {
            (Ok(from), Ok(to)) => Self::new(from, to),
            (from, to) => Err(from.err().into_iter().chain(to.err()).collect()),
        }
    }

    /// Reads both ends, each of which may be left to the usual: the 30 days up to `to`, and that is today.
    ///
    /// # Errors
    /// See [`DayRange::parse`].
    pub fn asked(from: Option<&str>, to: Option<&str>, today: Day) -> Result<Self, Vec<Violation>> {
        let to = to.map_or(Ok(today), |to| Day::parse("/to", to));
        let from = from.map(|from| Day::parse("/from", from)).transpose();
        match (from, to) {
            (Ok(Some(from)), Ok(to)) => Self::new(from, to),
            (Ok(None), Ok(to)) => Ok(Self::last(USUAL_DAYS, to)),
            (from, to) => Err(from.err().into_iter().chain(to.err()).collect()),
        }
    }

    /// The last so many days up to this one: one at least, [`MAX_DAYS`] at most.
    pub fn last(days: u32, to: Day) -> Self {
        Self { from: to.minus_days(days.clamp(1, MAX_DAYS) - 1), to }
    }

    /// Its first day.
    pub fn from(self) -> Day {
        self.from
    }

    /// Its last day.
    pub fn to(self) -> Day {
        self.to
    }

    /// Each of its days in order.
    pub fn days(self) -> impl Iterator<Item = Day> {
        let next = |day: &Day| day.0.next_day().map(Day);
        std::iter::successors(Some(self.from), next).take_while(move |day| *day <= self.to)
    }
}

/// The hour of a moment: `2026-01-31T13`.
pub(super) fn hour(moment: Timestamp) -> String {
    let hour = moment.as_micros().div_euclid(3_600_000_000).rem_euclid(24);
    format!("{}T{hour:02}", Day::of(moment))
}
