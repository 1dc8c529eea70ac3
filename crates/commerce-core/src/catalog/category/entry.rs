//! What is known of a category.

use serde::{Deserialize, Serialize};

use super::{CategoryChange, CategoryDetails, CategoryEvent};
use crate::catalog::Slug;
use crate::id::CategoryId;
use crate::time::Timestamp;

/// All that is known of a category that was created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryEntry {
    details: CategoryDetails,
    slug: Slug,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent_id: Option<CategoryId>,
    active: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl CategoryEntry {
    /// Its name, description, order and image.
    pub fn details(&self) -> &CategoryDetails {
        &self.details
    }

    /// The slug of its name.
    pub fn slug(&self) -> &Slug {
        &self.slug
    }

    /// The category it lies in; none for a root.
    pub fn parent_id(&self) -> Option<CategoryId> {
        self.parent_id
    }

    /// Whether it is shown.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it last changed.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// From the first event. `None` from any other.
    pub(super) fn created(event: &CategoryEvent) -> Option<Self> {
        match event {
            CategoryEvent::CategoryCreated { details, slug, parent_id, created_at } => Some(Self {
                details: details.clone(),
                slug: slug.clone(),
                parent_id: *parent_id,
                active: true,
                created_at: *created_at,
                updated_at: *created_at,
            }),
            CategoryEvent::CategoryUpdated { .. } => None,
        }
    }

    pub(super) fn apply(&mut self, event: &CategoryEvent) {
        let CategoryEvent::CategoryUpdated { change, updated_at } = event else { return };
        self.updated_at = *updated_at;
        match change {
            CategoryChange::Details { details, slug, parent_id } => {
                self.details = details.clone();
                self.slug = slug.clone();
                self.parent_id = *parent_id;
            }
            CategoryChange::Activated => self.active = true,
            CategoryChange::Deactivated => self.active = false,
        }
    }
}
