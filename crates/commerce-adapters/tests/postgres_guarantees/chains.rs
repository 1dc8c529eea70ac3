//! Commits that require each other, handed over at once: they keep their order, and where one fails the rest does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{CommitError, CommitId, Conflict, Expected};
use commerce_core::store::Store;
use commerce_test_postgres::database;

use crate::support::{Random, append, begin, event, fresh_id, length, process, stream, within};

const CHAINS: u64 = 60;
const LINKS: u64 = 12;
/// Streams that all fight for.
const CONTESTED: u64 = 5;

/// Steals versions of contested streams until it is told to stop.
async fn steal(store: Arc<PgStore>, stop: Arc<AtomicBool>) {
    let mut random = Random(1);
    while !stop.load(Ordering::SeqCst) {
        store.commit(append(&stream(random.below(CONTESTED)))).await.unwrap();
        random.pause(2).await;
    }
}

struct Link {
    id: CommitId,
    answer: Result<commerce_core::commit::Committed, CommitError>,
    written: bool,
}

/// A chain in which one link, sometimes more, counts on a version that is being stolen.
async fn run_chain(store: &PgStore, chain: u64) -> Vec<Link> {
    let mut random = Random(chain);
    let contested = stream(random.below(CONTESTED));
    let (first, version) = (random.below(LINKS), length(store, &contested).await as u64);
    let mut handed: Vec<(CommitId, _)> = Vec::new();
    for link in 0..LINKS {
        let id = fresh_id();
        let mut commit = begin(&stream(id)).with_id(id);
        if let Some((last, _)) = handed.last() {
            commit = commit.requires(*last);
        }
        if link >= first && link < first + 3 {
            commit =
                commit.append(contested.clone(), Expected::Version(version + link - first), vec![event()]);
        }
        handed.push((id, store.commit(commit)));
    }
    let mut links = Vec::new();
    for (id, answer) in handed {
        let answer = answer.await;
        links.push(Link { id, answer, written: length(store, &stream(id)).await == 1 });
    }
    links
}

/// Answers whether the whole chain was applied.
fn check(links: &[Link]) -> bool {
    let mut last = 0;
    let applied = links.iter().take_while(|link| link.answer.is_ok()).count();
    for (number, link) in links.iter().enumerate() {
        assert_eq!(link.written, link.answer.is_ok(), "link {number}");
        match &link.answer {
            Ok(committed) => {
                assert!(number < applied, "link {number} was applied after one that was not");
                assert!(committed.position > last, "link {number} lies before the one it requires");
                last = committed.position;
            }
            Err(CommitError::Conflict(Conflict::Stream { .. })) => assert_eq!(number, applied),
            Err(CommitError::Conflict(Conflict::Required { commit })) => {
                assert!(number > applied && *commit == links[number - 1].id, "link {number}");
            }
            Err(error) => panic!("link {number}: {error}"),
        }
    }
    applied == links.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chains_over_two_writers_end_where_one_fails_while_another_process_steals_versions() {
    within(120, async {
        let home = database().await;
        home.execute(&format!("ALTER DATABASE \"{}\" SET deadlock_timeout = '10ms'", home.name())).await;
        let (store, thief) = (process(home.url()).await, process(home.url()).await);
        let stop = Arc::new(AtomicBool::new(false));
        let stealing = tokio::spawn(steal(thief, stop.clone()));
        let (mut whole, mut ended) = (0, 0);
        for four in 0..CHAINS / 4 {
            let chains: [_; 4] = std::array::from_fn(|n| run_chain(&store, four * 4 + n as u64));
            let [a, b, c, d] = chains;
            let (a, b, c, d) = tokio::join!(a, b, c, d);
            for links in [a, b, c, d] {
                if check(&links) { whole += 1 } else { ended += 1 }
            }
        }
        stop.store(true, Ordering::SeqCst);
        stealing.await.unwrap();
        println!("{whole} chains applied, {ended} ended early");
        assert!(whole > 0 && ended > 0);
    })
    .await;
}
