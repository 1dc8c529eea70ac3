//! Names as parts of an address.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fold;
use crate::error::Kind;
use crate::value::Violation;

/// The part of a page's address that names what it is about: words in lower case, joined by single hyphens, at most
/// 100 characters. Latin letters lose their accents, other scripts stay as they are.
///
/// ```
/// use commerce_core::catalog::Slug;
///
/// assert_eq!(Slug::of("Café Crème – 250 g").unwrap().as_str(), "cafe-creme-250-g");
/// assert_eq!(Slug::of("日本のお茶").unwrap().as_str(), "日本のお茶");
/// assert_eq!(Slug::of("!?"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Slug(String);

impl Slug {
    /// The most characters there are.
    pub const MAX_LENGTH: usize = 100;

    /// Makes a slug of a text. `None` when no letter or digit is in it.
    pub fn of(text: &str) -> Option<Self> {
        let mut slug = String::with_capacity(text.len().min(Self::MAX_LENGTH));
        let mut new_word = false;
        for character in text.chars().flat_map(char::to_lowercase).filter(|c| !fold::is_silent(*c)) {
            if !character.is_alphanumeric() {
                new_word = true;
                continue;
            }
            if std::mem::take(&mut new_word) && !slug.is_empty() {
                slug.push('-');
            }
            match fold::plain(character) {
                Some(plain) => slug.push_str(plain),
                None => slug.push(character),
            }
        }
        let slug = shortened(slug);
        (!slug.is_empty()).then_some(Self(slug))
    }

    /// A slug of the first of these texts that has a letter or digit; `untitled` when none has.
    pub fn of_first(texts: &[&str]) -> Self {
        texts.iter().find_map(|text| Self::of(text)).unwrap_or_else(|| Self("untitled".to_owned()))
    }

    /// Reads a slug that somebody wrote. Upper case becomes lower case; anything else has to be right already.
    ///
    /// # Errors
    /// [`InvalidSlug`] when it isn't.
    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        let written = text.trim().to_lowercase();
        Self::of(&written).filter(|slug| slug.0 == written).ok_or(InvalidSlug)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be words of letters and digits joined by single hyphens, such as desk-lamp, at most 100 characters"
)]
pub struct InvalidSlug;

impl InvalidSlug {
    /// The same as a fault of the input at `pointer`.
    pub fn at(self, pointer: impl Into<String>) -> Violation {
        Violation::new(pointer, "invalid_slug", self.to_string())
    }

    /// Always [`Kind::Invalid`].
    pub fn kind(self) -> Kind {
        Kind::Invalid
    }
}

/// As many whole words as fit; a single word that doesn't fit is cut.
fn shortened(mut slug: String) -> String {
    if let Some((end, next)) = slug.char_indices().nth(Slug::MAX_LENGTH) {
        slug.truncate(end);
        if next != '-'
            && let Some(last_word) = slug.rfind('-')
        {
            slug.truncate(last_word);
        }
    }
    slug
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidSlug;

    fn try_from(text: String) -> Result<Self, InvalidSlug> {
        Self::parse(&text)
    }
}
