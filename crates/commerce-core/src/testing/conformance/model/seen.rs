//! All that can be seen of a store, but for what is its own: positions.

use super::super::fixture::{ALL, stream};
use super::draw::{COLLECTIONS, Draw, NAMES, SCOPES};
use crate::store::{Claimed, CommitOutcome, Document, Query, ReadMessages, RecordedMessage, Store};
use crate::stream::{Position, RecordedEvent};

#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen {
    events: Vec<RecordedEvent>,
    documents: Vec<Document>,
    claims: Vec<Option<Claimed>>,
    checkpoints: Vec<Position>,
    messages: Vec<RecordedMessage>,
    outcomes: Vec<CommitOutcome>,
}

impl Seen {
    pub(super) async fn of(store: &impl Store, draw: &Draw) -> Self {
        let mut seen = Self::default();
        store.caught_up().await.expect("caught_up answers");
        seen.look_at_events(store).await;
        seen.look_at_documents(store).await;
        for tenant in (0..3).map(Draw::tenant) {
            for (scope, name) in SCOPES.iter().flat_map(|scope| (0..NAMES).map(move |name| (scope, name))) {
                let claimed = store.claimed(&tenant, scope, &name.to_string()).await;
                seen.claims.push(claimed.expect("claimed answers"));
            }
        }
        for name in 0..NAMES {
            seen.checkpoints.push(store.checkpoint(&name.to_string()).await.expect("checkpoint answers"));
        }
        seen.look_at_messages(store).await;
        for id in &draw.ids {
            seen.outcomes.push(store.outcome(*id).await.expect("outcome answers"));
        }
        seen
    }

    /// Those of the log in the order of their streams, and then as each stream has them.
    async fn look_at_events(&mut self, store: &impl Store) {
        let mut log = store.read_log(0, ALL).await.expect("read_log answers");
        log.sort_by(|one, other| {
            (&one.tenant, &one.stream, one.version).cmp(&(&other.tenant, &other.stream, other.version))
        });
        for tenant in (0..3).map(Draw::tenant) {
            for name in 0..NAMES {
                let events = store.read_stream(&tenant, &stream(name), 0, ALL).await;
                log.extend(events.expect("read_stream answers"));
            }
        }
        log.iter_mut().for_each(|event| event.position = 0);
        self.events = log;
    }

    /// All, and again as each field finds them.
    async fn look_at_documents(&mut self, store: &impl Store) {
        for collection in COLLECTIONS {
            let all = Query::all_tenants(collection).limit(ALL);
            let colours = ["red", "green"].map(|colour| all.clone().equals("colour", colour));
            let sizes = [0, 1, 2].map(|size| all.clone().equals("size", size));
            for query in [all].iter().chain(&colours).chain(&sizes) {
                self.documents.extend(store.documents(query).await.expect("documents answers"));
            }
        }
    }

    /// Those of one key in their order; of others there is none.
    async fn look_at_messages(&mut self, store: &impl Store) {
        for partition in 0..store.partitions() {
            let request = ReadMessages { partition, after: 0, topics: &[], limit: ALL };
            let batch = store.read_messages(request).await.expect("read_messages answers");
            self.messages.extend(batch.messages);
        }
        self.messages.sort_by(|one, other| {
            (&one.tenant, &one.key, one.position).cmp(&(&other.tenant, &other.key, other.position))
        });
        self.messages.iter_mut().for_each(|message| message.position = 0);
    }

    pub(super) fn is(&self, expected: &Self, rule: &str) {
        assert_eq!(self.events, expected.events, "{rule}: events");
        assert_eq!(self.documents, expected.documents, "{rule}: documents");
        assert_eq!(self.claims, expected.claims, "{rule}: claims");
        assert_eq!(self.checkpoints, expected.checkpoints, "{rule}: checkpoints");
        assert_eq!(self.messages, expected.messages, "{rule}: messages");
        assert_eq!(self.outcomes, expected.outcomes, "{rule}: outcomes");
    }
}
