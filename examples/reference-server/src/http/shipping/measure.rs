//! Weights and lengths in JSON.

use std::fmt;

use commerce_core::value::Decimal;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An exact decimal of at most `MOST`: a text such as `"2.5"`, or a number, which is taken as it is written in decimal
/// digits. Whether it is within its limits, its field says.
#[derive(Clone, Copy)]
pub(super) struct Measure<const MOST: u32>(pub(super) Decimal);

impl<const MOST: u32> PartialSchema for Measure<MOST> {
    /// Above zero, and with at most three decimals.
    fn schema() -> RefOr<Schema> {
        // The most is a one and so many zeros; what is below it has no more digits than that.
        let further = MOST.ilog10() - 1;
        let pattern = format!(
            r"^0*({MOST}(\.0{{1,3}})?|[1-9][0-9]{{0,{further}}}(\.[0-9]{{1,3}})?|0\.([1-9][0-9]{{0,2}}|0[1-9][0-9]?|00[1-9]))$"
        );
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
        let number = ObjectBuilder::new()
            .schema_type(Type::Number)
            .exclusive_minimum(Some(0))
            .maximum(Some(MOST))
            .multiple_of(Some(0.001));
        OneOfBuilder::new().item(text).item(number).into()
    }
}

impl<const MOST: u32> ToSchema for Measure<MOST> {
    /// Each has a schema of its own.
    fn name() -> std::borrow::Cow<'static, str> {
        format!("MeasureUpTo{MOST}").into()
    }
}

impl<'de, const MOST: u32> Deserialize<'de> for Measure<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number such as \"2.5\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        let value = Decimal::from_str_exact(text).ok().filter(|_| plain);
        value.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    /// The shortest digits that mean this number: those that the client wrote.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Decimal, E> {
        let value_or = Decimal::from_str_exact(&value.to_string()).ok();
        value_or.ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        serde_json::from_str::<Measure<100_000>>(json).ok().map(|measure| measure.0.to_string())
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
