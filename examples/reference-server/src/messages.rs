//! What the services ask of each other. Only these cross from one to another.

use std::time::Duration;

use commerce_core::id::{CustomerId, OrderId, PaymentId, ProductId, ShipmentId};
use commerce_core::inventory::reservation::Demand;
use commerce_core::payment::{ExternalPaymentId, PaymentMethod, PaymentToken};
use commerce_core::shipping::{Carrier, TrackingNumber};
use commerce_core::value::{Address, Money};
use commerce_outbox::Message;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where the inventory service listens.
pub const INVENTORY: &str = "inventory.commands";
/// Where the payment service listens.
pub const PAYMENT: &str = "payment.commands";
/// Where the shipping service listens.
pub const SHIPPING: &str = "shipping.commands";
/// Where the order service's sagas listen for replies.
pub const ORDER_REPLIES: &str = "order.replies";
/// What has happened in the catalog service.
pub const CATALOG_EVENTS: &str = "catalog.events";
/// What has happened in the identity service.
pub const IDENTITY_EVENTS: &str = "identity.events";
/// Secrets that the identity service has mailed to their owners.
pub const IDENTITY_SECRETS: &str = "identity.secrets";
/// What has happened in the inventory service.
pub const INVENTORY_EVENTS: &str = "inventory.events";
/// What has happened in the order service.
pub const ORDER_EVENTS: &str = "order.events";
/// What has happened in the payment service.
pub const PAYMENT_EVENTS: &str = "payment.events";
/// What has happened in the shipping service.
pub const SHIPPING_EVENTS: &str = "shipping.events";

macro_rules! message {
    ($name:ident, $topic:expr, $message_type:literal, $key:ident) => {
        impl Message for $name {
            const TOPIC: &'static str = $topic;
            const TYPE: &'static str = $message_type;

            fn key(&self) -> String {
                self.$key.to_string()
            }
        }
    };
}

/// Keep stock for an order, all of it or none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReserveStock {
    /// For which order.
    pub order_id: OrderId,
    /// What.
    pub demand: Demand,
    /// For how long.
    pub for_at_most: Duration,
}
message!(ReserveStock, INVENTORY, "inventory.reserve-stock", order_id);

/// Give an order's stock back, or put it back if it was handed out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReleaseStock {
    /// Whose.
    pub order_id: OrderId,
    /// Why.
    pub reason: String,
}
message!(ReleaseStock, INVENTORY, "inventory.release-stock", order_id);

/// Hand out what is kept for an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmReservation {
    /// Whose.
    pub order_id: OrderId,
}
message!(ConfirmReservation, INVENTORY, "inventory.confirm-reservation", order_id);

/// Put goods back that came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Restock {
    /// The return.
    pub return_id: Uuid,
    /// What came back.
    pub product_id: ProductId,
    /// How many.
    pub quantity: u32,
}
message!(Restock, INVENTORY, "inventory.restock", return_id);

/// Take goods out again whose return came to nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UndoRestock {
    /// The return.
    pub return_id: Uuid,
    /// What was put back.
    pub product_id: ProductId,
    /// How many.
    pub quantity: u32,
}
message!(UndoRestock, INVENTORY, "inventory.undo-restock", return_id);

/// Take the money for an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CapturePayment {
    /// For which order.
    pub order_id: OrderId,
    /// The payment to make.
    pub payment_id: PaymentId,
    /// Whose order it is.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// How much.
    pub amount: Money,
    /// By what means.
    pub method: PaymentMethod,
    /// What the provider knows the means by.
    pub token: PaymentToken,
}
message!(CapturePayment, PAYMENT, "payment.capture", order_id);

/// Give back all the money of an order that is not to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CancelPayment {
    /// Whose.
    pub order_id: OrderId,
    /// Which payment.
    pub payment_id: PaymentId,
    /// Why.
    pub reason: String,
}
message!(CancelPayment, PAYMENT, "payment.cancel", order_id);

/// Give back part of the money.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundPayment {
    /// The return it is for. It has one effect, however often it is asked for.
    pub refund_id: Uuid,
    /// Which payment.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
}
message!(RefundPayment, PAYMENT, "payment.refund", payment_id);

