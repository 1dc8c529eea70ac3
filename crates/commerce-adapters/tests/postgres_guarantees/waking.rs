//! Readers are woken by commits of other processes, once they can see them.

use std::time::{Duration, Instant};

use commerce_adapters::postgres::{PgDatabase, PgStore};
use commerce_core::commit::{Commit, NewMessage};
use commerce_core::store::Store;

use crate::support::{
    SCHEMA, append, connect, event_of, execute, number, own_server, own_server_with, process, stream, until,
    within,
};

/// Readers look by themselves after a second: well before that.
const SOON: Duration = Duration::from_millis(500);
/// Long enough for a wake-up that must not come.
const A_WHILE: Duration = Duration::from_millis(200);

/// Waits until both processes listen: before that they would hear nothing.
async fn listening(url: &str, count: i64) {
    let mut db = connect(url).await;
    let query = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state = 'idle' AND query ILIKE 'LISTEN%'";
    until("all processes listen", async || number(&mut db, query).await == count).await;
}

/// How often messages of the topic came.
fn arrivals(store: &PgStore, topic: &str) -> u64 {
    (0..store.partitions()).map(|number| store.changes().arrivals(number, &[topic])).sum()
}

/// Waits for events as a reader does, that looks again when it is woken. Answers how long that took.
async fn wait_for_events(store: &PgStore, count: usize) -> Duration {
    let began = Instant::now();
    loop {
        let news = store.changes().listen();
        if store.read_log(0, 100).await.unwrap().len() >= count {
            return began.elapsed();
        }
        let woken = tokio::time::timeout(SOON * 4, news).await;
        assert!(woken.is_ok(), "it was not woken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_wakes_the_readers_of_other_processes() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let (one, other) = (process(&url).await, process(&url).await);
        listening(&url, 2).await;
        for round in 1..=10 {
            let waiting = tokio::spawn({
                let other = other.clone();
                async move { wait_for_events(&other, round).await }
            });
            // Whether it waits already or looks for the first time: it must find it.
            one.commit(append(&stream(round))).await.unwrap();
            let took = waiting.await.unwrap();
            assert!(took < SOON, "{took:?}");
        }
        // Nobody else is woken: a store in another schema.
        let third = PgDatabase::new(&url).unwrap().store("third").migrate().await.unwrap();
        listening(&url, 3).await;
        let news = third.changes().listen();
        one.commit(append(&stream("last"))).await.unwrap();
        assert!(tokio::time::timeout(A_WHILE, news).await.is_err(), "it has nothing to do with it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_older_transaction_hides_wakes_readers_when_that_ends() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let (one, other) = (process(&url).await, process(&url).await);
        listening(&url, 2).await;
        for (round, end) in ["COMMIT", "ROLLBACK"].into_iter().enumerate() {
            let mut foreign = connect(&url).await;
            execute(&mut foreign, "BEGIN; SELECT pg_current_xact_id()").await;
            let elsewhere = other.changes().listen();
            one.commit(append(&stream(round)).message(NewMessage::new("jobs", "key"))).await.unwrap();
            let here = one.changes().listen_for_messages();
            let (before, others) = (arrivals(&one, "jobs"), arrivals(&one, "parcels"));
            let (mut here, mut elsewhere) = (std::pin::pin!(here), std::pin::pin!(elsewhere));
            assert!(tokio::time::timeout(A_WHILE, &mut elsewhere).await.is_err(), "it can't see it yet");
            assert!(tokio::time::timeout(A_WHILE, &mut here).await.is_err(), "it can't see it yet");
            assert_eq!(other.read_log(0, 10).await.unwrap().len(), round);

            execute(&mut foreign, end).await;
            tokio::time::timeout(SOON, here).await.expect("its own readers are woken");
            tokio::time::timeout(SOON, elsewhere).await.expect("the others' readers are woken");
            assert!(arrivals(&one, "jobs") > before, "they are told of the message");
            assert_eq!(arrivals(&one, "parcels"), others, "and of no other");
            assert_eq!(other.read_log(0, 10).await.unwrap().len(), round + 1);
        }
    })
    .await;
}

/// Nobody tells the store when an application's own transaction has ended, which may be hidden even then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_application_sends_in_its_transaction_wakes_readers_when_they_can_see_it() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        for hidden in [false, true] {
            let (mut foreign, mut host) = (connect(&url).await, connect(&url).await);
            if hidden {
                execute(&mut foreign, "BEGIN; SELECT pg_current_xact_id()").await;
            }
            execute(&mut host, "BEGIN").await;
            store.apply_in(&mut host, &Commit::new().message(NewMessage::new("jobs", "key"))).await.unwrap();
            let last = if hidden {
                execute(&mut host, "COMMIT").await;
                tokio::time::sleep(A_WHILE).await;
                &mut foreign
            } else {
                &mut host
            };
            let (mut news, before) = (store.changes().listen_for_messages(), arrivals(&store, "jobs"));
            execute(last, "COMMIT").await;
            while arrivals(&store, "jobs") == before {
                tokio::time::timeout(SOON, news).await.expect("its readers are woken");
                news = store.changes().listen_for_messages();
            }
        }
    })
    .await;
}

