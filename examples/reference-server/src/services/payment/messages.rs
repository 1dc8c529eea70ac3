//! What the payment service does with the messages it gets.

use std::sync::Arc;

use commerce_core::Context;
use commerce_core::commit::{Commit, Conflict};
use commerce_core::error::Kind;
use commerce_core::payment::{NextStep, Payment, PaymentCommand, PaymentStatus};
use commerce_outbox::{Bus, Consumer, HandleError, Handled, Message, Scope};
use commerce_saga::{Reply, Request, action, compensation};

use super::awaited::{Awaited, end_of};
use super::books::events_of;
use super::by_hand::give_all_back;
use super::differing;
use super::error::BETWEEN_STEPS;
use super::failed_refund::leave_to_an_operator;
use super::orders::KeepCopy;
use super::{LIVE_PAYMENT, PaymentError, Payments};
use crate::messages::{
    CancelPayment, CapturePayment, ORDER_EVENTS, PAYMENT, PayOutRefund, RefundFailed, RefundOrder,
    RefundPayment, ReturnStrayMoney,
};
use crate::services::{Session, bug};

/// So many messages at a time. Most of the time they wait for the provider: where that is slow with some, others go on.
const AT_ONCE: usize = 1_024;

impl Payments {
    /// What it does with the messages it gets, and with what it hears of orders.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let (capture, cancel, refund) = (self.clone(), self.clone(), self.clone());
        let (refund_order, pay_out, give_back) = (self.clone(), self.clone(), self.clone());
        Consumer::new("payment", bus, self.store.clone(), self.host.clone())
            .concurrency(AT_ONCE)
            .on_type(
                PAYMENT,
                CapturePayment::TYPE,
                action(move |message, request, scope| capture.clone().capture(message, request, scope)),
            )
            .on_type(
                PAYMENT,
                CancelPayment::TYPE,
                compensation(move |message, request, scope| cancel.clone().cancel(message, request, scope)),
            )
            .on_type(
                PAYMENT,
                RefundOrder::TYPE,
                action(move |message: RefundOrder, request, scope| {
                    let RefundOrder { order_id, payment_id, reason } = message;
                    let message = CancelPayment { order_id, payment_id, reason };
                    refund_order.clone().cancel(message, request, scope)
                }),
            )
            .on_type(
                PAYMENT,
                RefundPayment::TYPE,
                action(move |message, request, scope| refund.clone().refund(message, request, scope)),
            )
            .on_topic(ORDER_EVENTS, Arc::new(KeepCopy(self.clone())))
            .on(move |message: PayOutRefund, scope| pay_out.clone().pay_out(message, scope))
            .on(move |message: ReturnStrayMoney, scope| give_back.clone().give_back(message, scope))
            .on(|message: RefundFailed, _| async move { leave_to_an_operator(&message) })
    }

    async fn capture(
        self,
        message: CapturePayment,
        mut request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let mut payment = Session::<Payment>::load(&self.store, &context, message.payment_id).await?;
        let fresh = !payment.exists();
        if fresh {
            if let Err(refusal) = open(&mut payment, message, &context) {
                return request.finish(scope, &refusal);
            }
            if let Some(refusal) = self.begin_alone(&payment, &mut request, &context).await? {
                return request.finish(scope, &refusal);
            }
            payment = payment.committed();
        }
        // No one can wait for what has only begun.
        let awaited = if fresh {
            Awaited::default()
        } else {
            self.awaited(&payment, &context).await.map_err(handled)?
        };
        let step = self.ask_provider(payment.state(), fresh).await;
        answer(payment, awaited, step, request, scope)
    }

    /// The first commit, after a payment that was opened by hand has made way for it; or why there can't be one.
    async fn begin_alone(
        &self,
        payment: &Session<Payment>,
        request: &mut Request,
        context: &Context,
    ) -> Result<Option<Reply>, HandleError> {
        match self.begin(payment, request, context).await {
            Err(error) if another_is_live(&error) => {}
            begun => return begun.map(|()| None),
        }
        let order_id = payment.state().order_id().ok_or_else(|| bug("a payment of no order"))?;
        match self.make_way(order_id, context).await {
            Err(PaymentError::ProviderUnavailable) => {
                let why = "the provider can't say what became of another payment of the order";
                return Ok(Some(Reply::transient("provider_unavailable", why)));
            }
            made => made.map_err(handled)?,
        }
        match self.begin(payment, request, context).await {
            Err(error) if another_is_live(&error) => {
                Ok(Some(Reply::failed("payment_live", "the order has a live payment already")))
            }
            begun => begun.map(|()| None),
        }
    }

    /// The first commit: from now on the provider may have been called.
    async fn begin(
        &self,
        payment: &Session<Payment>,
        request: &mut Request,
        context: &Context,
    ) -> Result<(), HandleError> {
        let commit = Commit::within(context).and(events_of(payment)?);
        // It has begun once that is durable, and not before.
        let mut begun = request.clone();
        self.store.commit(begun.begin(commit)?).await?;
        *request = begun;
        Ok(())
    }

    /// Gives everything back; what was never taken is called off, at the provider first: what the books have as cancelled
    /// never takes money.
    async fn cancel(
        self,
        message: CancelPayment,
        request: Request,
        mut scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let mut payment = Session::<Payment>::load(&self.store, &context, message.payment_id).await?;
        let mut awaited = Awaited::default();
        if payment.state().status() == Some(PaymentStatus::Processing) {
            awaited = self.awaited(&payment, &context).await.map_err(handled)?;
            match self.call_off(payment.state(), &message.reason).await {
                NextStep::Record(command) => payment.decide(command, &context).map_err(bug)?,
                step => return request.finish(scope, &not_called_off(&step)),
            }
        }
        if let Some(pay_out) = give_all_back(&mut payment, &message.reason, &context).map_err(handled)? {
            scope.send(pay_out);
        }
        // The action that is undone is not answered any more: the barrier says so.
        let commit = awaited.forget(&payment, events_of(&payment)?);
        scope.write(|base| base.and(commit));
        request.finish(scope, &Reply::done(&())?)
    }

    async fn refund(
        self,
        message: RefundPayment,
        request: Request,
        mut scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let RefundPayment { refund_id, payment_id, amount, reason } = message;
        let mut payment = Session::<Payment>::load(&self.store, &context, payment_id).await?;
        let more = match self.decide_refund(&mut payment, refund_id, amount, reason, &context) {
            Err(PaymentError::Rejected(rejection)) => {
                return request.finish(scope, &Reply::failed(rejection.code(), rejection));
            }
            Err(between @ PaymentError::BetweenSteps { .. }) => {
                return request.finish(scope, &Reply::failed(BETWEEN_STEPS, between));
            }
            decided => decided.map_err(handled)?,
        };
        let commit = payment.write_to(more)?;
        scope.write(|base| base.and(commit));
        request.finish(scope, &Reply::done(&())?)
    }
}

