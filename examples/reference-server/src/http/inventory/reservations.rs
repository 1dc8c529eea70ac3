//! What is kept of a product for orders, by hand.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Asked, Body, Id, Limit, Listing, Only, Page, Params, Problem, Resource};
use commerce_core::commit::{Commit, CommitError, Conflict};
use commerce_core::id::{OrderId, ProductId};
use commerce_core::inventory::reservation::{ReservationRejection, ReservationRequest, Settlement, Shortage};
use commerce_core::inventory::{Reason, StockItem};
use commerce_core::store::Query;
use serde::Deserialize;
use utoipa::IntoParams;

use super::InventoryApi;
use super::bodies::{KeptForBody, ReserveBody};
use super::shown::{KeptFor, KeptShown, ReservationShown, ReservationStanding, StockItemShown};
use crate::http::roles::Stockkeepers;
use crate::http::{ATTEMPTS, Write, problem};
use crate::services::Session;
use crate::services::inventory::{ByHand, KEPT_ALONE, RESERVATIONS};
use crate::views::inventory::{RESERVED, Reserved, reserved_id, status_name};

/// Keeps some for an order.
///
/// The same again while it is kept changes nothing. What is kept for the order as a whole by its checkout, or was handed
/// out to it, is left to the checkout: 409 `reserved_as_a_whole`.
#[utoipa::path(
    post, path = "/inventory/products/{id}/reserve", tag = "inventory", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ReserveBody,
    responses((status = 200, description = "kept", body = KeptShown)),
)]
pub(super) async fn reserve(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<ReserveBody>,
) -> Result<Response, Problem> {
    let asked = body.request(id, &write.context)?;
    api.settle(&write, id, &asked).await
}

/// Hands out what is kept for an order. If the order is paid for after that, its checkout counts it towards what the order
/// asks for. What the checkout keeps itself is left to it: 409 `reserved_as_a_whole`.
#[utoipa::path(
    post, path = "/inventory/products/{id}/confirm-reservation", tag = "inventory", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = KeptForBody,
    responses((status = 200, description = "handed out", body = KeptShown)),
)]
pub(super) async fn confirm_reservation(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<KeptForBody>,
) -> Result<Response, Problem> {
    let asked = ReservationRequest::Confirm { order_id: OrderId(body.order_id) };
    api.settle(&write, id, &asked).await
}

/// Gives back what is kept for an order, or puts it back if it was handed out. What the order's checkout keeps, or was
/// handed out, is left to it: 409 `reserved_as_a_whole`.
#[utoipa::path(
    post, path = "/inventory/products/{id}/release", tag = "inventory", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = KeptForBody,
    responses((status = 200, description = "given back", body = KeptShown)),
)]
pub(super) async fn release(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<KeptForBody>,
) -> Result<Response, Problem> {
    let reason =
        Reason::parse("released by hand").map_err(|violation| Problem::bug(violation.to_string()))?;
    let asked = ReservationRequest::Release { order_id: OrderId(body.order_id), reason };
    api.settle(&write, id, &asked).await
}

/// Which reservations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReservationsAsked {
    /// Only those that stand so.
    #[param(inline)]
    status: Option<ReservationStanding>,
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    cursor: Option<String>,
}

