//! A step that decides: before it everything can be undone, after it nothing is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected, NewMessage};
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_outbox::{Message, RetryPolicy, Scope, StoreBus};
use commerce_saga::testing::{End, Fault, Faults, FlowingHost, Process, Trial, prove};
use commerce_saga::{
    BuildError, Instance, Orchestrator, Phase, PhaseStatus, Reply, Saga, SagaError, SagaStatus, StepError,
    Version, action, compensation,
};
use serde::{Deserialize, Serialize};

macro_rules! messages {
    ($($name:ident $message_type:literal),*) => {$(
        #[derive(Serialize, Deserialize)]
        struct $name(String);
        impl Message for $name {
            const TOPIC: &'static str = "desk";
            const TYPE: &'static str = $message_type;
            fn key(&self) -> String {
                self.0.clone()
            }
        }
    )*};
}

messages!(Lock "lock", Unlock "unlock", Launch "launch", Burn "burn");

/// A rocket: locked, launched, burnt out, and written into the books.
struct Rocket;

fn definition() -> Saga<String> {
    Saga::builder::<String>("rocket", Version(1))
        .replies_to("replies")
        .request("lock", |id: &String| Lock(id.clone()))
        .undo(|id| Unlock(id.clone()))
        .request("launch", |id| Launch(id.clone()))
        .decisive()
        .request("burn", |id| Burn(id.clone()))
        .local("books", |id: String, mut scope: Scope| async move {
            write("books", &mut scope).await.map_err(StepError::from)?;
            Ok((id, scope))
        })
        .build()
        .unwrap()
}

/// Notes that something was done; that it was not done before is for the store to say.
async fn write(what: &'static str, scope: &mut Scope) -> Result<(), commerce_outbox::HandleError> {
    let note = DocumentWrite::put("done", what, Expected::ABSENT, b"{}".to_vec());
    scope.write(|commit| commit.document(note));
    Ok(())
}

#[async_trait]
impl Trial for Rocket {
    fn services(&self) -> Vec<&'static str> {
        vec!["control", "desk"]
    }

    fn run(&self) -> (&'static str, String) {
        ("rocket", "1".to_owned())
    }

    async fn start(&self, process: &Process) -> Orchestrator {
        macro_rules! does {
            ($message:ident, $what:literal) => {
                action(|_: $message, request, mut scope: Scope| async move {
                    write($what, &mut scope).await?;
                    request.finish(scope, &Reply::done(&())?)
                })
            };
        }
        let unlock = compensation(|_: Unlock, request, mut scope: Scope| async move {
            let gone = DocumentWrite::delete("done", "lock", Expected::Version(1));
            scope.write(|commit| commit.document(gone));
            request.finish(scope, &Reply::done(&())?)
        });
        let desk = process
            .consumer("desk")
            .on_type("desk", Lock::TYPE, does!(Lock, "lock"))
            .on_type("desk", Unlock::TYPE, unlock)
            .on_type("desk", Launch::TYPE, does!(Launch, "launch"))
            .on_type("desk", Burn::TYPE, does!(Burn, "burn"));
        process.consume(desk);
        let definition = process.faulty(definition());
        let orchestrator = Orchestrator::new(process.store("control"), process.host()).register(definition);
        process.consume(orchestrator.attach(process.consumer("control"), "replies"));
        process.orchestrate(&orchestrator);
        orchestrator
    }

    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
        orchestrator.begin("rocket", "1", &"1".to_owned(), scope).await
    }

    async fn check(&self, stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> End {
        let mut done = Vec::new();
        for (service, what) in [("desk", "lock"), ("desk", "launch"), ("desk", "burn"), ("control", "books")]
        {
            if stores[service].document(&Tenant::default(), "done", what).await.unwrap().is_some() {
                done.push(what);
            }
        }
        match done.len() {
            4 => End::Done,
            0 => End::Undone,
            _ => End::Mixed(format!("{done:?}")),
        }
    }
}

/// It goes its whole way, or back from before the launch; after the launch it is stuck where it can't go on.
#[tokio::test(start_paused = true)]
async fn what_comes_after_the_decision_is_done_however_often_it_is_to_be_tried() {
    let report = prove(&Rocket).await;
    assert!(report.completed > 20 && report.undone > 10 && report.crashed > 20, "{report}");
    assert_eq!(report.stuck, 4, "two steps after it, each with every request once and twice: {report}");
}

