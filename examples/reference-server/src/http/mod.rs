//! The services over HTTP: a file for each, a line for each route. What they all do alike is in
//! [`commerce_adapters::http`]; the rules are in [`commerce_core`].

pub mod catalog;
mod layers;
pub mod roles;
mod schema;
mod write;

pub use layers::{Common, Service};
pub(crate) use layers::{PATIENCE, about, bounded, traced};
pub(crate) use write::{Write, problem};
