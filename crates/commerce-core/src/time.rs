//! Moments in time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Kind;

/// The first microsecond of the year 0 and the last of the year 9999, since 1970: RFC 3339 can write no others.
const FIRST: i64 = -62_167_219_200_000_000;
const LAST: i64 = 253_402_300_799_999_999;

/// A moment of the years 0 to 9999, UTC, in whole microseconds since 1970. Written as RFC 3339 with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of the year 0: nothing is earlier.
    pub const MIN: Self = Self(FIRST);
    /// The end of the year 9999: nothing is later.
    pub const MAX: Self = Self(LAST);

    /// From microseconds since 1970; [`MIN`](Self::MIN) or [`MAX`](Self::MAX) if they lie beyond.
    pub const fn from_micros(micros: i64) -> Self {
        match micros {
            ..FIRST => Self::MIN,
            FIRST..=LAST => Self(micros),
            _ => Self::MAX,
        }
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339. Digits below a microsecond are dropped.
    ///
    /// # Errors
    /// When the text is no RFC 3339 moment, or lies before the year 0 or after 9999 in UTC.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp(text.to_owned()))?;
        // An offset may lead out of the years that can be written.
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000))
            .ok()
            .filter(|micros| (FIRST..=LAST).contains(micros))
            .map(Self)
            .ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }

    /// That much later; [`MAX`](Self::MAX) if it lies beyond.
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// That much earlier; [`MIN`](Self::MIN) if it lies before.
    pub fn minus(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long it is since `earlier`; zero if that lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Never fails for a moment that can be written, as each is.
    fn to_rfc3339(self) -> Result<String, time::error::Format> {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000);
        moment.map_err(time::error::Format::from)?.format(&Rfc3339)
    }
}

/// A text that is no RFC 3339 moment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 moment such as 2026-01-31T12:00:00Z")]
pub struct InvalidTimestamp(String);

impl InvalidTimestamp {
    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339().map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339().map_err(S::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc_3339_and_read_back() {
        let moment = Timestamp::from_micros(1_291_192_000_000_001);
        let text = serde_json::to_string(&moment).unwrap();
        assert_eq!(text, "\"2010-12-01T08:26:40.000001Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), moment);
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::MAX;
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::default().plus(Duration::MAX), end);
        assert_eq!(Timestamp::default().minus(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::default().since(end), Duration::ZERO);
    }

    #[test]
    fn every_moment_can_be_written() {
        let always = Timestamp::default().plus(Duration::MAX);
        let (first, last) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
        for (moment, written) in [
            (always, "9999-12-31T23:59:59.999999Z"),
            (last, "9999-12-31T23:59:59.999999Z"),
            (first, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(moment.to_string(), written);
            assert_eq!(serde_json::to_string(&moment).unwrap(), format!("{written:?}"));
            assert_eq!(Timestamp::parse(written).unwrap(), moment);
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence() {
        for extreme in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
            assert_eq!(Timestamp::parse(extreme).unwrap().to_string(), extreme);
        }
        for beyond in ["9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"] {
            assert!(Timestamp::parse(beyond).is_err(), "{beyond}");
        }
        let refused = Timestamp::parse("yesterday").unwrap_err();
        assert!(refused.to_string().contains("yesterday"));
        assert_eq!(refused.kind(), Kind::Invalid);
    }
}
