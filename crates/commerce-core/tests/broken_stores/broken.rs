use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{
    ClaimKey, Commit, CommitError, CommitId, Conflict, Expected, FieldValue, NewMessage,
};
use commerce_core::context::Metadata;
use commerce_core::id::{Tenant, derive};
use commerce_core::memory::MemoryStore;
use commerce_core::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Condition, Document, Lease, MessageBatch, News, Prune,
    Query, ReadMessages, RecordedMessage, Released, Store, StoreError,
};
use commerce_core::stream::{Position, RecordedEvent, StateEvent, StreamId, Version};
use commerce_core::{Host, Timestamp};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::fault::Fault;

type Fields = Vec<(Cow<'static, str>, FieldValue)>;

/// A right store with one thing wrong.
pub(crate) struct Broken {
    inner: Arc<MemoryStore>,
    host: Arc<dyn Host>,
    fault: Fault,
    first_fields: Mutex<HashMap<String, Fields>>,
    last_leases: Mutex<HashMap<String, Lease>>,
    claims: Mutex<HashSet<ClaimKey>>,
    handed_over: Mutex<HashSet<CommitId>>,
    /// Those that wrote events, or whose answer was asked for: what the fault takes for all that were applied.
    known: Arc<Mutex<HashSet<CommitId>>>,
    own_changes: Changes,
}

impl Broken {
    pub(crate) fn new(host: Arc<dyn Host>, fault: Fault) -> Self {
        let partitions = if fault == Fault::CountsArrivalsElsewhere { 7 } else { 1 };
        Self {
            inner: Arc::new(MemoryStore::new(host.clone()).with_partitions(partitions)),
            host,
            fault,
            first_fields: Mutex::default(),
            last_leases: Mutex::default(),
            claims: Mutex::default(),
            handed_over: Mutex::default(),
            known: Arc::default(),
            own_changes: Changes::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// What of a commit gets through to the store.
    fn alter(&self, commit: &mut Commit) {
        match self.fault {
            Fault::TakesUsedIds => commit.id = None,
            Fault::IgnoresStreamVersions => {
                commit.appends.iter_mut().for_each(|append| append.expected = Expected::Any);
            }
            Fault::IgnoresEmptyAppends => commit.appends.retain(|append| !append.events.is_empty()),
            Fault::IgnoresDocumentVersions => {
                commit.documents.iter_mut().for_each(|write| write.expected = Expected::Any);
            }
            Fault::IgnoresClaims => commit.claims.clear(),
            Fault::IgnoresReleases => commit.releases.clear(),
            Fault::IgnoresCheckpoints => self.start_checkpoints_anywhere(commit),
            Fault::IgnoresCheckpointsThatStay => commit.checkpoints.retain(|moved| moved.from != moved.to),
            Fault::IgnoresFences => commit.fences.clear(),
            Fault::FencesExpiredLeases => {
                let now = self.host.now();
                commit.fences.iter_mut().filter(|fence| fence.expires_at <= now).for_each(|f| f.token = 0);
            }
            Fault::IgnoresRequired => commit.requires.clear(),
            Fault::RequiresOnlyTheFirst => commit.requires.truncate(1),
            Fault::TakesFailedForApplied => self.require_what_was_handed_over(commit),
            _ => self.alter_contents(commit),
        }
    }

    fn require_what_was_handed_over(&self, commit: &mut Commit) {
        let mut handed_over = self.handed_over.lock().unwrap();
        commit.requires.retain(|id| !handed_over.contains(id));
        handed_over.extend(commit.id);
    }

    /// Requires what it knows of only, whatever was applied.
    fn commit_on_what_is_known(&self, commit: Commit) -> CommitFuture {
        let known = self.known.clone();
        if let Some(unknown) = commit.requires.iter().find(|id| !known.lock().unwrap().contains(id)) {
            return refusal(*unknown);
        }
        let learns = self.has(Fault::RequiresOnlyWhatWasAnswered)
            || commit.appends.iter().any(|append| !append.events.is_empty());
        Box::pin(self.inner.commit(commit).inspect(move |answer| {
            if let Ok(committed) = answer
                && learns
            {
                known.lock().unwrap().insert(committed.id);
            }
        }))
    }

    fn look_at_required_first(&self, commit: Commit) -> CommitFuture {
        let missing = commit.requires.iter().find(|id| {
            let outcome = self.inner.outcome(**id).now_or_never();
            matches!(outcome, Some(Ok(CommitOutcome::RolledBack)))
        });
        match missing {
            Some(missing) => refusal(*missing),
            None => self.inner.commit(commit),
        }
    }

    fn alter_contents(&self, commit: &mut Commit) {
        match self.fault {
            Fault::LeaksTenants => commit.tenant = Tenant::default(),
            Fault::LosesMetadata => commit.metadata = Metadata::default(),
            Fault::GivesAllEventsOneSchema => {
                let mut events: Vec<_> =
                    commit.appends.iter_mut().flat_map(|append| &mut append.events).collect();
                let first = events.first().map_or(1, |event| event.schema);
                events.iter_mut().for_each(|event| event.schema = first);
            }
            Fault::LosesHeaders => commit.messages.iter_mut().for_each(|message| message.headers.clear()),
            Fault::LosesFieldUpdates => self.keep_first_fields(commit),
            Fault::LosesAnswers => commit.claims.iter_mut().for_each(|claim| claim.answer = None),
            Fault::KeepsExpiredClaims => commit.claims.iter_mut().for_each(|claim| claim.expires_at = None),
            Fault::ForgetsToWait => commit.messages.iter_mut().for_each(|message| message.not_before = None),
            Fault::TrimsTexts => {
                for append in &mut commit.appends {
                    append.stream = StreamId::from(append.stream.as_str().trim());
                }
            }
            _ => {}
        }
    }

    fn start_checkpoints_anywhere(&self, commit: &mut Commit) {
        for moved in &mut commit.checkpoints {
            let actual = self.inner.checkpoint(&moved.reader).now_or_never();
            moved.from = actual.expect("memory answers at once").expect("memory answers");
        }
    }

    fn keep_first_fields(&self, commit: &mut Commit) {
        let mut first = self.first_fields.lock().unwrap();
        for write in &mut commit.documents {
            write.fields = first.entry(write.id.clone()).or_insert_with(|| write.fields.clone()).clone();
        }
    }

    /// One part in a commit of its own, before the others.
    fn commit_in_halves(&self, mut commit: Commit) -> CommitFuture {
        let mut first = Commit { tenant: commit.tenant.clone(), ..Commit::new() };
        if self.has(Fault::CommitsDocumentsFirst) {
            first.documents = std::mem::take(&mut commit.documents);
        } else {
            first.messages = std::mem::take(&mut commit.messages);
        }
        match self.inner.commit(first).now_or_never() {
            Some(Ok(_)) => self.inner.commit(commit),
            Some(Err(error)) => Box::pin(std::future::ready(Err(error))),
            None => unreachable!("memory answers at once"),
        }
    }

    fn commit_again(&self, commit: Commit) -> CommitFuture {
        match self.inner.commit(commit.clone()).now_or_never() {
            Some(Err(error)) if error.conflict().is_some() => {
                let mut anyway = commit;
                anyway.appends.iter_mut().for_each(|append| append.expected = Expected::Any);
                self.inner.commit(anyway)
            }
            answer => Box::pin(std::future::ready(answer.expect("memory answers at once"))),
        }
    }

    /// Whether the leases are held is asked a moment before the commit, and not again.
    fn commit_after_a_look(&self, mut commit: Commit) -> CommitFuture {
        let fences = std::mem::take(&mut commit.fences);
        if fences.is_empty() {
            return self.inner.commit(commit);
        }
        let look = self.inner.commit(fences.iter().fold(Commit::new(), Commit::fenced_by));
        let inner = self.inner.clone();
        Box::pin(async move {
            look.await?;
            pause().await;
            inner.commit(commit).await
        })
    }

    /// The token that a look at a lease shows.
    fn last_token(&self, name: &str) -> u64 {
        self.last_leases.lock().unwrap().get(name).map_or(0, |lease| lease.token)
    }

    async fn all_messages(&self) -> Result<Vec<RecordedMessage>, StoreError> {
        let request = ReadMessages { partition: 0, after: 0, topics: &[], limit: usize::MAX };
        Ok(self.inner.read_messages(request).await?.messages)
    }

    /// What others have released since it looked is released once more.
    async fn release_anew(&self, limit: usize) -> Result<Released, StoreError> {
        let seen = self.inner.last_message().await?;
        pause().await;
        let released = self.inner.release_due(limit).await?;
        if released.count > 0 {
            return Ok(released);
        }
        let others = self.all_messages().await?.into_iter().filter(|message| message.position > seen);
        let again = others.map(|m| NewMessage::new(m.topic.to_string(), &*m.key).payload(m.payload));
        let commit = again.fold(Commit::new(), Commit::message);
        let count = commit.messages.len();
        self.inner.commit(commit).await.expect("nothing speaks against it");
        Ok(Released { count, ..released })
    }

    /// Answers how many messages it has seen, whoever has deleted them since.
    async fn prune_what_was_seen(&self, what: Prune) -> Result<u64, StoreError> {
        let Prune::Messages { up_to } = what else { return self.inner.prune(what).await };
        let seen = self.all_messages().await?.iter().filter(|message| message.position <= up_to).count();
        pause().await;
        self.inner.prune(what).await?;
        Ok(seen as u64)
    }

    /// Claims that had expired when it looked go, whoever holds them now.
    async fn prune_claims_anew(&self, what: Prune) -> Result<u64, StoreError> {
        if what != Prune::ExpiredClaims {
            return self.inner.prune(what).await;
        }
        let mut expired = Commit::new();
        let known = self.claims.lock().unwrap().clone();
        for key in known {
            if self.inner.claimed(&Tenant::default(), &key.scope, &key.key).await?.is_none() {
                expired.releases.push(key);
            }
        }
        pause().await;
        self.inner.commit(expired).await.expect("nothing speaks against it");
        self.inner.prune(what).await
    }

    fn tenant(&self, tenant: &Tenant) -> Tenant {
        if self.has(Fault::LeaksTenants) { Tenant::default() } else { tenant.clone() }
    }

    fn alter_events(&self, mut events: Vec<RecordedEvent>) -> Vec<RecordedEvent> {
        if self.has(Fault::CountsEventsInAByte) {
            for event in &mut events {
                event.id = derive(event.id, u16::from(event.id.as_bytes()[15]));
            }
        }
        events
    }

    /// From where, and how many, events are really read.
    fn range(&self, after: u64, limit: usize) -> (u64, usize) {
        match self.fault {
            Fault::ReadsBeyondLimits => (after, usize::MAX),
            Fault::ReadsFromInsteadOfAfter => (after.saturating_sub(1), limit),
            _ => (after, limit),
        }
    }
}

/// Lets the others go first.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// As if every text were higher than every integer.
fn with_all_integers(condition: &Condition) -> Condition {
    match condition {
        Condition::AtMost(field, FieldValue::Text(_)) => {
            Condition::AtMost(field.clone(), FieldValue::Integer(i64::MAX))
        }
        other => other.clone(),
    }
}

fn refusal(commit: CommitId) -> CommitFuture {
    Box::pin(std::future::ready(Err(CommitError::Conflict(Conflict::Required { commit }))))
}

#[async_trait]
impl Store for Broken {
    fn commit(&self, mut commit: Commit) -> CommitFuture {
        match self.fault {
            Fault::CommitsWhenPolled => {
                let inner = self.inner.clone();
                Box::pin(async move { inner.commit(commit).await })
            }
            Fault::CommitsDocumentsFirst | Fault::CommitsMessagesFirst => self.commit_in_halves(commit),
            Fault::RequiresOnlyWhatWasAnswered | Fault::RequiresOnlyCommitsWithEvents => {
                self.commit_on_what_is_known(commit)
            }
            Fault::LooksAtRequiredFirst => self.look_at_required_first(commit),
            Fault::RetriesConflictsBlindly => self.commit_again(commit),
            Fault::LooksAtFencesBeforehand => self.commit_after_a_look(commit),
            Fault::PrunesClaimsTakenAnew => {
                self.claims.lock().unwrap().extend(commit.claims.iter().map(|claim| claim.key.clone()));
                self.inner.commit(commit)
            }
            Fault::AnswersAnotherPosition => Box::pin(self.inner.commit(commit).map(|answer| {
                answer.map(|mut committed| {
                    committed.position += 1;
                    committed
                })
            })),
            Fault::CountsArrivalsElsewhere => {
                let (changes, news) = (self.own_changes.clone(), News::of(&commit, 1));
                Box::pin(self.inner.commit(commit).inspect(move |_| changes.notify_of(news)))
            }
            _ => {
                self.alter(&mut commit);
                self.inner.commit(commit)
            }
        }
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        match self.fault {
            Fault::SaysCommittedAlways => Ok(CommitOutcome::Committed),
            Fault::SaysRolledBackAlways => Ok(CommitOutcome::RolledBack),
            _ => self.inner.outcome(id).await,
        }
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let (after, limit) = self.range(after, limit);
        let events = self.inner.read_stream(&self.tenant(tenant), stream, after, limit).await?;
        Ok(self.alter_events(events))
    }

    async fn read_for_state(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<StateEvent>, StoreError> {
        let after = if self.has(Fault::RebuildsStatesFromTheStart) { 0 } else { after };
        let events = self.read_stream(tenant, stream, after, limit).await?.into_iter();
        let altered = |event| match StateEvent::from(event) {
            event if self.has(Fault::ForgetsSchemasOfStates) => StateEvent { schema: 1, ..event },
            event => event,
        };
        Ok(events.map(altered).collect())
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        let (after, limit) = self.range(after, limit);
        Ok(self.alter_events(self.inner.read_log(after, limit).await?))
    }

    async fn caught_up(&self) -> Result<(), StoreError> {
        self.inner.caught_up().await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        let mut batch = self.inner.read_messages(request).await?;
        match self.fault {
            Fault::NextIsTheEnd => batch.next = self.inner.last_message().await?.max(request.after),
            Fault::NextIsTheLastMatch => {
                batch.next = batch.messages.last().map_or(request.after, |last| last.position);
            }
            _ => {}
        }
        Ok(batch)
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        if self.has(Fault::ForgetsWhereTheLogEnded) {
            let request = ReadMessages { partition: 0, after: 0, topics: &[], limit: usize::MAX };
            let batch = self.inner.read_messages(request).await?;
            return Ok(batch.messages.last().map_or(0, |last| last.position));
        }
        self.inner.last_message().await
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        if self.has(Fault::ReleasesWhatRivalsReleased) {
            return self.release_anew(limit).await;
        }
        let limit = if self.has(Fault::ReleasesBeyondLimits) { usize::MAX } else { limit };
        self.inner.release_due(limit).await
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.inner.document(&self.tenant(tenant), collection, id).await
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        let mut query = query.clone();
        match self.fault {
            Fault::LooksAtOneCondition => query.conditions.truncate(1),
            Fault::IgnoresTheOrder => query.order = None,
            Fault::LeaksTenants => query.tenant = query.tenant.map(|_| Tenant::default()),
            Fault::PagesAcrossTenants if query.tenant.is_none() => query.after_id = None,
            _ => {}
        }
        let mut found = self.inner.documents(&query).await?;
        if self.has(Fault::ComparesTextsWithIntegers) {
            let conditions = query.conditions.iter().map(with_all_integers).collect();
            let wider = Query { conditions, ..query };
            let more = self.inner.documents(&wider).await?;
            found.extend(more.into_iter().filter(|document| !found.contains(document)).collect::<Vec<_>>());
        }
        Ok(found)
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        self.inner.claimed(&self.tenant(tenant), scope, key).await
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.inner.checkpoint(reader).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let holder = if self.has(Fault::LeasesToEveryone) { Uuid::nil() } else { holder };
        let seen = self.last_token(name);
        if self.has(Fault::LeasesToRivals) {
            pause().await;
        }
        let mut lease = self.inner.acquire_lease(name, holder, duration).await?;
        if self.has(Fault::LeasesToRivals) && lease.is_none() && self.last_token(name) > seen {
            return Ok(self.last_leases.lock().unwrap().get(name).cloned());
        }
        if let Some(lease) = &mut lease {
            self.last_leases.lock().unwrap().insert(name.to_owned(), lease.clone());
            if self.has(Fault::TokenDoesNotRise) {
                lease.token = 1;
            }
        }
        Ok(lease)
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let last = self.last_leases.lock().unwrap().get(&lease.name).cloned();
        match last {
            Some(last) if self.has(Fault::TakesBackUnderAnyToken) => self.inner.release_lease(&last).await,
            _ => self.inner.release_lease(lease).await,
        }
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        let what = match (self.fault, what) {
            (Fault::CountsWhatRivalsPruned, what) => return self.prune_what_was_seen(what).await,
            (Fault::PrunesClaimsTakenAnew, what) => return self.prune_claims_anew(what).await,
            (Fault::PrunesAllMessages, Prune::Messages { .. }) => Prune::Messages { up_to: u64::MAX },
            (Fault::PrunesYoungCommits, Prune::CommitsBefore(_)) => {
                Prune::CommitsBefore(Timestamp::from_micros(i64::MAX))
            }
            (_, what) => what,
        };
        self.inner.prune(what).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        if self.has(Fault::HasItsOwnClock) { Ok(Timestamp::default()) } else { self.inner.now().await }
    }

    fn partitions(&self) -> u32 {
        self.inner.partitions()
    }

    fn position_ahead(&self, from: Position, messages: u64) -> Position {
        match self.fault {
            Fault::LooksAheadFromTheStart => messages,
            Fault::LooksHalfAsFarAhead => from + messages / 2,
            _ => self.inner.position_ahead(from, messages),
        }
    }

    fn changes(&self) -> &Changes {
        match self.fault {
            Fault::NeverWakes | Fault::CountsArrivalsElsewhere => &self.own_changes,
            _ => self.inner.changes(),
        }
    }
}
