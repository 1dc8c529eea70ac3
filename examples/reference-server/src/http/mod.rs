//! The services over HTTP: a file for each, a line for each route. What they all do alike is in
//! [`commerce_adapters::http`]; the rules are in [`commerce_core`].

pub mod analytics;
pub mod catalog;
pub mod inventory;
pub mod identity;
mod layers;
pub mod orders;
pub mod notification;
pub mod payment;
pub mod roles;
mod schema;
pub mod shipping;
mod write;

pub use layers::{Common, Service};
pub(crate) use layers::{about, outermost};
pub(crate) use write::{ATTEMPTS, Write, problem};
pub(crate) use layers::{PATIENCE, about, bounded, traced};
pub(crate) use write::{Write, problem};
