//! What is known of a product.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Attribute, Gallery, Pricing, ProductChange, ProductDetails, ProductEvent, ProductStatus, Seo,
    SeoOverrides, Tag,
};
use crate::catalog::Slug;
use crate::time::Timestamp;
use crate::value::Sku;

/// All that is known of a product that was created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    sku: Sku,
    details: ProductDetails,
    pricing: Pricing,
    status: ProductStatus,
    featured: bool,
    gallery: Gallery,
    attributes: Vec<Attribute>,
    tags: BTreeSet<Tag>,
    slug: Slug,
    seo: SeoOverrides,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Listing {
    /// Its stock keeping unit.
    pub fn sku(&self) -> &Sku {
        &self.sku
    }

    /// Its name, description, brand and category.
    pub fn details(&self) -> &ProductDetails {
        &self.details
    }

    /// What it costs.
    pub fn pricing(&self) -> Pricing {
        self.pricing
    }

    /// Where it stands.
    pub fn status(&self) -> ProductStatus {
        self.status
    }

    /// Whether it is featured.
    pub fn is_featured(&self) -> bool {
        self.featured
    }

    /// Its images.
    pub fn gallery(&self) -> &Gallery {
        &self.gallery
    }

    /// Its attributes, in the order in which they were first set.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Its attribute with this key.
    pub fn attribute(&self, key: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.key() == key)
    }

    /// Its tags.
    pub fn tags(&self) -> &BTreeSet<Tag> {
        &self.tags
    }

    /// What search engines are told: what was set, and what follows from the name for the rest.
    pub fn seo(&self) -> Seo {
        self.seo.over(&self.details.name, &self.slug)
    }

    /// What was set for search engines.
    pub fn seo_overrides(&self) -> &SeoOverrides {
        &self.seo
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it last changed. Being looked at is no change.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// From the first event. `None` from any other.
    pub(super) fn created(event: &ProductEvent) -> Option<Self> {
        let ProductEvent::ProductCreated { sku, details, price, compare_at_price, slug, created_at } = event
        else {
            return None;
        };
        Some(Self {
            sku: sku.clone(),
            details: details.clone(),
            pricing: Pricing::recorded(*price, *compare_at_price),
            status: ProductStatus::Draft,
            featured: false,
            gallery: Gallery::default(),
            attributes: Vec::new(),
            tags: BTreeSet::new(),
            slug: slug.clone(),
            seo: SeoOverrides::default(),
            created_at: *created_at,
            updated_at: *created_at,
        })
    }

    pub(super) fn apply(&mut self, event: &ProductEvent) {
        match event {
            ProductEvent::ProductUpdated { change, updated_at } => {
                self.apply_change(change);
                self.updated_at = *updated_at;
            }
            ProductEvent::PriceChanged { price, compare_at_price, changed_at, .. } => {
                self.pricing = Pricing::recorded(*price, *compare_at_price);
                self.updated_at = *changed_at;
            }
            ProductEvent::ProductPublished { published_at: at } => self.enter(ProductStatus::Published, *at),
            ProductEvent::ProductUnpublished { unpublished_at: at } => {
                self.enter(ProductStatus::Unpublished, *at);
            }
            ProductEvent::ProductArchived { archived_at: at } => self.enter(ProductStatus::Archived, *at),
            ProductEvent::ProductCreated { .. } | ProductEvent::ProductViewed { .. } => {}
        }
    }

    fn enter(&mut self, status: ProductStatus, at: Timestamp) {
        self.status = status;
        self.updated_at = at;
    }

    fn apply_change(&mut self, change: &ProductChange) {
        match change {
            ProductChange::Details { details, slug } => {
                self.details = details.clone();
                self.slug = slug.clone();
            }
            ProductChange::ImageAdded { image, primary } => self.gallery.add(image.clone(), *primary),
            ProductChange::PrimaryImageChosen { image_id } => self.gallery.choose(*image_id),
            ProductChange::ImageRemoved { image_id, primary } => self.gallery.remove(*image_id, *primary),
            ProductChange::AttributeSet { attribute } => self.set(attribute),
            ProductChange::AttributeRemoved { key } => {
                self.attributes.retain(|attribute| attribute.key() != key);
            }
            ProductChange::TagsAdded { tags } => self.tags.extend(tags.iter().cloned()),
            ProductChange::TagRemoved { tag } => {
                self.tags.remove(tag);
            }
            ProductChange::Featured { featured } => self.featured = *featured,
            ProductChange::Seo { seo } => self.seo = seo.clone(),
        }
    }

    fn set(&mut self, attribute: &Attribute) {
        match self.attributes.iter_mut().find(|known| known.key() == attribute.key()) {
            Some(known) => *known = attribute.clone(),
            None => self.attributes.push(attribute.clone()),
        }
    }
}
