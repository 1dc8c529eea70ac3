//! The main job: a real shop's invoices.

use std::path::Path;

use reference_server::import;
use reference_server::replay::{ReplayOptions, Silent, replay};
use reference_server::shop::{Shop, ShopOptions, StoreUrl, Stores};
use tokio_util::sync::CancellationToken;

use crate::{memory, row};

pub(crate) async fn measure(folder: &Path, file: &Path, repeat: usize) {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let import = import::read(file).unwrap();
    let options = ShopOptions::default();
    let url = StoreUrl::Sqlite(folder.path().to_owned());
    let shop = Shop::new(Stores::open(&url, &options.host).unwrap(), &options).unwrap();
    let (shutdown, never) = (CancellationToken::new(), CancellationToken::new());
    let replaying = async {
        let options = ReplayOptions { repeat, ..ReplayOptions::default() };
        let replayed = replay(&shop, &import, &options, &Silent, &never).await.unwrap();
        shutdown.cancel();
        replayed.summary(Vec::new())
    };
    let (services, summary) = tokio::join!(shop.run(shutdown.clone()), replaying);
    services.unwrap();
    let lines = summary.lines as f64 / summary.orders_placed.max(1) as f64;
    row(&format!("invoices of {lines:.0} lines, 32 under way"), summary.orders_per_second, None, Some(250.0));
    let time = |value: Option<f64>| value.unwrap_or_default();
    println!(
        "  p50 {:.0} ms, p99 {:.0} ms (goal 250), memory at most {:.0} MB (goal 200)",
        time(summary.checkout_p50_ms),
        time(summary.checkout_p99_ms),
        memory::peak_megabytes()
    );
}
