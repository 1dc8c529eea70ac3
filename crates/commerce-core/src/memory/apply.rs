use std::sync::Arc;

use super::state::{CommitRow, State};
use crate::commit::{Append, Claim, ClaimKey, Commit, CommitId, Committed, NewEvent};
use crate::context::Metadata;
use crate::id::Tenant;
use crate::store::Claimed;
use crate::stream::{Position, RecordedEvent, Version};
use crate::time::Timestamp;

/// What everything that a commit writes has in common.
pub(super) struct Origin {
    pub(super) tenant: Tenant,
    pub(super) commit: CommitId,
    pub(super) recorded_at: Timestamp,
    pub(super) metadata: Arc<Metadata>,
}

impl State {
    /// Writes a commit that conflicts with nothing. It can't fail, so it can't stop halfway.
    pub(super) fn apply(
        &mut self,
        commit: Commit,
        id: CommitId,
        now: Timestamp,
        partitions: u32,
    ) -> Committed {
        let origin = Origin {
            tenant: commit.tenant,
            commit: id,
            recorded_at: now,
            metadata: Arc::new(commit.metadata),
        };
        let before = self.last_position();
        self.append(&origin, commit.appends);
        for write in commit.documents {
            self.documents.write(&origin.tenant, write);
        }
        for (message, ordinal) in commit.messages.into_iter().zip(0..=u16::MAX) {
            self.outbox.send(&origin, ordinal, message, partitions);
        }
        self.take_claims(&origin, &commit.releases, commit.claims);
        for moved in commit.checkpoints {
            self.checkpoints.insert(moved.reader, moved.to);
        }
        let position = self.last_position();
        self.commits.insert(id, CommitRow { recorded_at: now, wrote_events: position > before });
        Committed { id, position, recorded_at: now }
    }

    /// `Commit::check` has made sure that the ordinals fit.
    fn append(&mut self, origin: &Origin, appends: Vec<Append>) {
        let mut ordinals = 0..=u16::MAX;
        for Append { stream, events, .. } in appends {
            for (event, ordinal) in events.into_iter().zip(&mut ordinals) {
                let at = self.log.len();
                let places = self.streams.entry((origin.tenant.clone(), stream.clone())).or_default();
                places.push(at);
                let version = places.len() as Version;
                let NewEvent { event_type, schema, payload } = event;
                self.log.push(RecordedEvent {
                    position: at as Position + 1,
                    tenant: origin.tenant.clone(),
                    stream: stream.clone(),
                    version,
                    event_type: event_type.into(),
                    schema,
                    payload,
                    id: origin.commit.event_id(ordinal),
                    commit: origin.commit,
                    recorded_at: origin.recorded_at,
                    metadata: origin.metadata.clone(),
                });
            }
        }
    }

    fn take_claims(&mut self, origin: &Origin, releases: &[ClaimKey], claims: Vec<Claim>) {
        for key in releases {
            self.claims.remove(&(origin.tenant.clone(), key.clone()));
        }
        for Claim { key, expires_at, answer } in claims {
            let claimed = Claimed { by: origin.commit, expires_at, answer };
            self.claims.insert((origin.tenant.clone(), key), claimed);
        }
    }
}
