//! Payment: money is taken once, and the books say so in the same commit.
//!
//! A capture is two commits. The first makes durable that the provider is about to be called, and under which key; the
//! second what it answered. If the process dies between them, the provider is *asked* what became of the charge. A
//! payment is cancelled once the provider has cancelled the charge for certain, not before.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Claim, ClaimKey, Commit, Conflict, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::id::OrderId;
use commerce_core::payment::{
    NextStep, Payment, PaymentCommand, PaymentProvider, PaymentStatus, ProviderError, entries_for,
};
use commerce_core::store::Store;
use commerce_core::{Aggregate, Context, Host};
use commerce_outbox::{Bus, Consumer, HandleError, Handled, Message, Scope};
use commerce_saga::{Reply, Request, action, compensation};

use super::{Session, bug};
use crate::messages::{CancelPayment, CapturePayment, PAYMENT, PayOutRefund, RefundOrder, RefundPayment};

/// The journal: one document for each capture and each refund.
pub const LEDGER: &str = "ledger";
/// The scope of the claim that lets an order have one live payment.
const LIVE_PAYMENT: &str = "live-payment";

/// The payment service.
#[derive(Clone)]
pub struct Payments {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    provider: Arc<dyn PaymentProvider>,
    patience: Duration,
}

impl Payments {
    /// On this store, with this provider, which is given up on for the moment after `patience`.
    pub fn new(
        store: Arc<dyn Store>,
        host: Arc<dyn Host>,
        provider: Arc<dyn PaymentProvider>,
        patience: Duration,
    ) -> Self {
        Self { store, host, provider, patience }
    }

