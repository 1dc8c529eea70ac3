//! Where a category belongs in the tree.

use super::{CategoryEntry, CategoryRejection};
use crate::id::CategoryId;

/// How many levels the tree has: an end to every walk through it, even where stored data is damaged.
pub const MAX_DEPTH: usize = 32;

/// Where a category belongs: at the root, or in a parent that doesn't lie in the category itself. One can't be made
/// otherwise, so no command can tie a knot into the tree.
///
/// The check is as true as the tree it looked at. The application serialises moves (all of them expect the version
/// of one document), or two of them that are right alone may be wrong together.
///
/// ```
/// use commerce_core::catalog::{Placement, Position};
/// use commerce_core::id::CategoryId;
///
/// let [lamps, desk_lamps] = [1, 2].map(|n| CategoryId(uuid::Uuid::from_u128(n)));
/// let tree = |id| if id == desk_lamps { Position::Below(lamps) } else { Position::Root };
/// assert!(Placement::below(desk_lamps, lamps, 1, tree).is_ok());
/// assert!(Placement::below(lamps, desk_lamps, 2, tree).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    parent: Option<CategoryId>,
}

/// Where an existing category is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Nowhere: it doesn't exist.
    Missing,
    /// At the root.
    Root,
    /// In this one.
    Below(CategoryId),
}

impl Placement {
    /// At the root.
    pub const fn root() -> Self {
        Self { parent: None }
    }

    /// Where a category is, also if it couldn't be put there any more.
    pub fn of(category: &CategoryEntry) -> Self {
        Self { parent: category.parent_id() }
    }

    /// `category` in `parent`, in a tree in which `position_of` finds any category. The category and what lies in it make so
    /// many `levels`: one, if nothing does.
    ///
    /// # Errors
    /// [`CategoryRejection::ParentNotFound`] when the parent, or one above it, doesn't exist;
    /// [`CategoryRejection::Cycle`] when it is the category itself or lies in it; [`CategoryRejection::TooDeep`]
    /// when there would be more than [`MAX_DEPTH`] levels.
    pub fn below(
        category: CategoryId,
        parent: CategoryId,
        levels: usize,
        position_of: impl Fn(CategoryId) -> Position,
    ) -> Result<Self, CategoryRejection> {
        let mut ancestor = parent;
        for above in 1..=MAX_DEPTH {
            if ancestor == category {
                return Err(CategoryRejection::Cycle { category, parent });
            }
            ancestor = match position_of(ancestor) {
                Position::Missing => return Err(CategoryRejection::ParentNotFound { parent: ancestor }),
                Position::Root if above + levels <= MAX_DEPTH => return Ok(Self { parent: Some(parent) }),
                Position::Root => break,
                Position::Below(next) => next,
            };
        }
        Err(CategoryRejection::TooDeep { parent })
    }

    /// The category it lies in; none at the root.
    pub const fn parent_id(self) -> Option<CategoryId> {
        self.parent
    }
}
