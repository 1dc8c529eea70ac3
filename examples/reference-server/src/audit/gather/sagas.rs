use commerce_core::id::{OrderId, Tenant};
use commerce_core::store::{Document, Store, StoreError};
use commerce_saga::{Instance, PhaseRecord, PhaseStatus, SagaStatus};

use crate::audit::facts::{Checkout, Facts, ReturnFacts};
use crate::audit::invariant::{DOCUMENT_UNDECODABLE, SAGA_ABANDONED, SAGA_UNFINISHED, SAGA_WITHOUT_ORDER};
use crate::audit::read;
use crate::audit::report::Findings;
use crate::sagas::{cancel_order, place_order, return_goods};

/// Where the orchestrator keeps its instances.
const SAGAS: &str = "sagas";

/// The saga instances of the order service.
pub(super) async fn instances(
    store: &dyn Store,
    tenant: &Tenant,
    facts: &mut Facts,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |document: &Document, findings: &mut Findings| {
        findings.count("sagas", 1);
        let Some(instance) = read::body::<Instance>(document, findings) else { return };
        report(&instance, findings);
        match &*instance.saga {
            place_order::NAME => take_checkout(facts, &instance, findings),
            cancel_order::NAME => take_cancellation(facts, &instance, findings),
            return_goods::NAME => take_return(facts, &instance, findings),
            _ => {}
        }
    };
    read::documents(store, tenant, SAGAS, findings, take).await
}

fn report(instance: &Instance, findings: &mut Findings) {
    match instance.status {
        SagaStatus::Completed | SagaStatus::Failed => {}
        SagaStatus::Abandoned => {
            let note = instance.notes.iter().rev().find(|note| note.action == "abandoned");
            let why = note.map_or_else(String::new, |note| format!(" by {}: {}", note.actor, note.reason));
            findings.breach(SAGA_ABANDONED, name(instance), format!("was given up{why}"));
        }
        status @ (SagaStatus::Running | SagaStatus::Compensating | SagaStatus::Stuck) => {
            let paused = if instance.paused { " and paused" } else { "" };
            let detail = format!("is {}{paused}{}", status.as_str(), where_it_stands(instance));
            findings.breach(SAGA_UNFINISHED, name(instance), detail);
        }
    }
}

fn name(instance: &Instance) -> String {
    format!("saga {}/{}", instance.saga, instance.id)
}

/// The step that is open or has failed for good, and its last error.
fn where_it_stands(instance: &Instance) -> String {
    let phases = instance.steps.iter().flat_map(|step| {
        let undo = step.undo.as_ref().map(|undo| ("undoing", &step.name, undo));
        undo.or(step.action.as_ref().map(|action| ("doing", &step.name, action)))
    });
    let is_it = |phase: &PhaseRecord| phase.is_open() || phase.status == PhaseStatus::Failed;
    // Compensation goes backwards: what is open comes before what made it necessary.
    let Some((what, step, phase)) = phases
        .clone()
        .find(|(_, _, phase)| phase.is_open())
        .or_else(|| phases.filter(|(what, _, _)| *what == "undoing").find(|(_, _, phase)| is_it(phase)))
    else {
        let failure = instance.failure.as_ref();
        return failure.map_or_else(String::new, |why| format!(" after {} ({})", why.step, why.code));
    };
    let error = phase.error.as_ref();
    let error = error.map_or_else(String::new, |(code, detail)| format!(": {code}: {detail}"));
    format!(" at {what} {step}, attempt {}{error}", phase.attempts)
}

/// The order that a saga is about.
fn order_of(facts: &Facts, instance: &Instance, findings: &mut Findings) -> Option<OrderId> {
    let order_id = instance.id.parse::<OrderId>().ok().filter(|id| facts.placed(*id).is_some());
    if order_id.is_none() {
        findings.breach(SAGA_WITHOUT_ORDER, name(instance), "is that of no order");
    }
    order_id
}

fn take_cancellation(facts: &mut Facts, instance: &Instance, findings: &mut Findings) {
    if let Some(order_id) = order_of(facts, instance, findings) {
        facts.cancellations.insert(order_id, instance.status);
    }
}

fn take_checkout(facts: &mut Facts, instance: &Instance, findings: &mut Findings) {
    let Some(order_id) = order_of(facts, instance, findings) else { return };
    let (status, aborted) = (instance.status, instance.aborted().is_some());
    let checkout = facts.checkouts.entry(order_id).or_insert(Checkout { status, aborted, instances: 0 });
    checkout.instances += 1;
}

fn take_return(facts: &mut Facts, instance: &Instance, findings: &mut Findings) {
    match serde_json::from_str::<return_goods::ReturnGoods>(instance.state.get()) {
        Ok(goods) => {
            let (status, correlation) = (instance.status, instance.correlation);
            facts.returns.insert(goods.return_id, ReturnFacts { status, correlation, goods });
        }
        Err(error) => {
            findings.breach(
                DOCUMENT_UNDECODABLE,
                name(instance),
                format!("has an unreadable state: {error}"),
            );
        }
    }
}
