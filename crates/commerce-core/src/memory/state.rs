use std::collections::{BTreeMap, HashMap};

use super::documents::Documents;
use super::leases::Leases;
use super::outbox::Outbox;
use crate::commit::{ClaimKey, CommitId};
use crate::id::Tenant;
use crate::store::{Claimed, CommitOutcome, Prune};
use crate::stream::{Position, RecordedEvent, StreamId, Version};
use crate::time::Timestamp;

/// Everything that is kept.
#[derive(Default)]
pub(super) struct State {
    pub(super) commits: HashMap<CommitId, CommitRow>,
    /// An event's position is its index plus one: events are never deleted.
    pub(super) log: Vec<RecordedEvent>,
    /// Of each stream, where in `log` its events are. An event's version is its index here plus one.
    pub(super) streams: HashMap<(Tenant, StreamId), Vec<usize>>,
    pub(super) documents: Documents,
    pub(super) outbox: Outbox,
    /// Expired ones stay until they are taken again or pruned.
    pub(super) claims: BTreeMap<(Tenant, ClaimKey), Claimed>,
    pub(super) checkpoints: HashMap<String, Position>,
    pub(super) leases: Leases,
}

/// What is remembered of a commit beside what it wrote.
pub(super) struct CommitRow {
    pub(super) recorded_at: Timestamp,
    pub(super) wrote_events: bool,
}

impl State {
    pub(super) fn outcome(&self, id: CommitId) -> CommitOutcome {
        if self.commits.contains_key(&id) { CommitOutcome::Committed } else { CommitOutcome::RolledBack }
    }

    pub(super) fn stream_version(&self, tenant: &Tenant, stream: &StreamId) -> Version {
        self.streams.get(&(tenant.clone(), stream.clone())).map_or(0, |events| events.len() as Version)
    }

    pub(super) fn last_position(&self) -> Position {
        self.log.len() as Position
    }

    pub(super) fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Vec<RecordedEvent> {
        let events = self.streams.get(&(tenant.clone(), stream.clone())).map_or(&[][..], Vec::as_slice);
        events.iter().skip(index(after)).take(limit).filter_map(|at| self.log.get(*at)).cloned().collect()
    }

    pub(super) fn read_log(&self, after: Position, limit: usize) -> Vec<RecordedEvent> {
        self.log.iter().skip(index(after)).take(limit).cloned().collect()
    }

    pub(super) fn claimed(&self, tenant: &Tenant, scope: &str, key: &str, now: Timestamp) -> Option<Claimed> {
        self.holder(tenant, &ClaimKey::new(scope.to_owned(), key), now).cloned()
    }

    /// Who holds a claim at this moment. At the very moment of its expiry it is free.
    pub(super) fn holder(&self, tenant: &Tenant, key: &ClaimKey, now: Timestamp) -> Option<&Claimed> {
        self.claims.get(&(tenant.clone(), key.clone())).filter(|claimed| !has_expired(claimed, now))
    }

    pub(super) fn checkpoint(&self, reader: &str) -> Position {
        self.checkpoints.get(reader).copied().unwrap_or(0)
    }

    pub(super) fn prune(&mut self, what: Prune, now: Timestamp) -> u64 {
        match what {
            Prune::Messages { up_to } => self.outbox.prune(up_to),
            Prune::ExpiredClaims => {
                let before = self.claims.len();
                self.claims.retain(|_, claimed| !has_expired(claimed, now));
                (before - self.claims.len()) as u64
            }
            Prune::CommitsBefore(moment) => {
                let sending = self.outbox.commits();
                let before = self.commits.len();
                self.commits.retain(|id, commit| {
                    commit.recorded_at >= moment || commit.wrote_events || sending.contains(id)
                });
                (before - self.commits.len()) as u64
            }
        }
    }
}

fn has_expired(claimed: &Claimed, now: Timestamp) -> bool {
    claimed.expires_at.is_some_and(|moment| moment <= now)
}

/// A version or position as an index behind it. One that no machine can hold lies behind everything.
fn index(after: u64) -> usize {
    usize::try_from(after).unwrap_or(usize::MAX)
}
