//! What has happened to a product.

use serde::{Deserialize, Serialize};

use super::{Attribute, Image, ImageId, ProductDetails, SeoOverrides, Tag};
use crate::catalog::Slug;
use crate::event::Event;
use crate::id::CustomerId;
use crate::time::Timestamp;
use crate::value::{Money, Sku};

/// An event of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProductEvent {
    /// It was made, as a draft.
    ProductCreated {
        /// Its stock keeping unit.
        sku: Sku,
        /// What it is.
        details: ProductDetails,
        /// What it costs.
        price: Money,
        /// What it cost before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compare_at_price: Option<Money>,
        /// The slug that follows from its name.
        slug: Slug,
        /// When.
        created_at: Timestamp,
    },
    /// Something about it changed that isn't its price or status.
    ProductUpdated {
        /// What.
        change: ProductChange,
        /// When.
        updated_at: Timestamp,
    },
    /// It costs something else.
    PriceChanged {
        /// What it costs now.
        price: Money,
        /// What it cost before, to be shown beside the price.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compare_at_price: Option<Money>,
        /// The price until now.
        previous_price: Money,
        /// When.
        changed_at: Timestamp,
    },
    /// It is for sale.
    ProductPublished {
        /// When.
        published_at: Timestamp,
    },
    /// It is for sale no more.
    ProductUnpublished {
        /// When.
        unpublished_at: Timestamp,
    },
    /// It will never be for sale again.
    ProductArchived {
        /// When.
        archived_at: Timestamp,
    },
    /// Somebody has looked at it. It stays as it is: see [`views_of`](super::views_of) for where this is written.
    ProductViewed {
        /// Who, if they were signed in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        viewer: Option<CustomerId>,
        /// When.
        viewed_at: Timestamp,
    },
}

impl Event for ProductEvent {}

/// One change to a product, told apart by its `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProductChange {
    /// It was described anew.
    Details {
        /// What it is.
        details: ProductDetails,
        /// The slug that follows from its name.
        slug: Slug,
    },
    /// An image was added.
    ImageAdded {
        /// Which.
        image: Image,
        /// Whether it is the primary one from now on.
        primary: bool,
    },
    /// Another image is primary.
    PrimaryImageChosen {
        /// Which.
        image_id: ImageId,
    },
    /// An image was removed.
    ImageRemoved {
        /// Which.
        image_id: ImageId,
        /// The primary one from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        primary: Option<ImageId>,
    },
    /// An attribute was added, or has another value or name.
    AttributeSet {
        /// Which.
        attribute: Attribute,
    },
    /// An attribute was removed.
    AttributeRemoved {
        /// Its key.
        key: String,
    },
    /// Tags were added.
    TagsAdded {
        /// Those that are new.
        tags: Vec<Tag>,
    },
    /// A tag was removed.
    TagRemoved {
        /// Which.
        tag: Tag,
    },
    /// It is featured, or no more.
    Featured {
        /// Whether.
        featured: bool,
    },
    /// Search engines are told something else.
    Seo {
        /// What doesn't follow from the name.
        seo: SeoOverrides,
    },
}
