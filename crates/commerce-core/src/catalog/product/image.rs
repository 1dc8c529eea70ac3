//! The images of a product.

use serde::{Deserialize, Serialize};

use crate::catalog::faults::Faults;
use crate::catalog::url::web_url;
use crate::uuid_id;
use crate::value::{Violation, text};

/// How many images a product can have: a bound on the size of its state.
pub const MAX_IMAGES: usize = 100;

uuid_id!(
    /// An image of a product.
    pub ImageId
);

/// An image that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImage {
    /// A fresh id; adding the same image under the same id again changes nothing.
    pub id: ImageId,
    /// Where it is: an `http` or `https` URL of at most 2,048 characters.
    pub url: String,
    /// What is to be seen on it: at most 250 characters; none for a mere ornament.
    pub alt_text: String,
    /// Lower ones are shown first, the earlier added of equals. `None`: after all others.
    pub display_order: Option<u32>,
    /// Whether it becomes the primary image. The first one does anyway.
    pub primary: bool,
}

impl NewImage {
    /// The image it makes in this gallery.
    ///
    /// # Errors
    /// Every field that is outside its limits.
    pub(super) fn checked(&self, gallery: &Gallery) -> Result<Image, Vec<Violation>> {
        let mut faults = Faults::default();
        let url = faults.keep(web_url("/url", &self.url));
        let alt_text = faults.keep(text("/alt_text", &self.alt_text, 0, 250));
        let display_order = self.display_order.unwrap_or_else(|| gallery.next_display_order());
        let image =
            url.zip(alt_text).map(|(url, alt_text)| Image { id: self.id, url, alt_text, display_order });
        faults.finish(image)
    }
}

/// An image of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    id: ImageId,
    url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    alt_text: String,
    display_order: u32,
}

impl Image {
    /// Which it is.
    pub fn id(&self) -> ImageId {
        self.id
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is to be seen on it.
    pub fn alt_text(&self) -> &str {
        &self.alt_text
    }

    /// Lower ones are shown first.
    pub fn display_order(&self) -> u32 {
        self.display_order
    }
}

/// All images of a product, in the order in which they are shown. Exactly one is primary when there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gallery {
    images: Vec<Image>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    primary: Option<ImageId>,
}

impl Gallery {
    /// All of them, in the order in which they are shown.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// The one that stands for the product.
    pub fn primary(&self) -> Option<&Image> {
        self.primary.and_then(|id| self.get(id))
    }

    /// The one with this id.
    pub fn get(&self, id: ImageId) -> Option<&Image> {
        self.images.iter().find(|image| image.id == id)
    }

    pub(super) fn is_primary(&self, id: ImageId) -> bool {
        self.primary == Some(id)
    }

    /// The id of the image that is primary once this one is gone.
    pub(super) fn primary_without(&self, id: ImageId) -> Option<ImageId> {
        if self.is_primary(id) {
            self.images.iter().map(Image::id).find(|other| *other != id)
        } else {
            self.primary
        }
    }

    pub(super) fn add(&mut self, image: Image, primary: bool) {
        if primary {
            self.primary = Some(image.id);
        }
        let place = self.images.partition_point(|shown| shown.display_order <= image.display_order);
        self.images.insert(place, image);
    }

    pub(super) fn choose(&mut self, id: ImageId) {
        self.primary = Some(id);
    }

    pub(super) fn remove(&mut self, id: ImageId, primary: Option<ImageId>) {
        self.images.retain(|image| image.id != id);
        self.primary = primary;
    }

    fn next_display_order(&self) -> u32 {
        self.images.last().map_or(0, |last| last.display_order.saturating_add(1))
    }
}
