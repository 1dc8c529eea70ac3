//! The server comes and goes while a replay runs.

use std::time::Duration;

use commerce_test_postgres::Cluster;

use crate::program::{Running, replay_on, run};

const OPTIONS: [&str; 2] = ["--repeat", "40"];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_outlives_restarts_of_the_server() {
    let undisturbed = run(&mut replay_on("memory://", &OPTIONS)).summary();
    let cluster = Cluster::start().await;
    let url = cluster.create_database("shop").await;
    let mut running = Running::start(&mut replay_on(&url, &OPTIONS));
    running.wait_for("orders: ");
    cluster.kill().await;
    // Long enough to be told of.
    running.wait_for("trying again: ");
    cluster.start_again().await;
    assert!(!running.wait(Duration::from_secs(2)), "it was over before: {}", running.said());
    cluster.stop().await;
    cluster.start_again().await;
    assert_eq!(running.end().summary(), undisturbed);
}
