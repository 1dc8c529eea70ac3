use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_outbox::*;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_exists_if_and_only_if_its_commit_does() {
    let world = World::new(1).await;
    let with_document = |number| {
        let write = DocumentWrite::put("orders", "1", Expected::ABSENT, b"{}".to_vec());
        world.shop.commit(Commit::new().document(write).message(job("a", number).to_message().unwrap()))
    };
    with_document(1).await.unwrap();
    with_document(2).await.unwrap_err();
    world.send(job("a", 3)).await;
    let running = Running::consumer(world.consumer().on(record));
    world.until_effects("a", &[1, 3]).await;
    running.stop().await;
}

/// Polls a future so often at most.
async fn polled<F: Future>(mut future: Pin<Box<F>>, mut times: u32) -> Option<F::Output> {
    std::future::poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if times == 0 => Poll::Ready(None),
        Poll::Pending => {
            times -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_wait_loses_nothing_and_doubles_nothing() {
    let mut world = World::new(4).await.yielding();
    world.options.lease = Duration::from_millis(15);
    world.options.poll = Duration::from_millis(2);
    for number in 0..400 {
        world.send(job(&format!("key-{}", number % 10), number)).await;
    }
    let mut member = world.member().await;
    let dice = Dice::new(3);
    let mut seen: Vec<(String, u32)> = Vec::new();
    while seen.len() < 400 {
        let Some(found) = polled(Box::pin(member.next(7)), dice.roll() % 40).await else { continue };
        let found = found.unwrap();
        let receipts: Vec<_> = found.iter().map(|delivery| delivery.receipt).collect();
        seen.extend(found.iter().map(|delivery| {
            let job: Job = delivery.envelope.body().unwrap();
            (job.key, job.number)
        }));
        member.ack(&receipts).await.unwrap();
    }
    for key in 0..10 {
        let name = format!("key-{key}");
        let numbers: Vec<_> = seen.iter().filter(|(k, _)| *k == name).map(|(_, number)| *number).collect();
        assert_eq!(numbers, (0..400).filter(|number| number % 10 == key).collect::<Vec<_>>());
    }
    member.close().await.unwrap();
    let mut next = world.member().await;
    assert!(soon(&mut next, 10).await.is_empty(), "what is acknowledged is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_back_comes_again_and_nothing_else_does() {
    let world = World::new(1).await;
    for number in 1..=6 {
        world.send(job("a", number)).await;
    }
    let mut member = world.member().await;
    let receipts: Vec<_> = soon(&mut member, 10).await.iter().map(|delivery| delivery.receipt).collect();
    assert_eq!(receipts.len(), 6);
    member.ack(&[receipts[0], receipts[3]]).await.unwrap();
    member.nack(&[receipts[1], receipts[4], receipts[3]]).await.unwrap();
    let again: Vec<_> = soon(&mut member, 10).await.iter().map(|delivery| delivery.receipt).collect();
    assert_eq!(again, [receipts[1], receipts[4]]);
    member.ack(&[receipts[1], receipts[2], receipts[4], receipts[5]]).await.unwrap();
    member.close().await.unwrap();
    assert_eq!(world.shop.checkpoint("group/workers/0").await.unwrap(), receipts[5].position);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_stops_before_what_is_not_done_and_is_written_while_no_one_asks() {
    let world = World::new(1).await;
    for number in 1..=6 {
        world.send(job("a", number)).await;
    }
    let mut member = world.member().await;
    let receipts: Vec<_> = soon(&mut member, 10).await.iter().map(|delivery| delivery.receipt).collect();
    member.ack(&[receipts[0], receipts[1], receipts[3], receipts[4], receipts[5]]).await.unwrap();
    assert!(soon(&mut member, 10).await.is_empty());
    let cursor = async || world.shop.checkpoint("group/workers/0").await.unwrap();
    assert!((receipts[1].position..receipts[2].position).contains(&cursor().await));
    member.ack(&[receipts[2]]).await.unwrap();
    assert!(soon(&mut member, 10).await.is_empty());
    assert_eq!(cursor().await, receipts[5].position);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_partition_no_more_than_its_window_is_out_and_so_many_windows_come_again_after_a_crash() {
    let mut world = World::new(1).await;
    world.options.window = 4;
    for number in 1..=300 {
        world.send(job(&number.to_string(), number)).await;
    }
    let mut member = world.member().await;
    let first: Vec<_> = soon(&mut member, 100).await.iter().map(|delivery| delivery.receipt).collect();
    assert_eq!(first.len(), 4);
    assert!(soon(&mut member, 100).await.is_empty(), "none is done");
    member.ack(&first[1..]).await.unwrap();
    let mut read = 4;
    loop {
        let more: Vec<_> = soon(&mut member, 100).await.iter().map(|delivery| delivery.receipt).collect();
        if more.is_empty() {
            break;
        }
        assert!(more.len() < 4, "the first is not done");
        member.ack(&more).await.unwrap();
        read += more.len();
    }
    assert_eq!(read, 64 * 4);
    member.ack(&first[..1]).await.unwrap();
    assert_eq!(soon(&mut member, 100).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_partition_leaves_room_for_the_others() {
    let world = World::new(8).await;
    for number in 0..200 {
        world.send(job(&format!("{}", number % 40), number)).await;
    }
    let mut member = world.member().await;
    let mut partitions = std::collections::BTreeSet::new();
    for _ in 0..8 {
        partitions.extend(soon(&mut member, 2).await.iter().map(|delivery| delivery.receipt.partition));
    }
    assert_eq!(partitions.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_keeps_a_messages_id_source_and_body() {
    let (world, other) = (World::new(1).await, World::new(1).await);
    world.send(job("a", 1)).await;
    world
        .shop
        .commit(Commit::new().message(Job::to_message(&job("a", 2)).unwrap().payload(vec![0xff, 1])))
        .await
        .unwrap();
    let mut from = world.member().await;
    let sent: Vec<_> = soon(&mut from, 10).await.into_iter().map(|delivery| delivery.envelope).collect();
    let results = StoreBus::new(other.host.clone()).source("/other", other.shop.clone()).publish(&sent).await;
    assert!(results.iter().all(Result::is_ok));
    let mut to = other.member().await;
    let received: Vec<_> = soon(&mut to, 10).await.into_iter().map(|delivery| delivery.envelope).collect();
    assert_eq!(received.len(), 2);
    for (sent, received) in sent.iter().zip(&received) {
        assert_eq!(
            (sent.id, &sent.source, &sent.message_type),
            (received.id, &received.source, &received.message_type)
        );
        assert_eq!(sent.data.get(), received.data.get());
        assert_eq!((&*received.source, received.correlation), ("/shop", sent.correlation));
    }
    assert!(received[1].body::<Job>().is_err());
}
