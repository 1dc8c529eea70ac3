//! Weights and lengths in JSON.

use std::fmt;

use commerce_core::value::Decimal;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An exact decimal: a text such as `"2.5"`, or a number, which is taken as it is written in decimal digits.
#[derive(Clone, Copy)]
pub(super) struct Measure(pub(super) Decimal);

/// Kilograms or centimetres above zero, with at most three decimals. Larger ones are refused by their field.
const PATTERN: &str = r"^[0-9]{1,6}(\.[0-9]{1,3})?$";

impl PartialSchema for Measure {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(PATTERN));
        let number = ObjectBuilder::new()
            .schema_type(Type::Number)
            .exclusive_minimum(Some(0))
            .maximum(Some(100_000))
            .multiple_of(Some(0.001));
        OneOfBuilder::new().item(text).item(number).into()
    }
}

impl ToSchema for Measure {}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Measure;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number such as \"2.5\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Measure, E> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        let value = Decimal::from_str_exact(text).ok().filter(|_| plain);
        value.map(Measure).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Measure, E> {
        Ok(Measure(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Measure, E> {
        Ok(Measure(value.into()))
    }

    /// The shortest digits that mean this number: those that the client wrote.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Measure, E> {
        let value_or = Decimal::from_str_exact(&value.to_string()).ok();
        value_or.map(Measure).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        serde_json::from_str::<Measure>(json).ok().map(|measure| measure.0.to_string())
    }

    #[test]
    fn texts_and_numbers_are_exact() {
        for (json, value) in [("\"2.50\"", "2.50"), ("2.5", "2.5"), ("3", "3"), ("0.1", "0.1"), ("-1", "-1")]
        {
            assert_eq!(read(json).as_deref(), Some(value), "{json}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for json in ["\"\"", "\"1e3\"", "\"1_000\"", "\"+1\"", "1e300", "1e-40", "null", "true", "[]"] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
