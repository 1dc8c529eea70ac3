//! The participant of the orders' sagas.

use commerce_core::commit::Commit;
use commerce_outbox::{Consumer, HandleError, Handled, Message, Scope};
use commerce_saga::{Reply, Request, action, compensation};

use crate::orders::{MADE, Order, Recall, Release, Reserve, Ship, UNDONE};

/// Has a consumer do what the depot is asked.
pub fn attach(consumer: Consumer) -> Consumer {
    let reserve = action(|Reserve(order), request, scope| make(order, "reserve", request, scope));
    let release = compensation(|Release(order), request, scope| undo(order, "reserve", request, scope));
    let ship = action(|Ship(order), request, scope| make(order, "ship", request, scope));
    let recall = compensation(|Recall(order), request, scope| undo(order, "ship", request, scope));
    consumer
        .on_type(Reserve::TOPIC, Reserve::TYPE, reserve)
        .on_type(Release::TOPIC, Release::TYPE, release)
        .on_type(Ship::TOPIC, Ship::TYPE, ship)
        .on_type(Recall::TOPIC, Recall::TYPE, recall)
}

async fn make(
    order: Order,
    step: &'static str,
    request: Request,
    scope: Scope,
) -> Result<Handled, HandleError> {
    if order.fails_at() == Some(step) {
        return request.finish(scope, &Reply::failed("refused", "as the test wants it"));
    }
    finish(request, scope, |commit| order.effect(commit, step, MADE))
}

async fn undo(
    order: Order,
    step: &'static str,
    request: Request,
    scope: Scope,
) -> Result<Handled, HandleError> {
    finish(request, scope, |commit| order.effect(commit, step, UNDONE))
}

fn finish(
    request: Request,
    mut scope: Scope,
    effect: impl FnOnce(Commit) -> Commit,
) -> Result<Handled, HandleError> {
    scope.write(effect);
    request.finish(scope, &Reply::done(&())?)
}
