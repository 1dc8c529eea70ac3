//! What has served its time goes in small steps, whoever else is at it, and no reader notices.

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::Commit;
use commerce_core::store::{Prune, Store};
use commerce_test_postgres::database;

use crate::support::{MessageReader, execute, number, numbered, process, stream, within};

const MESSAGES: u64 = 50_000;
const KEYS: u64 = 40;
/// How many rows one statement deletes at most.
const AT_ONCE: i64 = 5_000;

async fn write(store: &PgStore, from: u64, to: u64) {
    let mut handed = Vec::new();
    for first in (from..to).step_by(1_000) {
        let mut commit = Commit::new();
        for number in first..(first + 1_000).min(to) {
            commit = commit.message(numbered(&(number % KEYS).to_string(), number / KEYS + 1));
        }
        handed.push(store.commit(commit));
    }
    for answer in handed {
        answer.await.unwrap();
    }
}

/// Prunes until nothing is left, as one of several.
async fn prune(store: &PgStore, what: Prune) -> u64 {
    let (mut all, mut idle) = (0, 0);
    while idle < 5 {
        let gone = store.prune(what.clone()).await.unwrap();
        assert!(gone <= AT_ONCE as u64);
        all += gone;
        // What another has under way is passed over: not done yet.
        idle = if gone == 0 { idle + 1 } else { 0 };
        tokio::task::yield_now().await;
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_prune_50_000_messages_go_in_small_steps_and_hinder_no_one() {
    within(120, async {
        let home = database().await;
        let (one, other) = (process(home.url()).await, process(home.url()).await);
        let mut db = home.connect().await;
        execute(
            &mut db,
            "CREATE TABLE deletions (rows int8);
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN INSERT INTO deletions SELECT count(*) FROM gone; RETURN NULL; END $$;
             CREATE TRIGGER note AFTER DELETE ON commerce.commerce_messages
             REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note()",
        )
        .await;
        write(&one, 0, MESSAGES).await;
        one.caught_up().await.unwrap();
        let mut readers: Vec<_> = (0..one.partitions()).map(|n| MessageReader::new(n, &[])).collect();
        for reader in &mut readers {
            while reader.read(&one).await > 0 {}
        }
        let up_to = one.last_message().await.unwrap();

        let what = Prune::Messages { up_to };
        let (by_one, by_other, follower) = tokio::join!(
            prune(&one, what.clone()),
            prune(&other, what),
            // Meanwhile more is written, and read.
            async {
                write(&other, MESSAGES, MESSAGES + 5_000).await;
                other.caught_up().await.unwrap();
                for reader in &mut readers {
                    while reader.read(&other).await > 0 {}
                }
                readers.iter().map(|reader| reader.seen).sum::<usize>()
            }
        );
        assert_eq!(by_one + by_other, MESSAGES);
        assert_eq!(follower, MESSAGES as usize + 5_000);
        assert_eq!(number(&mut db, "SELECT max(rows) FROM deletions").await, AT_ONCE);
        assert_eq!(number(&mut db, "SELECT sum(rows)::int8 FROM deletions").await, MESSAGES as i64);
        assert_eq!(number(&mut db, "SELECT count(*) FROM commerce.commerce_messages").await, 5_000);
        let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(number(&mut db, deadlocks).await, 0);
        println!("{by_one} by one, {by_other} by the other");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_is_pruning_is_passed_over_and_not_waited_for() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        write(&store, 0, 1_000).await;
        let mut other = home.connect().await;
        let lock = "BEGIN; DELETE FROM commerce.commerce_messages WHERE position IN
                    (SELECT position FROM commerce.commerce_messages ORDER BY partition, position LIMIT 300)";
        execute(&mut other, lock).await;
        let what = Prune::Messages { up_to: store.last_message().await.unwrap() };
        assert_eq!(within(10, prune(&store, what.clone())).await, 700);
        execute(&mut other, "ROLLBACK").await;
        assert_eq!(prune(&store, what).await, 300);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_go_on_behind_what_was_pruned() {
    within(30, async {
        let home = database().await;
        let store = process(home.url()).await;
        write(&store, 0, 100).await;
        let last = store.last_message().await.unwrap();
        assert_eq!(prune(&store, Prune::Messages { up_to: last }).await, 100);
        assert_eq!(process(home.url()).await.last_message().await.unwrap(), last);
        store.commit(crate::support::append(&stream(1)).message(numbered("1", 1))).await.unwrap();
        assert!(store.last_message().await.unwrap() > last);
    })
    .await;
}
