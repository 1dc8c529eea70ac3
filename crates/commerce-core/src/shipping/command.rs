//! What can be asked of a shipment.

use crate::id::{CustomerId, OrderId};
use crate::time::Timestamp;
use crate::value::{Address, Money};

use super::{Carrier, Package, Speed, TrackingNumber};

/// A request to a shipment. Its id is that of the stream it is sent to.
#[derive(Clone, Debug, PartialEq)]
pub enum ShipmentCommand {
    /// Make it.
    Create {
        /// For this order.
        order_id: OrderId,
        /// The order's customer, if that is known.
        customer_id: Option<CustomerId>,
        /// The carrier's number, or [`TrackingNumber::of`] the shipment. The caller claims it: it is unique.
        tracking_number: TrackingNumber,
        /// Who carries it.
        carrier: Carrier,
        /// How fast.
        speed: Speed,
        /// Where to.
        address: Box<Address>,
        /// What.
        package: Package,
        /// What carrying it costs, zero or more.
        cost: Money,
    },
    /// The carrier will come for it.
    SchedulePickup {
        /// When: not before the shipment was created.
        at: Timestamp,
    },
    /// The carrier has it.
    PickUp,
    /// It travels between depots.
    InTransit,
    /// It is on the last van.
    OutForDelivery,
    /// It was received.
    Deliver {
        /// By whom: 1 to 100 characters.
        recipient_name: String,
        /// The signature: an http or https URL of at most 2,048 characters.
        signature_url: Option<String>,
    },
    /// Nobody took it. The third time is the last. There is nothing to recognise a repetition by: the caller's claim
    /// on the message, or its idempotency key, must.
    RecordDeliveryAttempt {
        /// Why: 1 to 500 characters.
        reason: String,
        /// When the carrier comes again: after now. Ignored the last time.
        next_attempt_at: Option<Timestamp>,
    },
    /// Call it off.
    Cancel {
        /// Why: 1 to 500 characters.
        reason: String,
    },
    /// It came back.
    Return {
        /// Why: 1 to 500 characters.
        reason: String,
    },
    /// The carrier says where it is. Changes no state; the same words twice in a row are one update.
    AddTracking {
        /// The carrier's word for it: 1 to 100 characters.
        status: String,
        /// Where: at most 200 characters.
        location: Option<String>,
        /// More about it: at most 500 characters.
        description: Option<String>,
    },
}

impl ShipmentCommand {
    /// Its name as it appears in rejections: `create`, `schedule_pickup`, …
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::SchedulePickup { .. } => "schedule_pickup",
            Self::PickUp => "pick_up",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::Deliver { .. } => "deliver",
            Self::RecordDeliveryAttempt { .. } => "record_delivery_attempt",
            Self::Cancel { .. } => "cancel",
            Self::Return { .. } => "return",
            Self::AddTracking { .. } => "add_tracking",
        }
    }
}
