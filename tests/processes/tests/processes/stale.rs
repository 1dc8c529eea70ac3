//! A process that stood still for longer than its lease, and wakes up believing in it.

use std::sync::Arc;

use commerce_core::commit::Commit;
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_outbox::{Bus, Message};
use commerce_processes::jobs::{GROUP, Job};
use commerce_processes::work::{self, SHIFT};
use commerce_processes::{jobs, stores};
use commerce_test_postgres::TestDatabase;
use tokio::time::timeout;

use crate::worker::{PATIENCE, Worker, until};

/// In milliseconds.
const LEASE: &str = "1000";

async fn home() -> TestDatabase {
    let home = commerce_test_postgres::database().await;
    stores::migrate(home.url(), &jobs::SERVICES).await;
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_holders_write_is_refused_by_its_token() {
    let home = home().await;
    let [shop] = stores::open(home.url(), ["shop"]).await;
    let mut stale = Worker::start(&["holder", home.url(), LEASE]);
    stale.says("holds 1").await;
    stale.tell("write");
    stale.says("written").await;
    stale.pause().await;
    // It will find this when it wakes up.
    stale.tell("write");
    let mut next = Worker::start(&["holder", home.url(), "60000"]);
    next.says("holds 2").await;
    next.tell("write");
    next.says("written").await;
    stale.resume();
    stale.says("refused").await;
    let written = shop.document(&Tenant::default(), "shifts", SHIFT).await.unwrap().unwrap();
    assert_eq!((written.version, &*written.body), (2, b"2".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_members_cursor_is_refused_and_its_share_is_taken_as_suspect() {
    let home = home().await;
    let [shop] = stores::open(home.url(), ["shop"]).await;
    // One key: one partition.
    for number in 0..5 {
        let job = Job { key: "a".to_owned(), number };
        shop.commit(Commit::new().message(job.to_message().unwrap())).await.unwrap();
    }
    let mut stale = Worker::start(&["member", home.url(), LEASE, "5"]);
    stale.says("took").await;
    stale.pause().await;
    stale.tell("acknowledge");

    let mut next = work::bus("shop", &shop, PATIENCE).subscribe(GROUP, &[Job::TOPIC]).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < 5 {
        let more = timeout(PATIENCE, next.next(10)).await.expect("the share is taken over");
        taken.extend(more.unwrap());
    }
    assert!(taken.iter().all(|delivery| delivery.redelivered));

    stale.resume();
    stale.says("left").await;
    assert_eq!(cursors(&shop).await, 0, "nothing is done");
    let receipts: Vec<_> = taken.iter().map(|delivery| delivery.receipt).collect();
    next.ack(&receipts).await.unwrap();
    next.close().await.unwrap();
    assert_eq!(cursors(&shop).await, receipts[4].position);
}

/// The furthest of the group's cursors.
async fn cursors(shop: &Arc<dyn Store>) -> u64 {
    let mut furthest = 0;
    for partition in 0..shop.partitions() {
        furthest = furthest.max(shop.checkpoint(&format!("group/{GROUP}/{partition}")).await.unwrap());
    }
    furthest
}

/// Also where no other write of the stale one is refused: what it has in hand had its effect meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stale_consumer_has_in_hand_has_no_second_effect() {
    let home = home().await;
    let [shop, works] = stores::open(home.url(), jobs::SERVICES).await;
    let keys: Vec<String> = (0..40).map(|key| format!("key-{key}")).collect();
    let stale = Worker::ready(&["consumer", home.url(), LEASE]).await;
    let send = async |number: u32| {
        let commits = keys.iter().map(|key| {
            let job = Job { key: key.clone(), number };
            shop.commit(Commit::new().message(job.to_message().unwrap()))
        });
        for commit in commits.collect::<Vec<_>>() {
            commit.await.unwrap();
        }
    };
    let done = async || {
        let mut done = 0;
        for key in &keys {
            done += jobs::effects(&works, key).await.len();
        }
        done
    };
    let all = async {
        for number in 0..25 {
            send(number).await;
        }
    };
    // While more arrives, so that it is stopped with some of them in hand.
    let at_work = async {
        until("it is at work", async || !jobs::effects(&works, &keys[0]).await.is_empty()).await;
        stale.pause().await;
    };
    tokio::join!(all, at_work);
    assert!(done().await < 1_000, "it is in the middle of it");
    let next = Worker::ready(&["consumer", home.url(), LEASE]).await;
    until("the other has all of it", async || done().await == 1_000).await;
    stale.resume();
    send(25).await;
    until("both go on", async || done().await >= 1_040).await;
    next.stop().await;
    stale.stop().await;
    let expected: Vec<u32> = (0..=25).collect();
    for key in &keys {
        assert_eq!(jobs::effects(&works, key).await, expected, "{key}");
    }
}
