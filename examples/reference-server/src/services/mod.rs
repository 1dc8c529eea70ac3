//! The services: what each does with the messages that it gets.

pub mod analytics;
pub mod catalog;
mod goods;
pub mod identity;
pub mod inventory;
pub mod notification;
pub mod order;
pub mod payment;
mod session;
pub mod shipping;

pub use goods::GoodsError;
pub(crate) use session::Session;

use commerce_core::error::Kind;
use commerce_outbox::{Envelope, HandleError};
use serde::de::DeserializeOwned;

/// A value that this program made is refused by itself.
pub(crate) fn bug(error: impl std::fmt::Display) -> HandleError {
    HandleError::new(Kind::Bug, error.to_string())
}

/// What a message says. One that can't be read is kept for an operator.
pub(crate) fn body<T: DeserializeOwned>(envelope: &Envelope) -> Result<T, HandleError> {
    envelope.body().map_err(|error| {
        HandleError::new(
            Kind::Invalid,
            format!("the body of a {} can't be read: {error}", envelope.message_type),
        )
    })
}
