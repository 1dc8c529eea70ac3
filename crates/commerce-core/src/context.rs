//! Who asks, when, on whose behalf, and as part of what.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{self, Tenant};
use crate::time::Timestamp;

/// What surrounds one operation. Core reads the time and makes ids from here alone, so a decision can be repeated
/// exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    tenant: Tenant,
    now: Timestamp,
    operation: Uuid,
    actor: Arc<str>,
    correlation: Uuid,
    causation: Option<Uuid>,
    traceparent: Option<Arc<str>>,
}

impl Context {
    /// An operation at a moment, under an id that is unique to it (UUIDv7 by convention). It correlates with itself.
    pub fn new(now: Timestamp, operation: Uuid) -> Self {
        Self {
            tenant: Tenant::default(),
            now,
            operation,
            actor: Arc::from("system"),
            correlation: operation,
            causation: None,
            traceparent: None,
        }
    }

    /// On behalf of this tenant.
    pub fn with_tenant(mut self, tenant: Tenant) -> Self {
        self.tenant = tenant;
        self
    }

    /// Asked by this user or service.
    pub fn with_actor(mut self, actor: impl Into<Arc<str>>) -> Self {
        self.actor = actor.into();
        self
    }

    /// As part of a larger flow.
    pub fn with_correlation(mut self, correlation: Uuid) -> Self {
        self.correlation = correlation;
        self
    }

    /// Caused by this message or event.
    pub fn with_causation(mut self, causation: Uuid) -> Self {
        self.causation = Some(causation);
        self
    }

    /// Within this W3C trace.
    pub fn with_traceparent(mut self, traceparent: impl Into<Arc<str>>) -> Self {
        self.traceparent = Some(traceparent.into());
        self
    }

    /// The tenant whose data is touched.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The moment at which the operation takes place.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The id of the operation itself.
    pub fn operation(&self) -> Uuid {
        self.operation
    }

    /// A fresh id: the `ordinal`th of this operation. The same ordinal of the same operation gives the same id, so
    /// a commit that is decided again makes the same ids. A message that is handled again is another operation.
    pub fn new_id(&self, ordinal: u16) -> Uuid {
        id::derive(self.operation, ordinal)
    }

    /// Who asked.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// What goes into the metadata of everything this operation writes.
    pub fn metadata(&self) -> Metadata {
        Metadata {
            actor: self.actor.clone(),
            correlation: self.correlation,
            causation: self.causation,
            traceparent: self.traceparent.clone(),
        }
    }
}

/// Why a commit was made: written once per commit, shared by its events and messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who asked.
    pub actor: Arc<str>,
    /// The flow it is part of.
    pub correlation: Uuid,
    /// The message or event that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// The W3C trace it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Arc<str>>,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { actor: Arc::from("system"), correlation: Uuid::nil(), causation: None, traceparent: None }
    }
}
