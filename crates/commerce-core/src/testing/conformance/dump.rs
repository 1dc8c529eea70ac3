//! Everything that can be seen of a store, to compare before with after.

use super::fixture::{ALL, Fixture};
use crate::commit::CommitId;
use crate::store::{Claimed, CommitOutcome, Document, Query, RecordedMessage, Store};
use crate::stream::{Position, RecordedEvent};
use crate::time::Timestamp;

/// What there is to be seen under these names.
pub(super) struct Names<'a> {
    pub(super) collections: &'a [&'static str],
    pub(super) fields: &'a [&'static str],
    pub(super) claims: &'a [(&'static str, &'static str)],
    pub(super) readers: &'a [&'static str],
    pub(super) commits: &'a [CommitId],
}

#[derive(Debug, PartialEq)]
pub(super) struct Dump {
    pub(super) log: Vec<RecordedEvent>,
    pub(super) messages: Vec<RecordedMessage>,
    pub(super) last_message: Position,
    pub(super) next_due: Option<Timestamp>,
    pub(super) documents: Vec<Vec<Document>>,
    /// The documents again, as each field finds and orders them.
    pub(super) by_field: Vec<Vec<Document>>,
    pub(super) claims: Vec<Option<Claimed>>,
    pub(super) checkpoints: Vec<Position>,
    pub(super) outcomes: Vec<CommitOutcome>,
}

impl Dump {
    pub(super) async fn of(f: &Fixture<impl Store>, names: &Names<'_>) -> Self {
        let (mut documents, mut by_field) = (Vec::new(), Vec::new());
        for collection in names.collections {
            let query = Query::all_tenants(*collection).limit(ALL);
            for field in names.fields {
                let query = query.clone().ascending(*field);
                by_field.push(f.store.documents(&query).await.expect("documents answers"));
            }
            documents.push(f.store.documents(&query).await.expect("documents answers"));
        }
        let (mut claims, mut checkpoints, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for (scope, key) in names.claims {
            claims.push(f.claimed(scope, key).await);
        }
        for reader in names.readers {
            checkpoints.push(f.checkpoint(reader).await);
        }
        for id in names.commits {
            outcomes.push(f.outcome(*id).await);
        }
        Self {
            log: f.log().await,
            messages: f.messages().await,
            last_message: f.last_message().await,
            // A limit of zero releases nothing and still says what is due next.
            next_due: f.release_due(0).await.next_due,
            documents,
            by_field,
            claims,
            checkpoints,
            outcomes,
        }
    }

    /// Panics unless every part differs from that of `other`.
    pub(super) fn differs_in_every_part(&self, other: &Self) {
        let differs = [
            ("log", self.log != other.log),
            ("messages", self.messages != other.messages),
            ("last message", self.last_message != other.last_message),
            ("scheduled messages", self.next_due != other.next_due),
            ("documents", self.documents != other.documents),
            ("fields", self.by_field != other.by_field),
            ("claims", self.claims != other.claims),
            ("checkpoints", self.checkpoints != other.checkpoints),
            ("outcomes", self.outcomes != other.outcomes),
        ];
        for (part, differs) in differs {
            assert!(differs, "a commit writes all of its parts, this one did not change: {part}");
        }
    }
}
