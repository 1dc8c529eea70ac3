//! Exact decimals as text in JSON: a JSON number would pass through a binary fraction in too many readers.

use std::borrow::Cow;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

pub(super) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    Decimal::from_str_exact(&text).map_err(D::Error::custom)
}
