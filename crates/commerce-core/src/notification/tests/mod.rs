//! The rules of notifications, and the work with them on a store in memory.

mod delivering;
mod names;
mod notice;
mod published;
mod reacting;
mod recipients;
mod secrets;
mod sending;
mod stored;
mod support;
mod templates;
