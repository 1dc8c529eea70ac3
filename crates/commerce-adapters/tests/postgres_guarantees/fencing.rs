//! A lease: who has lost it writes nothing any more, and its time is the database's.

use std::time::Duration;

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Claim, Commit, CommitError, Conflict, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{Lease, Store};
use commerce_test_postgres::database;
use uuid::Uuid;

use crate::support::{
    Gate, append, build_gate, event_of, execute, length, process, stream, stuck_or_done, within,
};

const ONE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// A lease that has run out, and that no one has taken over yet.
async fn expired(store: &PgStore) -> Lease {
    let lease = store.acquire_lease("stock", ONE, Duration::ZERO).await.unwrap().unwrap();
    while store.now().await.unwrap() <= lease.expires_at {}
    lease
}

async fn take_over(store: &PgStore) -> Lease {
    store.acquire_lease("stock", OTHER, Duration::from_secs(60)).await.unwrap().unwrap()
}

fn is_fenced(error: &CommitError) -> bool {
    matches!(error.conflict(), Some(Conflict::Fenced { name, token: 1 }) if name == "stock")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_takeover_waits_for_a_write_under_the_lease() {
    within(30, async {
        let home = database().await;
        let (one, other) = (process(home.url()).await, process(home.url()).await);
        build_gate(&mut home.connect().await).await;
        let lease = expired(&one).await;

        let mut gate = Gate::close(home.url()).await;
        let write =
            Commit::new().append(stream(1), Expected::ABSENT, vec![event_of("Held")]).fenced_by(&lease);
        let write = one.commit(write);
        gate.holds(1).await;
        let taken = tokio::spawn(async move {
            let lease = take_over(&other).await;
            (lease, length(&other, &stream(1)).await)
        });
        stuck_or_done(home.url(), &taken).await;
        assert!(!taken.is_finished(), "it was taken over in the middle of a write");
        gate.open().await;

        write.await.unwrap();
        let (lease, seen) = taken.await.unwrap();
        assert_eq!((lease.token, seen), (2, 1), "whoever takes over sees all that was written before");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_a_takeover_and_is_refused() {
    within(30, async {
        let home = database().await;
        let one = process(home.url()).await;
        let lease = expired(&one).await;

        // What a takeover does, in the middle of which it stops.
        let mut other = home.connect().await;
        let take = "BEGIN; UPDATE commerce.commerce_leases SET token = token + 1, holder = gen_random_uuid()";
        execute(&mut other, take).await;
        let write = tokio::spawn(one.commit(append(&stream(1)).fenced_by(&lease)));
        stuck_or_done(home.url(), &write).await;
        execute(&mut other, "COMMIT").await;

        let error = write.await.unwrap().unwrap_err();
        assert!(is_fenced(&error), "{error}");
        assert_eq!(length(&one, &stream(1)).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_under_a_lease_once_another_has_it() {
    within(60, async {
        let home = database().await;
        let (one, other) = (process(home.url()).await, process(home.url()).await);
        let (mut before, mut fenced) = (0, 0);
        for round in 0..60 {
            let lease =
                one.acquire_lease(&format!("lease {round}"), ONE, Duration::ZERO).await.unwrap().unwrap();
            let writes: Vec<_> =
                (0..8).map(|_| tokio::spawn(one.commit(append(&stream(round)).fenced_by(&lease)))).collect();
            while other.acquire_lease(&lease.name, OTHER, Duration::from_secs(60)).await.unwrap().is_none() {}
            let seen = length(&other, &stream(round)).await;
            let mut written = 0;
            for write in writes {
                match write.await.unwrap() {
                    Ok(_) => written += 1,
                    Err(CommitError::Conflict(Conflict::Fenced { token: 1, .. })) => fenced += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(written, seen, "one was written after the takeover");
            before += written;
        }
        println!("{before} before the takeover, {fenced} refused");
    })
    .await;
}

/// The database's clock is made a day fast, which this machine's is not.
#[tokio::test]
async fn leases_claims_and_times_go_by_the_databases_clock() {
    within(30, async {
        let home = database().await;
        home.execute(&format!(
            "CREATE SCHEMA fast;
             CREATE FUNCTION fast.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
             AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 day' $$;
             CREATE FUNCTION fast.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
             AS $$ SELECT pg_catalog.statement_timestamp() + interval '1 day' $$;
             ALTER DATABASE \"{}\" SET search_path = fast, pg_catalog, public",
            home.name()
        ))
        .await;
        let store = process(home.url()).await;
        let machine = || commerce_core::Host::now(&commerce_outbox::SystemHost);
        let tomorrow = machine().plus(Duration::from_secs(23 * 3_600));

        assert!(store.now().await.unwrap() > tomorrow);
        let lease = store.acquire_lease("stock", ONE, Duration::from_secs(60)).await.unwrap().unwrap();
        assert!(lease.expires_at > tomorrow);
        let committed = store.commit(append(&stream(1))).await.unwrap();
        assert!(committed.recorded_at > tomorrow);
        store.commit(Commit::new().claim(Claim::new("sku", "a").until(tomorrow))).await.unwrap();
        let claimed = store.claimed(&Tenant::default(), "sku", "a").await.unwrap();
        assert!(claimed.is_none(), "it has expired by the database's clock");
        store.commit(Commit::new().claim(Claim::new("sku", "a").until(tomorrow))).await.unwrap();
    })
    .await;
}
