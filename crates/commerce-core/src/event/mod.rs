//! What has happened, and how it is written down.

mod codec;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use codec::{CodecError, Encoded, decode, encode};

/// The events of one aggregate: an enum that serde can read and write. A variant's name is the event's type, its
/// fields are the payload, written as JSON.
pub trait Event: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The schema version under which this type of event is written today. Raise it together with an
    /// upcaster from the version before.
    fn schema_version(_event_type: &str) -> u32 {
        1
    }
}