/// Why a charge can't be undone now.
fn not_called_off(step: &NextStep) -> Reply {
    match step {
        NextStep::Differs(_) => Reply::transient(differing::CODE, PaymentError::CapturedDiffers),
        _ => Reply::transient("provider_unavailable", "the provider can't say what became of it"),
    }
}

/// The second commit: what the provider answered. A saga that has to wait is answered by whoever brings the end.
fn answer(
    mut payment: Session<Payment>,
    awaited: Awaited,
    step: NextStep,
    request: Request,
    mut scope: Scope,
) -> Result<Handled, HandleError> {
    let context = scope.context().clone();
    if let NextStep::AwaitWebhook { external_payment_id } = step {
        let awaited = awaited.known_as(external_payment_id).answering(request);
        let commit = awaited.keep(&payment, &context, Commit::new())?;
        scope.write(|base| base.and(commit));
        return Ok(scope.finish());
    }
    if let NextStep::Record(command) = step {
        payment.decide(command, &context).map_err(bug)?;
    }
    let commit = events_of(&payment)?;
    match end_of(payment.state())? {
        Some(reply) => {
            let commit = awaited.forget(&payment, commit);
            scope.write(|base| base.and(commit));
            request.finish(scope, &reply)
        }
        // The next attempt is announced.
        None if !payment.events().is_empty() => {
            scope.write(|base| base.and(commit));
            let reply = Reply::transient("provider_unavailable", "the provider can't take the payment now");
            request.finish(scope, &reply)
        }
        // No one knows: the saga asks again, and undoes it if it never learns.
        None => Ok(scope.finish()),
    }
}

/// Makes a payment and notes that its first attempt begins; or says why there can't be one.
fn open(payment: &mut Session<Payment>, message: CapturePayment, context: &Context) -> Result<(), Reply> {
    let CapturePayment { order_id, payment_id, customer_id, amount, method, token } = message;
    let create = PaymentCommand::Create { payment_id, order_id, customer_id, amount, method };
    let start = PaymentCommand::StartProcessing { attempt: 1, token };
    payment
        .decide(create, context)
        .and_then(|()| payment.decide(start, context))
        .map_err(|rejection| Reply::failed(rejection.code(), rejection))
}

fn another_is_live(error: &HandleError) -> bool {
    error.kind() == Kind::Conflict
        && matches!(error.conflict(), Some(Conflict::Claim { key, .. }) if key.scope == LIVE_PAYMENT)
}

/// What it means for the message that is handled.
pub(super) fn handled(error: PaymentError) -> HandleError {
    match error {
        PaymentError::Handle(error) => error,
        PaymentError::Rejected(rejection) => bug(rejection),
        error => HandleError::retryable(error),
    }
}