/// What is and was kept of a product, by hand and by checkouts, in the order of the orders' ids.
#[utoipa::path(
    get, path = "/inventory/products/{id}/reservations", tag = "inventory", security(("bearer" = [])),
    params(("id" = Uuid, Path), ReservationsAsked),
    responses((status = 200, description = "a page of them", body = Listing<ReservationShown>)),
)]
pub(super) async fn list_reservations(
    State(api): State<InventoryApi>,
    _: Only<Stockkeepers>,
    Asked(context): Asked,
    Id(id): Id<ProductId>,
    Params(asked): Params<ReservationsAsked>,
) -> Result<Response, Problem> {
    let page = Page::new(format!("reservations/{id}"), asked.limit, asked.cursor);
    let product_id = id.to_string();
    let mut query =
        Query::of(context.tenant(), RESERVED).equals("product", &*product_id).limit(page.look_ahead());
    if let Some(standing) = asked.status {
        query = query.equals("status", status_name(standing.status()));
    }
    if let Some(after) = page.after::<OrderId>()? {
        query = query.after(reserved_id(&product_id, after));
    }
    api.must_exist(&context, id).await?;
    let rows = api.view.fresh().await?.query(&query).await?;
    let rows = rows.iter().map(|row| row.json::<Reserved>()).collect::<Result<Vec<_>, _>>()?;
    let Listing { items, next_cursor } = page.listing(rows, |row| row.order_id)?;
    let items = items.iter().map(|row| ReservationShown::of(id, row)).collect();
    Ok(Listing { items, next_cursor }.into_response())
}

impl InventoryApi {
    /// Decides a request for one product of an order; again, if someone else has asked for the same. The records are read
    /// before the item's turn, so a refusal may rest on what they were before that: it counts if they are so still.
    async fn settle(
        &self,
        write: &Write,
        id: ProductId,
        asked: &ReservationRequest,
    ) -> Result<Response, Problem> {
        let look = || self.inventory.by_hand(&write.context, asked.order_id(), id);
        let mut kept = look().await?;
        let mut attempt = 1;
        loop {
            let answered = write.through(self.inventory.items(), id, |item| {
                StockItemShown::of(id, item.state())?;
                let settlement = kept.settle(asked, Some(item.state()), &write.context);
                settled(item, &kept, settlement)
            });
            match answered.await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) if !(attempt < ATTEMPTS && is_of_records(&error)) => {
                    return Err(problem(error));
                }
                Ok(Err(_)) => kept = look().await?,
                Err(refusal) => {
                    let now = look().await?;
                    if attempt == ATTEMPTS || !now.differs_from(&kept) {
                        return Err(refusal);
                    }
                    kept = now;
                }
            }
            attempt += 1;
        }
    }
}

/// Whether someone else has written what is on record of the order.
fn is_of_records(error: &CommitError) -> bool {
    match error {
        CommitError::Conflict(Conflict::Document { collection, .. }) => {
            [KEPT_ALONE, RESERVATIONS].contains(&&**collection)
        }
        _ => false,
    }
}

/// What is written and answered. A shortage is a refusal that is on record.
fn settled(
    item: &mut Session<StockItem>,
    kept: &ByHand,
    settlement: Settlement,
) -> Result<(Commit, Response), Problem> {
    let Settlement { changes, record, answer } = settlement;
    item.take_in(changes.into_iter().flat_map(|(_, events)| events).collect());
    if let Err(rejection) = answer {
        let problem = refused(rejection);
        let unchanged = item.events().is_empty();
        return if unchanged { Err(problem) } else { Ok((Commit::new(), problem.into_response())) };
    }
    let mut commit = Commit::new();
    if let Some(record) = &record {
        commit.documents.extend(kept.writes(record)?);
    }
    let stands = record.as_ref().or(kept.record());
    let reservation =
        stands.map(KeptFor::of).ok_or_else(|| Problem::bug("a reservation without a record"))?;
    let shown = KeptShown { item: StockItemShown::of(*item.id(), item.state())?, reservation };
    Ok((commit, Resource(item.version(), shown).into_response()))
}

/// Says how many there are, if that is why.
fn refused(rejection: ReservationRejection) -> Problem {
    let shortage = match &rejection {
        ReservationRejection::Rejected { shortages, .. } => shortages.first().cloned(),
        _ => None,
    };
    match shortage {
        Some(shortage @ Shortage::InsufficientStock { requested, available, .. }) => {
            Problem::conflict(shortage.code(), shortage.to_string())
                .with("available", available)
                .with("requested", requested)
        }
        _ => rejection.into(),
    }
}
