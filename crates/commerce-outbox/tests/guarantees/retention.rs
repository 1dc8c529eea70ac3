//! What has served its time goes, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, DocumentWrite, Expected, NewMessage};
use commerce_core::store::{CommitOutcome, Store, partition_of};
use commerce_core::testing::TestHost;
use commerce_outbox::{DEDUPLICATION, Pruned, Retention};

use crate::support::*;

async fn send_ten(store: &Arc<dyn Store>) {
    for number in 0..10 {
        store.commit(Commit::new().message(NewMessage::new("t", number.to_string()))).await.unwrap();
    }
}

async fn left(store: &Arc<dyn Store>) -> usize {
    messages(store).await.len()
}

async fn store() -> (Arc<TestHost>, Arc<dyn Store>) {
    let host = Arc::new(TestHost::new());
    (host.clone(), crate::store::new_store(host, 1).await)
}

#[tokio::test]
async fn messages_stay_until_the_slowest_group_has_passed_them() {
    let (_, store) = store().await;
    send_ten(&store).await;
    let sent = positions(&store).await;
    let retention = Retention::new(store.clone()).group("fast").group("slow");
    store.commit(Commit::new().checkpoint("group/fast/0", 0, sent[9])).await.unwrap();
    assert_eq!(retention.prune().await.unwrap(), Pruned::default(), "the slow group has read nothing yet");
    store.commit(Commit::new().checkpoint("group/slow/0", 0, sent[3])).await.unwrap();
    assert_eq!(retention.prune().await.unwrap().messages, 4);
    assert_eq!(left(&store).await, 6);
}

/// A partition's cursor stands at its own last message, however old that is, and at nothing if there was none.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_in_which_nothing_happens_keeps_no_others_messages() {
    let world = World::new(4).await;
    let running = Running::consumer(world.consumer().on(record));
    world.send(job("quiet", 1)).await;
    world.until_effects("quiet", &[1]).await;
    let (busy, all): (_, Vec<u32>) = (other_key("quiet"), (1..=20).collect());
    for number in &all {
        world.send(job(&busy, *number)).await;
    }
    world.until_effects(&busy, &all).await;
    running.stop().await;
    // No one is there to read the last one.
    let read = messages(&world.shop).await.len();
    world.send(job("quiet", 2)).await;
    world.send(job(&busy, 21)).await;
    let retention = Retention::new(world.shop.clone()).group("workers");
    assert_eq!(retention.prune().await.unwrap().messages, read as u64);
    assert_eq!(left(&world.shop).await, 2);
}

/// A key of another partition.
fn other_key(than: &str) -> String {
    let mut keys = (0..).map(|number| format!("busy-{number}"));
    keys.find(|key| partition_of(key, 4) != partition_of(than, 4)).unwrap()
}

#[tokio::test]
async fn without_a_group_no_message_goes() {
    let (_, store) = store().await;
    send_ten(&store).await;
    let last = store.last_message().await.unwrap();
    store.commit(Commit::new().checkpoint("group/unnamed/0", 0, last)).await.unwrap();
    assert_eq!(Retention::new(store.clone()).prune().await.unwrap().messages, 0);
    assert_eq!(left(&store).await, 10);
}

#[tokio::test]
async fn expired_claims_and_old_commit_ids_go_and_documents_stay() {
    let (host, store) = store().await;
    let soon = host.now().plus(Duration::from_secs(60));
    let write = DocumentWrite::put("d", "1", Expected::ABSENT, b"{}".to_vec());
    let commit = Commit::new().claim(Claim::new("inbox/g", "m").until(soon)).document(write);
    let id = store.commit(commit).await.unwrap().id;
    let retention = Retention::new(store.clone());
    assert_eq!(retention.prune().await.unwrap(), Pruned::default());
    host.advance(DEDUPLICATION + Duration::from_secs(1));
    assert_eq!(retention.prune().await.unwrap(), Pruned { claims: 1, commits: 1, ..Pruned::default() });
    assert_eq!(store.outcome(id).await.unwrap(), CommitOutcome::RolledBack);
    assert!(store.document(&commerce_core::id::Tenant::default(), "d", "1").await.unwrap().is_some());
}
