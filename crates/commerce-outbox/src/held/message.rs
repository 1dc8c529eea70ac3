use commerce_core::Timestamp;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use commerce_core::id::Tenant;
use commerce_core::stream::Version;
use serde::{Deserialize, Serialize};

use crate::envelope::Envelope;

pub(crate) const MESSAGES: &str = "held-messages";
pub(crate) const KEYS: &str = "held-keys";

/// A message that could not be handled at once, or that waits behind one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldMessage {
    /// Which consumer group holds it.
    pub group: String,
    /// Its place among the held messages of its key.
    pub sequence: u64,
    /// What is to happen to it.
    pub state: HeldState,
    /// What was tried, and how it failed.
    pub attempts: Vec<Attempt>,
    /// How many attempts were begun since it was held or last replayed: they count when they begin, so that one which
    /// kills its worker counts too.
    pub begun: u32,
    /// Whether an attempt has begun and not ended: if no one is at it, its worker was lost.
    pub under_way: bool,
    /// Since when it is held.
    pub held_since: Timestamp,
    /// When it is tried next.
    pub due: Option<Timestamp>,
    /// Whether it stands outside its key's order: the topic skips what is dead.
    pub skipped: bool,
    /// The whole message.
    pub envelope: Envelope,
}

/// What is to happen to a held message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// It waits behind another of its key.
    Waiting,
    /// It is tried again when it is due.
    Retrying,
    /// Its attempts are used up: it is a dead letter, and its key is parked until an operator decides.
    Dead,
}

impl HeldState {
    /// As it is written and searched for.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Dead => "dead",
        }
    }
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it failed.
    pub at: Timestamp,
    /// How.
    pub error: String,
    /// Of what kind the error was.
    pub kind: Kind,
}

/// How a message is held that is the first of its key.
#[derive(Clone, Debug)]
pub(crate) struct FirstFailure {
    pub(crate) state: HeldState,
    pub(crate) attempt: Attempt,
    pub(crate) due: Option<Timestamp>,
    pub(crate) worker_lost: bool,
}

/// The held messages of one key: those from `first` up to `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldKey {
    pub(crate) first: u64,
    pub(crate) next: u64,
}

impl HeldMessage {
    /// Its id among all held messages of its tenant.
    pub fn id(&self) -> String {
        if self.skipped {
            format!("{}/{}/skipped/{}", self.group, self.envelope.key, self.envelope.id)
        } else {
            message_id(&self.group, &self.envelope.key, self.sequence)
        }
    }

    /// Whose message it is.
    pub fn tenant(&self) -> &Tenant {
        &self.envelope.tenant
    }

    pub(crate) fn write(&self, expected: Expected) -> Result<DocumentWrite, CodecError> {
        let write = DocumentWrite::json(MESSAGES, self.id(), expected, self)?
            .field("group", self.group.as_str())
            .field("state", self.state.as_str())
            .field("topic", &*self.envelope.topic);
        Ok(match self.due.filter(|_| self.state == HeldState::Retrying) {
            Some(due) => write.field("due", due),
            None => write,
        })
    }
}

impl HeldKey {
    pub(crate) fn write(
        self,
        group: &str,
        key: &str,
        expected: Version,
    ) -> Result<DocumentWrite, CodecError> {
        let (id, expected) = (key_id(group, key), Expected::Version(expected));
        if self.first >= self.next {
            return Ok(DocumentWrite::delete(KEYS, id, expected));
        }
        Ok(DocumentWrite::json(KEYS, id, expected, &self)?.field("group", group.to_owned()))
    }
}

pub(crate) fn message_id(group: &str, key: &str, sequence: u64) -> String {
    format!("{group}/{key}/{sequence:010}")
}

pub(crate) fn key_id(group: &str, key: &str) -> String {
    format!("{group}/{key}")
}

/// An empty commit for a held message's tenant.
pub(crate) fn commit_for(tenant: &Tenant) -> Commit {
    Commit { tenant: tenant.clone(), ..Commit::default() }
}
