//! Data that moves to another cluster.

use commerce_test_postgres::Cluster;
use reference_server::shop::SERVICES;

use crate::program::{look_at, replay_on, run, summary_of_sample};

#[tokio::test(flavor = "multi_thread")]
async fn restored_data_is_used_only_once_it_was_adopted() {
    let (home, abroad) = (Cluster::start().await, Cluster::start().await);
    let url = home.create_database("shop").await;
    assert_eq!(run(&mut replay_on(&url, &[])).summary(), summary_of_sample());
    let dump = home.dump("shop").await;
    let url = abroad.create_database("shop").await;
    abroad.restore("shop", &dump).await;

    for mut command in [replay_on(&url, &[]), look_at(&url, &["audit"]), look_at(&url, &["migrate"])] {
        run(&mut command).fails(3, &["another database cluster", "`migrate --adopt`"]);
    }
    let adopted = run(&mut look_at(&url, &["migrate", "--adopt"])).ends_with(0).stdout;
    assert_eq!(adopted.lines().filter(|line| line.contains("adopted")).count(), SERVICES.len(), "{adopted}");
    let again = run(&mut look_at(&url, &["migrate", "--adopt"])).ends_with(0).stdout;
    assert_eq!(
        again.lines().filter(|line| line.ends_with("is up to date")).count(),
        SERVICES.len(),
        "{again}"
    );

    run(&mut look_at(&url, &["audit"])).ends_with(0);
    assert_eq!(run(&mut replay_on(&url, &[])).summary(), summary_of_sample());
    let more = run(&mut replay_on(&url, &["--repeat", "2"])).summary();
    assert_eq!(more["orders_confirmed"], 22);
}
