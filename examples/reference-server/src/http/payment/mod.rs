//! Payment over HTTP.

mod bodies;
mod problem;
mod shown;
mod webhook;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Asked, Body, Caller, Id, NoParams, Only, Problem, Resource, SignedIn, created,
};
use commerce_adapters::stripe::webhook::WebhookSecrets;
use commerce_core::Context;
use commerce_core::commit::{Commit, CommitError, Conflict};
use commerce_core::error::Kind;
use commerce_core::id::{OrderId, PaymentId};
use commerce_core::payment::{
    Balances, CustomerAction, ExternalPaymentId, JournalEntry, Payment, PaymentCommand, PaymentRejection,
    PaymentStatus,
};
use commerce_core::store::Query;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::bodies::{Confirmation, NewPayment, NewRefund, Processing};
use self::shown::{BalancesShown, PaymentShown};
use super::roles::{ADMIN, Admins, Analysts, Payers};
use super::{Common, Service, Write};
use crate::services::Session;
use crate::services::payment::{
    AWAITED, CopiedOrder, LEDGER, PaymentError, Payments, Recorded, consequences, refund,
};
use crate::views::payment::{PAYMENTS, PaymentView};
use crate::views::{Row, View};

/// So many journal entries are read at once.
const PAGE: usize = 1_000;
/// So often a request is decided anew when others were faster.
const ATTEMPTS: u32 = 10;

/// What the routes work on.
#[derive(Clone)]
pub struct PaymentApi {
    payments: Payments,
    secrets: WebhookSecrets,
    livemode: Option<bool>,
    view: View,
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
}

fn routes() -> OpenApiRouter<PaymentApi> {
    OpenApiRouter::new()
        .routes(routes!(create_payment))
        .routes(routes!(show_payment))
        .routes(routes!(show_payment_of_order))
        .routes(routes!(process_payment))
        .routes(routes!(confirm_payment))
        .routes(routes!(refund_payment))
        .routes(routes!(show_balances))
        .routes(routes!(webhook::stripe_webhook))
}

/// Opens a payment of an order, whose live one it is from then on.
///
/// Customers pay for their own orders, and all that these cost; admins for any. An order becomes known to payments a
/// moment after it was placed: a customer who is faster asks again, under another `Idempotency-Key`. A payment that is
/// opened here ends with its order: if that is cancelled or fails, what was taken goes back. If it is checked out, the
/// checkout's payment takes the place of this one.
#[utoipa::path(
    post, path = "/payments", tag = "payment", security(("bearer" = [])),
    request_body = NewPayment,
    responses(
        (status = 201, description = "opened", body = PaymentShown),
        (status = 404, description = "no such order of this customer's is known: `not_found`"),
        (status = 409, description = "the order was cancelled or has failed: `order_ended`; it is paid: `order_paid`; \
         it costs something else: `amount_differs`; it has a live payment: `payment_live`"),
    ),
)]
async fn create_payment(
    State(api): State<PaymentApi>,
    Only(caller, _): Only<Payers>,
    write: Write,
    Body(body): Body<NewPayment>,
) -> Result<Response, Problem> {
    let payment_id = PaymentId(write.context.new_id(0));
    let open = |payment: Session<Payment>| api.open(payment, &caller, &body, &write.context);
    let show = |payment: &Session<Payment>| {
        let location = format!("/api/v1/payments/{payment_id}");
        created(&location, payment.version(), &PaymentShown::of(payment.state()))
    };
    write.change_by(api.payments.store(), payment_id, open, show).await
}

/// A payment.
///
/// While it waits for its customer, it says what they have to do (`next_action`), to them alone: whoever knows that can act
/// in their place. Other roles, admins included, see null.
#[utoipa::path(
    get, path = "/payments/{id}", tag = "payment", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the payment", body = PaymentShown)),
)]
async fn show_payment(
    State(api): State<PaymentApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    Id(id): Id<PaymentId>,
    _: NoParams,
) -> Result<Response, Problem> {
    let payment = api.load(&caller, &context, id).await?;
    api.show_to(&caller, &payment, &context).await
}

