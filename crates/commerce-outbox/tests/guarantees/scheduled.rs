use std::time::Duration;

use commerce_core::commit::Commit;
use commerce_outbox::*;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_comes_at_its_time_and_not_before_also_after_a_restart() {
    let world = World::new(1).await;
    let later = now(&world).plus(Duration::from_secs(60));
    let timer = job("a", 2).to_message().unwrap().not_before(later);
    world.shop.commit(Commit::new().message(timer)).await.unwrap();
    world.send(job("a", 1)).await;
    let running = Running::consumer(world.consumer().on(record));
    world.until_effects("a", &[1]).await;
    world.host.advance(Duration::from_secs(59));
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop().await;
    assert_eq!(world.effects("a").await, [1]);
    let running = Running::consumer(world.consumer().on(record));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.effects("a").await, [1]);
    world.host.advance(Duration::from_secs(1));
    world.until_effects("a", &[1, 2]).await;
    running.stop().await;
    assert_eq!(world.effects("a").await, [1, 2]);
}
