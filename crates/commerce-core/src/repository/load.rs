use super::{Kept, Repository, snapshot};
use crate::aggregate::Aggregate;
use crate::id::Tenant;
use crate::store::StoreError;
use crate::stream::{RecordedEvent, StateEvent, StreamId, Version};
use crate::time::Timestamp;

/// So many events are read at once: enough to make the round trip cheap, few enough to hold in memory.
const PAGE: usize = 256;

/// An aggregate's state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded<A> {
    /// The sum of its events; `Default` if there are none.
    pub state: A,
    /// How many events that are. Zero: it does not exist.
    pub version: Version,
    pub(crate) kept: Kept,
}

impl<A> Loaded<A> {
    /// A state of which there is no snapshot.
    pub(crate) fn new(state: A, version: Version) -> Self {
        Self { state, version, kept: Kept::default() }
    }
}

/// Of one state and version, whether or not there is a snapshot.
impl<A: PartialEq> PartialEq for Loaded<A> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state && self.version == other.version
    }
}

/// A point in an aggregate's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// After so many events.
    Version(Version),
    /// At this moment by the store's clock, with the events recorded at that very moment.
    Time(Timestamp),
}

/// An event together with what was recorded about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<E> {
    /// The event in today's shape.
    pub event: E,
    /// As it is stored: when, by whom, as part of what, in which shape.
    pub record: RecordedEvent,
}

impl<A: Aggregate> Repository<A> {
    /// The state as it is.
    ///
    /// # Errors
    /// When the store can't be read, or an event can't be ([`StoreError::Damaged`]).
    pub async fn load(&self, tenant: &Tenant, id: &A::Id) -> Result<Loaded<A>, StoreError> {
        self.load_at(tenant, id, At::Version(Version::MAX)).await
    }

    /// The state as it was. A version that has not been reached yet gives the state as it is.
    ///
    /// # Errors
    /// See [`load`](Self::load).
    pub async fn load_at(&self, tenant: &Tenant, id: &A::Id, at: At) -> Result<Loaded<A>, StoreError> {
        let stream = StreamId::of::<A>(id);
        let mut loaded = self.snapshot(tenant, &stream, at).await?;
        loop {
            let page = self.page(tenant, &stream, loaded.version, at).await?;
            for event in &page {
                follows(&stream, event.version, loaded.version)?;
                loaded.state.apply(&self.upcasters().decode_for_state(&stream, event)?);
                loaded.version = event.version;
            }
            if page.len() < PAGE {
                return Ok(loaded);
            }
        }
    }

    /// The next events of a state at a point: fewer than a page if there are no more.
    async fn page(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        at: At,
    ) -> Result<Vec<StateEvent>, StoreError> {
        match at {
            At::Version(version) => {
                let left = usize::try_from(version.saturating_sub(after)).unwrap_or(PAGE);
                if left == 0 {
                    return Ok(Vec::new());
                }
                self.store.read_for_state(tenant, stream, after, PAGE.min(left)).await
            }
            At::Time(moment) => {
                let page = self.store.read_stream(tenant, stream, after, PAGE).await?;
                let by_then = page.into_iter().take_while(|event| event.recorded_at <= moment);
                Ok(by_then.map(StateEvent::from).collect())
            }
        }
    }

    /// Everything that has happened to it, in order, and what was recorded with it.
    ///
    /// # Errors
    /// See [`load`](Self::load).
    pub async fn history(&self, tenant: &Tenant, id: &A::Id) -> Result<Vec<Recorded<A::Event>>, StoreError> {
        let stream = StreamId::of::<A>(id);
        let mut history: Vec<Recorded<A::Event>> = Vec::new();
        loop {
            let page = self.store.read_stream(tenant, &stream, history.len() as Version, PAGE).await?;
            let last = page.len() < PAGE;
            for record in page {
                follows(&stream, record.version, history.len() as Version)?;
                history.push(Recorded { event: self.upcasters().decode(&record)?, record });
            }
            if last {
                return Ok(history);
            }
        }
    }

    /// Where loading starts: at a snapshot if there is one that fits, else at nothing.
    async fn snapshot(&self, tenant: &Tenant, stream: &StreamId, at: At) -> Result<Loaded<A>, StoreError> {
        let nothing = Loaded::new(A::default(), 0);
        // A snapshot doesn't know when its last event was recorded, so it can't serve a look back in time.
        let (Some(snapshots), At::Version(wanted)) = (&self.snapshots, at) else { return Ok(nothing) };
        let document = self.store.document(tenant, snapshot::COLLECTION, stream.as_str()).await?;
        Ok(document
            .map(|document| snapshots.read(&document))
            .filter(|loaded| loaded.version <= wanted)
            .unwrap_or(nothing))
    }
}

/// A hole in a stream would silently give a wrong state.
fn follows(stream: &StreamId, version: Version, last: Version) -> Result<(), StoreError> {
    if version == last + 1 {
        return Ok(());
    }
    Err(StoreError::Damaged {
        what: format!("stream {stream}"),
        source: format!("event {version} follows event {last}").into(),
    })
}
