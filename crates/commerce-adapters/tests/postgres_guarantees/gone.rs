//! What is deleted or given back leaves a row for a while, so that no one who began before takes its place before it went.

use std::time::Duration;

use commerce_adapters::postgres::PgStore;
use commerce_core::Timestamp;
use commerce_core::commit::{Claim, ClaimKey, Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{Prune, Query, Store};
use commerce_test_postgres::database;

use crate::support::{begin, execute, fresh_id, number, process, stream, stuck_or_done, until, within};

fn put(id: &str) -> DocumentWrite {
    DocumentWrite::put("things", id, Expected::ABSENT, b"{}".to_vec())
}

fn delete(id: &str) -> DocumentWrite {
    DocumentWrite::delete("things", id, Expected::Version(1))
}

fn documents(ids: &[&str]) -> Commit {
    ids.iter().fold(begin(&stream(fresh_id())), |commit, id| commit.document(put(id)))
}

fn claims(keys: &[&str]) -> Commit {
    keys.iter().fold(begin(&stream(fresh_id())), |commit, key| commit.claim(Claim::new("things", *key)))
}

/// How many rows are left of what is gone.
const LEFT: &str = "SELECT (SELECT count(*) FROM commerce.commerce_documents WHERE version = 0)
    + (SELECT count(*) FROM commerce.commerce_gone_documents)
    + (SELECT count(*) FROM commerce.commerce_claims)";

async fn prune(store: &PgStore) -> u64 {
    store.prune(Prune::ExpiredClaims).await.unwrap()
}

/// Gives them back, if someone has them, and takes them.
fn claims_of_whoever(keys: &[&str]) -> Commit {
    keys.iter().fold(claims(keys), |commit, key| commit.release(ClaimKey::new("things", *key)))
}

/// How something is taken and left, and how an application holds what is taken before it.
struct Kind {
    take: fn(&[&str]) -> Commit,
    leave: fn() -> Commit,
    hold: &'static str,
}

fn kinds() -> [Kind; 3] {
    let hold_claim = "INSERT INTO commerce.commerce_claims (commit_id, tenant, scope, name)
        VALUES (gen_random_uuid(), 'default', 'things', 'before')";
    let hold_document =
        "INSERT INTO commerce.commerce_documents (version, base, collection, tenant, id, json)
        VALUES (1, 1, 'things', 'default', 'before', '{}')";
    let release = || begin(&stream(fresh_id())).release(ClaimKey::new("things", "there"));
    [
        Kind {
            take: documents,
            leave: || begin(&stream(fresh_id())).document(delete("there")),
            hold: hold_document,
        },
        Kind { take: claims, leave: release, hold: hold_claim },
        Kind { take: claims_of_whoever, leave: release, hold: hold_claim },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_takes_the_place_of_what_went_stands_behind_that_in_the_log() {
    within(120, async {
        for Kind { take, leave, hold } in kinds() {
            // There before, or come and gone meanwhile; met by a process that has not met anything yet, or by one that has.
            for (was_there, is_cautious) in [(true, false), (true, true), (false, false), (false, true)] {
                let home = database().await;
                let (one, other) = (process(home.url()).await, process(home.url()).await);
                if is_cautious {
                    process(home.url()).await.commit(documents(&["known"])).await.unwrap();
                    one.commit(documents(&["known"])).await.unwrap_err();
                }
                if was_there {
                    other.commit(take(&["there"])).await.unwrap();
                    if is_cautious {
                        // Else it would be refused before it waits.
                        other.commit(leave()).await.unwrap();
                    }
                }
                let mut application = home.connect().await;
                execute(&mut application, &format!("BEGIN; {hold}")).await;
                // It has its transaction id, and waits for the application.
                let taken = tokio::spawn(one.commit(take(&["before", "there"])));
                stuck_or_done(home.url(), &taken).await;
                if !was_there || is_cautious {
                    other.commit(take(&["there"])).await.unwrap();
                }
                let left = other.commit(leave()).await.unwrap();
                // Someone might still have to meet what is gone.
                prune(&other).await;
                execute(&mut application, "ROLLBACK").await;
                let taken = taken.await.unwrap().unwrap();
                assert!(taken.position > left.position, "{} is not behind {}", taken.position, left.position);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_is_seen_by_no_one_and_goes_for_good_when_no_one_can_meet_it() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut db = home.connect().await;
        for round in 1..=2 {
            let ids: Vec<String> = (0..20).map(|n| n.to_string()).collect();
            let take = ids.iter().fold(Commit::new(), |commit, id| {
                commit.document(put(id).field("state", "new")).claim(Claim::new("things", id.as_str()))
            });
            store.commit(take).await.unwrap();
            let leave = ids.iter().fold(Commit::new(), |commit, id| {
                commit.document(delete(id)).release(ClaimKey::new("things", id.as_str()))
            });
            store.commit(leave).await.unwrap();
            // A row of each, and a line for each deletion.
            let left = (2 + round) * 20;
            assert_eq!(number(&mut db, LEFT).await, left);

            assert!(store.document(&Tenant::default(), "things", "1").await.unwrap().is_none());
            assert!(store.documents(&Query::all_tenants("things").limit(10)).await.unwrap().is_empty());
            assert!(store.claimed(&Tenant::default(), "things", "1").await.unwrap().is_none());
            // What is not there can't be deleted once more.
            let again = DocumentWrite::delete("things", "1", Expected::Any);
            store.commit(Commit::new().document(again)).await.unwrap();
            assert_eq!(number(&mut db, LEFT).await, left);
        }
        // Written anew, one document and one claim stay.
        store.commit(documents(&["1"]).claim(Claim::new("things", "1"))).await.unwrap();
        let found = store.document(&Tenant::default(), "things", "1").await.unwrap().unwrap();
        assert_eq!((found.version, &found.body[..]), (1, &b"{}"[..]));
        until("all that is gone has gone", async || {
            prune(&store).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            number(&mut db, LEFT).await == 1
        })
        .await;
        assert!(store.document(&Tenant::default(), "things", "1").await.unwrap().is_some());
        assert!(store.claimed(&Tenant::default(), "things", "1").await.unwrap().is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_and_writing_anew_never_wait_for_each_other_in_a_circle() {
    within(120, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut ids: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        for _ in 0..40 {
            // Other orders than that of the keys.
            ids.rotate_left(7);
            let take = ids.iter().fold(Commit::new(), |commit, id| commit.document(put(id)));
            let pruning = async {
                for _ in 0..5 {
                    prune(&store).await;
                }
            };
            let (taken, ()) = tokio::join!(store.commit(take), pruning);
            taken.unwrap();
            ids.reverse();
            for half in ids.chunks(25) {
                let leave = half.iter().fold(Commit::new(), |commit, id| commit.document(delete(id)));
                store.commit(leave).await.unwrap();
            }
        }
        until("all that is gone has gone", async || {
            prune(&store).await;
            number(&mut home.connect().await, LEFT).await == 0
        })
        .await;
        let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(number(&mut home.connect().await, deadlocks).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_ended_long_ago_can_be_taken_and_goes() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        let until = |micros| Claim::new("c", "k").until(Timestamp::from_micros(micros));
        for micros in [i64::MIN, i64::MIN / 2 - 1, 1] {
            store.commit(Commit::new().claim(until(micros))).await.unwrap();
        }
        assert_eq!(store.prune(Prune::ExpiredClaims).await.unwrap(), 1);
    })
    .await;
}