/// A rocket of which something goes wrong, as it stands when nothing more happens by itself.
async fn launched(faults: Faults, until: SagaStatus) -> (Orchestrator, Process) {
    let host = Arc::new(FlowingHost::new());
    let mut stores = BTreeMap::new();
    for service in Rocket.services() {
        stores.insert(service, Arc::new(MemoryStore::new(host.clone())) as Arc<dyn Store>);
    }
    let bus =
        stores.iter().fold(StoreBus::new(host.clone()), |bus, (name, store)| bus.source(name, store.clone()));
    let process = Process::new(host.clone(), stores, Arc::new(bus), faults);
    let orchestrator = Rocket.start(&process).await;
    let context = host.context();
    let store = process.store("control");
    let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
    Rocket.begin(&orchestrator, &mut scope).await.unwrap();
    store.commit(scope.into_commit()).await.unwrap();
    wait(&orchestrator, until).await;
    (orchestrator, process)
}

async fn wait(orchestrator: &Orchestrator, until: SagaStatus) -> Instance {
    for _ in 0..100_000 {
        let instance = orchestrator.instance(&Tenant::default(), "rocket", "1").await.unwrap();
        if instance.status == until {
            return instance;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {until:?}");
}

#[tokio::test(start_paused = true)]
async fn an_operator_has_what_is_stuck_after_the_decision_tried_again() {
    let faults = Faults::default();
    faults.strike("burn", Phase::Action, Fault::Transient, 8);
    let (orchestrator, process) = launched(faults, SagaStatus::Stuck).await;
    let stuck = wait(&orchestrator, SagaStatus::Stuck).await;
    assert_eq!(stuck.failure.unwrap().step, "burn");
    assert_eq!(stuck.steps[0].undo, None, "nothing is undone");
    orchestrator.retry(&Tenant::default(), "rocket", "1", "ada", "it is dry again").await.unwrap();
    let done = wait(&orchestrator, SagaStatus::Completed).await;
    assert_eq!(done.failure, None);
    assert_eq!(done.steps[2].action.as_ref().unwrap().attempts, 9);
    process.kill();
}

#[tokio::test(start_paused = true)]
async fn an_operator_skips_what_is_stuck_after_the_decision() {
    let faults = Faults::default();
    faults.strike("burn", Phase::Action, Fault::Fail, 1);
    let (orchestrator, process) = launched(faults, SagaStatus::Stuck).await;
    orchestrator.skip(&Tenant::default(), "rocket", "1", "ada", "it burnt by itself").await.unwrap();
    let done = wait(&orchestrator, SagaStatus::Completed).await;
    assert_eq!(done.steps[2].action.as_ref().unwrap().status, PhaseStatus::Skipped);
    assert_eq!(done.steps[3].action.as_ref().unwrap().status, PhaseStatus::Done, "the rest is done");
    process.kill();
}

/// Whether it was launched is not known: it is neither taken back nor gone on with.
#[tokio::test(start_paused = true)]
async fn a_decision_that_no_one_knows_of_is_stuck() {
    let faults = Faults::default();
    faults.strike("launch", Phase::Action, Fault::LoseRequest, u32::MAX);
    let (orchestrator, process) = launched(faults.clone(), SagaStatus::Stuck).await;
    faults.clear();
    orchestrator.retry(&Tenant::default(), "rocket", "1", "ada", "the line is mended").await.unwrap();
    wait(&orchestrator, SagaStatus::Completed).await;
    process.kill();
}

/// A certain refusal answers for the attempts before it too.
#[tokio::test(start_paused = true)]
async fn a_decision_that_is_refused_after_all_leads_back() {
    let faults = Faults::default();
    faults.strike("launch", Phase::Action, Fault::LoseRequest, 2);
    faults.strike("launch", Phase::Action, Fault::Fail, 1);
    let (orchestrator, process) = launched(faults, SagaStatus::Failed).await;
    let failed = wait(&orchestrator, SagaStatus::Failed).await;
    assert_eq!(failed.steps[0].undo.as_ref().unwrap().status, PhaseStatus::Done);
    process.kill();
}

/// Two steps at the same time after the decision, neither of which anyone answers but a test.
async fn unanswered(host: &Arc<FlowingHost>, store: &Arc<dyn Store>) -> (Orchestrator, Process) {
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let saga = Saga::builder::<String>("rocket", Version(1))
        .replies_to("replies")
        .local("launch", |id: String, scope| async move { Ok((id, scope)) })
        .decisive()
        .request("burn", |id: &String| Burn(id.clone()))
        .undo_retry(once)
        .request("lock", |id| Lock(id.clone()))
        .undo_retry(once)
        .reply_within(Duration::from_secs(60))
        .alongside()
        .build()
        .unwrap();
    let bus = Arc::new(StoreBus::new(host.clone()).source("control", store.clone()));
    let stores = BTreeMap::from([("control", store.clone())]);
    let process = Process::new(host.clone(), stores, bus, Faults::default());
    let orchestrator = Orchestrator::new(store.clone(), host.clone()).register(saga);
    process.consume(orchestrator.attach(process.consumer("control"), "replies"));
    process.orchestrate(&orchestrator);
    let context = host.context();
    let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
    Rocket.begin(&orchestrator, &mut scope).await.unwrap();
    store.commit(scope.into_commit()).await.unwrap();
    (orchestrator, process)
}

async fn answer(store: &Arc<dyn Store>, step: &str) {
    let headers = [("saga", "rocket"), ("saga-id", "1"), ("saga-step", step), ("saga-phase", "action")];
    let reply = NewMessage::new("replies", "1").of_type("saga.reply").header("saga-attempt", "1");
    let reply = headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value));
    let reply = reply.json(&Reply::done(&()).unwrap()).unwrap();
    store.commit(Commit::new().message(reply)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_beside_a_step_that_is_awaited_needs_no_operator() {
    let host = Arc::new(FlowingHost::new());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let (orchestrator, process) = unanswered(&host, &store).await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    let awaited = wait(&orchestrator, SagaStatus::Running).await;
    assert_eq!(awaited.failure.unwrap().step, "burn", "it is given up");
    answer(&store, "burn").await;
    assert_eq!(wait(&orchestrator, SagaStatus::Running).await.failure, None);
    answer(&store, "lock").await;
    wait(&orchestrator, SagaStatus::Completed).await;
    process.kill();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_leaves_the_other_step_that_was_given_up() {
    let host = Arc::new(FlowingHost::new());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let (orchestrator, process) = unanswered(&host, &store).await;
    wait(&orchestrator, SagaStatus::Stuck).await;
    answer(&store, "burn").await;
    assert_eq!(wait(&orchestrator, SagaStatus::Stuck).await.failure.unwrap().step, "lock");
    answer(&store, "lock").await;
    assert_eq!(wait(&orchestrator, SagaStatus::Completed).await.failure, None);
    process.kill();
}

#[tokio::test(start_paused = true)]
async fn an_operator_acts_on_the_step_that_the_run_says_it_is_stuck_at() {
    let host = Arc::new(FlowingHost::new());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let (orchestrator, process) = unanswered(&host, &store).await;
    let tenant = Tenant::default();
    assert_eq!(wait(&orchestrator, SagaStatus::Stuck).await.failure.unwrap().step, "burn");

    orchestrator.retry(&tenant, "rocket", "1", "ada", "it is dry again").await.unwrap();
    let tried = wait(&orchestrator, SagaStatus::Running).await;
    let attempts: Vec<_> = tried.steps.iter().map(|step| step.action.as_ref().unwrap().attempts).collect();
    assert_eq!(attempts, [1, 2, 1], "{}", tried.timeline());
    assert_eq!(tried.failure.unwrap().step, "lock", "the other is left");
    let stuck = wait(&orchestrator, SagaStatus::Stuck).await.failure.unwrap().step;
    assert_eq!(stuck, "lock", "both are given up again");

    orchestrator.skip(&tenant, "rocket", "1", "ada", "locked by hand").await.unwrap();
    let stuck = wait(&orchestrator, SagaStatus::Stuck).await;
    assert_eq!(stuck.steps[2].action.as_ref().unwrap().status, PhaseStatus::Skipped);
    assert_eq!(stuck.failure.unwrap().step, "burn");
    orchestrator.skip(&tenant, "rocket", "1", "ada", "it burnt by itself").await.unwrap();
    assert_eq!(wait(&orchestrator, SagaStatus::Completed).await.failure, None);
    process.kill();
}

#[test]
fn one_step_decides_and_has_none_alongside() {
    let ask = |id: &String| Lock(id.clone());
    let begun =
        || Saga::builder::<String>("two", Version(1)).replies_to("replies").request("one", ask).decisive();
    let misplaced = |built: Result<Saga<String>, BuildError>| {
        assert!(matches!(built, Err(BuildError::Misplaced { said: "decisive", .. })));
    };
    misplaced(begun().request("other", ask).decisive().build());
    misplaced(begun().request("other", ask).alongside().build());
    assert!(begun().request("other", ask).request("third", ask).alongside().build().is_ok());
    assert!(definition().mermaid().contains("burn --> stuck: failed"));
}
