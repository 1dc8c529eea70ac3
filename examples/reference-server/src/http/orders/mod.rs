//! Orders over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Asked, Body, Caller, Id, Listing, NoBody, NoParams, Only, Page, Params, Problem, Resource, SignedIn,
    created,
};
use commerce_core::commit::Commit;
use commerce_core::id::{CustomerId, OrderId};
use commerce_core::order::{Order, OrderRejection, OrderStatus};
use commerce_core::store::{Query, Store};
use commerce_core::stream::{StreamId, Version};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::roles::{ADMIN, Admins, Customers, Shippers};
use super::{Common, Service, Write, problem};
use crate::services::Session;
use crate::services::order::{Orders, WayError};
use crate::views::orders::{ORDERS, OrdersView};
use crate::views::{Row, View};

mod bodies;
mod runs;
mod shown;

use bodies::{CancelBody, ItemBody, MyOrders, OrderBody, PaymentBody, ShipBody};
use runs::SagaShown;
use shown::{EventShown, OrderShown};

/// What the routes work on.
#[derive(Clone)]
pub struct OrdersApi {
    orders: Orders,
    store: Arc<dyn Store>,
    view: View,
}

impl OrdersApi {
    /// Of this service, on its store.
    pub fn new(orders: Orders, store: Arc<dyn Store>) -> Self {
        let view = View::new(store.clone(), Arc::new(OrdersView));
        Self { orders, store, view }
    }

    /// Its lists, to be kept up to date.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.store.clone();
        Service::new("order", common, &store, routes().with_state(self))
    }

    /// An order, for whoever may see it.
    async fn seen_by(&self, caller: &Caller, asked: &Asked, id: OrderId) -> Result<Session<Order>, Problem> {
        let order = Session::<Order>::load(&self.store, &asked.0, id).await?;
        may_see(caller, &order)?;
        Ok(order)
    }
}

fn routes() -> OpenApiRouter<OrdersApi> {
    OpenApiRouter::new()
        .routes(routes!(place_order))
        .routes(routes!(my_orders))
        .routes(routes!(show_order))
        .routes(routes!(show_history))
        .routes(routes!(show_saga))
        .routes(routes!(initiate_payment))
        .routes(routes!(confirm_order))
        .routes(routes!(ship_order))
        .routes(routes!(cancel_order))
        .routes(routes!(add_item))
}

/// Whose order it is, if there is one.
fn owner_of(order: &Session<Order>) -> Result<Uuid, Problem> {
    let placed = order.state().placed().ok_or_else(|| Problem::not_found("order"))?;
    Ok(placed.customer_id().0)
}

/// The owner and admins may; to others it isn't there.
fn may_see(caller: &Caller, order: &Session<Order>) -> Result<(), Problem> {
    caller.owns_or(owner_of(order)?, &[ADMIN], "order")
}

/// The owner alone may; admins may know of it all the same.
fn must_own(caller: &Caller, order: &Session<Order>) -> Result<(), Problem> {
    may_see(caller, order)?;
    if caller.id == owner_of(order)? { Ok(()) } else { Err(Problem::forbidden()) }
}

fn show(order: &Session<Order>) -> Response {
    Resource(order.version(), OrderShown::of(*order.id(), order.state())).into_response()
}

/// What can't be done with an order, with what a client needs to know about it.
fn refused(error: WayError) -> Problem {
    let product_ids = match &error {
        WayError::Rejected(OrderRejection::ProductUnavailable { product_ids }) => {
            product_ids.iter().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    };
    match (Problem::from(error), product_ids) {
        (problem, product_ids) if product_ids.is_empty() => problem,
        (problem, product_ids) => problem.with("product_ids", product_ids),
    }
}

/// Places an order; with a payment method, its checkout begins in the same commit.
#[utoipa::path(
    post, path = "/orders", tag = "orders", security(("bearer" = [])),
    request_body = OrderBody,
    responses((status = 201, description = "placed", body = OrderShown)),
)]
async fn place_order(
    State(api): State<OrdersApi>,
    Only(customer, _): Only<Customers>,
    write: Write,
    Body(body): Body<OrderBody>,
) -> Result<Response, Problem> {
    let new = body.checked(CustomerId(customer.id))?;
    let id = api.orders.new_order_id();
    let mut order = Session::<Order>::absent(id);
    let more = api.orders.place(&mut order, new, &write.context).await.map_err(refused)?;
    let commit = order.write_to(Commit::within(&write.context))?.and(more);
    let location = format!("/api/v1/orders/{id}");
    let response = created(&location, order.version(), &OrderShown::of(id, order.state()));
    let answered = write.answer.commit(&api.store, commit, response).await?;
    Ok(answered.map_err(problem)?.0)
}

