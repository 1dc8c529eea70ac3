//! Payment over HTTP.

mod api;
mod bodies;
mod problem;
mod shown;
mod webhook;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Asked, Body, Id, NoParams, Only, Problem, SignedIn, created};
use commerce_core::error::Kind;
use commerce_core::id::{OrderId, PaymentId};
use commerce_core::payment::{
    Balances, JournalEntry, Payment, PaymentCommand, PaymentRejection, PaymentStatus,
};
use commerce_core::store::Query;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::api::PaymentApi;
use self::api::{owns, shown};
use self::bodies::{Confirmation, NewPayment, NewRefund, Processing};
use self::shown::{BalancesShown, PaymentShown};
use super::roles::{Admins, Analysts, Payers};
use super::{ATTEMPTS, Write};
use crate::services::Session;
use crate::services::payment::{LEDGER, PaymentError};
use crate::views::Row;
use crate::views::payment::PAYMENTS;

/// So many journal entries are read at once.
const PAGE: usize = 1_000;

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
    responses(
        (status = 200, description = "recorded, and on its way", body = PaymentShown),
        (status = 409, description = "less is left: `refund_exceeds_remaining`; it can't be refunded where it stands: \
         `wrong_state`; the provider counts the currency in larger steps, and says in which: `amount_not_representable`"),
    ),
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
        let (amount, reason) = (body.amount, body.reason.clone());
        Ok(api.payments.decide_refund(payment, refund_id, amount, reason, &write.context)?)
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
