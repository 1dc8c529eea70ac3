//! What is shown.

use axum::response::{IntoResponse, Response};
use commerce_adapters::http::Resource;
use commerce_core::catalog::{Category, Listing, Product, ProductStatus, Seo};
use commerce_core::id::{CategoryId, ProductId};
use commerce_core::value::Money;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::schema;
use crate::services::Session;

/// A category.
#[derive(Serialize, ToSchema)]
pub(super) struct CategoryShown {
    id: Uuid,
    name: String,
    slug: String,
    description: String,
    parent_id: Option<Uuid>,
    display_order: u32,
    image_url: Option<String>,
    active: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl CategoryShown {
    pub(super) fn of(id: CategoryId, category: &Category) -> Option<Self> {
        let entry = category.entry()?;
        let details = entry.details();
        Some(Self {
            id: id.0,
            name: details.name.clone(),
            slug: entry.slug().to_string(),
            description: details.description.clone(),
            parent_id: entry.parent_id().map(|parent| parent.0),
            display_order: details.display_order,
            image_url: details.image_url.clone(),
            active: entry.is_active(),
            created_at: entry.created_at().to_string(),
            updated_at: entry.updated_at().to_string(),
        })
    }
}

pub(super) fn category(session: &Session<Category>) -> Response {
    Resource(session.version(), CategoryShown::of(*session.id(), session.state())).into_response()
}

/// A product.
#[derive(Serialize, ToSchema)]
pub(super) struct ProductShown {
    id: Uuid,
    sku: String,
    name: String,
    description: String,
    brand: String,
    category_id: Uuid,
    #[schema(value_type = schema::Money)]
    price: Money,
    #[schema(value_type = Option<schema::Money>)]
    compare_at_price: Option<Money>,
    #[schema(value_type = StatusShown)]
    status: ProductStatus,
    featured: bool,
    /// In the order in which they are shown. Exactly one is primary when there are any.
    images: Vec<ImageShown>,
    /// In the order in which they were first set.
    attributes: Vec<AttributeShown>,
    /// In lower case.
    tags: Vec<String>,
    seo: SeoShown,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Where a product stands.
#[derive(ToSchema)]
#[schema(as = ProductStatus, rename_all = "snake_case")]
#[allow(dead_code)]
enum StatusShown {
    Draft,
    Published,
    Unpublished,
    Archived,
}

/// An image of a product.
#[derive(Serialize, ToSchema)]
struct ImageShown {
    id: Uuid,
    url: String,
    alt_text: String,
    display_order: u32,
    primary: bool,
}

/// An attribute of a product.
#[derive(Serialize, ToSchema)]
struct AttributeShown {
    key: String,
    value: String,
    display_name: String,
}

/// What search engines are told of a product.
#[derive(Serialize, ToSchema)]
struct SeoShown {
    title: String,
    description: String,
    slug: String,
}

impl ProductShown {
    pub(super) fn of(id: ProductId, product: &Product) -> Option<Self> {
        let listing = product.listing()?;
        let (details, pricing) = (listing.details(), listing.pricing());
        Some(Self {
            id: id.0,
            sku: listing.sku().to_string(),
            name: details.name.clone(),
            description: details.description.clone(),
            brand: details.brand.clone(),
            category_id: details.category_id.0,
            price: pricing.price(),
            compare_at_price: pricing.compare_at_price(),
            status: listing.status(),
            featured: listing.is_featured(),
            images: images(listing),
            attributes: attributes(listing),
            tags: listing.tags().iter().map(ToString::to_string).collect(),
            seo: listing.seo().into(),
            created_at: listing.created_at().to_string(),
            updated_at: listing.updated_at().to_string(),
        })
    }
}

pub(super) fn product(session: &Session<Product>) -> Response {
    Resource(session.version(), ProductShown::of(*session.id(), session.state())).into_response()
}

fn images(listing: &Listing) -> Vec<ImageShown> {
    let gallery = listing.gallery();
    let primary = gallery.primary().map(|image| image.id());
    let shown = gallery.images().iter().map(|image| ImageShown {
        id: image.id().0,
        url: image.url().to_owned(),
        alt_text: image.alt_text().to_owned(),
        display_order: image.display_order(),
        primary: primary == Some(image.id()),
    });
    shown.collect()
}

fn attributes(listing: &Listing) -> Vec<AttributeShown> {
    let shown = listing.attributes().iter().map(|attribute| AttributeShown {
        key: attribute.key().to_owned(),
        value: attribute.value().to_owned(),
        display_name: attribute.display_name().to_owned(),
    });
    shown.collect()
}

impl From<Seo> for SeoShown {
    fn from(seo: Seo) -> Self {
        Self { title: seo.title, description: seo.description, slug: seo.slug.to_string() }
    }
}
