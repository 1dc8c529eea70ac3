//! Where a category may go.

use std::collections::HashMap;
use std::sync::Arc;

use commerce_core::Context;
use commerce_core::catalog::{Category, CategoryRejection, MAX_DEPTH, Placement, Position};
use commerce_core::commit::{DocumentWrite, Expected};
use commerce_core::id::CategoryId;
use commerce_core::repository::Repository;
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::Version;

/// The document that every move writes, so that moves come one after the other.
const MOVES: (&str, &str) = ("category-moves", "tree");

/// What lies above a category, as it was looked at.
pub(crate) struct Tree {
    version: Version,
    parent: Option<CategoryId>,
    positions: HashMap<CategoryId, Position>,
}

impl Tree {
    /// The tree from this category up to its root; nothing, for no category.
    pub(crate) async fn above(
        store: &Arc<dyn Store>,
        context: &Context,
        parent: Option<CategoryId>,
    ) -> Result<Self, StoreError> {
        // Read first: a move that comes after this makes the one that is decided on what follows fail.
        let moves = store.document(context.tenant(), MOVES.0, MOVES.1).await?;
        let version = moves.map_or(0, |document| document.version);
        let categories = Repository::<Category>::new(store.clone());
        let mut positions = HashMap::new();
        let mut next = parent;
        while let Some(id) = next.filter(|_| positions.len() < MAX_DEPTH) {
            let loaded = categories.load(context.tenant(), &id).await?;
            next = loaded.state.entry().and_then(|entry| entry.parent_id());
            let position = match loaded.state.entry() {
                None => Position::Missing,
                Some(_) => next.map_or(Position::Root, Position::Below),
            };
            if positions.insert(id, position).is_some() {
                break;
            }
        }
        Ok(Self { version, parent, positions })
    }

    /// The category in the parent that was looked at.
    pub(crate) fn place(&self, category: CategoryId) -> Result<Placement, CategoryRejection> {
        let position = |id| self.positions.get(&id).copied().unwrap_or(Position::Missing);
        match self.parent {
            None => Ok(Placement::root()),
            Some(parent) => Placement::below(category, parent, position),
        }
    }

    /// Belongs into the commit of a move: no other move may have come between the look and the commit.
    pub(crate) fn moved(&self) -> DocumentWrite {
        DocumentWrite::put(MOVES.0, MOVES.1, Expected::Version(self.version), b"{}".to_vec())
    }
}
