//! One fault of an input.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with an input, and where.
///
/// ```
/// use commerce_core::value::{Quantity, Violation};
///
/// let violation = Quantity::new(0).unwrap_err().at("/quantity").under("/items/3");
/// assert_eq!(violation.pointer, "/items/3/quantity");
/// assert_eq!(violation.code, "must_be_positive");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// A JSON pointer (RFC 6901) to the field: `/items/0/quantity`.
    pub pointer: String,
    /// A stable code for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Violation {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }

    /// The same, seen from the document in which the faulty value lies at `prefix`.
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}
