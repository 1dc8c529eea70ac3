//! A group's rows, column by column, as the statement takes them.

use commerce_core::commit::{Commit, Expected, NewMessage};
use commerce_core::store::partition_of;

use super::field;
use super::group::{Group, Stream};
use super::rows::{
    Checkpoints, Claims, Documents, Doubts, Events, Fences, FreshDocuments, Given, Heads, Messages, Noted,
    Releases, Required,
};

/// All rows of a group.
#[derive(Default)]
pub(super) struct Layout<'g> {
    /// Whether no one waits for any of it to be durable. What goes into a log is durable all the same: readers must not see
    /// what a crash may take back, as its positions would be given out again.
    pub(super) relaxed: bool,
    /// Whose all of it is, if it is one's.
    pub(super) tenant: Option<&'g str>,
    /// Of each of the group's streams its version, where that is known without a look; none if everything is looked at.
    known: Option<Vec<Option<u64>>>,
    /// Something isn't: if anything fails, all has to be looked at.
    pub(super) is_hasty: bool,
    /// Of each member, the place of its last event among the group's; none if it has none.
    pub(super) last_events: Vec<Option<i64>>,
    pub(super) noted: Noted,
    pub(super) given: Given,
    pub(super) required: Required,
    pub(super) fences: Fences<'g>,
    pub(super) heads: Heads<'g>,
    /// Of what is in doubt.
    pub(super) doubts: Doubts,
    pub(super) events: Events<'g>,
    pub(super) fresh_documents: FreshDocuments<'g>,
    pub(super) documents: Documents<'g>,
    pub(super) messages: Messages<'g>,
    pub(super) claims: Claims<'g>,
    /// Claims that the same commit gives back before it takes them: whoever holds them.
    pub(super) retaken: Claims<'g>,
    pub(super) releases: Releases<'g>,
    pub(super) checkpoints: Checkpoints<'g>,
}

impl<'g> Layout<'g> {
    /// `known`: of each of the group's streams its version, where that is known without a look; none if everything is to be
    /// looked at.
    pub(super) fn of(group: &'g Group, partitions: u32, known: Option<Vec<Option<u64>>>) -> Self {
        let relaxed = group.members.iter().all(|job| job.commit.relaxed && !job.writes_to_a_log());
        let mut tenants = group.members.iter().map(|job| job.commit.tenant.as_str());
        let tenant = tenants.next().filter(|first| tenants.all(|other| other == *first));
        let mut layout = Self { relaxed, tenant, known, ..Self::default() };
        let ordered = layout.heads(group);
        let (mut first_event, mut first_message) = (0, 0);
        for (member, job) in group.members.iter().enumerate() {
            let events: usize = job.commit.appends.iter().map(|append| append.events.len()).sum();
            let messages = job.commit.messages.len();
            layout.last_events.push(last(first_event, events));
            if events == 0 || job.id_was_given {
                layout.noted.owners.push(group, member);
                layout.noted.ids.push(job.id.0);
                layout.noted.last_messages.push(last(first_message, messages));
            }
            layout.member(group, member, events, partitions);
            first_event += events;
            first_message += messages;
        }
        layout.events(group, &ordered);
        layout.doubts(group);
        layout
    }

    fn doubts(&mut self, group: &'g Group) {
        for job in &group.doubts {
            for (append, key) in job.commit.appends.iter().zip(&job.stream_keys) {
                self.doubts.keys.push(*key);
                self.doubts.expected.push(expected(append.expected));
            }
        }
    }

