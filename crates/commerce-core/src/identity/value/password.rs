//! Passwords as they are typed.

use std::fmt;

use serde::Deserialize;

use crate::value::Violation;

/// The shortest password, in characters.
const SHORTEST: usize = 8;
/// The longest password, in characters.
const LONGEST: usize = 100;

/// A password as it was typed. It can be read but not written by serde, and `Debug` hides it.
///
/// A login takes any; [`Password::checked`] is for one that is to be set.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// A password of this text, good or not.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for the hasher.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same if it can be set: 8 to 100 characters, among them a letter from A to Z, one from a to z, a digit from
    /// 0 to 9, and a character that is none of these. Letters of other alphabets are such characters, so that everyone who
    /// reads the rule reads the same one.
    ///
    /// # Errors
    /// A violation at `pointer` for everything that it lacks: `too_short`, `too_long`, `needs_upper_case`,
    /// `needs_lower_case`, `needs_digit`, `needs_other`. None of them repeats a part of the password.
    pub fn checked(&self, pointer: &str) -> Result<&Self, Vec<Violation>> {
        let length = self.0.chars().count();
        let has = |kind: fn(char) -> bool| self.0.chars().any(kind);
        let rules = [
            (length >= SHORTEST, "too_short", "must have at least 8 characters"),
            (length <= LONGEST, "too_long", "must have at most 100 characters"),
            (
                has(|c| c.is_ascii_uppercase()),
                "needs_upper_case",
                "must contain an upper-case letter from A to Z",
            ),
            (
                has(|c| c.is_ascii_lowercase()),
                "needs_lower_case",
                "must contain a lower-case letter from a to z",
            ),
            (has(|c| c.is_ascii_digit()), "needs_digit", "must contain a digit"),
            (
                has(is_other),
                "needs_other",
                "must contain a character that is none of A to Z, a to z and 0 to 9",
            ),
        ];
        let broken = rules.into_iter().filter(|(kept, ..)| !kept);
        let faults: Vec<_> = broken.map(|(_, code, detail)| Violation::new(pointer, code, detail)).collect();
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }
}

fn is_other(c: char) -> bool {
    !c.is_ascii_alphanumeric()
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
