//! Inventory over HTTP.
//!
//! Whatever changes an item goes through the one who holds it in this process, so that it is decided in turn with the
//! checkouts; where another process has the turn, the versions see to it. What is reserved here is kept item by item,
//! see [`crate::services::inventory::KEPT_ALONE`].

mod bodies;
mod reservations;
mod shown;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Asked, Body, Id, Listing, NoParams, Only, Page, Problem, Resource, SignedIn, created,
};
use commerce_core::Context;
use commerce_core::commit::{Claim, Commit};
use commerce_core::id::ProductId;
use commerce_core::inventory::{StockCommand, StockItem, StockRejection};
use commerce_core::store::{Query, Store};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::roles::Stockkeepers;
use super::{Common, Service, Write, problem};
use crate::services::Session;
use crate::services::inventory::Inventory;
use crate::views::inventory::{ITEMS, InventoryView, StockCount};
use crate::views::{Row, View};
use bodies::{AdjustBody, ReorderBody, StockItemBody};
use shown::StockItemShown;

/// What the routes work on.
#[derive(Clone)]
pub struct InventoryApi {
    store: Arc<dyn Store>,
    inventory: Inventory,
    view: View,
}

impl InventoryApi {
    /// On this store, through the service that decides about it.
    pub fn new(store: Arc<dyn Store>, inventory: Inventory) -> Self {
        let view = View::new(store.clone(), Arc::new(InventoryView));
        Self { store, inventory, view }
    }

    /// Its lists, to be kept up to date.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.store.clone();
        Service::new("inventory", common, &store, routes().with_state(self))
    }
}

fn routes() -> OpenApiRouter<InventoryApi> {
    OpenApiRouter::new()
        .routes(routes!(list_items, create_item))
        .routes(routes!(list_low_items))
        .routes(routes!(show_item))
        .routes(routes!(adjust_stock))
        .routes(routes!(change_reorder_settings))
        .routes(routes!(reservations::list_reservations))
        .routes(routes!(reservations::reserve))
        .routes(routes!(reservations::confirm_reservation))
        .routes(routes!(reservations::release))
}

/// Takes a product into stock.
#[utoipa::path(
    post, path = "/inventory/products", tag = "inventory", security(("bearer" = [])),
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the version that is meant, should the \
     product be in stock already")),
    request_body = StockItemBody,
    responses(
        (status = 201, description = "taken into stock", body = StockItemShown),
        (status = 412, description = "it is in stock already, and `If-Match` did not match: `precondition_failed`"),
    ),
)]
async fn create_item(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    write: Write,
    Body(body): Body<StockItemBody>,
) -> Result<Response, Problem> {
    let id = ProductId(body.product_id);
    let (sku, command) = body.command()?;
    let answered = write.through(api.inventory.items(), id, |item| {
        item.decide(command.clone(), &write.context).map_err(|rejection| match rejection {
            StockRejection::AlreadyExists { sku: taken } if taken == sku => {
                Problem::conflict("sku_taken", format!("the sku \"{sku}\" is taken by this product itself"))
            }
            rejection => rejection.into(),
        })?;
        let location = format!("/api/v1/inventory/products/{id}");
        let shown = created(&location, item.version(), &StockItemShown::of(id, item.state())?);
        Ok((Commit::new().claim(Claim::new("sku", sku.as_str())), shown))
    });
    answered.await?.map_err(problem)
}

/// Adds to what is on hand, or takes away from it.
#[utoipa::path(
    post, path = "/inventory/products/{id}/adjust-stock", tag = "inventory", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = AdjustBody,
    responses((status = 200, description = "adjusted", body = StockItemShown)),
)]
async fn adjust_stock(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<AdjustBody>,
) -> Result<Response, Problem> {
    api.command(&write, id, &body.command()?).await
}

/// Says when a product is low, and how many of it to order then.
#[utoipa::path(
    put, path = "/inventory/products/{id}/reorder-settings", tag = "inventory", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ReorderBody,
    responses((status = 200, description = "set", body = StockItemShown)),
)]
async fn change_reorder_settings(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<ReorderBody>,
) -> Result<Response, Problem> {
    api.command(&write, id, &body.command()).await
}

/// A product's stock.
#[utoipa::path(
    get, path = "/inventory/products/{id}", tag = "inventory", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the stock", body = StockItemShown)),
)]
async fn show_item(
    State(api): State<InventoryApi>,
    SignedIn(_): SignedIn,
    Asked(context): Asked,
    Id(id): Id<ProductId>,
    _: NoParams,
) -> Result<Response, Problem> {
    let item = api.inventory.item(context.tenant(), id).await?;
    Ok(Resource(item.version, StockItemShown::of(id, &item.state)?).into_response())
}

/// All products in stock, by id.
#[utoipa::path(
    get, path = "/inventory/products", tag = "inventory", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<StockItemShown>)),
)]
async fn list_items(
    State(api): State<InventoryApi>,
    SignedIn(_): SignedIn,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    api.list(&page, Query::of(context.tenant(), ITEMS)).await
}

/// The products of which no more than the reorder level are available, by id.
#[utoipa::path(
    get, path = "/inventory/products/low-stock", tag = "inventory", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<StockItemShown>)),
)]
async fn list_low_items(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    api.list(&page, Query::of(context.tenant(), ITEMS).equals("low", 1)).await
}

impl InventoryApi {
    async fn command(
        &self,
        write: &Write,
        id: ProductId,
        command: &StockCommand,
    ) -> Result<Response, Problem> {
        let answered = write.through(self.inventory.items(), id, |item| {
            item.decide(command.clone(), &write.context)?;
            Ok((Commit::new(), show(item)?))
        });
        answered.await?.map_err(problem)
    }

    async fn list(&self, page: &Page, query: Query) -> Result<Response, Problem> {
        let show = |row: &Row<StockCount>| StockItemShown::of_count(row.id.parse().ok()?, &row.state).ok();
        Ok(self.view.page(page, query, show).await?.into_response())
    }

    /// Passes if the product is in stock.
    async fn must_exist(&self, context: &Context, id: ProductId) -> Result<(), Problem> {
        let item = self.inventory.item(context.tenant(), id).await?;
        if item.state.exists() { Ok(()) } else { Err(StockRejection::NotFound.into()) }
    }
}

fn show(item: &Session<StockItem>) -> Result<Response, Problem> {
    Ok(Resource(item.version(), StockItemShown::of(*item.id(), item.state())?).into_response())
}