    /// Streams by key, so that all processes wait for each other in one order.
    fn heads(&mut self, group: &'g Group) -> Vec<Ordered> {
        let key = |stream: &Stream| group.members[stream.first.0].stream_keys[stream.first.1];
        let mut sorted: Vec<usize> = (0..group.streams().len()).collect();
        sorted.sort_unstable_by_key(|number| key(&group.streams()[*number]));
        let mut ordered = vec![Ordered::default(); sorted.len()];
        for (rank, number) in sorted.into_iter().enumerate() {
            let stream = &group.streams()[number];
            ordered[number].rank = rank;
            if stream.events > 0 && self.needs_no_look(number, stream.expected) {
                self.is_hasty = true;
                continue;
            }
            let row = self.heads.keys.len();
            ordered[number].head = Some(row as i64 + 1);
            let (member, index) = stream.first;
            self.heads.owners.push(group, member);
            self.heads.appends.push(&group.members[member].commit.appends[index]);
            self.heads.places.push(index);
            self.heads.keys.push(key(stream));
            self.heads.expected.push(expected(stream.expected));
            self.heads.held.push(stream.events == 0 && stream.expected != Expected::Any);
        }
        ordered
    }

    /// Where the index refuses whatever is not as expected: a stream that should be new, or one that is known to go as far.
    fn needs_no_look(&self, stream: usize, expected: Expected) -> bool {
        match (&self.known, expected) {
            (Some(_), Expected::ABSENT) => true,
            (Some(known), Expected::Version(version)) => known[stream] == Some(version),
            _ => false,
        }
    }

    fn member(&mut self, group: &'g Group, member: usize, events: usize, partitions: u32) {
        let job = &group.members[member];
        let commit = &job.commit;
        if job.id_was_given && events > 0 && self.known.is_some() {
            self.is_hasty = true;
        } else if job.id_was_given {
            self.given.owners.push(group, member);
            self.given.ids.push(job.id.0);
        }
        for (id, key) in commit.requires.iter().zip(job.keys.required()) {
            if group.holds_before(member, *key) {
                continue;
            }
            self.required.owners.push(group, member);
            self.required.ids.push(id.0);
        }
        for lease in &commit.fences {
            self.fences.owners.push(group, member);
            self.fences.names.push(&lease.name);
            self.fences.tokens.push(clamp(lease.token));
        }
        self.documents(group, member);
        for (ordinal, message) in (0_u16..).zip(&commit.messages) {
            self.message(group, member, ordinal, message, partitions);
        }
        self.claims(group, member);
        for moved in &commit.checkpoints {
            self.checkpoints.owners.push(group, member);
            self.checkpoints.readers.push(&moved.reader);
            self.checkpoints.from.push(clamp(moved.from));
            self.checkpoints.to.push(clamp(moved.to));
        }
    }

    fn documents(&mut self, group: &'g Group, member: usize) {
        let commit = &group.members[member].commit;
        for write in &commit.documents {
            if let Some(body) = &write.body
                && write.expected == Expected::ABSENT
                && self.known.is_some()
            {
                self.is_hasty = true;
                let rows = &mut self.fresh_documents;
                rows.owners.push(group, member);
                rows.tenants.push(commit.tenant.as_str());
                rows.collections.push(&write.collection);
                rows.ids.push(&write.id);
                rows.fields.push(field::array(&write.fields));
                rows.bodies.push(body);
                continue;
            }
            let rows = &mut self.documents;
            rows.owners.push(group, member);
            rows.tenants.push(commit.tenant.as_str());
            rows.collections.push(&write.collection);
            rows.ids.push(&write.id);
            rows.expected.push(expected(write.expected));
            rows.fields.push(write.body.as_ref().and_then(|_| field::array(&write.fields)));
            rows.bodies.push(write.body.as_deref());
        }
    }

    fn message(
        &mut self,
        group: &'g Group,
        member: usize,
        ordinal: u16,
        message: &'g NewMessage,
        partitions: u32,
    ) {
        let job = &group.members[member];
        let rows = &mut self.messages;
        rows.owners.push(group, member);
        rows.commits.push(job.id.0);
        rows.ordinals.push(i32::from(ordinal));
        rows.ids.push(job.id.message_id(ordinal));
        rows.partitions.push(number(partition_of(&message.key, partitions) as usize));
        rows.tenants.push(job.commit.tenant.as_str());
        rows.topics.push(&message.topic);
        rows.keys.push(&message.key);
        rows.types.push(&message.message_type);
        let headers = (!message.headers.is_empty()).then_some(&message.headers);
        rows.headers.push(headers.map(|headers| serde_json::to_string(headers).unwrap_or_default()));
        rows.metadata.push(&job.metadata);
        rows.payloads.push(&message.payload);
        rows.not_before.push(message.not_before.map(commerce_core::Timestamp::as_micros));
    }

