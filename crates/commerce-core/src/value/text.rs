//! Free text within limits, and reading values that are written as text.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};

use super::Violation;

/// The text without the white space around it, if it then has `min` to `max` characters.
///
/// ```
/// use commerce_core::value::text;
///
/// assert_eq!(text("/name", " Lamp ", 1, 200), Ok("Lamp".to_owned()));
/// assert_eq!(text("/name", "  ", 1, 200).unwrap_err().code, "required");
/// ```
///
/// # Errors
/// A violation at `pointer` with the code `required` (empty, though `min` is at least one), `too_short`, `too_long`,
/// or `invalid_character` (a control character other than tab and line ends; databases refuse some of them).
pub fn text(pointer: &str, value: &str, min: usize, max: usize) -> Result<String, Violation> {
    let value = value.trim();
    let length = value.chars().count();
    if length == 0 && min > 0 {
        return Err(Violation::new(pointer, "required", "must not be empty"));
    }
    if length < min {
        let detail = format!("must have at least {min} characters, has {length}");
        return Err(Violation::new(pointer, "too_short", detail));
    }
    if length > max {
        let detail = format!("must have at most {max} characters, has {length}");
        return Err(Violation::new(pointer, "too_long", detail));
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(Violation::new(pointer, "invalid_character", "must not contain control characters"));
    }
    Ok(value.to_owned())
}

/// Reads a value that is written as text, without a copy of the text.
pub(super) fn deserialize<'de, D, T, E>(
    deserializer: D,
    expected: &'static str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: Display,
{
    deserializer.deserialize_str(Parsed { expected, parse, error: PhantomData })
}

struct Parsed<T, E> {
    expected: &'static str,
    parse: fn(&str) -> Result<T, E>,
    error: PhantomData<E>,
}

impl<T, E: Display> Visitor<'_> for Parsed<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
        (self.parse)(text).map_err(F::custom)
    }
}
