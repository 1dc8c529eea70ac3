//! What operators do with messages whose attempts are used up.

mod error;
mod pages;
mod view;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Claim, CommitError, Conflict, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{Document, Query, Store, StoreError};

pub use error::DeadLetterError;
pub use view::{DeadLetterFilter, DiscardedMessage, ParkedKey, ReplayOptions, ReplayReport, Unfinished};

use pages::Pages;

use crate::DEDUPLICATION;
use crate::held::{
    Head, Held, HeldError, HeldMessage, HeldState, MESSAGES, Replay, commit_for, filed, plain,
};

/// Where discarded messages are kept.
const DISCARDED: &str = "discarded-messages";

/// The dead letters of the consumers that write to one store.
///
/// Each action is checked against the version of what it acts on: of two operators, or an operator and a consumer, only
/// one acts.
///
/// ```no_run
/// # use commerce_outbox::{DeadLetterError, DeadLetterFilter, DeadLetters};
/// # async fn look(dead_letters: DeadLetters) -> Result<(), DeadLetterError> {
/// for letter in dead_letters.list(&DeadLetterFilter::default(), 20).await? {
///     println!("{} {:?}", letter.id(), letter.attempts.last());
///     dead_letters.replay(letter.tenant(), &letter.id(), "ada", "the provider is back").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DeadLetters {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
}

