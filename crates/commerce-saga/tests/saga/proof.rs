//! The test kit, run on a saga that keeps its word and on one that does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{DocumentWrite, Expected, NewMessage};
use commerce_core::store::Store;
use commerce_outbox::Scope;
use commerce_saga::testing::{End, Options, Process, Trial, examine, prove};
use commerce_saga::{Orchestrator, Reply, Saga, SagaError, Version};

use crate::store::new_store;
use crate::trip::{BookHotel, CancelHotel, Tour, Trip, count, counts};

#[tokio::test(start_paused = true)]
async fn a_trip_is_all_booked_or_not_at_all_whatever_goes_wrong() {
    let report = prove(&Tour::default()).await;
    println!("{report}");
    assert!(report.runs > 200 && report.crashed > 150 && report.aborted > 100, "{report}");
}

/// A hotel without a barrier: it answers by hand.
struct Careless;

#[async_trait]
impl Trial for Careless {
    fn services(&self) -> Vec<&'static str> {
        vec!["trips", "hotel"]
    }

    fn run(&self) -> (&'static str, String) {
        ("stay", "1".to_owned())
    }

    async fn store(&self, _: &str, host: Arc<dyn Host>) -> Arc<dyn Store> {
        new_store(host).await
    }

    async fn start(&self, process: &Process) -> Orchestrator {
        let answer = |phase: &'static str| {
            NewMessage::new("trips", "1")
                .of_type("saga.reply")
                .header("saga", "stay")
                .header("saga-id", "1")
                .header("saga-step", "hotel")
                .header("saga-phase", phase)
                .header("saga-attempt", "1")
                .json(&Reply::done(&()).unwrap())
                .unwrap()
        };
        let add = |mut scope: Scope, made: bool| async move {
            let (mut count, version) = count(scope.store(), "hotel", "1").await;
            if made {
                count.made += 1
            } else {
                count.cancelled += 1
            }
            let write = DocumentWrite::json("counts", "hotel/1", Expected::Version(version), &count).unwrap();
            scope.write(|commit| commit.document(write));
            scope
        };
        let hotel = process
            .consumer("hotel")
            .on(move |_: BookHotel, scope| async move {
                let mut scope = add(scope, true).await;
                scope.send(answer("action"));
                Ok(scope.finish())
            })
            .on(move |_: CancelHotel, scope| async move {
                let mut scope = add(scope, false).await;
                scope.send(answer("undo"));
                Ok(scope.finish())
            });
        process.consume(hotel);
        let saga = Saga::builder::<Trip>("stay", Version(1))
            .replies_to("trips")
            .request("hotel", |trip| BookHotel(trip.id.clone()))
            .undo(|trip| CancelHotel(trip.id.clone()))
            .build()
            .unwrap();
        let orchestrator =
            Orchestrator::new(process.store("trips"), process.host()).register(process.faulty(saga));
        process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
        process.orchestrate(&orchestrator);
        orchestrator
    }

    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
        orchestrator.begin("stay", "1", &Trip { id: "1".to_owned(), seats: vec![] }, scope).await
    }

    async fn check(&self, stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> End {
        match count(&stores["hotel"], "hotel", "1").await.0 {
            found if found.made == 1 && found.cancelled == 0 => End::Done,
            found if found.made == found.cancelled && found.made <= 1 => End::Undone,
            found => End::Mixed(format!("{found:?}")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_participant_without_a_barrier_is_found_out() {
    let report = examine(&Careless, Options::default()).await;
    let broken: Vec<&str> = report.broken.iter().map(|(case, _)| case.as_str()).collect();
    assert!(broken.contains(&"every request twice"), "{report}");
    assert!(broken.contains(&"Overtake at action of hotel"), "{report}");
    assert!(broken.contains(&"LoseRequest at action of hotel"), "cancels what never was: {report}");
    assert!(report.completed > 0 && report.undone > 0, "the rest passes: {report}");
}

/// A trip whose definition is not registered by [`Process::faulty`].
struct Forgetful(Tour);

#[async_trait]
impl Trial for Forgetful {
    fn services(&self) -> Vec<&'static str> {
        self.0.services()
    }

    fn run(&self) -> (&'static str, String) {
        self.0.run()
    }

    async fn store(&self, _: &str, host: Arc<dyn Host>) -> Arc<dyn Store> {
        new_store(host).await
    }

    async fn start(&self, process: &Process) -> Orchestrator {
        crate::trip::consume_participants(process, &self.0.script);
        let saga = crate::trip::saga(1, &self.0.script, process.store("card"));
        let orchestrator = Orchestrator::new(process.store("trips"), process.host()).register(saga);
        process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
        process.orchestrate(&orchestrator);
        orchestrator
    }

    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
        self.0.begin(orchestrator, scope).await
    }

    async fn check(&self, stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> End {
        crate::trip::end(&counts(stores, "1").await)
    }
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_meets_no_faults_is_no_proof() {
    let report = examine(&Forgetful(Tour::default()), Options::default()).await;
    assert!(report.to_string().contains("Process::faulty"), "{report}");
}