/// The live payment of an order, or the last one if none is live.
#[utoipa::path(
    get, path = "/payments/order/{order_id}", tag = "payment", security(("bearer" = [])),
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "the payment", body = PaymentShown)),
)]
async fn show_payment_of_order(
    State(api): State<PaymentApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    Id(order_id): Id<OrderId>,
    _: NoParams,
) -> Result<Response, Problem> {
    let query = Query::of(context.tenant(), PAYMENTS).equals("order", order_id.to_string());
    let rows = api.view.fresh().await?.query(&query).await?;
    let rows = rows.iter().map(|row| row.json::<Row<Payment>>()).collect::<Result<Vec<_>, _>>()?;
    let is_live = |row: &Row<Payment>| row.state.status().is_some_and(PaymentStatus::is_live);
    let theirs = rows.into_iter().filter(|row| owns(&caller, &row.state).is_ok());
    let row = theirs.max_by_key(|row| (is_live(row), row.since, row.id.clone()));
    let id = row.and_then(|row| row.state.payment_id()).ok_or(PaymentRejection::NotFound)?;
    let payment = api.load(&caller, &context, id).await?;
    api.show_to(&caller, &payment, &context).await
}

/// Has the provider take the money.
///
/// A payment that is refused is `failed` then; one that stays `processing` waits for the customer, or for the provider.
/// Processed again by the same means, the provider is asked what became of it. What its customer has to do
/// (`next_action`) is told by `GET /payments/{id}`, to them alone: an answer that is kept under an `Idempotency-Key` may
/// not hold it.
#[utoipa::path(
    post, path = "/payments/{id}/process", tag = "payment", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = Processing,
    responses(
        (status = 200, description = "processed: see its status", body = PaymentShown),
        (status = 409, description = "the order was cancelled or has failed: `order_ended`; it can't be processed any \
         more: `wrong_state`; it is processed by other means: `token_differs`"),
    ),
)]
async fn process_payment(
    State(api): State<PaymentApi>,
    SignedIn(caller): SignedIn,
    Id(id): Id<PaymentId>,
    write: Write,
    Body(body): Body<Processing>,
) -> Result<Response, Problem> {
    let token = body.token()?;
    let mut attempt = 1;
    let announced = loop {
        let payment = api.load(&caller, &write.context, id).await?;
        write.if_match.check(payment.loaded_version())?;
        match api.payments.announce(payment, token.clone(), &write.context).await {
            Err(PaymentError::Handle(error)) if error.kind() == Kind::Conflict && attempt < ATTEMPTS => {
                attempt += 1;
            }
            announced => break announced?,
        }
    };
    match api.payments.charge(announced, &write.context).await {
        Ok(recorded) => api.answer(&write, recorded).await,
        // A webhook was faster, or the saga that pays for the order.
        Err(PaymentError::Handle(error)) if error.kind() == Kind::Conflict => {
            let payment = api.load(&caller, &write.context, id).await?;
            api.show(&payment, &write.context).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Says that the customer has acted at the provider, which is asked for the end.
#[utoipa::path(
    post, path = "/payments/confirm", tag = "payment", security(("bearer" = [])),
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the version that is meant")),
    request_body = Confirmation,
    responses(
        (status = 200, description = "ended: see its status", body = PaymentShown),
        (status = 409, description = "the customer has not acted yet: `requires_action`; something else was taken than the \
         payment is of: `captured_amount_differs`; it can't succeed any more: `wrong_state`"),
        (status = 412, description = "`If-Match` did not match: `precondition_failed`"),
        (status = 404, description = "no payment is known as this charge: `payment_not_found`",
         body = serde_json::Value, content_type = "application/problem+json"),
    ),
)]
async fn confirm_payment(
    State(api): State<PaymentApi>,
    _: Only<Admins>,
    write: Write,
    Body(body): Body<Confirmation>,
) -> Result<Response, Problem> {
    let charge = body.charge()?;
    let id = api.charged_as(&charge, &write.context).await?.ok_or(PaymentRejection::NotFound)?;
    let mut payment = Session::<Payment>::load(api.payments.store(), &write.context, id).await?;
    write.if_match.check(payment.loaded_version())?;
    if payment.state().status() != Some(PaymentStatus::Processing) {
        // Either it has succeeded as this charge, which changes nothing, or it can't succeed any more.
        payment.decide(PaymentCommand::Succeed { external_payment_id: charge }, &write.context)?;
        return api.show(&payment, &write.context).await;
    }
    let recorded = api.payments.confirm(payment, &write.context).await?;
    api.answer(&write, recorded).await
}

/// Gives a part or all of the money back.
#[utoipa::path(
    post, path = "/payments/{id}/refund", tag = "payment", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = NewRefund,
    responses((status = 200, description = "recorded, and on its way", body = PaymentShown)),
)]
async fn refund_payment(
    State(api): State<PaymentApi>,
    _: Only<Admins>,
    Id(id): Id<PaymentId>,
    write: Write,
    Body(body): Body<NewRefund>,
) -> Result<Response, Problem> {
    let refund_id = write.context.new_id(0);
    let decide = |payment: &mut Session<Payment>| {
        Ok(refund(payment, refund_id, body.amount, body.reason.clone(), &write.context)?)
    };
    let show = |payment: &Session<Payment>| shown(payment, None, None);
    write.change(api.payments.store(), id, decide, show).await
}

