//! Where a category may go.

use std::collections::HashMap;
use std::sync::Arc;

use commerce_adapters::http::Problem;
use commerce_core::Context;
use commerce_core::catalog::{Category, CategoryRejection, MAX_DEPTH, Placement, Position};
use commerce_core::commit::{DocumentWrite, Expected};
use commerce_core::id::CategoryId;
use commerce_core::repository::Repository;
use commerce_core::store::{Query, Store, StoreError};
use commerce_core::stream::Version;

use crate::views::View;
use crate::views::catalog::CATEGORIES;

/// A category with more children than this is not looked through.
const CHILDREN: usize = 10_000;
/// The document that every move writes, so that moves come one after the other.
const MOVES: (&str, &str) = ("category-moves", "tree");

/// What lies above a category, as it was looked at.
pub(crate) struct Tree {
    version: Version,
    parent: Option<CategoryId>,
    positions: HashMap<CategoryId, Position>,
    /// How many levels the category itself makes, with what lies in it.
    levels: usize,
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
        Ok(Self { version, parent, positions, levels: 1 })
    }

    /// The same for a category that may have others in it.
    pub(crate) async fn around(
        view: &View,
        store: &Arc<dyn Store>,
        context: &Context,
        (category, parent): (CategoryId, Option<CategoryId>),
    ) -> Result<Self, Problem> {
        let above = Self::above(store, context, parent).await?;
        Ok(Self { levels: levels(view, context, category).await?, ..above })
    }

    /// The category in the parent that was looked at.
    pub(crate) fn place(&self, category: CategoryId) -> Result<Placement, CategoryRejection> {
        let position = |id| self.positions.get(&id).copied().unwrap_or(Position::Missing);
        match self.parent {
            None => Ok(Placement::root()),
            Some(parent) => Placement::below(category, parent, self.levels, position),
        }
    }

    /// Belongs into the commit of a move: no other move may have come between the look and the commit.
    pub(crate) fn moved(&self) -> DocumentWrite {
        DocumentWrite::put(MOVES.0, MOVES.1, Expected::Version(self.version), b"{}".to_vec())
    }
}

async fn levels(view: &View, context: &Context, category: CategoryId) -> Result<usize, Problem> {
    let reader = view.fresh().await?;
    let (mut level, mut levels) = (vec![category.to_string()], 0);
    while !level.is_empty() && levels < MAX_DEPTH {
        levels += 1;
        let mut below = Vec::new();
        for id in level {
            let children = Query::of(context.tenant(), CATEGORIES).equals("parent", id).limit(CHILDREN);
            below.extend(reader.query(&children).await?.into_iter().map(|child| child.id));
        }
        level = below;
    }
    Ok(levels)
}
