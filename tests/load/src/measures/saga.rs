//! Sagas whose steps are all local.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_outbox::{Scope, SystemHost};
use commerce_saga::{Orchestrator, Saga, SagaStatus, StepError, Version};
use serde::{Deserialize, Serialize};

use super::{if_durable, on_postgres};
use crate::basket::Item;
use crate::bench::Bench;
use crate::harness::{Caller, Measure, NO_SLOWER, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Local sagas** of four steps, each of which writes a document; the orchestrator does them one after \
    the other and commits effects and journal together. `local`: all steps succeed; beside it a saga by hand. \
    `local-failing`: the third fails and the first two are undone, each by a document of its own; beside it the sagas \
    that succeed, and no slower within five per cent.";

const NAME: &str = "book-trip";
const STEPS: [&str; 4] = ["hotel", "flight", "car", "card"];

#[derive(Serialize, Deserialize)]
struct Trip {
    id: String,
    items: Vec<Item>,
}

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let mut measures = Vec::new();
    for (callers, goal) in [(1, 800.0), (8, 3_000.0), (32, 6_000.0)] {
        let all = format!("{}/saga/local/{callers}", kind.name());
        let failing = format!("{}/saga/local-failing/{callers}", kind.name());
        let measure = |name: &str, fails| {
            Measure::rate(name, "sagas", move |bench| sagas(bench, kind, callers, fails)).about(ABOUT)
        };
        let local = measure(&all, false).goal(on_postgres(kind, at_least(goal)));
        measures.push(match kind {
            Kind::Postgres => local.beside(format!("hand/journal/{callers}"), None),
            _ => local,
        });
        measures.push(measure(&failing, true).beside(all, if_durable(kind, NO_SLOWER)));
    }
    measures
}

async fn sagas(bench: Arc<Bench>, kind: Kind, callers: usize, fails: bool) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    let orchestrator = Orchestrator::new(stand.store.clone(), Arc::new(SystemHost)).register(saga(fails));
    let status = if fails { SagaStatus::Failed } else { SagaStatus::Completed };
    let caller = || Sagas { store: stand.store.clone(), orchestrator: orchestrator.clone() };
    let id = caller().begin().await;
    let first = orchestrator.instance(&Tenant::default(), NAME, &id).await.unwrap();
    assert_eq!(first.status, status, "{}", first.timeline());
    let rate = rate((0..callers).map(|_| caller()), bench.seconds).await;
    drop(orchestrator);
    stand.close().await;
    rate
}

fn saga(fails: bool) -> Saga<Trip> {
    let builder = STEPS.into_iter().fold(Saga::builder::<Trip>(NAME, Version(1)), |builder, step| {
        let fails = fails && step == "car";
        builder
            .local(step, move |trip: Trip, mut scope: Scope| async move {
                if fails {
                    return Err(StepError::failed("none_left", "there is no car left"));
                }
                write(&mut scope, "bookings", step, &trip)?;
                Ok((trip, scope))
            })
            // A document of its own: a commit writes each document once, and this is the commit that books as well.
            .undo_local(move |trip: Trip, mut scope: Scope| async move {
                write(&mut scope, "cancellations", step, &trip)?;
                Ok((trip, scope))
            })
    });
    builder.build().unwrap()
}

fn write(scope: &mut Scope, collection: &'static str, step: &str, trip: &Trip) -> Result<(), StepError> {
    let id = format!("{step}/{}", trip.id);
    let document = DocumentWrite::json(collection, id, Expected::ABSENT, &trip.items)?;
    scope.write(|commit| commit.document(document));
    Ok(())
}

struct Sagas {
    store: Arc<dyn Store>,
    orchestrator: Orchestrator,
}

impl Sagas {
    async fn begin(&self) -> String {
        let context = SystemHost.context();
        let id = context.operation().to_string();
        let trip = Trip { id: id.clone(), items: vec![Item::number(1)] };
        let mut scope = Scope::new(context.clone(), self.store.clone(), Commit::within(&context));
        self.orchestrator.begin(NAME, &id, &trip, &mut scope).await.unwrap();
        self.store.commit(scope.into_commit()).await.unwrap();
        id
    }
}

impl Caller for Sagas {
    async fn call(&mut self) {
        self.begin().await;
    }
}
