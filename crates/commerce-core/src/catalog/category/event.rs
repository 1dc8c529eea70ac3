//! What has happened to a category.

use serde::{Deserialize, Serialize};

use super::CategoryDetails;
use crate::catalog::Slug;
use crate::event::Event;
use crate::id::CategoryId;
use crate::time::Timestamp;

/// An event of a category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CategoryEvent {
    /// It was made, and is active.
    CategoryCreated {
        /// What it is.
        details: CategoryDetails,
        /// The slug of its name.
        slug: Slug,
        /// The category it lies in; none for a root.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_id: Option<CategoryId>,
        /// When.
        created_at: Timestamp,
    },
    /// Something about it changed.
    CategoryUpdated {
        /// What.
        change: CategoryChange,
        /// When.
        updated_at: Timestamp,
    },
}

impl Event for CategoryEvent {}

/// One change to a category, told apart by its `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CategoryChange {
    /// It was described anew, or moved.
    Details {
        /// What it is.
        details: CategoryDetails,
        /// The slug of its name.
        slug: Slug,
        /// The category it lies in; none for a root.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_id: Option<CategoryId>,
    },
    /// It is shown again.
    Activated,
    /// It is shown no more.
    Deactivated,
}
