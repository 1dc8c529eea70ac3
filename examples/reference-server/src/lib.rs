//! The parts of the reference server, for its program and its tests.

pub mod audit;
pub mod gateway;
pub mod http;
pub mod import;
pub mod messages;
pub mod platform;
pub mod replay;
pub mod sagas;
pub mod serve;
pub mod services;
pub mod shop;
pub mod views;