impl DeadLetters {
    /// The dead letters in a consumer's store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        Self { store, host }
    }

    /// Dead letters, `limit` at most, in the order of tenant and id.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn list(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<HeldMessage>, DeadLetterError> {
        let documents = self.store.documents(&in_state(filter, HeldState::Dead).limit(limit)).await?;
        Ok(documents.iter().map(Document::json).collect::<Result<_, _>>()?)
    }

    /// A held message, whatever its state.
    ///
    /// # Errors
    /// [`DeadLetterError::NotFound`] if there is none; or when the store can't be read.
    pub async fn show(&self, tenant: &Tenant, id: &str) -> Result<HeldMessage, DeadLetterError> {
        Ok(self.head(tenant, id).await?.message)
    }

    async fn head(&self, tenant: &Tenant, id: &str) -> Result<Head, DeadLetterError> {
        match self.store.document(tenant, MESSAGES, id).await? {
            Some(document) => Ok(head_of(&document)?),
            None => Err(DeadLetterError::NotFound { id: id.to_owned() }),
        }
    }

    async fn dead(&self, tenant: &Tenant, id: &str) -> Result<Head, DeadLetterError> {
        let head = self.head(tenant, id).await?;
        match head.message.state {
            HeldState::Dead => Ok(head),
            state => Err(DeadLetterError::NotDead { id: id.to_owned(), state }),
        }
    }

    /// Has a dead letter tried again, with as many attempts as a new one. It stays at the head of its key, and once it
    /// succeeds those behind it follow in order. Its consumers notice within a second.
    ///
    /// One of a topic that [skips](crate::Consumer::skip_dead_letters_of) its dead letters has no place in the order of its key
    /// any more: others have overtaken it, and it is handled beside whatever else of its key is handled then, also beside another
    /// that was skipped and is replayed.
    ///
    /// # Errors
    /// See [`DeadLetterError`].
    pub async fn replay(
        &self,
        tenant: &Tenant,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), DeadLetterError> {
        self.replay_head(self.dead(tenant, id).await?, actor, reason).await
    }

    async fn replay_head(&self, mut head: Head, actor: &str, reason: &str) -> Result<(), DeadLetterError> {
        let now = self.host.now();
        let message = &mut head.message;
        message.state = HeldState::Retrying;
        message.due = Some(now);
        message.begun = 0;
        message.under_way = false;
        message.replays.push(Replay { at: now, actor: actor.to_owned(), reason: reason.to_owned() });
        let id = message.id();
        self.held(&head).rewrite(&mut head).await.map_err(|error| raced(error, &id))
    }

    /// Replays all dead letters that the filter lets through, one after the other: key by key, those of a key in the order in
    /// which they came to be held. A key has several only where its topic skips them: whoever needs them handled in order as
    /// well names a rate that leaves each the time for it. All of one key are in memory at once.
    ///
    /// # Errors
    /// When the store can't be read or written. Those before are replayed then, and no longer dead: call it again.
    pub async fn replay_all(
        &self,
        filter: &DeadLetterFilter,
        options: ReplayOptions,
        actor: &str,
        reason: &str,
    ) -> Result<ReplayReport, DeadLetterError> {
        let mut report = ReplayReport { dry_run: options.dry_run, ..ReplayReport::default() };
        let pause = options.per_second.map(|rate| Duration::from_secs(1) / rate.max(1));
        let mut pages = Pages::of(&*self.store, in_state(filter, HeldState::Dead));
        loop {
            let mut heads = pages.next().await?.iter().map(head_of).collect::<Result<Vec<_>, _>>()?;
            // Ids are no order: those of one commit count down.
            heads.sort_by_cached_key(|Head { message, .. }| {
                (message.envelope.key.clone(), message.held_since)
            });
            if heads.is_empty() {
                return Ok(report);
            }
            for head in heads {
                let name = (head.message.tenant().clone(), head.message.id());
                if options.dry_run {
                    report.replayed.push(name);
                    continue;
                }
                if let Some(pause) = pause.filter(|_| !report.replayed.is_empty()) {
                    tokio::time::sleep(pause).await;
                }
                match self.replay_head(head, actor, reason).await {
                    Ok(()) => report.replayed.push(name),
                    Err(DeadLetterError::Raced { .. }) => report.passed_over.push(name),
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Gives a dead letter up for good. The next of its key becomes the head, due at once. Who did it, why and when is
    /// kept with the whole message.
    ///
    /// # Errors
    /// See [`DeadLetterError`].
    pub async fn discard(
        &self,
        tenant: &Tenant,
        id: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), DeadLetterError> {
        let head = self.dead(tenant, id).await?;
        let message = &head.message;
        let discarded = DiscardedMessage {
            message: message.clone(),
            actor: actor.to_owned(),
            reason: reason.to_owned(),
            at: self.host.now(),
        };
        let record_id = format!("{}/{}", plain(&message.group), message.envelope.id);
        let record = DocumentWrite::json(DISCARDED, record_id, Expected::Any, &discarded)?
            .field("group", message.group.as_str())
            .field("topic", &*message.envelope.topic)
            .field("key", &*filed(&message.envelope.key))
            .field("at", discarded.at);
        let commit = commit_for(tenant).document(record);
        let commit = self.held(&head).remove(&head, commit).await?;
        // Should the bus deliver it once more, it counts as handled.
        let handled = Claim::new(format!("inbox/{}", message.group), message.envelope.id.to_string())
            .until(discarded.at.plus(DEDUPLICATION));
        match self.store.commit(commit.clone().claim(handled)).await {
            // A worker that was thought lost has handled it all the same. The order was to be rid of it.
            Err(CommitError::Conflict(Conflict::Claim { .. })) => {
                self.store.commit(commit).await.map_err(|error| raced(error.into(), id))?;
            }
            result => {
                result.map_err(|error| raced(error.into(), id))?;
            }
        }
        Ok(())
    }

    /// Messages that were discarded, `limit` at most, the last first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn discarded(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<DiscardedMessage>, DeadLetterError> {
        let query = narrowed(DISCARDED, filter).descending("at").limit(limit);
        let documents = self.store.documents(&query).await?;
        Ok(documents.iter().map(|document| document.json()).collect::<Result<_, _>>()?)
    }

    /// The keys that wait for an operator, `limit` at most, in their order.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn parked(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<ParkedKey>, DeadLetterError> {
        let mut parked = Vec::new();
        let mut pages = Pages::of(&*self.store, in_state(filter, HeldState::Dead));
        loop {
            let page = pages.next().await?;
            if page.is_empty() {
                return Ok(parked);
            }
            for document in &page {
                if parked.len() >= limit {
                    return Ok(parked);
                }
                let head = head_of(document)?;
                if !head.message.skipped {
                    parked.push(self.parked_by(head).await?);
                }
            }
        }
    }

    async fn parked_by(&self, head: Head) -> Result<ParkedKey, StoreError> {
        let waiting = self.held(&head).behind(&head.message).await?;
        let message = head.message;
        Ok(ParkedKey {
            waiting,
            tenant: message.tenant().clone(),
            head: message.id(),
            since: message.held_since,
            key: message.envelope.key.to_string(),
            group: message.group,
        })
    }

    /// How many held messages there are, of one group or all.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn unfinished(&self, group: Option<&str>) -> Result<Unfinished, DeadLetterError> {
        let filter = DeadLetterFilter { group: group.map(str::to_owned), ..DeadLetterFilter::default() };
        Ok(Unfinished {
            waiting: self.count(&filter, HeldState::Waiting).await?,
            retrying: self.count(&filter, HeldState::Retrying).await?,
            dead: self.count(&filter, HeldState::Dead).await?,
        })
    }

    async fn count(&self, filter: &DeadLetterFilter, state: HeldState) -> Result<usize, StoreError> {
        let mut pages = Pages::of(&*self.store, in_state(filter, state));
        let mut count = 0;
        loop {
            match pages.next().await?.len() {
                0 => return Ok(count),
                more => count += more,
            }
        }
    }

    fn held(&self, head: &Head) -> Held {
        Held { group: head.message.group.clone(), store: self.store.clone(), host: self.host.clone() }
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").finish_non_exhaustive()
    }
}

fn head_of(document: &Document) -> Result<Head, StoreError> {
    Ok(Head { message: document.json()?, version: document.version })
}

fn in_state(filter: &DeadLetterFilter, state: HeldState) -> Query {
    narrowed(MESSAGES, filter).equals("state", state.as_str())
}

fn narrowed(collection: &'static str, filter: &DeadLetterFilter) -> Query {
    let query = match &filter.tenant {
        Some(tenant) => Query::of(tenant, collection),
        None => Query::all_tenants(collection),
    };
    let key = filter.key.as_deref().map(filed);
    let fields =
        [("group", filter.group.as_deref()), ("topic", filter.topic.as_deref()), ("key", key.as_deref())];
    fields.into_iter().fold(query, |query, (field, wanted)| match wanted {
        Some(wanted) => query.equals(field, wanted),
        None => query,
    })
}

fn raced(error: HeldError, id: &str) -> DeadLetterError {
    if error.is_conflict() { DeadLetterError::Raced { id: id.to_owned() } } else { error.into() }
}
