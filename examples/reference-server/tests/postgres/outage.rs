//! The server comes and goes while a replay runs.

use std::time::{Duration, Instant};

use commerce_test_postgres::Cluster;

use crate::errors::psql;
use crate::program::{Running, look_at, program, replay_on, run};
use crate::serving::Serving;

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

/// A supervisor would take another end for a crash.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_end_while_its_database_takes_nothing_ends_well() {
    let cluster = Cluster::start().await;
    let url = cluster.create_database("shop").await;
    let mut serve = program();
    serve.args(["serve", "--no-seed", "--store", &url]);
    let server = Serving::start(&mut serve);
    psql(
        &url,
        "ALTER DATABASE shop SET default_transaction_read_only = on;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()",
    )
    .await;
    let begun = Instant::now();
    while server.ask("GET", "/readyz", None, None).status == 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is ready all the same");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.stop();
}

/// Whatever a service asks of its store first, a moment without an answer does not end the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_gets_too_few_connections_at_first_waits_for_them() {
    let cluster = Cluster::start().await;
    let url = cluster.create_database("shop").await;
    psql(&url, "CREATE ROLE few LOGIN; GRANT CREATE ON DATABASE shop TO few").await;
    let few = url.replace("//postgres@", "//few@");
    run(&mut look_at(&few, &["migrate"])).ends_with(0);
    psql(&url, "ALTER ROLE few CONNECTION LIMIT 14").await;
    let mut serve = program();
    serve.args(["serve", "--no-seed", "--listen", "127.0.0.1:0", "--store", &few]);
    let mut server = Running::start(&mut serve);
    assert!(!server.wait(Duration::from_secs(5)), "{}", server.said());
    psql(&url, "ALTER ROLE few CONNECTION LIMIT 100").await;
    assert!(!server.wait(Duration::from_secs(3)), "{}", server.said());
    assert!(server.kill(), "it ends by itself: {}", server.said());
}
