//! What a category is.

use serde::{Deserialize, Serialize};

use crate::catalog::faults::Faults;
use crate::catalog::url::web_url;
use crate::value::{Violation, text};

/// What a category is. Its fields are free to be filled in; [`CategoryDetails::checked`] makes them right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryDetails {
    /// Its name: 1 to 100 characters.
    pub name: String,
    /// Its description: at most 1,000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Lower ones are shown first.
    #[serde(default)]
    pub display_order: u32,
    /// Where its image is: an `http` or `https` URL of at most 2,048 characters. Empty is the same as absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
}

impl CategoryDetails {
    /// The details without white space around them, if each is within its limits.
    ///
    /// # Errors
    /// Every field that isn't, with pointers such as `/name`.
    pub fn checked(self) -> Result<Self, Vec<Violation>> {
        let mut faults = Faults::default();
        let name = faults.keep(text("/name", &self.name, 1, 100));
        let description = faults.keep(text("/description", &self.description, 0, 1_000));
        let image_url = self
            .image_url
            .filter(|url| !url.trim().is_empty())
            .and_then(|url| faults.keep(web_url("/image_url", &url)));
        let details = name.zip(description).map(|(name, description)| Self {
            name,
            description,
            display_order: self.display_order,
            image_url,
        });
        faults.finish(details)
    }
}
