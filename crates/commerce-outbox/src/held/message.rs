use std::collections::BTreeMap;

use commerce_core::Timestamp;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use commerce_core::id::Tenant;
use commerce_core::store::Document;
use commerce_core::stream::Version;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::key::filed;
use crate::envelope::Envelope;

pub(crate) const MESSAGES: &str = "held-messages";
pub(crate) const KEYS: &str = "held-keys";
/// When a message is tried next.
pub(super) const DUE: &str = "due";
/// The same of those whose worker was not lost over them, and is not at them.
pub(super) const UNSUSPECTED_DUE: &str = "unsuspected-due";

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
    /// Who had it tried again after it was dead, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<Replay>,
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
    /// How: what the error said, and behind it what its sources add. 2,000 characters at most.
    pub error: String,
    /// Of what kind the error was.
    pub kind: Kind,
    /// Whether it was no failure: something else had to happen first. Of such attempts in a row the last one is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_yet: bool,
}

/// An operator's order to try a dead letter again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// When it was given.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// How a message is held that is the first of its key.
#[derive(Clone, Debug)]
pub(crate) struct FirstFailure {
    pub(crate) state: HeldState,
    pub(crate) attempt: Attempt,
    pub(crate) due: Option<Timestamp>,
    /// Its worker was lost over it, so its attempt has begun and not ended.
    pub(crate) worker_lost: bool,
}

/// The queue of one key's held messages. It is kept for a while after it was emptied: a document that is deleted starts
/// again at version zero, and whoever still acts on the old queue must not take the new one for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldKey {
    pub(crate) key: String,
    /// The sequence of the next message.
    pub(crate) next: u64,
    /// Whether there are messages in it.
    pub(crate) open: bool,
}

impl HeldMessage {
    /// An attempt has ended. One that found that it was too early does not count.
    pub(crate) fn ended(&mut self, attempt: Attempt) {
        if attempt.not_yet {
            self.begun = self.begun.saturating_sub(1);
            self.attempts.pop_if(|last| last.not_yet);
        }
        self.attempts.push(attempt);
        self.under_way = false;
    }

    /// Its id among all held messages of its tenant.
    pub fn id(&self) -> String {
        if self.skipped {
            format!("{}/skipped/{}", key_id(&self.group, &self.envelope.key), self.envelope.id)
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
            .field("topic", &*self.envelope.topic)
            .field("key", &*filed(&self.envelope.key));
        let Some(due) = self.due.filter(|_| self.state == HeldState::Retrying) else { return Ok(write) };
        let write = write.field(DUE, due);
        Ok(if self.under_way { write } else { write.field(UNSUSPECTED_DUE, due) })
    }

    /// The one behind this as the head of their key, though it can't be read. Nothing else in it is touched: a program that
    /// can read it goes on with it.
    pub(super) fn write_damaged_next(
        &self,
        next: &Document,
        now: Timestamp,
    ) -> Result<DocumentWrite, CodecError> {
        let head = Self { state: HeldState::Retrying, due: Some(now), under_way: false, ..self.clone() };
        let like = head.write(Expected::Version(next.version))?;
        let body = due_at(&next.body, now).unwrap_or_else(|| next.body.clone());
        Ok(DocumentWrite { id: next.id.clone(), body: Some(body), ..like })
    }
}

impl HeldKey {
    pub(crate) fn write(
        &self,
        group: &str,
        expected: Version,
        now: Timestamp,
    ) -> Result<DocumentWrite, CodecError> {
        let id = key_id(group, &self.key);
        let write = DocumentWrite::json(KEYS, id, Expected::Version(expected), self)?;
        Ok(if self.open {
            write.field("group", group.to_owned())
        } else {
            write.field("emptied_group", group.to_owned()).field("emptied_at", now)
        })
    }
}

/// The body of a message that is due now, where that can be said in it.
fn due_at(body: &[u8], now: Timestamp) -> Option<Vec<u8>> {
    let mut parts: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
    parts.insert("state".to_owned(), to_raw_value(&HeldState::Retrying).ok()?);
    parts.insert("due".to_owned(), to_raw_value(&Some(now)).ok()?);
    serde_json::to_vec(&parts).ok()
}

pub(crate) fn message_id(group: &str, key: &str, sequence: u64) -> String {
    format!("{}/{sequence:010}", key_id(group, key))
}

/// The key as it is filed, from the id of a message that is held under it.
pub(crate) fn filed_key(id: &str) -> &str {
    let behind_group = id.split_once('/').map_or(id, |(_, rest)| rest);
    let (key, last) = behind_group.rsplit_once('/').unwrap_or((behind_group, ""));
    // A sequence is shorter than a message's own id.
    let is_skipped = last.len() == uuid::fmt::Hyphenated::LENGTH;
    key.strip_suffix("/skipped").filter(|_| is_skipped).unwrap_or(key)
}

pub(crate) fn key_id(group: &str, key: &str) -> String {
    format!("{}/{}", plain(group), filed(key))
}

/// A name without slashes, so that what follows it after a slash can't be taken for a part of it.
pub(crate) fn plain(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

/// An empty commit for a held message's tenant.
pub(crate) fn commit_for(tenant: &Tenant) -> Commit {
    Commit { tenant: tenant.clone(), ..Commit::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_the_key_whatever_that_is() {
        for key in ["", "/", "a", "a/b", "a/0000000001", "a/skipped", "skipped"] {
            assert_eq!(filed_key(&message_id("g/1", key, 1)), key);
            let skipped = format!("{}/skipped/{}", key_id("g/1", key), uuid::Uuid::nil());
            assert_eq!(filed_key(&skipped), key);
        }
    }
}
