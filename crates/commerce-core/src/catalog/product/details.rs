//! What a product is.

use serde::{Deserialize, Serialize};

use crate::catalog::faults::Faults;
use crate::id::CategoryId;
use crate::value::{Violation, text};

/// What a product is. Its fields are free to be filled in; [`ProductDetails::checked`] makes them right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDetails {
    /// Its name: 1 to 200 characters.
    pub name: String,
    /// Its description: 1 to 5,000 characters.
    pub description: String,
    /// Its brand: 1 to 100 characters.
    pub brand: String,
    /// Where it is found.
    pub category_id: CategoryId,
}

impl ProductDetails {
    /// The details without white space around them, if each is within its limits.
    ///
    /// # Errors
    /// Every field that isn't, with pointers such as `/name`.
    pub fn checked(self) -> Result<Self, Vec<Violation>> {
        let mut faults = Faults::default();
        let name = faults.keep(text("/name", &self.name, 1, 200));
        let description = faults.keep(text("/description", &self.description, 1, 5_000));
        let brand = faults.keep(text("/brand", &self.brand, 1, 100));
        let details = name.zip(description).zip(brand).map(|((name, description), brand)| Self {
            name,
            description,
            brand,
            category_id: self.category_id,
        });
        faults.finish(details)
    }
}
