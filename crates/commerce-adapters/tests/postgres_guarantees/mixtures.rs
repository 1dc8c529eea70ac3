//! Groups of whatever mixture hold what each of their members says: a store in memory, which writes one by one, is given the
//! same.

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::postgres::PgStore;
use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, DocumentWrite, Expected, NewEvent, NewMessage};
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::{ReadMessages, Store};
use commerce_core::stream::{RecordedEvent, StreamId};
use commerce_core::testing::TestHost;
use commerce_test_postgres::database;

use crate::support::{begin, fresh_id, stream, within};

const MEMBERS: u64 = 24;

/// In what the members of a group differ.
#[derive(Clone, Copy, Debug)]
struct Mixture {
    tenants: bool,
    schemas: bool,
    lengths: bool,
    timed: bool,
    /// Everything is looked at before it is written, and one of them is refused.
    careful: bool,
}

impl Mixture {
    fn all() -> impl Iterator<Item = Self> {
        (0..32_u32).map(|number| {
            let [tenants, schemas, lengths, timed, careful] = [1, 2, 4, 8, 16].map(|bit| number & bit != 0);
            Self { tenants, schemas, lengths, timed, careful }
        })
    }

    fn member(self, group: usize, number: u64, host: &TestHost) -> Member {
        let turn = |varies: bool| if varies { number % 3 } else { 0 };
        let tenant = Tenant::new(format!("tenant-{}", turn(self.tenants)));
        let name = format!("{group}-{number}");
        let event = |place| NewEvent {
            event_type: if number.is_multiple_of(2) { "Even".into() } else { "Odd".into() },
            schema: 1 + u32::try_from(turn(self.schemas)).unwrap(),
            payload: format!("[{number},{place}]").into_bytes(),
        };
        let message =
            |place| NewMessage::new("things", name.clone()).payload(format!("[{place}]").into_bytes());
        let later = message(1).not_before(host.now().plus(Duration::from_secs(60)));
        let mut commit = Commit::new()
            .with_new_id(fresh_id())
            .append(stream(&name), Expected::ABSENT, (0..=turn(self.lengths)).map(event).collect())
            .document(DocumentWrite::put("things", name.clone(), Expected::ABSENT, name.clone().into_bytes()))
            .message(message(0))
            .claim(Claim::new("once", name.clone()).with_answer(name.clone().into_bytes()));
        if self.timed {
            commit = commit.message(later).message(message(2).not_before(host.now()));
        }
        commit.tenant = tenant.clone();
        Member { tenant, name, commit }
    }
}

struct Member {
    tenant: Tenant,
    name: String,
    commit: Commit,
}

/// All that a store knows of a member, but for where and when it was written.
async fn kept(store: &dyn Store, member: &Member) -> String {
    let Member { tenant, name, .. } = member;
    let events: Vec<_> = store.read_stream(tenant, &stream(name), 0, 10).await.unwrap();
    let events: Vec<_> = events
        .into_iter()
        .map(|RecordedEvent { version, event_type, schema, payload, id, commit, metadata, .. }| {
            (version, event_type, schema, String::from_utf8(payload), id, commit, metadata)
        })
        .collect();
    let document = store.document(tenant, "things", name).await.unwrap();
    let claimed = store.claimed(tenant, "once", name).await.unwrap();
    format!("{events:?} {document:?} {claimed:?}")
}

/// The messages of all partitions, those of one key in their order.
async fn messages(store: &dyn Store) -> Vec<String> {
    let mut found = Vec::new();
    for partition in 0..store.partitions() {
        let request = ReadMessages { partition, after: 0, topics: &[], limit: 10_000 };
        found.extend(store.read_messages(request).await.unwrap().messages);
    }
    found.sort_by(|one, other| one.key.cmp(&other.key).then(one.position.cmp(&other.position)));
    let text = |message: &commerce_core::store::RecordedMessage| {
        let body = String::from_utf8_lossy(&message.payload);
        format!("{} {} {} {body} {:?}", message.key, message.tenant.as_str(), message.id, message.metadata)
    };
    found.iter().map(text).collect()
}

async fn refused(store: &PgStore, taken: &StreamId) {
    store.commit(begin(taken)).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_holds_what_its_members_say() {
    within(120, async {
        let home = database().await;
        let host = Arc::new(TestHost::new());
        let store = PgStore::connect(home.url()).host(host.clone()).migrate().await.unwrap();
        let oracle = MemoryStore::new(host.clone()).with_partitions(store.partitions());
        let taken = stream("taken");
        store.commit(begin(&taken)).await.unwrap();
        for (group, mixture) in Mixture::all().enumerate() {
            let members: Vec<_> = (0..MEMBERS).map(|number| mixture.member(group, number, &host)).collect();
            if mixture.careful {
                refused(&store, &taken).await;
            }
            // Handed over at once: they come to be written together.
            let answers: Vec<_> = members.iter().map(|member| store.commit(member.commit.clone())).collect();
            if mixture.careful {
                refused(&store, &taken).await;
            }
            for answer in answers {
                answer.await.unwrap();
            }
            for member in &members {
                oracle.commit(member.commit.clone()).await.unwrap();
                assert_eq!(kept(&store, member).await, kept(&oracle, member).await, "{mixture:?}");
            }
        }
        host.advance(Duration::from_secs(61));
        store.caught_up().await.unwrap();
        for _ in 0..2 {
            assert_eq!(messages(&store).await, messages(&oracle).await);
            let (released, expected) = (store.release_due(10_000).await, oracle.release_due(10_000).await);
            assert_eq!(released.unwrap(), expected.unwrap());
            store.caught_up().await.unwrap();
        }
    })
    .await;
}
