//! Old events in today's shape: the one path by which stored events are read.
//!
//! What is stored never changes. An [`Upcasters`] brings the payload of an older schema version to the next one, step
//! by step, each time the event is read: on load, on replay, in a projection, in an export, and by another service to which
//! it was published. A type of event [names its own](Event::upcasters), so that all of these read it alike. An event of a newer
//! schema than this program knows is refused by each of them: what it means can't be told from its fields.

mod registry;
#[cfg(test)]
mod tests;

use uuid::Uuid;

pub use registry::{Upcasted, Upcasters};

use crate::event::Event;
use crate::store::StoreError;
use crate::stream::RecordedEvent;

/// An event as another service has published it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published<'a> {
    /// Unique to the event.
    pub event_id: Uuid,
    /// The type of event: `OrderPlaced`.
    pub event_type: &'a str,
    /// The schema version of its fields.
    pub schema: u32,
    /// Its fields, as JSON.
    pub fields: &'a [u8],
}

/// Reads a stored event in today's shape, by the upcasters of its type.
///
/// # Errors
/// See [`Upcasters::decode`].
pub fn decode<E: Event>(event: &RecordedEvent) -> Result<E, StoreError> {
    E::upcasters().decode(event)
}

/// Reads an event of another service in today's shape, by the upcasters of its type.
///
/// # Errors
/// See [`Upcasters::decode`].
pub fn decode_published<E: Event>(event: &Published<'_>) -> Result<E, StoreError> {
    E::upcasters().decode_published(event)
}
