//! Many events at once.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::commit::{Commit, Expected};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_outbox::SystemHost;

use super::on_postgres;
use crate::basket::event;
use crate::bench::Bench;
use crate::harness::{Caller, Measure, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Bulk import**: commits of a thousand events, ten on each of a hundred new streams, eight at a time, \
    each answered once it is durable; beside raw rows on one connection.";

const STREAMS: usize = 100;
const EVENTS: u64 = 10;
const AT_A_TIME: usize = 8;

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let name = format!("{}/import/{AT_A_TIME}", kind.name());
    let measure = Measure::rate(name, "events", move |bench| import(bench, kind)).about(ABOUT);
    vec![match kind {
        Kind::Postgres => {
            let goal = on_postgres(kind, at_least(0.6));
            measure.beside("hand/copy", goal).beside("hand/insert-unnest", None)
        }
        _ => measure,
    }]
}

async fn import(bench: Arc<Bench>, kind: Kind) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    let caller = || Import(stand.store.clone());
    let commits = rate((0..AT_A_TIME).map(|_| caller()), bench.seconds).await;
    stand.close().await;
    commits * STREAMS as f64 * EVENTS as f64
}

struct Import(Arc<dyn Store>);

impl Caller for Import {
    async fn call(&mut self) {
        let commit = (0..STREAMS).fold(Commit::new(), |commit, _| {
            let stream = StreamId::new("basket", SystemHost.new_id());
            commit.append(stream, Expected::ABSENT, (0..EVENTS).map(event).collect())
        });
        self.0.commit(commit).await.unwrap();
    }
}
