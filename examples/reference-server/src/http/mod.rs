//! The services over HTTP: a file for each, a line for each route. What they all do alike is in
//! [`commerce_adapters::http`]; the rules are in [`commerce_core`].

pub mod analytics;
pub mod catalog;
pub mod identity;
pub mod inventory;
mod layers;
pub mod notification;
pub mod orders;
pub mod payment;
pub mod roles;
mod schema;
pub mod shipping;
mod write;

pub use layers::{Common, Service};
pub(crate) use layers::{PATIENCE, about, bounded, figures, traced};
pub(crate) use write::{ATTEMPTS, Write, problem};
