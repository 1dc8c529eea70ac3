//! Postal addresses.

use serde::{Deserialize, Serialize};

use super::{Country, Violation, text};

/// Where something is sent. Its fields are free to be filled in; [`Address::checked`] makes them right.
///
/// ```
/// use commerce_core::value::{Address, Country};
///
/// let address = Address {
///     recipient: "Ada Lovelace".into(),
///     line1: " 12 St James's Square ".into(),
///     line2: None,
///     city: String::new(),
///     state: None,
///     postal_code: "SW1Y 4JH".into(),
///     country: Country::parse("GB")?,
/// };
/// let violations = address.checked().unwrap_err();
/// assert_eq!(violations[0].pointer, "/city");
/// # Ok::<(), commerce_core::value::ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who receives it: 1 to 100 characters.
    pub recipient: String,
    /// Street and number: 1 to 200 characters.
    pub line1: String,
    /// More about the place: 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// The city: 1 to 100 characters.
    pub city: String,
    /// The state, province or county: 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The postal code: 1 to 20 characters.
    pub postal_code: String,
    /// The country.
    pub country: Country,
}

impl Address {
    /// The address without white space around its fields, if each of them is within its limits. An optional field
    /// that is empty is absent.
    ///
    /// # Errors
    /// Every field that isn't, with pointers such as `/line1`; see [`Violation::under`].
    pub fn checked(self) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        let mut field = |pointer: &str, value: &str, max: usize| {
            text(pointer, value, 1, max).unwrap_or_else(|violation| {
                violations.push(violation);
                String::new()
            })
        };
        let present = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
        let checked = Self {
            recipient: field("/recipient", &self.recipient, 100),
            line1: field("/line1", &self.line1, 200),
            line2: present(&self.line2).map(|line2| field("/line2", &line2, 200)),
            city: field("/city", &self.city, 100),
            state: present(&self.state).map(|state| field("/state", &state, 100)),
            postal_code: field("/postal_code", &self.postal_code, 20),
            country: self.country,
        };
        if violations.is_empty() { Ok(checked) } else { Err(violations) }
    }
}
