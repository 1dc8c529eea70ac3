//! What a group takes is the same for all its members, and each message goes to the handler of its topic and type.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Commit, Expected, NewEvent, NewMessage};
use commerce_core::stream::StreamId;
use commerce_outbox::*;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::support::*;

/// Of the same type as [`Job`], in another topic.
#[derive(Serialize, Deserialize)]
struct Chore {
    name: String,
}

impl Message for Chore {
    const TOPIC: &'static str = "chores";
    const TYPE: &'static str = Job::TYPE;
    fn key(&self) -> String {
        self.name.clone()
    }
}

async fn do_chore(chore: Chore, scope: Scope) -> Result<Handled, HandleError> {
    record(job(&chore.name, 7), scope).await
}

fn chore(name: &str) -> NewMessage {
    Chore { name: name.to_owned() }.to_message().unwrap()
}

async fn refused(member: &mut Box<dyn Subscription>) -> String {
    match tokio::time::timeout(Duration::from_secs(10), member.next(10)).await {
        Ok(Err(error @ BusError::OtherTopics { .. })) => error.to_string(),
        other => panic!("it takes part: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_takes_other_topics_waits_until_those_before_have_gone() {
    for partitions in [1, 4] {
        let mut world = World::new(partitions).await;
        world.options.lease = Duration::from_secs(30);
        let mut first = world.member().await;
        assert!(soon(&mut first, 10).await.is_empty());
        let mut second = world.bus().subscribe("workers", &["jobs", "chores"]).await.unwrap();
        let said = refused(&mut second).await;
        assert!(
            said.contains("workers takes the topics jobs, and this one the topics chores, jobs"),
            "{said}"
        );

        // The first looks again who is there, and keeps all partitions.
        for _ in 0..2 {
            assert!(soon(&mut first, 10).await.is_empty());
        }
        for key in 0..12 {
            world.send(job(&key.to_string(), 1)).await;
        }
        let mut taken = Vec::new();
        until(async || {
            taken.extend(soon(&mut first, 20).await);
            taken.len() == 12
        })
        .await;
        let receipts: Vec<_> = taken.iter().map(|delivery| delivery.receipt).collect();
        first.ack(&receipts).await.unwrap();
        first.close().await.unwrap();

        world.shop.commit(Commit::new().message(chore("a"))).await.unwrap();
        world.shop.caught_up().await.unwrap();
        second.close().await.unwrap();
        let mut third = world.bus().subscribe("workers", &["chores", "jobs"]).await.unwrap();
        let mut found = Vec::new();
        until(async || {
            found.extend(soon(&mut third, 10).await);
            !found.is_empty()
        })
        .await;
        assert_eq!(found[0].envelope.topic.as_ref(), "chores");
        third.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_died_keeps_no_one_from_other_topics() {
    for partitions in [1, 4] {
        let world = World::new(partitions).await;
        let mut first = world.member().await;
        assert!(soon(&mut first, 10).await.is_empty());
        drop(first);
        world.host.advance(LATER);
        world.shop.commit(Commit::new().message(chore("a"))).await.unwrap();
        world.shop.caught_up().await.unwrap();
        let mut second = world.bus().subscribe("workers", &["chores"]).await.unwrap();
        let mut found = Vec::new();
        until(async || {
            found.extend(soon(&mut second, 10).await);
            !found.is_empty()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_one_name_in_two_topics_go_to_the_handlers_of_their_topics() {
    let world = World::new(1).await;
    let running = Running::consumer(world.consumer().on(record).on(do_chore));
    world.send(job("a", 1)).await;
    world.shop.commit(Commit::new().message(chore("b"))).await.unwrap();
    world.until_effects("a", &[1]).await;
    world.until_effects("b", &[7]).await;
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ignored_is_done_and_holds_up_nothing() {
    let world = World::new(1).await;
    let other = NewMessage::new("jobs", "a").of_type("jobs.undo").payload(b"{}".to_vec());
    world.shop.commit(Commit::new().message(other)).await.unwrap();
    world.send(job("a", 1)).await;
    let running = Running::consumer(world.consumer().on(record).ignore_others_of("jobs"));
    world.until_effects("a", &[1]).await;
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test]
async fn a_consumer_without_handlers_refuses_to_run() {
    let world = World::new(1).await;
    let refused = world.consumer().run(CancellationToken::new()).await.unwrap_err();
    assert!(refused.to_string().contains("workers has no handlers"), "{refused}");
}

#[tokio::test]
#[should_panic(expected = "jobs.do in the topic jobs was given two handlers")]
async fn a_type_has_one_handler() {
    let _ = World::new(1).await.consumer().on(record).on(record);
}

#[tokio::test]
async fn two_publications_to_one_topic_publish_all_under_names_of_their_own() {
    let world = World::new(1).await;
    for kind in ["order", "invoice"] {
        let event = NewEvent { event_type: "Made".into(), schema: 1, payload: b"{}".to_vec() };
        let commit = Commit::new().append(StreamId::new(kind, 1), Expected::ABSENT, vec![event]);
        world.shop.commit(commit).await.unwrap();
    }
    world.shop.caught_up().await.unwrap();
    let publication = |kind: &'static str| Publication::new(Arc::clone(&world.shop), "events").kinds([kind]);
    assert_eq!(publication("order").publish().await.unwrap(), 1);
    assert_eq!(publication("invoice").name("invoices").publish().await.unwrap(), 1);
}
