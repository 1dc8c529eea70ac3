//! What Stripe tells by itself.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use commerce_adapters::http::{Anyone, Asked, NoParams, Problem};
use commerce_adapters::stripe::webhook::{TOLERANCE, WebhookEvent, WebhookOutcome, parse, verify};
use commerce_core::Context;
use commerce_core::id::PaymentId;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::PaymentApi;
use crate::services::payment::{FailedRefund, Notice, Told};

/// The signature of a webhook.
const SIGNATURE: &str = "Stripe-Signature";
/// A webhook that can't be taken for want of a secret may be sent again after so long: someone has to see to it.
const SEEN_TO: Duration = Duration::from_secs(300);

/// A webhook was taken in.
#[derive(Serialize, ToSchema)]
pub(super) struct Received {
    /// Always true.
    received: bool,
}

/// Takes in what Stripe tells: signed, and once.
#[utoipa::path(
    post, path = "/webhooks/stripe", tag = "payment",
    params(("Stripe-Signature" = String, Header, description = "`t=…,v1=…`: HMAC-SHA256 by the endpoint's secret")),
    request_body(content = Object, content_type = "application/json", description = "an event of Stripe's"),
    responses(
        (status = 200, description = "taken in, now or before", body = Received),
        (status = 400, description = "not signed by Stripe: `invalid_signature`; no event, or of an amount that is none: \
         `invalid_body`; of test mode where money is real, or the other way round: `other_mode`"),
        (status = 409, description = "it tells of another amount than the payment's, and Stripe itself doesn't say that \
         this was taken: `captured_amount_differs`"),
    ),
)]
pub(super) async fn stripe_webhook(
    State(api): State<PaymentApi>,
    _: Anyone,
    Asked(context): Asked,
    _: NoParams,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Received>, Problem> {
    if api.secrets.is_empty() {
        let detail = "no webhook secret is configured here";
        return Err(Problem::unavailable("webhook_not_configured", detail, SEEN_TO));
    }
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    verify(&api.secrets, signature, &body, context.now(), TOLERANCE)
        .map_err(|error| Problem::invalid("invalid_signature", error.to_string()))?;
    let event = parse(&body).map_err(|error| Problem::invalid("invalid_body", error.to_string()))?;
    if event.livemode.zip(api.livemode).is_some_and(|(theirs, ours)| theirs != ours) {
        tracing::warn!(event = event.id, "a webhook of Stripe's other mode was refused");
        return Err(Problem::invalid("other_mode", "live and test mode don't mix"));
    }
    let context = context.with_actor("stripe");
    let payment_id = api.payment_of(&event, &context).await?;
    let notice = Notice { payment_id, told: told_by(&event), event_id: event.id };
    api.payments.take_in(&notice, &context).await?;
    Ok(Json(Received { received: true }))
}

fn told_by(event: &WebhookEvent) -> Told {
    match (&event.outcome, &event.external_payment_id) {
        (WebhookOutcome::RefundFailed { external_refund_id, reason }, Some(charge)) => {
            Told::FailedRefund(FailedRefund {
                external_refund_id: external_refund_id.clone(),
                charge: charge.clone(),
                key: event.key.clone(),
                reason: reason.clone(),
            })
        }
        _ => event.charge_state().map_or(Told::Nothing, Told::Charge),
    }
}

impl PaymentApi {
    /// The payment that was named when the charge was made, or the one that is known to be that charge.
    async fn payment_of(
        &self,
        event: &WebhookEvent,
        context: &Context,
    ) -> Result<Option<PaymentId>, Problem> {
        match (event.payment_id, &event.external_payment_id) {
            (Some(payment_id), _) => Ok(Some(payment_id)),
            (None, Some(charge)) => self.charged_as(charge, context).await,
            (None, None) => Ok(None),
        }
    }
}
