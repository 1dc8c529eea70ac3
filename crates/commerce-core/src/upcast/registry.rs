use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::Published;
use crate::event::{self, Event};
use crate::store::StoreError;
use crate::stream::{RecordedEvent, StateEvent, StreamId};

/// Types that rename each other in a circle would be followed for ever; no real history is as long as this.
const STEPS: usize = 1_000;

static NONE: LazyLock<Upcasters> = LazyLock::new(Upcasters::new);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Upcaster = Arc<dyn Fn(Value) -> Result<Upcasted, BoxError> + Send + Sync>;

/// An event's payload, one schema version later.
#[derive(Clone, Debug, PartialEq)]
pub struct Upcasted {
    payload: Value,
    renamed: Option<(Cow<'static, str>, u32)>,
}

impl Upcasted {
    /// The same type of event, its schema version one higher.
    pub fn payload(payload: Value) -> Self {
        Self { payload, renamed: None }
    }

    /// Another type of event, in this schema version of it.
    pub fn renamed(event_type: impl Into<Cow<'static, str>>, schema: u32, payload: Value) -> Self {
        Self { payload, renamed: Some((event_type.into(), schema)) }
    }
}

/// What brings the older events of one aggregate up to date, by event type and schema version.
///
/// ```
/// use commerce_core::upcast::{Upcasted, Upcasters};
/// use serde_json::json;
///
/// // Version 1 of a price had no currency: it was always pounds.
/// let upcasters = Upcasters::new().from("PriceSet", 1, |mut payload| {
///     payload["currency"] = json!("GBP");
///     Ok(Upcasted::payload(payload))
/// });
/// # let _ = upcasters;
/// ```
#[derive(Clone, Default)]
pub struct Upcasters(HashMap<Cow<'static, str>, BTreeMap<u32, Upcaster>>);

impl Upcasters {
    /// None: every event is stored in today's shape.
    pub fn new() -> Self {
        Self::default()
    }

    /// None, for types whose events are all stored in today's shape.
    pub fn none() -> &'static Self {
        &NONE
    }

    /// From this schema version of this type to the next. A later registration for the same version replaces it.
    pub fn from(
        mut self,
        event_type: impl Into<Cow<'static, str>>,
        schema: u32,
        upcaster: impl Fn(Value) -> Result<Upcasted, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.0.entry(event_type.into()).or_default().insert(schema, Arc::new(upcaster));
        self
    }

    /// Reads a stored event in today's shape. One that is stored so already is read straight from its bytes.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the event was written by a newer program than this one, when an upcaster is
    /// missing or fails, or when the payload doesn't fit the type.
    pub fn decode<E: Event>(&self, event: &RecordedEvent) -> Result<E, StoreError> {
        self.read(&event.event_type, event.schema, &event.payload).map_err(|source| StoreError::Damaged {
            what: format!(
                "event {} of stream {} at position {}",
                event.version, event.stream, event.position
            ),
            source,
        })
    }

    /// The same for an event that a state is rebuilt from.
    ///
    /// # Errors
    /// See [`decode`](Self::decode).
    pub fn decode_for_state<E: Event>(&self, stream: &StreamId, event: &StateEvent) -> Result<E, StoreError> {
        self.read(&event.event_type, event.schema, &event.payload).map_err(|source| StoreError::Damaged {
            what: format!("event {} of stream {stream}", event.version),
            source,
        })
    }

    /// The same for an event as another service has published it.
    ///
    /// # Errors
    /// See [`decode`](Self::decode).
    pub fn decode_published<E: Event>(&self, event: &Published<'_>) -> Result<E, StoreError> {
        self.read(event.event_type, event.schema, event.fields).map_err(|source| StoreError::Damaged {
            what: format!("event {}, as it was published,", event.event_id),
            source,
        })
    }

    pub(crate) fn read<E: Event>(
        &self,
        event_type: &str,
        schema: u32,
        payload: &[u8],
    ) -> Result<E, BoxError> {
        let Some(first) = self.find(event_type, schema) else {
            is_current::<E>(event_type, schema)?;
            return Ok(event::decode(event_type, payload)?);
        };
        self.upcast(event_type, schema, payload, first)
    }

    fn find(&self, event_type: &str, schema: u32) -> Option<&Upcaster> {
        self.0.get(event_type)?.get(&schema)
    }

    fn upcast<E: Event>(
        &self,
        event_type: &str,
        mut schema: u32,
        payload: &[u8],
        first: &Upcaster,
    ) -> Result<E, BoxError> {
        let mut event_type = Cow::Borrowed(event_type);
        let mut payload = serde_json::from_slice(payload)?;
        let mut next = Some(first);
        for _ in 0..STEPS {
            let Some(upcaster) = next else {
                is_where_they_lead::<E>(&event_type, schema)?;
                return Ok(event::decode(&event_type, &serde_json::to_vec(&payload)?)?);
            };
            let upcasted = upcaster(payload)?;
            payload = upcasted.payload;
            (event_type, schema) = upcasted.renamed.unwrap_or((Cow::Owned(event_type.into()), schema + 1));
            next = self.find(&event_type, schema);
        }
        Err("its upcasters lead from one to another without an end".into())
    }
}

impl fmt::Debug for Upcasters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, from)| (name, from.keys()))).finish()
    }
}

