//! A tree without knots.

use std::collections::HashMap;

use proptest::prelude::*;

use super::sample::category_id;
use crate::catalog::{CategoryRejection, MAX_DEPTH, Placement, Position};
use crate::id::CategoryId;

/// Parents by child.
type Tree = HashMap<CategoryId, Option<CategoryId>>;

fn look_up(tree: &Tree) -> impl Fn(CategoryId) -> Position {
    |id| match tree.get(&id) {
        None => Position::Missing,
        Some(None) => Position::Root,
        Some(Some(parent)) => Position::Below(*parent),
    }
}

/// 1 is the root, each further one lies in the one before.
fn chain(length: usize) -> Tree {
    let id = |n: usize| category_id(n as u128);
    (1..=length).map(|n| (id(n), (n > 1).then(|| id(n - 1)))).collect()
}

fn place(tree: &Tree, category: u128, parent: u128) -> Result<Option<CategoryId>, CategoryRejection> {
    let (category, parent) = (category_id(category), category_id(parent));
    Placement::below(category, parent, levels(tree, category), look_up(tree)).map(Placement::parent_id)
}

/// How many levels a category and what lies in it make.
fn levels(tree: &Tree, category: CategoryId) -> usize {
    let below = tree.iter().filter(|(_, parent)| **parent == Some(category));
    1 + below.map(|(child, _)| levels(tree, *child)).max().unwrap_or(0)
}

fn cycle(category: u128, parent: u128) -> CategoryRejection {
    CategoryRejection::Cycle { category: category_id(category), parent: category_id(parent) }
}

#[test]
fn the_root_needs_no_parent() {
    assert_eq!(Placement::root().parent_id(), None);
}

#[test]
fn a_new_category_lies_anywhere() {
    for parent in 1..=3 {
        assert_eq!(place(&chain(3), 9, parent), Ok(Some(category_id(parent))));
    }
}

#[test]
fn a_category_moves_up_and_to_the_side() {
    let mut tree = chain(3);
    tree.insert(category_id(4), Some(category_id(1)));
    assert_eq!(place(&tree, 3, 1), Ok(Some(category_id(1))));
    assert_eq!(place(&tree, 2, 4), Ok(Some(category_id(4))));
}

#[test]
fn a_category_cant_lie_in_itself() {
    assert_eq!(place(&chain(1), 1, 1), Err(cycle(1, 1)));
}

#[test]
fn a_category_cant_lie_in_its_child_or_grandchild() {
    assert_eq!(place(&chain(3), 1, 2), Err(cycle(1, 2)));
    assert_eq!(place(&chain(3), 1, 3), Err(cycle(1, 3)));
    assert_eq!(place(&chain(3), 2, 3), Err(cycle(2, 3)));
}

#[test]
fn a_parent_has_to_exist() {
    let missing = CategoryRejection::ParentNotFound { parent: category_id(8) };
    assert_eq!(place(&chain(3), 9, 8), Err(missing));
}

#[test]
fn a_tree_has_a_limited_depth() {
    let deepest = (MAX_DEPTH - 1) as u128;
    assert_eq!(place(&chain(MAX_DEPTH - 1), 99, deepest), Ok(Some(category_id(deepest))));
    let too_deep = CategoryRejection::TooDeep { parent: category_id(MAX_DEPTH as u128) };
    assert_eq!(place(&chain(MAX_DEPTH), 99, MAX_DEPTH as u128), Err(too_deep));
}

#[test]
fn a_category_takes_what_lies_in_it_along() {
    let mut tree = chain(MAX_DEPTH - 1);
    let [top, middle] = [100, 101].map(category_id);
    tree.extend([(top, None), (middle, Some(top))]);
    let deepest = (MAX_DEPTH - 1) as u128;
    let too_deep = CategoryRejection::TooDeep { parent: category_id(deepest) };
    assert_eq!(place(&tree, 101, deepest), Ok(Some(category_id(deepest))));
    assert_eq!(place(&tree, 100, deepest), Err(too_deep));
    assert_eq!(place(&tree, 100, deepest - 1), Ok(Some(category_id(deepest - 1))));
    assert_eq!(place(&tree, 1, deepest), Err(cycle(1, deepest)));
}

#[test]
fn a_knot_in_stored_data_ends_the_walk() {
    let knot: Tree = [(category_id(1), Some(category_id(2))), (category_id(2), Some(category_id(1)))].into();
    let placed = Placement::below(category_id(3), category_id(1), 1, look_up(&knot));
    assert_eq!(placed, Err(CategoryRejection::TooDeep { parent: category_id(1) }));
}

proptest! {
    #[test]
    fn no_sequence_of_moves_ties_a_knot(moves in prop::collection::vec((0..12_u128, 0..12_u128), 0..100)) {
        let mut tree: Tree = (0..12).map(|n| (category_id(n), None)).collect();
        for (category, parent) in moves {
            if let Ok(parent) = place(&tree, category, parent) {
                tree.insert(category_id(category), parent);
            }
        }
        for start in tree.keys() {
            let mut ancestors = std::iter::successors(Some(*start), |id| tree.get(id).copied().flatten());
            prop_assert!(ancestors.nth(tree.len()).is_none(), "a walk from {} never ends", start);
        }
    }
}
