//! Shipping over HTTP.

mod bodies;
mod commands;
mod lists;
mod measure;
mod shown;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Anyone, Asked, Body, Id, NoParams, Only, Problem, Resource, SignedIn, created,
};
use commerce_core::Context;
use commerce_core::commit::{Claim, Commit};
use commerce_core::id::{CustomerId, OrderId, ShipmentId, Tenant};
use commerce_core::shipping::{Shipment, ShipmentRejection, TrackingNumber};
use commerce_core::store::{Query, Store};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::roles::{ADMIN, Shippers, WAREHOUSE};
use super::{Common, Service, Write};
use crate::services::Session;
use crate::services::shipping::{KnownOrder, OrderEnded, TRACKING};
use crate::views::shipping::{SHIPMENTS, ShippingView};
use crate::views::{Row, View};
use bodies::{QuoteBody, ShipmentBody};
use shown::{QuoteShown, ShipmentShown, TrackedShown, is_theirs};

/// What the routes work on.
#[derive(Clone)]
pub struct ShippingApi {
    store: Arc<dyn Store>,
    view: View,
}

impl ShippingApi {
    /// On this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let view = View::new(store.clone(), Arc::new(ShippingView));
        Self { store, view }
    }

    /// Its lists, to be kept up to date.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whose the order is, if any of its shipments says so.
    async fn customer_of(&self, tenant: &Tenant, order: OrderId) -> Result<Option<CustomerId>, Problem> {
        let of_order = Query::of(tenant, SHIPMENTS).equals("order", order.to_string());
        let found = self.view.fresh().await?.query(&of_order.ascending("customer").limit(1)).await?;
        let row = found.first().map(|row| row.json::<Row<Shipment>>()).transpose()?;
        Ok(row.and_then(|row| row.state.created()?.customer_id()))
    }

    /// What a further parcel of an order has to fit. The order first: who makes another from then on makes this a conflict.
    async fn known_of(&self, context: &Context, order_id: OrderId) -> Result<Known, Problem> {
        let order = KnownOrder::load(&self.store, context, order_id).await?;
        Ok(Known { order, customer: self.customer_of(context.tenant(), order_id).await? })
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.store.clone();
        Service::new("shipping", common, &store, routes().with_state(self))
    }
}

/// What is known of an order for which a parcel is to be made.
struct Known {
    order: KnownOrder,
    customer: Option<CustomerId>,
}

impl From<OrderEnded> for Problem {
    fn from(error: OrderEnded) -> Self {
        Self::conflict("order_ended", error.to_string())
    }
}

fn routes() -> OpenApiRouter<ShippingApi> {
    OpenApiRouter::new()
        .routes(routes!(create_shipment))
        .routes(routes!(quote_shipment))
        .routes(routes!(lists::list_pending))
        .routes(routes!(lists::list_delayed))
        .routes(routes!(lists::list_of_order))
        .routes(routes!(track_shipment))
        .routes(routes!(show_shipment))
        .routes(routes!(commands::change_status))
        .routes(routes!(commands::deliver))
        .routes(routes!(commands::cancel))
        .routes(routes!(commands::add_tracking))
        .routes(routes!(commands::record_attempt))
        .routes(routes!(commands::take_back))
}

/// Makes a shipment.
///
/// If its order is cancelled or fails, what is still in the house is called off with it.
#[utoipa::path(
    post, path = "/shipments", tag = "shipping", security(("bearer" = [])),
    request_body = ShipmentBody,
    responses(
        (status = 201, description = "made", body = ShipmentShown),
        (status = 409, description = "the order was cancelled or has failed: `order_ended`; its other shipments are \
         another customer's: `customer_mismatch`; another shipment has the number: `tracking_number_taken`"),
    ),
)]
async fn create_shipment(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    write: Write,
    Body(body): Body<ShipmentBody>,
) -> Result<Response, Problem> {
    let id = ShipmentId(write.context.new_id(1));
    let (order_id, now) = (body.order_id(), write.context.now());
    write
        .change_after::<Shipment, _, _>(
            &api.store,
            id,
            || api.known_of(&write.context, order_id),
            |shipment, known| {
                let (number, command) = body.command(id, known.customer)?;
                shipment.decide(command, &write.context)?;
                let noted = known.order.with_a_parcel()?.put(order_id)?;
                Ok(Commit::new().claim(Claim::new(TRACKING, number.as_str())).document(noted))
            },
            |shipment| {
                let location = format!("/api/v1/shipments/{id}");
                created(&location, shipment.version(), &ShipmentShown::of(id, shipment.state(), now))
            },
        )
        .await
}

/// What carrying a parcel costs, and when it should arrive.
#[utoipa::path(
    post, path = "/shipments/quote", tag = "shipping", security(("bearer" = [])),
    request_body = QuoteBody,
    responses((status = 200, description = "the price by the shop's own tariff", body = QuoteShown)),
)]
async fn quote_shipment(
    SignedIn(_): SignedIn,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<QuoteBody>,
) -> Result<Response, Problem> {
    Ok(axum::Json(body.quote(context.now())?).into_response())
}

/// A shipment.
#[utoipa::path(
    get, path = "/shipments/{id}", tag = "shipping", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the shipment", body = ShipmentShown)),
)]
async fn show_shipment(
    State(api): State<ShippingApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    Id(id): Id<ShipmentId>,
    _: NoParams,
) -> Result<Response, Problem> {
    let shipment = Session::<Shipment>::load(&api.store, &context, id).await?;
    if !is_theirs(shipment.state(), &caller) {
        return Err(ShipmentRejection::NotFound.into());
    }
    let shown = ShipmentShown::of(id, shipment.state(), context.now());
    Ok(Resource(shipment.version(), shown).into_response())
}

/// Where a parcel is, for whoever knows its number; where it goes and who received it is withheld.
#[utoipa::path(
    get, path = "/shipments/tracking/{tracking_number}", tag = "shipping",
    params(("tracking_number" = String, Path, pattern = "^[!-~]{1,50}$")),
    responses((status = 200, description = "its way so far", body = TrackedShown)),
)]
async fn track_shipment(
    State(api): State<ShippingApi>,
    _: Anyone,
    Asked(context): Asked,
    Id(number): Id<TrackingNumber>,
    _: NoParams,
) -> Result<Response, Problem> {
    let query = Query::of(context.tenant(), SHIPMENTS).equals("tracking", number.as_str()).limit(1);
    let found = api.view.fresh().await?.query(&query).await?;
    let row = found.first().map(|row| row.json::<Row<Shipment>>()).transpose()?;
    let shown = row.as_ref().and_then(|row| TrackedShown::of(row, context.now()));
    match (row, shown) {
        (Some(row), Some(shown)) => Ok(Resource(row.version, shown).into_response()),
        _ => Err(ShipmentRejection::NotFound.into()),
    }
}

/// Who sees every shipment.
const STAFF: &[&str] = &[WAREHOUSE, ADMIN];
