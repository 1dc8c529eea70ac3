//! What is shown of orders.

use commerce_core::id::OrderId;
use commerce_core::order::{Failure, Order, OrderLine};
use commerce_core::stream::RecordedEvent;
use commerce_core::value::{Address, Currency, Money};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::{CarrierBody, StatusBody};
use crate::http::schema;

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(super) struct OrderShown {
    id: Uuid,
    customer_id: Uuid,
    status: StatusBody,
    /// What was ordered.
    lines: Vec<LineShown>,
    #[schema(value_type = schema::Address)]
    shipping_address: Address,
    /// Of every amount in it: an ISO 4217 code.
    currency: String,
    #[schema(value_type = schema::Money)]
    subtotal: Money,
    #[schema(value_type = schema::Money)]
    total: Money,
    /// The payment that paid for it.
    payment_id: Option<Uuid>,
    /// The shipment made for it.
    shipment_id: Option<Uuid>,
    /// The carrier's number of the parcel, once shipped.
    tracking_number: Option<String>,
    carrier: Option<CarrierBody>,
    /// Why it was cancelled.
    cancel_reason: Option<String>,
    /// Where and why its checkout went wrong.
    failure: Option<FailureShown>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// So many of one product at one price.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
struct LineShown {
    product_id: Uuid,
    sku: String,
    name: String,
    /// What one cost when it was ordered.
    #[schema(value_type = schema::Money)]
    unit_price: Money,
    quantity: u32,
    #[schema(value_type = schema::Money)]
    total: Money,
}

/// Where and why something went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderFailure)]
pub(super) struct FailureShown {
    /// The saga's step.
    pub(super) step: String,
    /// Stable, for programs.
    pub(super) code: String,
    /// A sentence for people.
    pub(super) detail: String,
}

impl OrderShown {
    pub(super) fn of(id: OrderId, order: &Order) -> Option<Self> {
        let placed = order.placed()?;
        Some(Self {
            id: id.0,
            customer_id: placed.customer_id().0,
            status: placed.status().into(),
            lines: placed.lines().iter().map(LineShown::of).collect(),
            shipping_address: placed.shipping_address().clone(),
            currency: placed.currency().to_string(),
            subtotal: placed.subtotal(),
            total: placed.total(),
            payment_id: placed.payment_id().map(|id| id.0),
            shipment_id: placed.shipment_id().map(|id| id.0),
            tracking_number: placed.tracking_number().map(ToString::to_string),
            carrier: placed.carrier().map(Into::into),
            cancel_reason: placed.cancel_reason().map(str::to_owned),
            failure: placed.failure().map(|Failure { step, code, detail }| FailureShown {
                step: step.clone(),
                code: code.clone(),
                detail: detail.clone(),
            }),
            created_at: placed.placed_at().to_string(),
            updated_at: placed.updated_at().to_string(),
        })
    }
}

impl LineShown {
    fn of(line: &OrderLine) -> Self {
        Self {
            product_id: line.product_id.0,
            sku: line.sku.to_string(),
            name: line.name.clone(),
            unit_price: line.unit_price,
            quantity: line.quantity.get(),
            // can't overflow: the order was placed with it
            total: line.total().unwrap_or(line.unit_price),
        }
    }
}

/// Something that has happened to an order.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderEvent)]
pub(super) struct EventShown {
    /// What: `OrderPlaced`, `PaymentInitiated` and so on.
    r#type: String,
    /// The how-many-th event of the order it is, from 1.
    version: u64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// By whom.
    actor: ActorShown,
    /// What there is to say about it.
    #[schema(value_type = Object)]
    data: Value,
}

/// By whom something happened.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderActor)]
enum ActorShown {
    /// The customer whose order it is.
    Customer,
    /// Someone of the shop.
    Staff,
    /// An import.
    Import,
    /// The shop by itself: a checkout, a cancellation, a parcel's news.
    System,
}

impl EventShown {
    pub(super) fn of(event: RecordedEvent, customer: Uuid) -> serde_json::Result<Self> {
        let actor = match Uuid::parse_str(&event.metadata.actor) {
            Ok(user) if user == customer => ActorShown::Customer,
            Ok(_) => ActorShown::Staff,
            Err(_) if &*event.metadata.actor == "import" => ActorShown::Import,
            Err(_) => ActorShown::System,
        };
        Ok(Self {
            r#type: event.event_type.to_string(),
            version: event.version,
            at: event.recorded_at.to_string(),
            actor,
            data: with_prices(serde_json::from_slice(&event.payload)?),
        })
    }
}

/// An order's lines are stored without their currency; they are shown as money is everywhere.
fn with_prices(mut fields: Value) -> Value {
    let currency = fields["total"]["currency"].as_str().and_then(|code| Currency::parse(code).ok());
    let lines = fields.get_mut("lines").and_then(Value::as_array_mut);
    if let (Some(currency), Some(lines)) = (currency, lines) {
        for line in lines.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(minor) = line.remove("unit_price_minor").as_ref().and_then(Value::as_i64) {
                line.insert("unit_price".to_owned(), json!(Money::from_minor(minor, currency)));
            }
        }
    }
    fields
}
