//! From an event of another service to a fact.

mod order;
mod payment;
mod product;

use uuid::Uuid;

use super::{Analytics, Fact, TakeInError};
use crate::aggregate::Aggregate;
use crate::catalog::{PRODUCT_VIEW_KIND, Product};
use crate::commit::{Append, Commit, Expected, NewEvent};
use crate::event::Event;
use crate::order::Order;
use crate::payment::Payment;
use crate::upcast::{self, Published};

/// An event as another service has published it. When it happened is in its payload.
#[derive(Clone, Copy, Debug)]
pub struct PublishedEvent<'a> {
    /// The kind of stream it is from: `order`.
    pub stream_kind: &'a str,
    /// The id of the stream, without its kind.
    pub stream_id: &'a str,
    /// The type of event: `OrderPlaced`.
    pub event_type: &'a str,
    /// The schema version of its fields.
    pub schema: u32,
    /// Unique to the event.
    pub event_id: Uuid,
    /// Its fields, as JSON.
    pub payload: &'a [u8],
}

impl PublishedEvent<'_> {
    /// What it tells analytics; most events tell nothing.
    ///
    /// # Errors
    /// When the event is of an order, a payment or a product, and can't be read.
    pub fn fact(&self) -> Result<Option<Fact>, TakeInError> {
        match self.stream_kind {
            Order::KIND => Ok(order::fact(self.subject()?.into(), self.decode()?)),
            Payment::KIND => Ok(payment::fact(self.subject()?.into(), self.decode()?)),
            Product::KIND | PRODUCT_VIEW_KIND => Ok(product::fact(self.subject()?.into(), self.decode()?)),
            _ => Ok(None),
        }
    }

    fn subject(&self) -> Result<Uuid, TakeInError> {
        Uuid::parse_str(self.stream_id).map_err(|source| TakeInError::Subject {
            event_id: self.event_id,
            stream: format!("{}/{}", self.stream_kind, self.stream_id),
            source,
        })
    }

    fn decode<E: Event>(&self) -> Result<E, TakeInError> {
        let Self { event_id, event_type, schema, payload: fields, .. } = *self;
        upcast::decode_published(&Published { event_id, event_type, schema, fields })
            .map_err(|source| TakeInError::Event { event_id, source })
    }
}

impl Analytics {
    /// Adds to a commit the fact that an event of another service tells, if any. The commit also carries the inbox
    /// claim of the message: an event that is delivered twice must be taken in once.
    ///
    /// # Errors
    /// See [`PublishedEvent::fact`]. The same event will fail again: it belongs with the dead letters, from where
    /// it is replayed once this program can read it.
    pub fn take_in(published: &PublishedEvent<'_>, mut commit: Commit) -> Result<Commit, TakeInError> {
        let Some(fact) = published.fact()? else { return Ok(commit) };
        let event = NewEvent::encode(&fact).map_err(TakeInError::Fact)?;
        let stream = fact.stream();
        // A commit of several messages names each stream once.
        match commit.appends.iter_mut().find(|append| append.stream == stream) {
            Some(append) => append.events.push(event),
            // Facts never contradict one another, so nothing is expected of their stream.
            None => commit.appends.push(Append { stream, expected: Expected::Any, events: vec![event] }),
        }
        Ok(commit)
    }
}