    fn claims(&mut self, group: &'g Group, member: usize) {
        let job = &group.members[member];
        let Commit { tenant, claims, releases, .. } = &job.commit;
        for claim in claims {
            let is_retaken = releases.contains(&claim.key);
            self.is_hasty |= !is_retaken && self.known.is_some();
            let rows = if is_retaken { &mut self.retaken } else { &mut self.claims };
            rows.owners.push(group, member);
            rows.claims.push(claim);
            rows.commits.push(job.id.0);
            rows.tenants.push(tenant.as_str());
            rows.scopes.push(&claim.key.scope);
            rows.keys.push(&claim.key.key);
            rows.expires_at.push(claim.expires_at.map(commerce_core::Timestamp::as_micros));
            rows.answers.push(claim.answer.as_deref());
        }
        for key in releases.iter().filter(|key| !claims.iter().any(|claim| claim.key == **key)) {
            self.releases.owners.push(group, member);
            self.releases.tenants.push(tenant.as_str());
            self.releases.scopes.push(&key.scope);
            self.releases.keys.push(&key.key);
        }
    }

    /// Events in the order of their streams; their places say where in the log they stand.
    fn events(&mut self, group: &'g Group, ordered: &[Ordered]) {
        let mut appends = Vec::with_capacity(ordered.len());
        let mut place = 0;
        for (member, job) in group.members.iter().enumerate() {
            let mut ordinal = 0;
            let keys = job.keys.streams().iter().zip(&job.stream_keys);
            for (append, (key, stream_key)) in job.commit.appends.iter().zip(keys) {
                if let Some(stream) = group.stream(*key) {
                    appends.push((stream, member, append, *stream_key, place, ordinal));
                }
                place += append.events.len() as i64;
                ordinal += append.events.len();
            }
        }
        appends.sort_by_key(|(stream, ..)| ordered[*stream].rank);
        let mut written = vec![0; ordered.len()];
        self.events = Events::with_capacity(place as usize);
        for (stream, member, append, stream_key, place, ordinal) in appends {
            let job = &group.members[member];
            let expected = expected(group.streams()[stream].expected);
            for (index, event) in append.events.iter().enumerate() {
                written[stream] += 1;
                let events = &mut self.events;
                events.owners.push(group, member);
                events.places.push(place + index as i64);
                events.tenants.push(job.commit.tenant.as_str());
                events.streams.push(append.stream.as_str());
                events.stream_keys.push(stream_key);
                events.versions.push(expected.max(0).saturating_add(written[stream]));
                events.heads.push(ordered[stream].head.filter(|_| expected < 0));
                events.types.push(&event.event_type);
                events.schemas.push(number(event.schema as usize));
                events.payloads.push(&event.payload);
                events.commits.push(job.id.0);
                events.ordinals.push(number(ordinal + index));
                events.metadata.push((ordinal + index == 0).then_some(&*job.metadata));
            }
        }
    }
}

/// Of a stream, its place by key, and the number of its head if that is looked at.
#[derive(Clone, Copy, Default)]
struct Ordered {
    rank: usize,
    head: Option<i64>,
}

fn last(first: usize, count: usize) -> Option<i64> {
    (count > 0).then(|| (first + count - 1) as i64)
}

fn expected(expected: Expected) -> i64 {
    match expected {
        Expected::Any => -1,
        Expected::Version(version) => clamp(version),
    }
}

/// As PostgreSQL's bigint; what lies beyond is never reached.
pub(super) fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
