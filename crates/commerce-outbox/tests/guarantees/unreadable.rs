//! Held messages that can't be read, as those of a newer program after a rollback: they keep their own keys waiting, and
//! no others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
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
