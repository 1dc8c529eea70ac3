//! Held messages that can't be read, as those of a newer program after a rollback: they keep their own keys waiting, and
//! no others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_outbox::*;
use serde_json::{Value, json};

use crate::flowing::{FlowingWorld, seconds};
use crate::support::*;

const MESSAGES: &str = "held-messages";

/// Writes a held message that is due.
async fn write(world: &FlowingWorld, key: &str, sequence: u32, body: &Value) {
    let id = format!("workers/{key}/{sequence:010}");
    let write = DocumentWrite::json(MESSAGES, id, Expected::Any, body).unwrap();
    let write = write.field("group", "workers").field("state", "retrying").field("topic", "jobs");
    let write = write.field("key", key.to_owned());
    let write = write.field("due", world.host.now()).field("unsuspected-due", world.host.now());
    world.store.commit(Commit::new().document(write)).await.unwrap();
}

async fn body(world: &FlowingWorld, key: &str, sequence: u32) -> Value {
    let id = format!("workers/{key}/{sequence:010}");
    let document = world.store.document(&Tenant::default(), MESSAGES, &id).await.unwrap();
    document.unwrap().json().unwrap()
}

#[tokio::test(start_paused = true)]
async fn heads_that_can_not_be_read_are_in_no_ones_way_however_many_they_are() {
    let world = FlowingWorld::new();
    for number in 0..200 {
        write(&world, &format!("newer-{number}"), 0, &json!({ "of": "a newer program" })).await;
    }
    let tries = Arc::new(AtomicU32::new(0));
    let tried = tries.clone();
    let running =
        Running::consumer(
            world.consumer().on(move |_: Job, scope: Scope| {
                let is_first = tried.fetch_add(1, Ordering::SeqCst) == 0;
                async move {
                    if is_first { Err(HandleError::retryable("not at first")) } else { Ok(scope.finish()) }
                }
            }),
        );
    world.send([job("a", 1)]).await;
    seconds(10).await;
    assert_eq!(tries.load(Ordering::SeqCst), 2);
    running.stop().await;
}

/// The key waits behind what can't be read, and goes on in order once that can.
#[tokio::test(start_paused = true)]
async fn a_head_leaves_its_queue_though_what_is_behind_it_can_not_be_read() {
    let world = FlowingWorld::new();
    let well = Arc::new(AtomicBool::new(false));
    let is_well = well.clone();
    let wait = Duration::from_millis(100);
    let policy = RetryPolicy { attempts: 3, first_wait: wait, longest_wait: wait };
    let running = Running::consumer(world.consumer().retry(policy).on(move |job: Job, scope: Scope| {
        let is_well = is_well.clone();
        async move {
            if is_well.load(Ordering::SeqCst) {
                return record(job, scope).await;
            }
            Err(HandleError::not_yet("something else has to happen first"))
        }
    }));
    world.send([job("a", 1), job("a", 2)]).await;
    seconds(1).await;
    let mut newer = body(&world, "a", 1).await;
    newer["replays"] = json!("of a newer program");
    newer["envelope"]["data"]["price"] = json!("1.50");
    // It waits, as it did.
    let waiting = DocumentWrite::json(MESSAGES, "workers/a/0000000001", Expected::Any, &newer).unwrap();
    let waiting = waiting.field("group", "workers").field("state", "waiting").field("key", "a");
    world.store.commit(Commit::new().document(waiting)).await.unwrap();
    well.store(true, Ordering::SeqCst);
    seconds(10).await;
    world.send([job("a", 3)]).await;
    seconds(10).await;
    assert_eq!(effects(&world).await, ["1"]);
    assert_eq!(world.unfinished().await, Unfinished { waiting: 1, retrying: 1, dead: 0 });
    let mut mended = body(&world, "a", 1).await;
    assert_eq!((&mended["state"], mended["due"].is_null()), (&json!("retrying"), false));
    assert_eq!(mended["envelope"]["data"], newer["envelope"]["data"]);
    mended.as_object_mut().unwrap().remove("replays");
    write(&world, "a", 1, &mended).await;
    seconds(10).await;
    assert_eq!(effects(&world).await, ["1", "2", "3"]);
    running.stop().await;
}

async fn effects(world: &FlowingWorld) -> Vec<String> {
    let stream = commerce_core::stream::StreamId::new("effects", "a");
    let events = world.store.read_stream(&Tenant::default(), &stream, 0, usize::MAX).await.unwrap();
    events.into_iter().map(|event| String::from_utf8(event.payload.to_vec()).unwrap()).collect()
}
