//! The main job: a real shop's invoices.

use std::sync::Arc;

use reference_server::import;
use reference_server::replay::{AuditResult, ReplayOptions, Silent, replay};
use reference_server::shop::{Shop, ShopOptions};
use tokio_util::sync::CancellationToken;

use crate::bench::Bench;
use crate::harness::{Figure, Measure, Unit, at_least, at_most, peak_megabytes};
use crate::stand::{Kind, ShopStand};

const ABOUT: &str = "**Replay** of a real shop's invoices, 32 under way, each a checkout of as many lines as the invoice has \
    (27 on average in the sample): orders per second, how long a checkout takes, and the most memory in use, which \
    includes what earlier measurements of the same run left behind: run it alone (`--only replay`) to know.";

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let goal = |goal| (kind == Kind::Sqlite).then_some(goal);
    let figures = vec![
        Figure::new("orders", Unit::PerSecond("orders")).goal(goal(at_least(250.0))),
        Figure::new("p50", Unit::Milliseconds),
        Figure::new("p99", Unit::Milliseconds).goal(goal(at_most(250.0))),
        Figure::new("memory", Unit::Megabytes).goal(goal(at_most(200.0))),
    ];
    let name = format!("{}/replay", kind.name());
    vec![Measure::several(name, figures, move |bench| measure(bench, kind)).about(ABOUT)]
}

async fn measure(bench: Arc<Bench>, kind: Kind) -> Vec<f64> {
    // Forgets the peak of what was measured before. Linux only; elsewhere nothing is lost but that.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let stand = ShopStand::open(&bench, kind).await;
    let import = import::read(&bench.file).unwrap();
    let shop = Shop::new(stand.stores.clone(), &ShopOptions::default()).unwrap();
    let (shutdown, never) = (CancellationToken::new(), CancellationToken::new());
    let replaying = async {
        let options = ReplayOptions { repeat: bench.repeat, ..ReplayOptions::default() };
        let replayed = replay(&shop, &import, &options, &Silent, &never).await.unwrap();
        shutdown.cancel();
        replayed.summary(AuditResult::of(None))
    };
    let (services, summary) = Box::pin(async { tokio::join!(shop.run(shutdown.clone()), replaying) }).await;
    services.unwrap();
    drop(shop);
    stand.close().await;
    vec![
        summary.orders_per_second,
        summary.checkout_p50_ms.unwrap_or(f64::NAN),
        summary.checkout_p99_ms.unwrap_or(f64::NAN),
        peak_megabytes(),
    ]
}
