//! What has happened, and how it is written down.

mod codec;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::upcast::Upcasters;
pub(crate) use codec::decode;
pub use codec::{CodecError, Encoded, encode};

/// The events of one aggregate: an enum that serde can read and write. A variant's name is the event's type, its
/// fields are the payload, written as JSON.
pub trait Event: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The schema version under which this type of event is written today. Raise it together with an
    /// [upcaster](Self::upcasters) from the version before.
    fn schema_version(_event_type: &str) -> u32 {
        1
    }

    /// What brings older events to today's shape, whoever reads them: a repository, a projection, another service. Keep it in
    /// a `static`; it is asked for at each event.
    fn upcasters() -> &'static Upcasters {
        Upcasters::none()
    }
}
