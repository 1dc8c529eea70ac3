//! What can be asked of a category.

use super::{CategoryDetails, Placement};

/// What can be asked of a category.
#[derive(Clone, Debug, PartialEq)]
pub enum CategoryCommand {
    /// Make it. It is active from the beginning.
    Create {
        /// What it is.
        details: CategoryDetails,
        /// Where it belongs.
        placement: Placement,
    },
    /// Describe it anew, and move it.
    Update {
        /// What it is.
        details: CategoryDetails,
        /// Where it belongs.
        placement: Placement,
    },
    /// Show it again.
    Activate,
    /// Show it no more.
    Deactivate,
}