/// Have the provider pay out a refund that is recorded. The payment service sends it to itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PayOutRefund {
    /// Which payment.
    pub payment_id: PaymentId,
    /// Which of its refunds.
    pub refund_id: Uuid,
    /// So often the provider has been called for it, and gave no answer.
    #[serde(default)]
    pub unanswered: u32,
}
message!(PayOutRefund, PAYMENT, "payment.pay-out-refund", payment_id);

/// Give back money that was taken for a payment that had ended by then. The payment service sends it to itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnStrayMoney {
    /// For which payment it was taken.
    pub payment_id: PaymentId,
    /// The charge whose money it is.
    pub external_payment_id: ExternalPaymentId,
    /// So often the provider has been called for it, and gave no answer.
    #[serde(default)]
    pub unanswered: u32,
}
message!(ReturnStrayMoney, PAYMENT, "payment.return-stray-money", payment_id);

/// See to a refund that the provider could not bring to the customer after all. The payment service sends it to itself, and
/// leaves it to an operator. Its key is its own, so that no other message waits for them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundFailed {
    /// Which payment.
    pub payment_id: PaymentId,
    /// Which of its refunds. None of one that is not in its books: of stray money, or made at the provider by someone.
    pub refund_id: Option<Uuid>,
    /// The charge whose money it is.
    pub external_payment_id: ExternalPaymentId,
    /// The provider's id of the refund.
    pub external_refund_id: String,
    /// How much. None if only the provider knows.
    pub amount: Option<Money>,
    /// Why it did not arrive, in the provider's words.
    pub reason: String,
}
message!(RefundFailed, PAYMENT, "payment.refund-failed", external_refund_id);

/// Make a shipment for an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateShipment {
    /// For which order.
    pub order_id: OrderId,
    /// The shipment to make.
    pub shipment_id: ShipmentId,
    /// The order's customer.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// Where to.
    pub address: Address,
    /// What the order comes to: says in which currency shipping is paid.
    pub order_total: Money,
}
message!(CreateShipment, SHIPPING, "shipping.create-shipment", order_id);

/// Call a shipment off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CancelShipment {
    /// Whose.
    pub order_id: OrderId,
    /// Which.
    pub shipment_id: ShipmentId,
    /// Why.
    pub reason: String,
}
message!(CancelShipment, SHIPPING, "shipping.cancel-shipment", order_id);

/// Call the shipment of an order off that is to be cancelled, unless the parcel has left the warehouse.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallOffShipment {
    /// Whose.
    pub order_id: OrderId,
    /// Which.
    pub shipment_id: ShipmentId,
    /// Why.
    pub reason: String,
}
message!(CallOffShipment, SHIPPING, "shipping.call-off-shipment", order_id);

/// An order's parcel was given to a carrier: whoever shipped the order says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandOverShipment {
    /// Whose.
    pub order_id: OrderId,
    /// Which.
    pub shipment_id: ShipmentId,
    /// The number that the order was shipped under.
    pub tracking_number: TrackingNumber,
    /// To whom it was given.
    pub carrier: Carrier,
}
message!(HandOverShipment, SHIPPING, "shipping.hand-over-shipment", order_id);

/// Give back all the money of an order whose shipment was called off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundOrder {
    /// Whose.
    pub order_id: OrderId,
    /// Which payment.
    pub payment_id: PaymentId,
    /// Why.
    pub reason: String,
}
message!(RefundOrder, PAYMENT, "payment.refund-order", order_id);

/// Hand out what is kept for an order: whoever has confirmed it by hand says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandOutStock {
    /// Which.
    pub order_id: OrderId,
}
message!(HandOutStock, INVENTORY, "inventory.hand-out-stock", order_id);

/// Put back into stock what an order was given whose shipment was called off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutBackStock {
    /// Whose.
    pub order_id: OrderId,
    /// Why.
    pub reason: String,
}
message!(PutBackStock, INVENTORY, "inventory.put-back-stock", order_id);
