//! What can be asked of a product.

use super::{ImageId, NewImage, ProductDetails, SeoOverrides};
use crate::value::{Money, Sku};

/// What can be asked of a product.
#[derive(Clone, Debug, PartialEq)]
pub enum ProductCommand {
    /// Make it, as a draft. That nothing else has the SKU is a claim in the same commit, made by the application.
    Create {
        /// Its stock keeping unit, for good.
        sku: Sku,
        /// What it is.
        details: ProductDetails,
        /// What it costs: above zero.
        price: Money,
        /// What it cost before, or costs elsewhere: in the same currency, above the price.
        compare_at_price: Option<Money>,
    },
    /// Describe it anew.
    Update {
        /// What it is.
        details: ProductDetails,
    },
    /// Change what it costs.
    ChangePrice {
        /// What it costs: above zero.
        price: Money,
        /// What it cost before: in the same currency, above the price. `None` takes an earlier one away.
        compare_at_price: Option<Money>,
    },
    /// Offer it for sale.
    Publish,
    /// Take it off sale. It can come back.
    Unpublish,
    /// Take it off sale for good.
    Archive,
    /// Show another image. The first one is primary.
    AddImage(NewImage),
    /// Make this image the primary one.
    ChoosePrimaryImage {
        /// Which.
        image_id: ImageId,
    },
    /// Show an image no more. If it was primary, the one that is shown first becomes primary.
    RemoveImage {
        /// Which.
        image_id: ImageId,
    },
    /// Add an attribute, or change the one that has this key.
    SetAttribute {
        /// Names it for programs: 1 to 100 characters.
        key: String,
        /// 1 to 500 characters.
        value: String,
        /// Names it for people: 1 to 100 characters. Without one, the key does.
        display_name: Option<String>,
    },
    /// Remove an attribute.
    RemoveAttribute {
        /// Its key.
        key: String,
    },
    /// Add tags, 1 to 50 characters each. Those it has already stay.
    AddTags {
        /// In any case.
        tags: Vec<String>,
    },
    /// Remove a tag.
    RemoveTag {
        /// In any case.
        tag: String,
    },
    /// Feature it, or no more.
    SetFeatured {
        /// Whether.
        featured: bool,
    },
    /// Say what search engines are told. What is `None` follows from the name.
    SetSeo {
        /// All of it.
        seo: SeoOverrides,
    },
}

impl ProductCommand {
    /// Its name, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::ChangePrice { .. } => "change_price",
            Self::Publish => "publish",
            Self::Unpublish => "unpublish",
            Self::Archive => "archive",
            Self::AddImage(_) => "add_image",
            Self::ChoosePrimaryImage { .. } => "choose_primary_image",
            Self::RemoveImage { .. } => "remove_image",
            Self::SetAttribute { .. } => "set_attribute",
            Self::RemoveAttribute { .. } => "remove_attribute",
            Self::AddTags { .. } => "add_tags",
            Self::RemoveTag { .. } => "remove_tag",
            Self::SetFeatured { .. } => "set_featured",
            Self::SetSeo { .. } => "set_seo",
        }
    }
}
