//! Every message has reached whom it is for.

use std::sync::Arc;

use commerce_core::id::Tenant;
use commerce_core::store::{Query, ReadMessages, RecordedMessage, Store, StoreError};
use commerce_core::stream::Position;
use commerce_outbox::{HeldMessage, HeldState};

use super::invariant::{MESSAGE_HELD, MESSAGE_NOT_CONSUMED, MESSAGE_SCHEDULED, MESSAGE_WITHOUT_READER};
use super::read::{self, PAGE};
use super::report::Findings;
use crate::shop::{Route, Stores, is_follower, readers};

/// Where consumers keep what they could not handle at once.
const HELD: &str = "held-messages";
/// Where a message that came over another bus has its first id.
const FIRST_ID: &str = "ce-id";

/// Looks at every outbox log, at what is scheduled, and at what is held.
pub(super) async fn check(stores: &Stores, findings: &mut Findings) -> Result<(), StoreError> {
    for (source, store) in stores.all() {
        held(&**store, findings).await?;
        scheduled(source, &**store, findings).await?;
        for partition in 0..store.partitions() {
            outbox(stores, source, partition, findings).await?;
        }
    }
    Ok(())
}

/// The first thousand of each store: but for those of followers there should be none.
async fn held(store: &dyn Store, findings: &mut Findings) -> Result<(), StoreError> {
    for document in store.documents(&Query::all_tenants(HELD).limit(PAGE)).await? {
        findings.turn_to(&document.tenant);
        findings.count("held_messages", 1);
        let Some(held) = read::body::<HeldMessage>(&document, findings) else { continue };
        // As `dead-letters show` knows it.
        let id = held.id();
        let HeldMessage { group, state, attempts, envelope, .. } = held;
        if is_follower(&group) && state != HeldState::Dead {
            findings.pending();
            continue;
        }
        let error = attempts.last().map_or_else(String::new, |attempt| format!(": {}", attempt.error));
        let detail = format!(
            "({}, key {}) is held by {group}, {}, after {} failed attempts{error}",
            envelope.message_type,
            envelope.key,
            state.as_str(),
            attempts.len()
        );
        findings.breach(MESSAGE_HELD, format!("message {id}"), detail);
    }
    Ok(())
}

async fn scheduled(source: &str, store: &dyn Store, findings: &mut Findings) -> Result<(), StoreError> {
    // A release of none at all only says when the next one is due.
    if let Some(due) = store.release_due(0).await?.next_due {
        findings.turn_to(&Tenant::default());
        let detail = format!("has a message that is not sent before {due}");
        findings.breach(MESSAGE_SCHEDULED, format!("the {source} outbox"), detail);
    }
    Ok(())
}

/// A group's place in one partition, and the store that knows what it has handled.
struct Cursor<'a> {
    route: &'static Route,
    done: Position,
    inbox: &'a Arc<dyn Store>,
}

async fn outbox(
    stores: &Stores,
    source: &'static str,
    partition: u32,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let Some(store) = stores.of_service(source) else { return Ok(()) };
    let mut cursors = Vec::new();
    for route in readers(source) {
        let Some(inbox) = stores.of_service(route.group) else { continue };
        let done = store.checkpoint(&format!("group/{}/{partition}", route.group)).await?;
        cursors.push(Cursor { route, done, inbox });
    }
    let mut after = 0;
    loop {
        let batch = store.read_messages(ReadMessages { partition, after, topics: &[], limit: PAGE }).await?;
        findings.count("messages", batch.messages.len());
        for message in &batch.messages {
            findings.turn_to(&message.tenant);
            arrived(source, message, &cursors, findings).await?;
        }
        if batch.next <= after {
            return Ok(());
        }
        after = batch.next;
    }
}

async fn arrived(
    source: &str,
    message: &RecordedMessage,
    cursors: &[Cursor<'_>],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let id = message.headers.get(FIRST_ID).cloned().unwrap_or_else(|| message.id.to_string());
    let what = format!("({}, key {}) of the {source} outbox", message.message_type, message.key);
    let mut read = false;
    for cursor in cursors.iter().filter(|cursor| cursor.route.topics.contains(&&*message.topic)) {
        read = true;
        if message.position > cursor.done && !cursor.has_taken(&message.tenant, &id).await? {
            if cursor.route.follows_events() {
                findings.pending();
                continue;
            }
            let detail = format!("{what} was not handled by {}", cursor.route.group);
            findings.breach(MESSAGE_NOT_CONSUMED, format!("message {id}"), detail);
        }
    }
    if !read {
        let detail = format!("{what} goes to {}, which no one reads", message.topic);
        findings.breach(MESSAGE_WITHOUT_READER, format!("message {id}"), detail);
    }
    Ok(())
}

impl Cursor<'_> {
    /// Cursors lag behind what is done. What is done, or held, is claimed.
    async fn has_taken(&self, tenant: &Tenant, id: &str) -> Result<bool, StoreError> {
        for claims in ["inbox", "held"] {
            let scope = format!("{claims}/{}", self.route.group);
            if self.inbox.claimed(tenant, &scope, id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
