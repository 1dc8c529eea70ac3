//! What happens to a shipment on its way.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Body, Id, Only, Problem, Resource};
use commerce_core::commit::Commit;
use commerce_core::id::ShipmentId;
use commerce_core::shipping::{Shipment, ShipmentCommand};

use super::ShippingApi;
use super::bodies::{
    DeliveredBody, DeliveryAttemptBody, ShipmentReasonBody, ShipmentStatusBody, TrackingBody,
};
use super::shown::ShipmentShown;
use crate::http::Write;
use crate::http::roles::Shippers;

/// Records that a shipment has come to another state; a repetition changes nothing.
#[utoipa::path(
    put, path = "/shipments/{id}/status", tag = "shipping", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ShipmentStatusBody,
    responses((status = 200, description = "recorded", body = ShipmentShown)),
)]
pub(super) async fn change_status(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Id(id): Id<ShipmentId>,
    write: Write,
    Body(body): Body<ShipmentStatusBody>,
) -> Result<Response, Problem> {
    let command = body.command(write.context.now());
    api.command(&write, id, &command).await
}

/// Records that a shipment was received.
#[utoipa::path(
    post, path = "/shipments/{id}/delivered", tag = "shipping", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = DeliveredBody,
    responses((status = 200, description = "recorded", body = ShipmentShown)),
)]
pub(super) async fn deliver(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Id(id): Id<ShipmentId>,
    write: Write,
    Body(body): Body<DeliveredBody>,
) -> Result<Response, Problem> {
    let DeliveredBody { recipient_name, signature_url } = body;
    api.command(&write, id, &ShipmentCommand::Deliver { recipient_name, signature_url }).await
}

/// Calls a shipment off that was not delivered yet. Its order stays as it is: it goes another way, or is cancelled.
#[utoipa::path(
    post, path = "/shipments/{id}/cancel", tag = "shipping", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ShipmentReasonBody,
    responses((status = 200, description = "called off", body = ShipmentShown)),
)]
pub(super) async fn cancel(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Id(id): Id<ShipmentId>,
    write: Write,
    Body(body): Body<ShipmentReasonBody>,
) -> Result<Response, Problem> {
    api.command(&write, id, &ShipmentCommand::Cancel { reason: body.reason }).await
}

/// Adds the carrier's word to a shipment's history, for everyone who knows its number.
#[utoipa::path(
    post, path = "/shipments/{id}/tracking", tag = "shipping", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = TrackingBody,
    responses((status = 200, description = "added", body = ShipmentShown)),
)]
pub(super) async fn add_tracking(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Id(id): Id<ShipmentId>,
    write: Write,
    Body(body): Body<TrackingBody>,
) -> Result<Response, Problem> {
    let TrackingBody { status, location, description } = body;
    api.command(&write, id, &ShipmentCommand::AddTracking { status, location, description }).await
}

/// Records that nobody took a shipment; the third time its delivery has failed.
#[utoipa::path(
    post, path = "/shipments/{id}/delivery-attempt", tag = "shipping", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = DeliveryAttemptBody,
    responses((status = 200, description = "recorded", body = ShipmentShown)),
)]
pub(super) async fn record_attempt(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Id(id): Id<ShipmentId>,
    write: Write,
    Body(body): Body<DeliveryAttemptBody>,
) -> Result<Response, Problem> {
    let DeliveryAttemptBody { reason, next_attempt_at } = body;
    api.command(&write, id, &ShipmentCommand::RecordDeliveryAttempt { reason, next_attempt_at }).await
}

/// Records that a shipment came back.
#[utoipa::path(
    post, path = "/shipments/{id}/return", tag = "shipping", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ShipmentReasonBody,
    responses((status = 200, description = "recorded", body = ShipmentShown)),
)]
pub(super) async fn take_back(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Id(id): Id<ShipmentId>,
    write: Write,
    Body(body): Body<ShipmentReasonBody>,
) -> Result<Response, Problem> {
    api.command(&write, id, &ShipmentCommand::Return { reason: body.reason }).await
}

impl ShippingApi {
    async fn command(
        &self,
        write: &Write,
        id: ShipmentId,
        command: &ShipmentCommand,
    ) -> Result<Response, Problem> {
        write
            .change::<Shipment>(
                &self.store,
                id,
                |shipment| {
                    shipment.decide(command.clone(), &write.context)?;
                    Ok(Commit::new())
                },
                |shipment| {
                    let shown = ShipmentShown::of(id, shipment.state(), write.context.now());
                    Resource(shipment.version(), shown).into_response()
                },
            )
            .await
    }
}
