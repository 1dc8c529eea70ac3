//! Who carries a parcel, and how fast.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
const DAY: Duration = Duration::from_micros(DAY_MICROS.unsigned_abs());

/// Who carries a parcel. Written in snake_case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// FedEx.
    Fedex,
    /// United Parcel Service.
    Ups,
    /// United States Postal Service.
    Usps,
    /// DHL.
    Dhl,
    /// The shop's own, or any other.
    Custom,
}

impl Carrier {
    /// Every carrier.
    pub const ALL: [Self; 5] = [Self::Fedex, Self::Ups, Self::Usps, Self::Dhl, Self::Custom];

    /// Its name: `fedex`, `ups`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fedex => "fedex",
            Self::Ups => "ups",
            Self::Usps => "usps",
            Self::Dhl => "dhl",
            Self::Custom => "custom",
        }
    }

    /// The carrier of this name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|carrier| carrier.as_str() == name)
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How fast a parcel is carried. Written in snake_case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// Five days.
    Standard,
    /// Two days.
    Express,
    /// One day.
    Overnight,
    /// The day it is made.
    SameDay,
}

impl Speed {
    /// Every speed, the slowest first.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Express, Self::Overnight, Self::SameDay];

    /// Its name: `standard`, `express`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Express => "express",
            Self::Overnight => "overnight",
            Self::SameDay => "same_day",
        }
    }

    /// The speed of this name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speed| speed.as_str() == name)
    }

    /// Days from creation to delivery, each of 24 hours.
    pub const fn days(self) -> u32 {
        match self {
            Self::Standard => 5,
            Self::Express => 2,
            Self::Overnight => 1,
            Self::SameDay => 0,
        }
    }

    /// When a parcel created then should have arrived. One for the same day has until the last moment of that day, in UTC:
    /// at its creation it would be late before anyone could have touched it.
    pub fn estimate(self, created: Timestamp) -> Timestamp {
        match self {
            Self::SameDay => end_of_day(created),
            _ => created.plus(DAY * self.days()),
        }
    }
}

/// The last moment of its day, in UTC.
fn end_of_day(moment: Timestamp) -> Timestamp {
    let since_midnight = moment.as_micros().rem_euclid(DAY_MICROS);
    moment.plus(Duration::from_micros((DAY_MICROS - 1 - since_midnight).unsigned_abs()))
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
