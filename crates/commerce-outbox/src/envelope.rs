use std::collections::BTreeMap;
use std::sync::Arc;

use commerce_core::Timestamp;
use commerce_core::id::Tenant;
use commerce_core::store::RecordedMessage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

/// A message in transit. As JSON it is a [CloudEvents 1.0](https://github.com/cloudevents/spec) event in structured
/// mode; what CloudEvents has no name for are extension attributes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    specversion: SpecVersion,
    /// Unique to the message. Consumers de-duplicate by it.
    pub id: Uuid,
    /// Which service sent it: `/order`.
    pub source: Arc<str>,
    /// What it says: `inventory.reserve-stock`.
    #[serde(rename = "type")]
    pub message_type: Arc<str>,
    /// When it was written, by the clock of its store.
    pub time: Timestamp,
    /// Where it goes.
    pub topic: Arc<str>,
    /// Whose order it keeps.
    #[serde(rename = "partitionkey")]
    pub key: Arc<str>,
    /// Whose message it is.
    pub tenant: Tenant,
    /// The flow it is part of.
    #[serde(rename = "correlationid")]
    pub correlation: Uuid,
    /// The message or event that caused it.
    #[serde(rename = "causationid", default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// The W3C trace it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Arc<str>>,
    /// What else travels with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub data: Box<RawValue>,
    /// Why the body can't be read, if it was sent as something else than JSON. `data` holds it as a text then, or as a
    /// list of bytes if it is no text either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    damage: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum SpecVersion {
    #[default]
    #[serde(rename = "1.0")]
    One,
}

/// A message that came over another bus keeps its first id and source in these headers.
pub(crate) const ID_HEADER: &str = "ce-id";
pub(crate) const SOURCE_HEADER: &str = "ce-source";
/// A message that one commit writes on behalf of many flows, as a publication of events does, keeps its own in these.
pub(crate) const CORRELATION_HEADER: &str = "ce-correlationid";
pub(crate) const CAUSATION_HEADER: &str = "ce-causationid";
pub(crate) const TRACEPARENT_HEADER: &str = "ce-traceparent";

impl Envelope {
    /// A message as `source`'s outbox log keeps it.
    ///
    /// # Errors
    /// When the stored body is not JSON.
    pub fn from_recorded(source: &Arc<str>, recorded: RecordedMessage) -> Result<Self, serde_json::Error> {
        let body = read_json(&recorded.payload)?;
        Ok(Self::wrap(source, recorded, body, None))
    }

    /// The same for a message whose body need not be JSON: it must come through all the same, to become a dead letter
    /// instead of standing in everyone's way.
    pub(crate) fn from_log(source: &Arc<str>, recorded: RecordedMessage) -> Result<Self, serde_json::Error> {
        let (body, damage) = match read_json(&recorded.payload) {
            Ok(body) => (body, None),
            Err(error) => {
                let body = match std::str::from_utf8(&recorded.payload) {
                    Ok(text) => to_raw_value(text)?,
                    Err(_) => to_raw_value(&recorded.payload)?,
                };
                (body, Some(error.to_string().into()))
            }
        };
        Ok(Self::wrap(source, recorded, body, damage))
    }

    fn wrap(
        source: &Arc<str>,
        recorded: RecordedMessage,
        data: Box<RawValue>,
        damage: Option<Arc<str>>,
    ) -> Self {
        let mut headers = recorded.headers;
        let first_id = headers.remove(ID_HEADER).and_then(|id| Uuid::parse_str(&id).ok());
        let first_source = headers.remove(SOURCE_HEADER).map(Arc::from);
        let mut flow = |header| headers.remove(header);
        let id_of = |text: Option<String>| text.and_then(|id| Uuid::parse_str(&id).ok());
        let correlation = id_of(flow(CORRELATION_HEADER)).unwrap_or(recorded.metadata.correlation);
        let causation = id_of(flow(CAUSATION_HEADER)).or(recorded.metadata.causation);
        let traceparent =
            flow(TRACEPARENT_HEADER).map(Arc::from).or_else(|| recorded.metadata.traceparent.clone());
        Self {
            specversion: SpecVersion::One,
            id: first_id.unwrap_or(recorded.id),
            source: first_source.unwrap_or_else(|| source.clone()),
            message_type: recorded.message_type,
            time: recorded.recorded_at,
            topic: recorded.topic,
            key: recorded.key,
            tenant: recorded.tenant,
            correlation,
            causation,
            traceparent,
            headers,
            data,
            damage,
        }
    }

    /// Why the body can't be read, if it can't.
    pub(crate) fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// The body as it was sent.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let data = self.data.get();
        if self.damage.is_some() {
            if let Ok(text) = serde_json::from_str::<String>(data) {
                return text.into_bytes();
            }
            if let Ok(bytes) = serde_json::from_str(data) {
                return bytes;
            }
        }
        data.as_bytes().to_vec()
    }

    /// Reads the body.
    ///
    /// # Errors
    /// When it doesn't fit the type.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match &self.damage {
            Some(damage) => Err(serde::de::Error::custom(damage)),
            None => serde_json::from_str(self.data.get()),
        }
    }
}

fn read_json(payload: &[u8]) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::from_slice(payload)
}
