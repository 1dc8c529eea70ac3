//! Commits that are written together: each has its own answer, and none costs its neighbours anything.

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Claim, Commit, CommitError, CommitId, Conflict, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{CommitOutcome, Store, StoreError};
use commerce_test_postgres::{TestDatabase, database};
use tokio::task::JoinSet;

use crate::support::{
    MessageReader, Random, begin, event, fresh_id, length, number, numbered, process, stream, within,
};

const MEMBERS: u64 = 150;

async fn taken(home: &TestDatabase) -> std::sync::Arc<PgStore> {
    let store = process(home.url()).await;
    let all = begin(&stream("taken"))
        .document(DocumentWrite::put("things", "taken", Expected::ABSENT, b"{}".to_vec()))
        .claim(Claim::new("once", "taken").with_answer(b"mine".to_vec()))
        .checkpoint("reader", 0, 5);
    store.commit(all).await.unwrap();
    store
}

/// A commit that is right in all but one thing.
fn wrong(id: CommitId, kind: u64) -> Commit {
    let own = begin(&stream(id)).with_id(id);
    match kind {
        0 => own.append(stream("taken"), Expected::ABSENT, vec![event()]),
        1 => own.document(DocumentWrite::put("things", "taken", Expected::Version(9), b"{}".to_vec())),
        2 => own.claim(Claim::new("once", "taken")),
        3 => own.checkpoint("reader", 1, 2),
        _ => own.requires(fresh_id()),
    }
}

fn is_right(kind: u64, error: &CommitError) -> bool {
    match error.conflict() {
        Some(Conflict::Stream { expected: 0, actual: 1, .. }) => kind == 0,
        Some(Conflict::Document { expected: 9, actual: 1, .. }) => kind == 1,
        Some(Conflict::Claim { answer: Some(answer), .. }) => kind == 2 && answer == b"mine",
        Some(Conflict::Checkpoint { expected: 1, actual: 5, .. }) => kind == 3,
        Some(Conflict::Required { .. }) => kind == 4,
        _ => false,
    }
}

/// How many transactions have written events.
async fn transactions(home: &TestDatabase) -> i64 {
    let query = "SELECT count(DISTINCT position >> 20) FROM commerce.commerce_events";
    number(&mut home.connect().await, query).await
}

