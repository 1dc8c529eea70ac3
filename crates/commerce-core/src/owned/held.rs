use super::OwnedError;
use super::link::Link;
use crate::aggregate::Aggregate;
use crate::commit::{Append, Commit, CommitId, Expected, NewEvent};
use crate::id::Tenant;
use crate::repository::{Kept, Loaded, Snapshots};
use crate::stream::{StreamId, Version};
use std::collections::HashMap;
use std::fmt;

/// The aggregates in memory.
pub(super) struct Held<A: Aggregate> {
    tenants: HashMap<Tenant, HashMap<A::Id, Entry<A>>>,
    /// How many there are of all tenants: summing up would cost more with each tenant.
    len: usize,
    /// Counts the decisions.
    tick: u64,
}

struct Entry<A> {
    state: A,
    version: Version,
    kept: Kept,
    stream: StreamId,
    /// The decision for which it was loaded: tells it from one that was loaded again since.
    loaded_for: u64,
    /// The last decision that looked at it, and its place among that decision's aggregates.
    used_by: u64,
    place: usize,
    /// The last commit that changed it here.
    built_on: Option<Link>,
}

/// An aggregate that a commit under way rests on.
pub(super) struct Passenger<A: Aggregate> {
    id: A::Id,
    loaded_for: u64,
    pub(super) changed: bool,
}

impl<A: Aggregate> Default for Held<A> {
    fn default() -> Self {
        Self { tenants: HashMap::new(), len: 0, tick: 0 }
    }
}

impl<A: Aggregate> Held<A> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.tenants.clear();
        self.len = 0;
    }

    pub(super) fn missing(&self, tenant: &Tenant, ids: &[A::Id]) -> Vec<A::Id> {
        match self.tenants.get(tenant) {
            Some(entries) => ids.iter().filter(|id| !entries.contains_key(*id)).cloned().collect(),
            None => ids.to_vec(),
        }
    }

    /// Begins a decision: takes in what was loaded for it, and finds its aggregates, each once. None if one is
    /// missing.
    pub(super) fn open<'h>(
        &'h mut self,
        tenant: &Tenant,
        ids: &'h [A::Id],
        loaded: Vec<(A::Id, Loaded<A>)>,
    ) -> Option<Open<'h, A>> {
        self.tick += 1;
        let tick = self.tick;
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.clone(), HashMap::new());
        }
        let entries = self.tenants.get_mut(tenant)?;
        let before = entries.len();
        for (id, loaded) in loaded {
            // What is there already may be ahead of what was read.
            entries.entry(id).or_insert_with_key(|id| Entry::new(id, loaded, tick));
        }
        self.len += entries.len() - before;
        let mut order = Vec::with_capacity(ids.len());
        for id in ids {
            let entry = entries.get_mut(id)?;
            if entry.used_by != tick {
                (entry.used_by, entry.place) = (tick, order.len());
                order.push(id);
            }
        }
        Some(Open { entries, tick, order })
    }

    /// Drops an aggregate, unless it was loaded anew since it was decided on.
    pub(super) fn evict(&mut self, tenant: &Tenant, passenger: &Passenger<A>) {
        if let Some(entries) = self.tenants.get_mut(tenant)
            && entries.get(&passenger.id).is_some_and(|entry| entry.loaded_for == passenger.loaded_for)
        {
            entries.remove(&passenger.id);
            self.len -= 1;
            if entries.is_empty() {
                self.tenants.remove(tenant);
            }
        }
    }

    /// Drops a quarter, those not used for longest, once there are more than `capacity`: so the cost of finding them
    /// is shared by many decisions.
    pub(super) fn keep(&mut self, capacity: usize) {
        let len = self.len();
        if len <= capacity {
            return;
        }
        let excess = len - capacity + capacity / 4;
        let mut used: Vec<u64> = self.tenants.values().flat_map(HashMap::values).map(|e| e.used_by).collect();
        let (_, oldest, _) = used.select_nth_unstable(excess.min(len) - 1);
        let (oldest, tick) = (*oldest, self.tick);
        self.tenants.retain(|_, entries| {
            entries.retain(|_, entry| entry.used_by > oldest || entry.used_by == tick);
            !entries.is_empty()
        });
        self.len = self.tenants.values().map(HashMap::len).sum();
    }
}

impl<A: Aggregate> Entry<A> {
    fn new(id: &A::Id, loaded: Loaded<A>, tick: u64) -> Self {
        Self {
            state: loaded.state,
            version: loaded.version,
            kept: loaded.kept,
            stream: StreamId::of::<A>(id),
            loaded_for: tick,
            used_by: 0,
            place: 0,
            built_on: None,
        }
    }
}