/// The caller's own orders, the newest first.
#[utoipa::path(
    get, path = "/orders/my-orders", tag = "orders", security(("bearer" = [])),
    params(MyOrders),
    responses((status = 200, description = "a page of them", body = Listing<OrderShown>)),
)]
async fn my_orders(
    State(api): State<OrdersApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    Params(asked): Params<MyOrders>,
) -> Result<Response, Problem> {
    let page = Page::new("my-orders", asked.limit, asked.cursor);
    let mut query = Query::of(context.tenant(), ORDERS)
        .equals("customer", caller.id.to_string())
        .descending("order")
        .limit(page.look_ahead());
    if let Some(status) = asked.status {
        query = query.equals("status", OrderStatus::from(status).as_str().to_owned());
    }
    let after: Option<Uuid> = page.after()?;
    if let Some(last) = after {
        // The last one shown is found once more.
        query = query.at_most("order", last.to_string()).limit(page.look_ahead() + 1);
    }
    let documents = api.view.fresh().await?.query(&query).await?;
    let mut orders = Vec::with_capacity(documents.len());
    for document in documents {
        let row: Row<Order> = document.json()?;
        let id: OrderId = row.id.parse().map_err(Problem::bug)?;
        if Some(id.0) != after {
            orders.extend(OrderShown::of(id, &row.state).map(|shown| (id, shown)));
        }
    }
    let listing = page.listing(orders, |(id, _)| id.0)?;
    let items = listing.items.into_iter().map(|(_, shown)| shown).collect();
    Ok(Listing { items, next_cursor: listing.next_cursor }.into_response())
}

/// An order.
#[utoipa::path(
    get, path = "/orders/{id}", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the order", body = OrderShown)),
)]
async fn show_order(
    State(api): State<OrdersApi>,
    SignedIn(caller): SignedIn,
    asked: Asked,
    Id(id): Id<OrderId>,
    _: NoParams,
) -> Result<Response, Problem> {
    Ok(show(&api.seen_by(&caller, &asked, id).await?))
}

/// What has happened to an order, in order.
#[utoipa::path(
    get, path = "/orders/{id}/history", tag = "orders", security(("bearer" = [])),
    params(
        ("id" = Uuid, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "a page of its events", body = Listing<EventShown>)),
)]
async fn show_history(
    State(api): State<OrdersApi>,
    SignedIn(caller): SignedIn,
    asked: Asked,
    Id(id): Id<OrderId>,
    page: Page,
) -> Result<Response, Problem> {
    let customer = owner_of(&api.seen_by(&caller, &asked, id).await?)?;
    let after: Version = page.after()?.unwrap_or_default();
    let stream = StreamId::of::<Order>(&id);
    let events = api.store.read_stream(asked.0.tenant(), &stream, after, page.look_ahead()).await?;
    let Listing { items, next_cursor } = page.listing(events, |event| event.version)?;
    let items = items.into_iter().map(|event| EventShown::of(event, customer));
    let items = items.collect::<Result<Vec<_>, _>>().map_err(Problem::bug)?;
    Ok(Listing { items, next_cursor }.into_response())
}

/// How an order's checkout stands, step by step, and its cancellation.
#[utoipa::path(
    get, path = "/orders/{id}/saga", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the saga", body = SagaShown)),
)]
async fn show_saga(
    State(api): State<OrdersApi>,
    SignedIn(caller): SignedIn,
    asked: Asked,
    Id(id): Id<OrderId>,
    _: NoParams,
) -> Result<Response, Problem> {
    api.seen_by(&caller, &asked, id).await?;
    let checkout = api.orders.checkout_of(id, &asked.0).await.map_err(WayError::from)?;
    let checkout = checkout.ok_or_else(|| Problem::not_found("saga: the order's checkout has not begun"))?;
    let cancellation = api.orders.cancellation_of(id, &asked.0).await.map_err(WayError::from)?;
    Ok(axum::Json(SagaShown::of(checkout, cancellation)).into_response())
}