    /// What it does with the messages it gets.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let (capture, cancel, refund, pay_out) = (self.clone(), self.clone(), self.clone(), self.clone());
        let refund_order = self.clone();
        Consumer::new("payment", bus, self.store.clone(), self.host.clone())
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
            .on(move |message: PayOutRefund, scope| pay_out.clone().pay_out(message, scope))
    }

    async fn capture(
        self,
        message: CapturePayment,
        mut request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let order_id = message.order_id;
        let mut payment = Session::<Payment>::load(&self.store, &context, message.payment_id).await?;
        let fresh = !payment.exists();
        if fresh {
            if let Err(refusal) = open(&mut payment, message, &context) {
                return request.finish(scope, &refusal);
            }
            match self.begin(&payment, order_id, &mut request, &context).await {
                Err(error) if another_is_live(&error) => {
                    let refusal = Reply::failed("payment_live", "the order has a live payment already");
                    return request.finish(scope, &refusal);
                }
                begun => begun?,
            }
            payment = Session::load(&self.store, &context, payment_id(&payment)?).await?;
        }
        let step = self.ask_provider(payment.state(), fresh).await;
        self.record(payment, order_id, step, request, scope)
    }

    /// The first commit: from now on the provider may have been called.
    async fn begin(
        &self,
        payment: &Session<Payment>,
        order_id: OrderId,
        request: &mut Request,
        context: &Context,
    ) -> Result<(), HandleError> {
        let commit = payment.write_to(Commit::within(context))?;
        let commit = commit.claim(Claim::new(LIVE_PAYMENT, order_id.to_string()));
        self.store.commit(request.begin(commit)?).await?;
        Ok(())
    }

    /// Calls the provider, or asks it, and says what is to be recorded.
    async fn ask_provider(&self, payment: &Payment, fresh: bool) -> NextStep {
        let Some(capture) = payment.capture_request() else { return NextStep::Find };
        if !fresh {
            let found = self.in_time(self.provider.find(&capture)).await;
            let step = NextStep::after_find(&found);
            if !matches!(step, NextStep::CaptureAgain) {
                return step;
            }
        }
        let captured = self.in_time(self.provider.capture(&capture)).await;
        NextStep::after_capture(&capture, &captured)
    }

    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        tokio::time::timeout(self.patience, call).await.unwrap_or_else(|_| {
            Err(ProviderError::Unknown { reason: format!("no answer within {:?}", self.patience) })
        })
    }

    /// The second commit: what the provider answered.
    fn record(
        &self,
        mut payment: Session<Payment>,
        order_id: OrderId,
        step: NextStep,
        request: Request,
        mut scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        if let NextStep::Record(command) = step {
            payment.decide(command, &context).map_err(bug)?;
        }
        write(&payment, order_id, &mut scope)?;
        let reply = match payment.state().status() {
            Some(PaymentStatus::Failed | PaymentStatus::Cancelled) => {
                let failure = payment.state().failure();
                let (code, reason) = failure.map_or(("cancelled", "the payment was cancelled"), |failure| {
                    (&failure.code, &failure.reason)
                });
                Reply::failed(code, reason)
            }
            Some(status) if status.is_captured() => Reply::done(&())?,
            _ if !payment.events().is_empty() => {
                Reply::transient("provider_unavailable", "the provider can't take the payment now")
            }
            // No one knows: the saga asks again, and undoes it if it never learns.
            _ => return Ok(scope.finish()),
        };
        request.finish(scope, &reply)
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
        if let Some(capture) = payment.state().capture_request() {
            let answer = self.in_time(self.provider.cancel(&capture)).await;
            let NextStep::Record(command) = NextStep::after_cancel(&message.reason, &answer) else {
                let reply =
                    Reply::transient("provider_unavailable", "the provider can't say what became of it");
                return request.finish(scope, &reply);
            };
            payment.decide(command, &context).map_err(bug)?;
        }
        if let Some(amount) = payment.state().refundable_amount().filter(|amount| amount.is_positive())
            && payment.state().status().is_some_and(PaymentStatus::is_captured)
        {
            // The payment's own id names the refund of all that is left.
            let refund_id = message.payment_id.0;
            let command = PaymentCommand::Refund { refund_id, amount, reason: message.reason };
            payment.decide(command, &context).map_err(bug)?;
            scope.send(PayOutRefund { payment_id: message.payment_id, refund_id }.to_message()?);
        }
        write(&payment, message.order_id, &mut scope)?;
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
        if let Err(rejection) = payment.decide(PaymentCommand::Refund { refund_id, amount, reason }, &context)
        {
            return request.finish(scope, &Reply::failed(rejection.code(), rejection));
        }
        if let Some(order_id) = payment.state().order_id() {
            write(&payment, order_id, &mut scope)?;
        }
        scope.send(PayOutRefund { payment_id, refund_id }.to_message()?);
        request.finish(scope, &Reply::done(&())?)
    }

    /// The refund is in the books: the provider is called, under the refund's key, until it answers.
    async fn pay_out(self, message: PayOutRefund, scope: Scope) -> Result<Handled, HandleError> {
        let payment = Session::<Payment>::load(&self.store, scope.context(), message.payment_id).await?;
        let Some(refund) = payment.state().refund_request(message.refund_id) else {
            return Err(HandleError::terminal("the payment has no such refund"));
        };
        match self.in_time(self.provider.refund(&refund)).await {
            Ok(_) => Ok(scope.finish()),
            Err(error @ ProviderError::Declined { .. }) => Err(HandleError::terminal(error)),
            Err(error) => Err(HandleError::retryable(error)),
        }
    }
}

fn payment_id(payment: &Session<Payment>) -> Result<<Payment as Aggregate>::Id, HandleError> {
    payment.state().payment_id().ok_or_else(|| bug("a payment without id"))
}

/// Makes a payment and notes that its first attempt begins; or says why there can't be one.
fn open(payment: &mut Session<Payment>, message: CapturePayment, context: &Context) -> Result<(), Reply> {
    let CapturePayment { order_id, payment_id, amount, method, token } = message;
    let create = PaymentCommand::Create { payment_id, order_id, amount, method };
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

/// Adds a payment's events to the commit, with their journal entries; a payment that is no longer live frees its order
/// for another.
fn write(payment: &Session<Payment>, order_id: OrderId, scope: &mut Scope) -> Result<(), HandleError> {
    let mut commit = payment.write_to(Commit::new())?;
    for event in payment.events() {
        for entry in entries_for(payment.state(), event).map_err(bug)? {
            let id = entry.id().to_string();
            commit = commit.document(DocumentWrite::json(LEDGER, id, Expected::ABSENT, &entry)?);
        }
    }
    if !payment.events().is_empty() && payment.state().status().is_some_and(|status| !status.is_live()) {
        commit = commit.release(ClaimKey::new(LIVE_PAYMENT, order_id.to_string()));
    }
    scope.write(|base| base.and(commit));
    Ok(())
}