/// What upcasters have made of an event can't be newer than the program that has them.
fn is_where_they_lead<E: Event>(event_type: &str, schema: u32) -> Result<(), String> {
    let known = E::schema_version(event_type);
    if schema <= known {
        return is_current::<E>(event_type, schema);
    }
    Err(format!(
        "the upcasters of {event_type} lead to schema version {schema}, but its `Event::schema_version` says {known}: \
         raise it with each upcaster"
    ))
}

fn is_current<E: Event>(event_type: &str, schema: u32) -> Result<(), String> {
    let known = E::schema_version(event_type);
    match schema {
        _ if schema == known => Ok(()),
        _ if schema > known => Err(format!(
            "{event_type} has schema version {schema}, but this program knows it up to {known} only: \
             run a program at least as new as the one that wrote it"
        )),
        _ => Err(format!(
            "{event_type} has schema version {schema}, this program reads {known}, and there is no upcaster from {schema}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::commit::CommitId;
    use crate::id::Tenant;
    use crate::time::Timestamp;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Price {
        Set { amount: u32, currency: String },
    }

    impl Event for Price {
        fn schema_version(_: &str) -> u32 {
            3
        }
    }

    fn recorded(event_type: &str, schema: u32, payload: Value) -> RecordedEvent {
        RecordedEvent {
            position: 9,
            tenant: Tenant::default(),
            stream: "price/1".into(),
            version: 4,
            event_type: event_type.into(),
            schema,
            payload: serde_json::to_vec(&payload).unwrap(),
            id: Uuid::nil(),
            commit: CommitId(Uuid::nil()),
            recorded_at: Timestamp::default(),
            metadata: Arc::default(),
        }
    }

    fn upcasters() -> Upcasters {
        Upcasters::new()
            .from("Priced", 1, |pence| Ok(Upcasted::renamed("Set", 2, json!({ "amount": pence }))))
            .from("Set", 1, |pence| Ok(Upcasted::payload(json!({ "amount": pence }))))
            .from("Set", 2, |mut payload| {
                payload["currency"] = "GBP".into();
                Ok(Upcasted::payload(payload))
            })
    }

    fn read(event_type: &str, schema: u32, payload: Value) -> Result<Price, StoreError> {
        upcasters().decode(&recorded(event_type, schema, payload))
    }

    #[test]
    fn an_event_of_each_version_is_read_in_todays_shape() {
        let today = Price::Set { amount: 5, currency: "GBP".into() };
        assert_eq!(read("Priced", 1, json!(5)).unwrap(), today);
        assert_eq!(read("Set", 1, json!(5)).unwrap(), today);
        assert_eq!(read("Set", 2, json!({"amount": 5})).unwrap(), today);
        assert_eq!(read("Set", 3, json!({"amount": 5, "currency": "GBP"})).unwrap(), today);
    }

    #[test]
    fn a_state_is_rebuilt_in_todays_shape_and_what_is_wrong_is_named() {
        let event = |schema, payload| StateEvent::from(recorded("Set", schema, payload));
        let read = |event| upcasters().decode_for_state::<Price>(&"price/1".into(), &event);
        assert_eq!(read(event(1, json!(5))).unwrap(), Price::Set { amount: 5, currency: "GBP".into() });
        let text = read(event(4, json!({}))).unwrap_err().to_string();
        assert!(text.contains("event 4 of stream price/1"), "{text}");
    }

    #[test]
    fn a_newer_schema_is_refused_with_what_to_do() {
        let error = read("Set", 4, json!({})).unwrap_err();
        assert_eq!(error.kind(), crate::error::Kind::Terminal);
        let text = error.to_string();
        assert!(text.contains("schema version 4") && text.contains("price/1"), "{text}");
    }

    #[test]
    fn a_missing_upcaster_is_named() {
        let error = Upcasters::new().decode::<Price>(&recorded("Set", 2, json!({}))).unwrap_err();
        assert!(error.to_string().contains("no upcaster from 2"), "{error}");
    }

    #[test]
    fn an_upcaster_that_fails_leaves_its_reason() {
        let upcasters = Upcasters::new().from("Set", 2, |_| Err("the currency is lost".into()));
        let error = upcasters.decode::<Price>(&recorded("Set", 2, json!({}))).unwrap_err();
        assert!(error.to_string().contains("the currency is lost"), "{error}");
    }

    #[test]
    fn upcasters_in_a_circle_end_in_an_error() {
        let upcasters = Upcasters::new().from("Set", 1, |value| Ok(Upcasted::renamed("Set", 1, value)));
        let error = upcasters.decode::<Price>(&recorded("Set", 1, json!({}))).unwrap_err();
        assert!(error.to_string().contains("without an end"), "{error}");
    }
}
