//! The attributes of a product.

use serde::{Deserialize, Serialize};

use crate::catalog::faults::Faults;
use crate::value::{Violation, text};

/// How many attributes a product can have: a bound on the size of its state.
pub const MAX_ATTRIBUTES: usize = 200;

/// Something to know about a product: its colour, its weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    key: String,
    value: String,
    display_name: String,
}

impl Attribute {
    /// An attribute whose key and name have 1 to 100 characters, and whose value has 1 to 500. A name that is absent
    /// or empty is the key.
    ///
    /// # Errors
    /// Every part that is outside its limits.
    pub fn new(key: &str, value: &str, display_name: Option<&str>) -> Result<Self, Vec<Violation>> {
        let mut faults = Faults::default();
        let display_name = display_name.filter(|name| !name.trim().is_empty());
        let checked_key = faults.keep(text("/key", key, 1, 100));
        let value = faults.keep(text("/value", value, 1, 500));
        let display_name = match display_name {
            Some(name) => faults.keep(text("/display_name", name, 1, 100)),
            None => checked_key.clone(),
        };
        let attribute = checked_key.zip(value).zip(display_name).map(|((key, value), display_name)| Self {
            key,
            value,
            display_name,
        });
        faults.finish(attribute)
    }

    /// Names it for programs.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Names it for people.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }
}
