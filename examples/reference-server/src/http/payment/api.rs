//! What payment's routes share: whose payments they are, and how they are read, opened, shown and answered.

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Caller, Problem, Resource};
use commerce_adapters::stripe::webhook::WebhookSecrets;
use commerce_core::Context;
use commerce_core::commit::{Commit, CommitError, Conflict};
use commerce_core::id::{OrderId, PaymentId};
use commerce_core::payment::{CustomerAction, ExternalPaymentId, Payment, PaymentCommand, PaymentRejection};
use commerce_core::store::Query;

use super::bodies::NewPayment;
use super::routes;
use super::shown::PaymentShown;
use crate::http::roles::ADMIN;
use crate::http::{Common, Service, Write};
use crate::services::Session;
use crate::services::payment::{AWAITED, CopiedOrder, Payments, Recorded, consequences};
use crate::views::View;
use crate::views::payment::{PAYMENTS, PaymentView};

/// What the routes work on.
#[derive(Clone)]
pub struct PaymentApi {
    pub(super) payments: Payments,
    pub(super) secrets: WebhookSecrets,
    pub(super) livemode: Option<bool>,
    pub(super) view: View,
}

impl PaymentApi {
    /// Of this service, whose provider's webhooks are known by these secrets, and are of real money, of pretended money,
    /// or, if that isn't known, of either.
    pub fn new(payments: Payments, secrets: WebhookSecrets, livemode: Option<bool>) -> Self {
        let view = View::new(payments.store().clone(), std::sync::Arc::new(PaymentView));
        Self { payments, secrets, livemode, view }
    }

    /// Its lists, to be kept up to date.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.payments.store().clone();
        Service::new("payment", common, &store, routes().with_state(self))
    }

    /// Opens a payment by hand, of the order as it is known in the same commit.
    pub(super) async fn open(
        &self,
        mut payment: Session<Payment>,
        caller: &Caller,
        asked: &NewPayment,
        context: &Context,
    ) -> Result<(Session<Payment>, Commit), Problem> {
        let (payment_id, order_id, amount) = (*payment.id(), OrderId(asked.order_id), asked.amount);
        let order = self.payments.copy_of(order_id, context).await?;
        let is_admin = caller.is_one_of(&[ADMIN]);
        if !is_admin {
            theirs(caller, &order)?;
        }
        let (customer_id, method) = (order.customer_id(), asked.method.into());
        let create = PaymentCommand::Create { payment_id, order_id, customer_id, amount, method };
        payment.decide(create, context)?;
        if is_admin { order.may_be_paid() } else { order.may_be_paid_with(amount) }?;
        let commit = consequences(&payment)?.document(order.paid_by_hand(order_id, payment_id)?);
        Ok((payment, commit))
    }

    pub(super) async fn load(
        &self,
        caller: &Caller,
        context: &Context,
        id: PaymentId,
    ) -> Result<Session<Payment>, Problem> {
        let payment = Session::<Payment>::load(self.payments.store(), context, id).await?;
        owns(caller, payment.state())?;
        if !payment.exists() {
            return Err(PaymentRejection::NotFound.into());
        }
        Ok(payment)
    }

    /// As anyone may see it who may see it at all.
    pub(super) async fn show(
        &self,
        payment: &Session<Payment>,
        context: &Context,
    ) -> Result<Response, Problem> {
        Ok(shown(payment, self.payments.charge_of(payment, context).await?, None))
    }

    /// As this caller may see it: its customer, also what they have to do, which no cache may keep.
    pub(super) async fn show_to(
        &self,
        caller: &Caller,
        payment: &Session<Payment>,
        context: &Context,
    ) -> Result<Response, Problem> {
        let charge = self.payments.charge_of(payment, context).await?;
        let action = match &charge {
            Some(charge) if is_theirs(caller, payment.state()) => self.payments.action(charge).await,
            _ => return Ok(shown(payment, charge, None)),
        };
        Ok(([(CACHE_CONTROL, "no-store")], shown(payment, charge, action)).into_response())
    }

    /// Commits what was recorded, with the answer. If someone else has ended the payment meanwhile, it is shown as it
    /// stands.
    pub(super) async fn answer(&self, write: &Write, recorded: Recorded) -> Result<Response, Problem> {
        let Recorded { payment, commit, charge } = recorded;
        let commit = Commit::within(&write.context).and(commit);
        match write.answer.commit(self.payments.store(), commit, shown(&payment, charge, None)).await? {
            Ok((response, _)) => Ok(response),
            Err(CommitError::Conflict(Conflict::Stream { .. } | Conflict::Document { .. })) => {
                let store = self.payments.store();
                let now = Session::<Payment>::load(store, &write.context, *payment.id()).await?;
                self.show(&now, &write.context).await
            }
            Err(error) => Err(crate::http::problem(error)),
        }
    }

    /// Which payment is known by the provider's id of its charge.
    pub(super) async fn charged_as(
        &self,
        charge: &ExternalPaymentId,
        context: &Context,
    ) -> Result<Option<PaymentId>, Problem> {
        let by_charge = |collection| {
            Query::of(context.tenant(), collection).equals("external_payment_id", charge.as_str()).limit(1)
        };
        let mut found = self.payments.store().documents(&by_charge(AWAITED)).await?;
        if found.is_empty() {
            found = self.view.fresh().await?.query(&by_charge(PAYMENTS)).await?;
        }
        found.first().map(|document| document.id.parse().map_err(Problem::bug)).transpose()
    }
}

/// Whether it is the caller's own, whatever roles they have.
fn is_theirs(caller: &Caller, payment: &Payment) -> bool {
    payment.customer_id().is_some_and(|customer| customer.0 == caller.id)
}

/// To everyone but its customer and admins, a payment is not there.
pub(super) fn owns(caller: &Caller, payment: &Payment) -> Result<(), Problem> {
    if is_theirs(caller, payment) || caller.is_one_of(&[ADMIN]) {
        Ok(())
    } else {
        Err(PaymentRejection::NotFound.into())
    }
}

/// To a customer, the order of another is not there, and one that is not known yet isn't either. Admins answer for the
/// order that they name, and for what they ask for it.
fn theirs(caller: &Caller, order: &CopiedOrder) -> Result<(), Problem> {
    let customer = order.customer_id().ok_or_else(|| Problem::not_found("order"))?;
    caller.owns_or(customer.0, &[], "order")
}

pub(super) fn shown(
    payment: &Session<Payment>,
    charge: Option<ExternalPaymentId>,
    action: Option<CustomerAction>,
) -> Response {
    let shown = PaymentShown::of(payment.state());
    let shown = shown.map(|shown| shown.known_as(charge).asking_for(action));
    Resource(payment.version(), shown).into_response()
}