/// Then each commit tells what is under way, and there is no need to ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_hidden_wakes_readers_while_others_commit_without_a_pause() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        let busy = tokio::spawn({
            let store = store.clone();
            async move {
                loop {
                    store.commit(append(&stream("busy"))).await.unwrap();
                }
            }
        });
        for round in 1..=10 {
            let mut foreign = connect(&url).await;
            execute(&mut foreign, "BEGIN; SELECT pg_current_xact_id()").await;
            store.commit(Commit::new().message(NewMessage::new("jobs", "key"))).await.unwrap();
            let news = store.changes().listen_for_messages();
            let before = arrivals(&store, "jobs");
            execute(&mut foreign, "COMMIT").await;
            tokio::time::timeout(SOON, news).await.unwrap_or_else(|_| panic!("it was not woken: {round}"));
            assert!(arrivals(&store, "jobs") > before);
        }
        busy.abort();
    })
    .await;
}

/// Its readers don't depend on what it would hear of itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_tells_no_one_wakes_its_own_readers_alone() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let silent = PgDatabase::new(&url).unwrap().store(SCHEMA).without_notify().migrate().await.unwrap();
        let other = process(&url).await;
        listening(&url, 1).await;
        let mut foreign = connect(&url).await;
        execute(&mut foreign, "BEGIN; SELECT pg_current_xact_id()").await;
        let elsewhere = other.changes().listen();
        silent.commit(append(&stream(1))).await.unwrap();
        let here = silent.changes().listen();
        execute(&mut foreign, "COMMIT").await;
        tokio::time::timeout(SOON, here).await.expect("its own readers are woken");
        assert!(tokio::time::timeout(A_WHILE, elsewhere).await.is_err(), "it was not to tell others");
    })
    .await;
}

/// Also while the other process never pauses: there is always a younger transaction under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_keep_up_with_a_process_that_never_pauses() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let (one, other) = (process(&url).await, process(&url).await);
        listening(&url, 2).await;
        execute(
            &mut connect(&url).await,
            "CREATE FUNCTION public.take_time() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
             CREATE TRIGGER take_time BEFORE INSERT ON commerce.commerce_events
             FOR EACH ROW WHEN (NEW.type = 'Slow') EXECUTE FUNCTION public.take_time()",
        )
        .await;
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let writers: tokio::task::JoinSet<()> = (0..6)
            .map(|writer| {
                let (one, stop) = (one.clone(), stop.clone());
                async move {
                    while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                        let mut commit = append(&stream(writer));
                        commit.appends[0].events[0] = event_of("Slow");
                        one.commit(commit).await.unwrap();
                    }
                }
            })
            .collect();
        let (mut longest, mut after) = (Duration::ZERO, 0);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3) {
            let (news, from) = (other.changes().listen(), Instant::now());
            if let Some(event) = other.read_log(after, 1_000).await.unwrap().last() {
                after = event.position;
                continue;
            }
            tokio::time::timeout(Duration::from_secs(1), news).await.expect("it is woken");
            longest = longest.max(from.elapsed());
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        writers.join_all().await;
        println!("at most {longest:?} without news");
        assert!(longest < SOON, "{longest:?}");
    })
    .await;
}

/// NOTIFY makes all transactions that use it commit one after the other, in the whole cluster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_transaction_that_commits_anything_notifies() {
    within(60, async {
        // Each line of the log with the process, and the id of the transaction if it has one.
        let settings = [("log_statement", "all"), ("log_line_prefix", "<%p %x> ")];
        let (cluster, url) = own_server_with(&settings).await;
        let (one, other) = (process(&url).await, process(&url).await);
        listening(&url, 2).await;
        for round in 0..20 {
            let sent = Commit::new().message(
                NewMessage::new("sent", "1")
                    .not_before(one.now().await.unwrap().plus(Duration::from_millis(1))),
            );
            one.commit(append(&stream(round)).and(sent)).await.unwrap();
            other.release_due(10).await.unwrap();
        }
        one.close().await;
        let log = std::fs::read_to_string(cluster.folder().join("log")).unwrap();
        let statements: Vec<&str> = log.lines().filter(|line| line.contains("notify")).collect();
        assert!(!statements.is_empty(), "it is told to the others");
        for line in statements {
            assert!(line.ends_with(", pg_notify($1, $2)") && line.contains(" 0> "), "{line}");
        }
        let mut open = std::collections::HashSet::new();
        for line in log.lines().filter(|line| line.starts_with('<')) {
            let process = line.split_once(' ').unwrap().0;
            if line.ends_with(": BEGIN") {
                open.insert(process);
            } else if line.ends_with(": COMMIT") || line.ends_with(": ROLLBACK") {
                open.remove(process);
            }
            assert!(!(line.contains("pg_notify") && open.contains(process)), "{line}");
        }
        let triggers = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'commerce'::regnamespace
                        AND prosrc ILIKE '%notify%'";
        assert_eq!(number(&mut connect(&url).await, triggers).await, 0);
    })
    .await;
}
