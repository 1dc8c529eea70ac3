//! Categories in the order in which they are shown, and products by where they are found.

use async_trait::async_trait;
use commerce_core::Aggregate;
use commerce_core::catalog::{Category, CategoryEntry, Product, ProductStatus};
use commerce_core::projection::{Projection, ProjectionError, Views};
use commerce_core::stream::RecordedEvent;

use super::{Fields, Row, fold};

/// The collection of categories: [`Row`]s of [`Category`], by `parent` (empty for roots), `active` and
/// [`place`](category_place).
pub const CATEGORIES: &str = "categories";
/// The collection of products: [`Row`]s of [`Product`], by `sku`, `category`, `published` and `featured`.
pub const PRODUCTS: &str = "products";

/// Follows the catalog's events.
pub struct CatalogView;

#[async_trait]
impl Projection for CatalogView {
    fn name(&self) -> &str {
        "catalog"
    }

    fn version(&self) -> u32 {
        2
    }

    fn collections(&self) -> &[&'static str] {
        &[CATEGORIES, PRODUCTS]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        match event.stream.kind() {
            Category::KIND => fold(event, views, CATEGORIES, category_fields).await,
            Product::KIND => fold(event, views, PRODUCTS, product_fields).await,
            _ => Ok(()),
        }
    }
}

fn category_fields(row: &Row<Category>) -> Fields {
    let entry = row.state.entry();
    let parent = entry.and_then(CategoryEntry::parent_id);
    let active = entry.is_some_and(CategoryEntry::is_active);
    let order = entry.map_or(0, |entry| entry.details().display_order);
    vec![
        ("parent".into(), parent.map_or_else(String::new, |parent| parent.to_string()).into()),
        ("active".into(), i64::from(active).into()),
        ("place".into(), category_place(order, &row.id).into()),
    ]
}

/// Where a category stands among all: by its display order, then by its id. No two have the same place.
pub fn category_place(display_order: u32, id: &str) -> String {
    format!("{display_order:010}/{id}")
}

fn product_fields(row: &Row<Product>) -> Fields {
    let Some(listing) = row.state.listing() else { return Vec::new() };
    let published = listing.status() == ProductStatus::Published;
    vec![
        ("sku".into(), listing.sku().as_str().into()),
        ("category".into(), listing.details().category_id.to_string().into()),
        ("published".into(), i64::from(published).into()),
        ("featured".into(), i64::from(listing.is_featured()).into()),
    ]
}
