use std::time::Duration;

use commerce_core::commit::{Commit, CommitError, Conflict, NewMessage};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_outbox::*;

use crate::support::*;

fn keys(world: &World) -> Idempotency {
    Idempotency::new(world.store.clone(), world.host.clone(), "orders")
}

async fn fresh(keys: &Idempotency, key: &str, fingerprint: &str) -> Ticket {
    match keys.begin(&Tenant::default(), key, fingerprint).await.unwrap() {
        Begin::Fresh(ticket) => ticket,
        _ => panic!("{key} is taken"),
    }
}

async fn replayed(keys: &Idempotency, key: &str, fingerprint: &str) -> Vec<u8> {
    match keys.begin(&Tenant::default(), key, fingerprint).await.unwrap() {
        Begin::Replay(answer) => answer,
        _ => panic!("{key} has no answer"),
    }
}

fn effect() -> Commit {
    Commit::new().message(NewMessage::new("orders", "1"))
}

async fn effects(world: &World) -> usize {
    messages(&world.store).await.len()
}

#[tokio::test]
async fn an_answer_is_stored_with_what_it_answers_for() {
    let world = World::new(1).await;
    let keys = keys(&world);
    for answer in [b"201 {}".to_vec(), vec![0xff, 0, 0xfe]] {
        let key = format!("{answer:?}");
        let ticket = fresh(&keys, &key, "f").await;
        assert!(matches!(keys.begin(&Tenant::default(), &key, "f").await.unwrap(), Begin::InProgress));
        assert!(matches!(keys.begin(&Tenant::default(), &key, "g").await.unwrap(), Begin::Mismatch));
        world.store.commit(ticket.complete(effect(), answer.clone()).unwrap()).await.unwrap();
        assert_eq!(replayed(&keys, &key, "f").await, answer);
        assert!(matches!(keys.begin(&Tenant::default(), &key, "g").await.unwrap(), Begin::Mismatch));
    }
    assert_eq!(effects(&world).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_begin_at_once_one_is_the_first() {
    let world = World::new(1).await.yielding();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let keys = keys(&world);
            tokio::spawn(async move {
                matches!(keys.begin(&Tenant::default(), "k", "f").await.unwrap(), Begin::Fresh(_))
            })
        })
        .collect();
    let mut first = 0;
    for task in tasks {
        first += u32::from(task.await.unwrap());
    }
    assert_eq!(first, 1);
}

#[tokio::test]
async fn a_lost_holder_blocks_its_key_until_its_lock_ends_and_only_one_completes() {
    let world = World::new(1).await;
    let keys = keys(&world);
    let lost = fresh(&keys, "k", "f").await;
    world.host.advance(Duration::from_secs(59));
    assert!(matches!(keys.begin(&Tenant::default(), "k", "f").await.unwrap(), Begin::InProgress));
    world.host.advance(Duration::from_secs(1));
    let next = fresh(&keys, "k", "f").await;
    let late = world.store.commit(lost.complete(effect(), b"late".to_vec()).unwrap()).await.unwrap_err();
    assert!(
        matches!(late, CommitError::Conflict(Conflict::Document { collection, .. }) if collection == "idempotency")
    );
    world.store.commit(next.complete(effect(), b"done".to_vec()).unwrap()).await.unwrap();
    assert_eq!(replayed(&keys, "k", "f").await, b"done");
    assert_eq!(effects(&world).await, 1);
    // Nor can it complete, or give up, what has its answer.
    lost.abandon().await.unwrap();
    assert_eq!(replayed(&keys, "k", "f").await, b"done");
}

#[tokio::test]
async fn what_was_abandoned_may_be_begun_again_and_the_old_ticket_is_void() {
    let world = World::new(1).await;
    let keys = keys(&world);
    let lost = fresh(&keys, "k", "f").await;
    world.host.advance(Duration::from_secs(60));
    fresh(&keys, "k", "f").await.abandon().await.unwrap();
    let next = fresh(&keys, "k", "another request").await;
    world.store.commit(lost.complete(effect(), b"late".to_vec()).unwrap()).await.unwrap_err();
    world.store.commit(next.complete(effect(), b"done".to_vec()).unwrap()).await.unwrap();
    assert_eq!(effects(&world).await, 1);
}

#[tokio::test]
async fn answers_are_kept_for_their_time_and_pruned_after_it() {
    let world = World::new(1).await;
    let keys = keys(&world).retention(Duration::from_secs(3_600));
    let other = Idempotency::new(world.store.clone(), world.host.clone(), "payments");
    let retention = Retention::new(world.store.clone());
    for key in ["k", "l"] {
        let ticket = fresh(&keys, key, "f").await;
        world.store.commit(ticket.complete(effect(), b"done".to_vec()).unwrap()).await.unwrap();
    }
    let ticket = fresh(&other, "k", "f").await;
    world.store.commit(ticket.complete(effect(), b"paid".to_vec()).unwrap()).await.unwrap();
    drop(fresh(&keys, "lost", "f").await);
    // An hour from its answer; at the latest, and that is what is kept of it, from when its lock would have ended.
    world.host.advance(Duration::from_secs(3_659));
    assert_eq!(retention.prune().await.unwrap().keys, 0);
    assert_eq!(replayed(&keys, "k", "f").await, b"done");
    world.host.advance(Duration::from_secs(1));
    drop(fresh(&keys, "l", "another request").await);
    assert_eq!(retention.prune().await.unwrap().keys, 2, "what has an answer, and what was lost");
    drop(fresh(&keys, "k", "f").await);
    assert_eq!(replayed(&other, "k", "f").await, b"paid");
}

#[tokio::test]
async fn tenants_and_scopes_do_not_share_keys() {
    let world = World::new(1).await;
    let (one, two) = (keys(&world), Idempotency::new(world.store.clone(), world.host.clone(), "a/b"));
    let three = Idempotency::new(world.store.clone(), world.host.clone(), "a");
    fresh(&one, "k", "f").await;
    assert!(matches!(one.begin(&Tenant::new("other"), "k", "f").await.unwrap(), Begin::Fresh(_)));
    fresh(&two, "c", "f").await;
    let ticket = fresh(&three, "b/c", "f").await;
    let foreign = Commit { tenant: Tenant::new("other"), ..Commit::default() };
    assert_eq!(ticket.complete(foreign, Vec::new()).unwrap_err().kind(), Kind::Bug);
}
