//! Members of a group that are processes of their own.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::Commit;
use commerce_core::store::Store;
use commerce_outbox::{Bus, DeadLetters, Message, SystemHost, Unfinished};
use commerce_processes::jobs::{GROUP, Job, SERVICES};
use commerce_processes::{jobs, stores, work};
use sqlx::PgConnection;
use tokio::time::timeout;

use crate::worker::{Worker, until};

const LEASE: Duration = Duration::from_secs(1);
/// A share is looked after every third of a lease; the rest is for a busy machine.
const TAKEN_OVER_WITHIN: Duration = Duration::from_millis(1_000 + 334 + 2_000);
const KEYS: u32 = 50;
const ROUNDS: u32 = 80;

#[tokio::test(flavor = "multi_thread")]
async fn three_share_a_log_though_one_is_killed_and_one_stands_still() {
    let home = commerce_test_postgres::database().await;
    stores::migrate(home.url(), &SERVICES).await;
    let [shop, works] = stores::open(home.url(), SERVICES).await;
    let mut leases = Leases { db: home.connect().await };
    let start = async || Worker::ready(&["consumer", home.url(), "1000"]).await;
    let (mut killed, paused, last) = (start().await, start().await, start().await);
    until("all three have a share", async || leases.holders().await == 3).await;

    let sender = tokio::spawn(send_everything(shop.clone()));
    until("work has begun", async || total(&works).await > 400).await;
    killed.kill();
    let took = until("the dead one's share is taken over", async || leases.holders().await == 2).await;
    println!("taken over from the dead after {took:?}");
    assert!(took <= TAKEN_OVER_WITHIN, "{took:?}");

    paused.pause().await;
    let took = until("the still one's share is taken over", async || leases.holders().await == 1).await;
    println!("taken over from the still after {took:?}");
    assert!(took <= TAKEN_OVER_WITHIN, "{took:?}");
    paused.resume();
    until("the work is shared again", async || leases.holders().await == 2).await;

    sender.await.unwrap();
    let all = u64::from(KEYS * ROUNDS);
    let took = until("everything is done", async || total(&works).await >= all).await;
    println!("everything is done after another {took:?}");
    let letters = DeadLetters::new(works.clone(), Arc::new(SystemHost));
    until("nothing is held", async || letters.unfinished(None).await.unwrap() == Unfinished::default()).await;
    paused.stop().await;
    last.stop().await;
    let expected: Vec<u32> = (0..ROUNDS).collect();
    for key in 0..KEYS {
        assert_eq!(jobs::effects(&works, &name(key)).await, expected, "{}", name(key));
    }
    let mut next = work::bus("shop", &shop, LEASE).subscribe(GROUP, &[Job::TOPIC]).await.unwrap();
    let left = timeout(Duration::from_secs(1), next.next(10)).await;
    assert!(left.is_err(), "what is done does not come again: {left:?}");
}

fn name(key: u32) -> String {
    format!("key-{key}")
}

/// In rounds, so that there is work while members come and go.
async fn send_everything(shop: Arc<dyn Store>) {
    for number in 0..ROUNDS {
        let commits = (0..KEYS).map(|key| {
            let job = Job { key: name(key), number };
            shop.commit(Commit::new().message(job.to_message().unwrap()))
        });
        for commit in commits.collect::<Vec<_>>() {
            commit.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

async fn total(works: &Arc<dyn Store>) -> u64 {
    let mut total = 0;
    for key in 0..KEYS {
        total += jobs::effects(works, &name(key)).await.len() as u64;
    }
    total
}

/// The leases of the group's partitions.
struct Leases {
    db: PgConnection,
}

impl Leases {
    /// How many processes hold all of them, or zero as long as one is free.
    async fn holders(&mut self) -> usize {
        let text = "SELECT holder FROM shop.commerce_leases
                    WHERE name LIKE 'bus/%' AND holder IS NOT NULL
                      AND expires_at > (extract(epoch FROM clock_timestamp()) * 1000000)::int8";
        let mut holders: Vec<uuid::Uuid> = sqlx::query_scalar(text).fetch_all(&mut self.db).await.unwrap();
        if holders.len() < stores::PARTITIONS as usize {
            return 0;
        }
        holders.sort_unstable();
        holders.dedup();
        holders.len()
    }
}