/// The aggregates of one decision.
pub struct Holding<'h, A: Aggregate> {
    entries: &'h HashMap<A::Id, Entry<A>>,
    tick: u64,
}

impl<'h, A: Aggregate> Holding<'h, A> {
    /// The state of one; none if it was not asked for.
    pub fn get(&self, id: &A::Id) -> Option<&'h A> {
        self.entry(id).map(|entry| &entry.state)
    }

    /// The version of one; zero if it doesn't exist, none if it was not asked for.
    pub fn version(&self, id: &A::Id) -> Option<Version> {
        self.entry(id).map(|entry| entry.version)
    }

    /// Others may be held too, but nothing would check what was seen of them.
    fn entry(&self, id: &A::Id) -> Option<&'h Entry<A>> {
        self.entries.get(id).filter(|entry| entry.used_by == self.tick)
    }
}

impl<A: Aggregate> fmt::Debug for Holding<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holding").field("kind", &A::KIND).finish_non_exhaustive()
    }
}

/// A decision that is being made, under the lock.
pub(super) struct Open<'h, A: Aggregate> {
    entries: &'h mut HashMap<A::Id, Entry<A>>,
    tick: u64,
    order: Vec<&'h A::Id>,
}

/// What a decision appends to each of its aggregates: often nothing, but the version is expected all the same.
pub(super) struct Plan {
    appends: Vec<Append>,
}

impl Plan {
    pub(super) fn new<A: Aggregate, E>(
        open: &Open<'_, A>,
        decided: &[(A::Id, Vec<A::Event>)],
    ) -> Result<Self, OwnedError<E>> {
        let append = |entry: &Entry<A>| Append {
            stream: entry.stream.clone(),
            expected: Expected::Version(entry.version),
            events: Vec::new(),
        };
        let mut appends: Vec<Append> = open.ordered().map(append).collect();
        let holding = open.holding();
        for (id, events) in decided {
            let asked_for = holding.entry(id).and_then(|entry| appends.get_mut(entry.place));
            let append =
                asked_for.ok_or_else(|| OwnedError::NotAskedFor(StreamId::of::<A>(id).to_string()))?;
            for event in events {
                append.events.push(NewEvent::encode(event)?);
            }
        }
        Ok(Self { appends })
    }
}

impl<A: Aggregate> Open<'_, A> {
    pub(super) fn holding(&self) -> Holding<'_, A> {
        Holding { entries: self.entries, tick: self.tick }
    }

    fn ordered(&self) -> impl Iterator<Item = &Entry<A>> {
        self.order.iter().filter_map(|id| self.entries.get(*id))
    }

    pub(super) fn passengers(&self, plan: &Plan) -> Vec<Passenger<A>> {
        let passenger = |((id, entry), append): ((&&A::Id, &Entry<A>), &Append)| Passenger {
            id: (**id).clone(),
            loaded_for: entry.loaded_for,
            changed: !append.events.is_empty(),
        };
        self.order.iter().zip(self.ordered()).zip(&plan.appends).map(passenger).collect()
    }

    /// Takes what was decided into the states, and answers what is to be committed for them.
    pub(super) fn take_in(
        self,
        plan: Plan,
        decided: &[(A::Id, Vec<A::Event>)],
        link: &Link,
        snapshots: Option<&Snapshots<A>>,
    ) -> Commit {
        let mut commit = Commit::new().with_new_id(link.commit());
        commit.requires = self.foundations();
        for (id, events) in decided {
            if let Some(entry) = self.entries.get_mut(id).filter(|_| !events.is_empty()) {
                events.iter().for_each(|event| entry.state.apply(event));
                entry.version += events.len() as u64;
                entry.built_on = Some(link.clone());
                if let Some(snapshots) = snapshots
                    && let Some(write) =
                        snapshots.due(&entry.stream, &entry.state, entry.version, &mut entry.kept)
                {
                    // One aggregate may be named twice: its later snapshot holds the earlier.
                    commit.documents.retain(|other| other.id != write.id);
                    commit.documents.push(write);
                }
            }
        }
        commit.appends = plan.appends;
        commit
    }

    /// The commits that it builds on and that may yet fail, each once.
    fn foundations(&self) -> Vec<CommitId> {
        let built_on = self.ordered().filter_map(|entry| entry.built_on.as_ref());
        let mut commits: Vec<_> = built_on.filter(|link| !link.is_durable()).map(Link::commit).collect();
        commits.sort_unstable();
        commits.dedup();
        commits
    }
}
