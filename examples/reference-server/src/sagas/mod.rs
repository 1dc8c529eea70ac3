//! The work that spans services. One saga a file: state, definition, what its answers change.

pub mod cancel_order;
pub mod place_order;
pub mod return_goods;

/// The names of all sagas.
pub const NAMES: [&str; 3] = [place_order::NAME, cancel_order::NAME, return_goods::NAME];
