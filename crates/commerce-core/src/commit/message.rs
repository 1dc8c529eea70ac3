use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::event::CodecError;
use crate::time::Timestamp;

/// A message for the outbox. Messages of one key keep their order.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Where it goes.
    pub topic: Cow<'static, str>,
    /// Whose order it keeps: usually the id of what it is about.
    pub key: String,
    /// What it says: the CloudEvents `type`. The topic, unless set.
    pub message_type: Cow<'static, str>,
    /// The body, as JSON.
    pub payload: Vec<u8>,
    /// What else travels with it.
    pub headers: BTreeMap<Cow<'static, str>, String>,
    /// Not to be delivered before this moment, by the store's clock.
    pub not_before: Option<Timestamp>,
}

impl NewMessage {
    /// A message without body.
    pub fn new(topic: impl Into<Cow<'static, str>>, key: impl Into<String>) -> Self {
        let topic = topic.into();
        Self {
            message_type: topic.clone(),
            topic,
            key: key.into(),
            payload: b"null".to_vec(),
            headers: BTreeMap::new(),
            not_before: None,
        }
    }

    /// With this type instead of the topic's name.
    pub fn of_type(mut self, message_type: impl Into<Cow<'static, str>>) -> Self {
        self.message_type = message_type.into();
        self
    }

    /// With this body, JSON already.
    pub fn payload(mut self, payload: Vec<u8>) -> Self {
        self.payload = payload;
        self
    }

    /// With this body, written as JSON.
    ///
    /// # Errors
    /// When its serde implementation fails.
    pub fn json(self, body: &impl Serialize) -> Result<Self, CodecError> {
        let payload = serde_json::to_vec(body).map_err(|error| CodecError::Encode(error.to_string()))?;
        Ok(self.payload(payload))
    }

    /// With this header.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Not before this moment.
    pub fn not_before(mut self, moment: Timestamp) -> Self {
        self.not_before = Some(moment);
        self
    }
}
