//! Shipments by what they have in common.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Asked, Id, Listing, Only, Page, Problem, SignedIn};
use commerce_core::Timestamp;
use commerce_core::id::OrderId;
use commerce_core::shipping::{Shipment, ShipmentStatus};
use commerce_core::store::Query;

use super::shown::ShipmentShown;
use super::{STAFF, ShippingApi};
use crate::http::roles::Shippers;
use crate::views::Row;
use crate::views::shipping::SHIPMENTS;

/// The shipments that wait in the warehouse, the oldest first.
#[utoipa::path(
    get, path = "/shipments/pending", tag = "shipping", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<ShipmentShown>)),
)]
pub(super) async fn list_pending(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    let pending = ShipmentStatus::Pending.as_str();
    let query = Query::of(context.tenant(), SHIPMENTS).equals("status", pending);
    Ok(api.list(&page, query, context.now()).await?.into_response())
}

/// The shipments that should have arrived and are still on their way.
#[utoipa::path(
    get, path = "/shipments/delayed", tag = "shipping", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<ShipmentShown>)),
)]
pub(super) async fn list_delayed(
    State(api): State<ShippingApi>,
    _: Only<Shippers>,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    let now = context.now();
    let just_past = now.minus(std::time::Duration::from_micros(1));
    let query = Query::of(context.tenant(), SHIPMENTS).at_most("due", just_past);
    Ok(api.list(&page, query, now).await?.into_response())
}

/// An order's shipments; there may be several, and 404 if there is none that the caller may see.
#[utoipa::path(
    get, path = "/shipments/order/{order_id}", tag = "shipping", security(("bearer" = [])),
    params(
        ("order_id" = Uuid, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "a page of them", body = Listing<ShipmentShown>)),
)]
pub(super) async fn list_of_order(
    State(api): State<ShippingApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    Id(order_id): Id<OrderId>,
    page: Page,
) -> Result<Response, Problem> {
    let mut query = Query::of(context.tenant(), SHIPMENTS).equals("order", order_id.to_string());
    if !caller.is_one_of(STAFF) {
        query = query.equals("customer", caller.id.to_string());
    }
    if api.view.fresh().await?.query(&query.clone().limit(1)).await?.is_empty() {
        return Err(Problem::not_found("shipment"));
    }
    Ok(api.list(&page, query, context.now()).await?.into_response())
}

impl ShippingApi {
    async fn list(
        &self,
        page: &Page,
        query: Query,
        now: Timestamp,
    ) -> Result<Listing<ShipmentShown>, Problem> {
        let show = |row: &Row<Shipment>| ShipmentShown::of(row.id.parse().ok()?, &row.state, now);
        self.view.page(page, query, show).await
    }
}