/// Has a pending order paid: its checkout begins.
#[utoipa::path(
    post, path = "/orders/{id}/initiate-payment", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = PaymentBody,
    responses((status = 200, description = "the checkout has begun", body = OrderShown)),
)]
async fn initiate_payment(
    State(api): State<OrdersApi>,
    SignedIn(caller): SignedIn,
    Id(id): Id<OrderId>,
    write: Write,
    Body(body): Body<PaymentBody>,
) -> Result<Response, Problem> {
    let means = body.checked()?;
    let (api, caller, context) = (&api, &caller, &write.context);
    let decide = |mut order: Session<Order>| {
        let means = means.clone();
        async move {
            must_own(caller, &order)?;
            let more = api.orders.pay(&mut order, means, context).await.map_err(refused)?;
            Ok((order, more))
        }
    };
    write.change_by(&api.store, id, decide, show).await
}

/// Confirms an order whose checkout was given up by an operator after it was paid.
#[utoipa::path(
    post, path = "/orders/{id}/confirm", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "confirmed", body = OrderShown)),
)]
async fn confirm_order(
    State(api): State<OrdersApi>,
    _: Only<Admins>,
    Id(id): Id<OrderId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    let (api, context) = (&api, &write.context);
    let decide = |mut order: Session<Order>| async move {
        owner_of(&order)?;
        let more = api.orders.confirm(&mut order, context).await.map_err(refused)?;
        Ok((order, more))
    };
    write.change_by(&api.store, id, decide, show).await
}

/// Marks a confirmed order as shipped. Its shipment, if it waits in the warehouse, is then picked up, and its history names
/// the number and the carrier.
#[utoipa::path(
    post, path = "/orders/{id}/ship", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ShipBody,
    responses((status = 200, description = "shipped", body = OrderShown)),
)]
async fn ship_order(
    State(api): State<OrdersApi>,
    _: Only<Shippers>,
    Id(id): Id<OrderId>,
    write: Write,
    Body(body): Body<ShipBody>,
) -> Result<Response, Problem> {
    let (number, carrier) = body.checked()?;
    let (api, context) = (&api, &write.context);
    let decide = |mut order: Session<Order>| {
        let number = number.clone();
        async move {
            owner_of(&order)?;
            let more = api.orders.ship(&mut order, number, carrier, context).await.map_err(refused)?;
            Ok((order, more))
        }
    };
    write.change_by(&api.store, id, decide, show).await
}

/// Cancels an order: at once, or, once it is being paid, by undoing what was done for it. Its checkout turns back while it is
/// under way; after that a saga of its own undoes it. The first reason stands.
#[utoipa::path(
    post, path = "/orders/{id}/cancel", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = CancelBody,
    responses(
        (status = 200, description = "cancelled", body = OrderShown),
        (
            status = 202,
            description = "it will be cancelled, once what was done for it is undone: see its saga",
            body = OrderShown,
        ),
    ),
)]
async fn cancel_order(
    State(api): State<OrdersApi>,
    SignedIn(caller): SignedIn,
    Id(id): Id<OrderId>,
    write: Write,
    Body(body): Body<CancelBody>,
) -> Result<Response, Problem> {
    let (api, caller, context) = (&api, &caller, &write.context);
    let decide = |mut order: Session<Order>| {
        let reason = body.reason.clone();
        async move {
            may_see(caller, &order)?;
            let more = api.orders.cancel(&mut order, reason, context).await.map_err(refused)?;
            Ok((order, more))
        }
    };
    let show = |order: &Session<Order>| {
        let mut response = show(order);
        if order.state().status() != Some(OrderStatus::Cancelled) {
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        response
    };
    write.change_by(&api.store, id, decide, show).await
}

/// Adds a product to a pending order, at its price now.
#[utoipa::path(
    post, path = "/orders/{id}/items", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ItemBody,
    responses((status = 200, description = "added", body = OrderShown)),
)]
async fn add_item(
    State(api): State<OrdersApi>,
    SignedIn(caller): SignedIn,
    Id(id): Id<OrderId>,
    write: Write,
    Body(body): Body<ItemBody>,
) -> Result<Response, Problem> {
    let wanted = body.checked()?;
    let (api, caller, context) = (&api, &caller, &write.context);
    let decide = |mut order: Session<Order>| async move {
        must_own(caller, &order)?;
        api.orders.add_item(&mut order, wanted, context).await.map_err(refused)?;
        Ok((order, Commit::new()))
    };
    write.change_by(&api.store, id, decide, show).await
}
