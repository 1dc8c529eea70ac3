//! What search engines are told of a product.

use serde::{Deserialize, Serialize};

use crate::catalog::Slug;
use crate::catalog::faults::Faults;
use crate::value::{Violation, text};

/// What search engines are told of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seo {
    /// The title of its page.
    pub title: String,
    /// The description of its page.
    pub description: String,
    /// The end of its page's address.
    pub slug: Slug,
}

/// What search engines are told other than what follows from the product's name. Empty is the same as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeoOverrides {
    /// 1 to 200 characters. Otherwise the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// 1 to 500 characters. Otherwise the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A [`Slug`]. Otherwise one that is made of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

impl SeoOverrides {
    /// The same without white space around it, if each part is within its limits.
    ///
    /// # Errors
    /// Every part that isn't.
    pub fn checked(self) -> Result<Self, Vec<Violation>> {
        let mut faults = Faults::default();
        let present = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
        let checked = Self {
            title: present(self.title).and_then(|title| faults.keep(text("/title", &title, 1, 200))),
            description: present(self.description)
                .and_then(|description| faults.keep(text("/description", &description, 1, 500))),
            slug: present(self.slug)
                .and_then(|slug| faults.keep(Slug::parse(&slug).map_err(|invalid| invalid.at("/slug"))))
                .map(String::from),
        };
        faults.finish(Some(checked))
    }

    /// What search engines are told of a product with this name and the slug made of it.
    pub(super) fn over(&self, name: &str, slug: &Slug) -> Seo {
        let or_name = |value: &Option<String>| value.clone().unwrap_or_else(|| name.to_owned());
        let own_slug = self.slug.as_deref().and_then(|slug| Slug::parse(slug).ok());
        Seo {
            title: or_name(&self.title),
            description: or_name(&self.description),
            slug: own_slug.unwrap_or_else(|| slug.clone()),
        }
    }
}
