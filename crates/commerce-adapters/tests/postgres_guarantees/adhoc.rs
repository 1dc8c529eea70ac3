use crate::support::*;
use commerce_core::store::Store;
use commerce_core::id::Tenant;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zero() {
    let home = commerce_test_postgres::database().await;
    let store = process(home.url()).await;
    eprintln!("{:?}", store.document(&Tenant::default(), "a\0b", "c").await);
    eprintln!("{:?}", store.read_stream(&Tenant::default(), &stream("a\0b"), 0, 1).await.map(|v| v.len()));
    eprintln!("{:?}", store.checkpoint("a\0b").await);
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot() {
    let home = commerce_test_postgres::database().await;
    for n in [2, 4, 8] {
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..n {
            let store = process(home.url()).await;
            set.spawn(async move { let mut bad = 0; for _ in 0..100 { if let Err(e) = store.commit(append(&stream("hot"))).await { bad += 1; if bad == 1 { eprintln!("{e}"); } } } bad });
        }
        let t = std::time::Instant::now();
        eprintln!("{n}: {:?} {:?}", set.join_all().await, t.elapsed());
    }
}