/// What the books add up to, by currency and account.
#[utoipa::path(
    get, path = "/payments/ledger/balances", tag = "payment", security(("bearer" = [])),
    responses((status = 200, description = "the balances", body = BalancesShown)),
)]
async fn show_balances(
    State(api): State<PaymentApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    _: NoParams,
) -> Result<Response, Problem> {
    let mut balances = Balances::default();
    let mut after: Option<String> = None;
    loop {
        let mut query = Query::of(context.tenant(), LEDGER).limit(PAGE);
        if let Some(after) = after {
            query = query.after(after);
        }
        let page = api.payments.store().documents(&query).await?;
        for document in &page {
            balances.record(&document.json::<JournalEntry>()?).map_err(Problem::bug)?;
        }
        after = page.last().map(|last| last.id.clone());
        if page.len() < PAGE {
            return Ok(axum::Json(BalancesShown::of(&balances)).into_response());
        }
    }
}

/// Whether it is the caller's own, whatever roles they have.
fn is_theirs(caller: &Caller, payment: &Payment) -> bool {
    payment.customer_id().is_some_and(|customer| customer.0 == caller.id)
}

/// To everyone but its customer and admins, a payment is not there.
fn owns(caller: &Caller, payment: &Payment) -> Result<(), Problem> {
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

fn shown(
    payment: &Session<Payment>,
    charge: Option<ExternalPaymentId>,
    action: Option<CustomerAction>,
) -> Response {
    let shown = PaymentShown::of(payment.state());
    let shown = shown.map(|shown| shown.known_as(charge).asking_for(action));
    Resource(payment.version(), shown).into_response()
}

impl PaymentApi {
    /// Opens a payment by hand, of the order as it is known in the same commit.
    async fn open(
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

    async fn load(
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
    async fn show(&self, payment: &Session<Payment>, context: &Context) -> Result<Response, Problem> {
        Ok(shown(payment, self.payments.charge_of(payment, context).await?, None))
    }

    /// As this caller may see it: its customer, also what they have to do, which no cache may keep.
    async fn show_to(
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
    async fn answer(&self, write: &Write, recorded: Recorded) -> Result<Response, Problem> {
        let Recorded { payment, commit, charge } = recorded;
        let commit = Commit::within(&write.context).and(commit);
        match write.answer.commit(self.payments.store(), commit, shown(&payment, charge, None)).await? {
            Ok((response, _)) => Ok(response),
            Err(CommitError::Conflict(Conflict::Stream { .. } | Conflict::Document { .. })) => {
                let store = self.payments.store();
                let now = Session::<Payment>::load(store, &write.context, *payment.id()).await?;
                self.show(&now, &write.context).await
            }
            Err(error) => Err(super::problem(error)),
        }
    }

    /// Which payment is known by the provider's id of its charge.
    async fn charged_as(
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
