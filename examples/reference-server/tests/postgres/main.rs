//! The program on PostgreSQL: several processes at once, a server that comes and goes, and how it refuses.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

mod errors;
mod moved;
mod outage;
mod processes;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/serving.rs"]
mod serving;

use commerce_test_postgres::Cluster;
use program::{Place, look_at, replay_on, run, summary_of_sample};
use reference_server::shop::SERVICES;

#[test]
fn the_sample_comes_to_the_same_figures() {
    let place = Place::database();
    assert_eq!(run(&mut place.replay(&[])).summary(), summary_of_sample());
    place.look(&["audit"]).ends_with(0);
    // And once more, on what is finished.
    assert_eq!(run(&mut place.replay(&[])).summary(), summary_of_sample());
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_with_a_database_for_each_service() {
    let cluster = Cluster::start().await;
    for service in SERVICES {
        cluster.create_database(&format!("shop_{service}")).await;
    }
    let url = cluster.url("shop_{service}");
    let made = run(&mut look_at(&url, &["migrate"])).ends_with(0).stdout;
    assert_eq!(made.lines().filter(|line| line.ends_with("made")).count(), SERVICES.len(), "{made}");
    assert_eq!(run(&mut replay_on(&url, &[])).summary(), summary_of_sample());
    run(&mut look_at(&url, &["audit"])).ends_with(0);
    let again = run(&mut look_at(&url, &["migrate"])).ends_with(0).stdout;
    assert_eq!(
        again.lines().filter(|line| line.ends_with("is up to date")).count(),
        SERVICES.len(),
        "{again}"
    );
}
