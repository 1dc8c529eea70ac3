use commerce_core::Timestamp;
use commerce_core::id::Tenant;
use serde::{Deserialize, Serialize};

use crate::held::HeldMessage;

/// Which dead letters are meant: those that fulfil everything that is named here. Without any, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Only this tenant's.
    pub tenant: Option<Tenant>,
    /// Only those of this consumer group.
    pub group: Option<String>,
    /// Only those of this topic.
    pub topic: Option<String>,
    /// Only those of this key.
    pub key: Option<String>,
}

/// How many dead letters are replayed, and how fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Only say what would be replayed.
    pub dry_run: bool,
    /// So many in a second at most; as fast as the store goes, if none is named.
    pub per_second: Option<u32>,
}

/// What a replay did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The tenant and id of each message that was, or would be, replayed.
    pub replayed: Vec<(Tenant, String)>,
    /// Those that someone else acted on meanwhile.
    pub passed_over: Vec<(Tenant, String)>,
}

/// A key that waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedKey {
    /// Whose key it is.
    pub tenant: Tenant,
    /// Which consumer group holds it.
    pub group: String,
    /// The key.
    pub key: String,
    /// The id of the dead letter at its head.
    pub head: String,
    /// Since when the head is held.
    pub since: Timestamp,
    /// How many messages wait behind the head.
    pub waiting: usize,
}

/// How many held messages there are, by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// They wait behind another of their key.
    pub waiting: usize,
    /// They are tried again when they are due.
    pub retrying: usize,
    /// They wait for an operator.
    pub dead: usize,
}

/// A message that an operator decided never to handle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DiscardedMessage {
    /// The whole message, with every attempt.
    pub message: HeldMessage,
    /// Who discarded it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}