async fn with_conflicts(share: u64) {
    let home = database().await;
    let store = taken(&home).await;
    let before = transactions(&home).await;
    let mut random = Random(share);
    // Handed over at once: they come to be written together.
    let handed: Vec<_> = (0..MEMBERS)
        .map(|_| {
            let (id, fault) = (fresh_id(), random.percent(share).then(|| random.below(5)));
            let commit = fault.map_or_else(|| begin(&stream(id)).with_id(id), |kind| wrong(id, kind));
            (id, fault, store.commit(commit))
        })
        .collect();
    let mut conflicts = 0;
    for (id, fault, answer) in handed {
        let (answer, written) = (answer.await, length(&store, &stream(id)).await);
        let outcome = store.outcome(id).await.unwrap();
        match (answer, fault) {
            (Ok(committed), None) => {
                assert_eq!((committed.id, written, outcome), (id, 1, CommitOutcome::Committed));
            }
            (Err(error), Some(kind)) => {
                assert!(is_right(kind, &error), "{kind}: {error}");
                assert_eq!((written, outcome), (0, CommitOutcome::RolledBack));
                conflicts += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    let groups = transactions(&home).await - before;
    println!("{conflicts} of {MEMBERS} conflicted, {groups} transactions");
    assert!(conflicts > 0 && groups < 40, "{groups}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenth_in_conflict_costs_the_others_nothing() {
    within(60, with_conflicts(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_in_conflict_costs_the_others_nothing() {
    within(60, with_conflicts(30)).await;
}

/// A text that does not get shorter when it is packed.
fn long_text() -> String {
    let mut random = Random(5);
    (0..6_000).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_too_long_for_an_index_is_refused_alone() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        let long = long_text();
        let faults = || {
            [
                Commit::new().document(DocumentWrite::put("d", &long, Expected::Any, b"{}".to_vec())),
                Commit::new().claim(Claim::new("once", &long)),
                Commit::new().checkpoint(&long, 0, 1),
            ]
        };
        for fault in faults() {
            let neighbours = |from: u64| {
                (from..from + 20)
                    .map(|_| fresh_id())
                    .map(|id| (id, store.commit(begin(&stream(id)).with_id(id))))
            };
            let mut handed: Vec<_> = neighbours(0).collect();
            let refused = store.commit(fault);
            handed.extend(neighbours(20));
            match refused.await {
                Err(error @ CommitError::Refused { .. }) => {
                    assert!(error.to_string().contains("index row"), "{error}");
                }
                other => panic!("{other:?}"),
            }
            for (id, answer) in handed {
                answer.await.unwrap();
                assert_eq!(length(&store, &stream(id)).await, 1);
            }
        }
        // Streams are found by keys of one length.
        store.commit(begin(&stream(&long))).await.unwrap();
        assert_eq!(length(&store, &stream(&long)).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_with_a_zero_byte_is_refused_and_named() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let faults = [
            (begin(&stream("a\0b")), "stream"),
            (Commit::new().claim(Claim::new("once", "a\0b")), "claim"),
            (Commit::new().message(crate::support::numbered("a\0b", 1)), "key"),
            (Commit::new().checkpoint("a\0b", 0, 1), "reader"),
        ];
        for (fault, what) in faults {
            match store.commit(fault).await {
                Err(error @ CommitError::Refused { .. }) => {
                    let said = error.to_string();
                    assert!(said.contains("zero byte") && said.contains(what), "{said}");
                    assert!(said.contains("a\\0b"), "{said}");
                }
                other => panic!("{other:?}"),
            }
        }
        let read = store.document(&Tenant::default(), "a\0b", "1").await.unwrap_err();
        assert!(matches!(read, StoreError::Invalid(_)), "it is no use to try again: {read}");
        // Where a text is JSON, it can be kept.
        store
            .commit(Commit::new().message(crate::support::numbered("k", 1).header("h", "a\0b")))
            .await
            .unwrap();
    })
    .await;
}

/// What is read together is answered on its own as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_fails_fails_alone() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        for n in 0..20 {
            store.commit(begin(&stream(n))).await.unwrap();
        }
        home.execute("UPDATE commerce.commerce_events SET metadata = '{' WHERE stream = 'thing/7'").await;
        let mut reads = JoinSet::new();
        for n in 0..200 {
            let (store, n) = (store.clone(), n % 20);
            reads.spawn(async move {
                let id = if n == 13 { "a\0b".to_owned() } else { n.to_string() };
                let document = store.document(&Tenant::default(), "d", &id).await;
                (n, store.read_stream(&Tenant::default(), &stream(n), 0, 10).await, document)
            });
        }
        for (n, events, document) in reads.join_all().await {
            match events {
                Err(StoreError::Damaged { .. }) if n == 7 => {}
                Ok(events) if n != 7 => assert_eq!(events.len(), 1),
                other => panic!("{n}: {other:?}"),
            }
            match document {
                Err(StoreError::Invalid(_)) if n == 13 => {}
                Ok(None) if n != 13 => {}
                other => panic!("{n}: {other:?}"),
            }
        }
        assert_eq!(length(&store, &stream("a\0b")).await, 0, "there can be none of that name");
    })
    .await;
}

/// Also where one of them is looked at again, as what it stands or falls with was refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_one_key_stay_in_the_order_of_the_calls() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        store.commit(Commit::new().claim(Claim::new("c", "taken"))).await.unwrap();
        for round in 0..40 {
            let (a, key) = (stream(format!("a{round}")), format!("k{round}"));
            let first = store.commit(begin(&a).message(numbered(&key, 1)));
            let second = store.commit(begin(&stream(format!("b{round}"))).message(numbered(&key, 2)));
            let taken = Claim::new("c", "taken");
            let refused = Commit::new().append(a, Expected::Version(1), vec![event()]).claim(taken);
            let refused = store.commit(refused);
            first.await.unwrap();
            second.await.unwrap();
            refused.await.unwrap_err();
        }
        store.caught_up().await.unwrap();
        for partition in 0..store.partitions() {
            let mut reader = MessageReader::new(partition, &[]);
            while reader.read(&store).await > 0 {}
        }
    })
    .await;
}
