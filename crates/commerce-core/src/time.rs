//! Moments in time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment, UTC, in whole microseconds since 1970. Written as RFC 3339 with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339. Digits below a microsecond are dropped.
    ///
    /// # Errors
    /// When the text is no RFC 3339 moment.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp(text.to_owned()))?;
        let parsed = i64::try_from(moment.unix_timestamp_nanos() / 1_000).ok().map(Self);
        // An offset may lead out of the years that RFC 3339 can say.
        let writable =
            |moment: &Self| moment.to_datetime().is_ok_and(|datetime| (0..=9_999).contains(&datetime.year()));
        parsed.filter(writable).ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }

    /// That much later; the end of time if it lies beyond.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// That much earlier; the beginning of time if it lies before.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long it is since `earlier`; zero if that lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    fn to_datetime(self) -> Result<OffsetDateTime, time::error::ComponentRange> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
    }
}

/// A text that is no RFC 3339 moment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 moment such as 2026-01-31T12:00:00Z")]
pub struct InvalidTimestamp(String);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = self.to_datetime().map_err(|_| fmt::Error)?;
        f.write_str(&moment.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = self.to_datetime().map_err(S::Error::custom)?;
        serializer.serialize_str(&moment.format(&Rfc3339).map_err(S::Error::custom)?)
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
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::default().since(end), Duration::ZERO);
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence() {
        assert!(Timestamp::parse("yesterday").unwrap_err().to_string().contains("yesterday"));
    }

    #[test]
    fn what_is_read_can_be_written() {
        for text in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        for text in ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}
