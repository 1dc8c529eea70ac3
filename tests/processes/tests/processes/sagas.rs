//! Sagas that are carried on by several processes, none of which lives long, over a server that does not either.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::Commit;
use commerce_core::error::Kind;
use commerce_core::store::{Query, Store, StoreError};
use commerce_outbox::{DeadLetters, Scope, SystemHost, Unfinished};
use commerce_processes::orders::{MADE, Order, SAGA, SERVICES, STEPS, UNDONE, saga};
use commerce_processes::stores;
use commerce_saga::{Instance, Orchestrator, SagaStatus};
use commerce_test_postgres::Cluster;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::upheaval::Upheaval;
use crate::worker::until;

const SAGAS: u32 = 2_000;
/// So many are begun at a time, and the next when fewer are open.
const AT_ONCE: u32 = 100;
/// So many hundreds are begun for each death at most: on a fast machine all would be over before enough have died.
const PER_DEATH: u32 = 2;
/// A machine that does nothing else needs a third of it.
const WITHIN: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_sagas_end_and_none_acts_twice_whatever_dies() {
    let cluster = Cluster::start().await;
    let url = cluster.create_database("orders").await;
    stores::migrate(&url, &SERVICES).await;
    let office = Office::new(&url).await;
    let start = Instant::now();
    // All three look for what is due: never fewer than two recoverers, whoever was killed last.
    let mut upheaval = Upheaval::new(cluster, &url, &["shop", "shop", "shop", "depot", "depot"], 7);
    let begun = tokio::spawn(office.clone().begin_all());
    while !begun.is_finished() {
        assert!(start.elapsed() < WITHIN, "{} of the sagas are open", office.open().await.unwrap());
        upheaval.strike().await;
        office.deaths.fetch_add(1, Ordering::Relaxed);
    }
    begun.await.unwrap();
    println!("after {:?} all are begun, {:?} are open", start.elapsed(), office.open().await.ok());
    until("all have ended", async || office.open().await.is_ok_and(|open| open == 0)).await;
    println!("after {:?} all have ended", start.elapsed());
    println!("{} workers killed, {} restarts of the server", upheaval.kills, upheaval.restarts);
    assert!(upheaval.kills >= 8 && upheaval.restarts >= 2, "it was a quiet time");
    for store in &office.stores[..2] {
        let letters = DeadLetters::new(store.clone(), Arc::new(SystemHost));
        let none = Unfinished::default();
        until("nothing is held", async || letters.unfinished(None).await.is_ok_and(|found| found == none))
            .await;
    }
    let _cluster = upheaval.end().await;
    office.check().await;
}

/// Begins sagas, and looks at them. It carries none on.
#[derive(Clone)]
struct Office {
    stores: [Arc<dyn Store>; 3],
    orchestrator: Orchestrator,
    /// So far.
    deaths: Arc<AtomicU32>,
}

impl Office {
    async fn new(url: &str) -> Self {
        let stores = stores::open(url, SERVICES).await;
        let [shop, _, bank] = &stores;
        let orchestrator = Orchestrator::new(shop.clone(), Arc::new(SystemHost)).register(saga(bank));
        Self { stores, orchestrator, deaths: Arc::default() }
    }

    fn shop(&self) -> &Arc<dyn Store> {
        &self.stores[0]
    }

    async fn begin_all(self) {
        for (hundred, first) in (0..).zip((1..=SAGAS).step_by(AT_ONCE as usize)) {
            while hundred > PER_DEATH * self.deaths.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(50)).await;
            }
            join_all((first..first + AT_ONCE).map(|number| self.begin(Order { number }))).await;
            while !self.open().await.is_ok_and(|open| open <= AT_ONCE as usize) {
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Begins one, once, however often that is tried.
    async fn begin(&self, order: Order) {
        let id = order.number.to_string();
        loop {
            let context = SystemHost.context();
            let mut scope = Scope::new(context.clone(), self.shop().clone(), Commit::within(&context));
            if let Err(error) = self.orchestrator.begin(SAGA, &id, &order, &mut scope).await {
                assert_eq!(error.kind(), Kind::Retryable, "{error}");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
            match self.shop().commit(scope.into_commit()).await {
                Ok(_) => return,
                Err(error) if error.conflict().is_some_and(|of| Orchestrator::was_begun(of, SAGA, &id)) => {
                    return;
                }
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// How many have not ended.
    async fn open(&self) -> Result<usize, StoreError> {
        let mut open = 0;
        for status in [SagaStatus::Running, SagaStatus::Compensating, SagaStatus::Stuck] {
            let query = Query::all_tenants("sagas").equals("status", status.as_str()).limit(SAGAS as usize);
            open += self.shop().documents(&query).await?.len();
        }
        Ok(open)
    }

    /// Each saga has ended as it was to, and each of its steps has had its effect once, or none, or was undone.
    async fn check(&self) {
        let instances = self.orchestrator.instances(None, SAGAS as usize + 1).await.unwrap();
        assert_eq!(instances.len(), SAGAS as usize);
        let mut effects = HashMap::new();
        for store in &self.stores {
            collect(store, &mut effects).await;
        }
        let again = instances
            .iter()
            .flat_map(|instance| &instance.steps)
            .filter(|step| [&step.action, &step.undo].into_iter().flatten().any(|phase| phase.attempts > 1));
        println!("{} steps were asked for more than once", again.count());
        for instance in &instances {
            check(instance, &effects);
        }
    }
}

type Effects = HashMap<String, Vec<String>>;

/// All effects, by stream.
async fn collect(store: &Arc<dyn Store>, effects: &mut Effects) {
    store.caught_up().await.unwrap();
    let mut after = 0;
    loop {
        let events = store.read_log(after, 2_000).await.unwrap();
        let Some(last) = events.last() else { return };
        after = last.position;
        for event in events {
            effects.entry(event.stream.to_string()).or_default().push(event.event_type.to_string());
        }
    }
}

fn check(instance: &Instance, effects: &Effects) {
    let order: Order = serde_json::from_str(instance.state.get()).unwrap();
    let failed = order.fails_at();
    let status = if failed.is_some() { SagaStatus::Failed } else { SagaStatus::Completed };
    assert_eq!(instance.status, status, "{}", instance.timeline());
    assert_eq!(instance.failure.as_ref().map(|failure| &*failure.step), failed, "{}", instance.timeline());
    let mut before = true;
    for (step, _) in STEPS {
        before &= failed != Some(step);
        let expected: &[&str] = match failed {
            None => &[MADE],
            Some(_) if before => &[MADE, UNDONE],
            Some(_) => &[],
        };
        let found = effects.get(&order.effects_of(step).to_string()).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(found, expected, "{step}: {}", instance.timeline());
    }
}
