//! Where a parcel has been, and the number to ask by.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::error::Kind;
use crate::id::ShipmentId;
use crate::time::Timestamp;
use crate::value::{Violation, text};

/// The most updates that can be recorded beside the shipment's own steps. Scanners in a loop must not grow a shipment
/// without end.
pub const MAX_TRACKING_UPDATES: usize = 1_000;

/// How the shop's own numbers begin.
const OWN: &str = "TRK";
/// What follows, in base 32.
const DIGITS: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M',
    'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// The number a carrier knows a parcel by: 1 to 50 visible ASCII characters, kept as they were written. Cheap to
/// clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackingNumber(Arc<str>);

/// A text that is no tracking number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a tracking number: 1 to 50 visible ASCII characters without spaces")]
pub struct InvalidTrackingNumber {
    /// The beginning of what was given.
    text: String,
}

impl InvalidTrackingNumber {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        "invalid_tracking_number"
    }

    /// What the caller can do: ask for something else.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }

    /// The same as a fault of the input at `pointer`.
    pub fn at(&self, pointer: impl Into<String>) -> Violation {
        Violation::new(pointer, self.code(), self.to_string())
    }
}

impl TrackingNumber {
    /// The most characters there can be.
    pub const MAX_LENGTH: usize = 50;

    /// Reads a number, with or without white space around it.
    ///
    /// # Errors
    /// [`InvalidTrackingNumber`] when it is empty, longer than 50, or has anything but visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self, InvalidTrackingNumber> {
        let number = text.trim();
        let fits = (1..=Self::MAX_LENGTH).contains(&number.len());
        if fits && number.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(number.into()))
        } else {
            Err(InvalidTrackingNumber { text: text.chars().take(Self::MAX_LENGTH).collect() })
        }
    }

    /// The shop's own number for a shipment: `TRK` and the shipment's id in 26 characters of base 32, without the
    /// letters I, L, O and U. The same shipment always gets the same number, two shipments never do.
    pub fn of(shipment: ShipmentId) -> Self {
        let id = shipment.0.as_u128();
        let digits = (0..26_u32).rev().filter_map(|place| {
            let digit = usize::try_from((id >> (place * 5)) & 31).ok()?;
            DIGITS.get(digit)
        });
        Self(OWN.chars().chain(digits.copied()).collect::<String>().into())
    }

    /// Whether it has the form of the shop's own numbers: given to any other parcel, it may be missing for its own.
    pub fn is_own(&self) -> bool {
        let digits = self.0.strip_prefix(OWN);
        digits.is_some_and(|digits| digits.len() == 26 && digits.chars().all(|one| DIGITS.contains(&one)))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrackingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for TrackingNumber {
    type Err = InvalidTrackingNumber;

    fn from_str(text: &str) -> Result<Self, InvalidTrackingNumber> {
        Self::parse(text)
    }
}

impl Serialize for TrackingNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TrackingNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

/// One line of a parcel's history. It is meant for everyone who knows the number: what staff and carriers write here is
/// public.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackingEntry {
    /// A state's name, `delivery_attempt_failed`, or the carrier's own words.
    pub status: String,
    /// Where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was recorded.
    pub at: Timestamp,
}

impl TrackingEntry {
    /// A bare line.
    pub(super) fn new(status: &str, at: Timestamp) -> Self {
        Self { status: status.to_owned(), location: None, description: None, at }
    }

    /// A carrier's update with its texts trimmed (status 1 to 100 characters, location to 200, description to 500;
    /// an empty one of the latter two is absent), or all that is wrong with it.
    pub(super) fn checked(
        status: &str,
        location: Option<String>,
        description: Option<String>,
        at: Timestamp,
    ) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        let mut field = |pointer: &str, value: &str, max: usize| {
            text(pointer, value, 1, max).unwrap_or_else(|violation| {
                violations.push(violation);
                String::new()
            })
        };
        let present = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
        let entry = Self {
            status: field("/status", status, 100),
            location: present(location).map(|location| field("/location", &location, 200)),
            description: present(description).map(|description| field("/description", &description, 500)),
            at,
        };
        if violations.is_empty() { Ok(entry) } else { Err(violations) }
    }

    /// Whether both say the same, whenever they were recorded.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.status, &self.location, &self.description)
            == (&other.status, &other.location, &other.description)
    }
}
