//! Categories by their parents.

use async_trait::async_trait;
use commerce_core::Aggregate;
use commerce_core::catalog::{Category, CategoryEntry};
use commerce_core::projection::{Projection, ProjectionError, Views};
use commerce_core::stream::RecordedEvent;

use super::{Fields, Row, fold};

/// The collection of categories: [`Row`]s of [`Category`], by `parent` (empty for roots) and `active`.
pub const CATEGORIES: &str = "categories";

/// Follows the catalog's events.
pub struct CatalogView;

#[async_trait]
impl Projection for CatalogView {
    fn name(&self) -> &str {
        "catalog"
    }

    fn version(&self) -> u32 {
        1
    }

    fn collections(&self) -> &[&'static str] {
        &[CATEGORIES]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        match event.stream.kind() {
            Category::KIND => fold(event, views, CATEGORIES, category_fields).await,
            _ => Ok(()),
        }
    }
}

fn category_fields(row: &Row<Category>) -> Fields {
    let parent = row.state.entry().and_then(CategoryEntry::parent_id);
    let active = row.state.entry().is_some_and(CategoryEntry::is_active);
    vec![
        ("parent".into(), parent.map_or_else(String::new, |parent| parent.to_string()).into()),
        ("active".into(), i64::from(active).into()),
    ]
}
