//! What is shown of shipments.

use commerce_adapters::http::Caller;
use commerce_core::Timestamp;
use commerce_core::id::ShipmentId;
use commerce_core::shipping::{self, CreatedShipment, Package, Shipment, TrackingEntry};
use commerce_core::value;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::STAFF;
use crate::http::schema;
use crate::views::Row;

/// Whether the caller may see the shipment: it is their order's, or they are at work on it.
pub(super) fn is_theirs(shipment: &Shipment, caller: &Caller) -> bool {
    let owner = shipment.created().and_then(CreatedShipment::customer_id);
    shipment.created().is_some()
        && (caller.is_one_of(STAFF) || owner.is_some_and(|owner| owner.0 == caller.id))
}

macro_rules! named {
    ($(#[$meta:meta])* $name:ident as $shown:ident { $($variant:ident),+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = $shown)]
        pub(super) enum $name { $($variant),+ }

        impl From<shipping::$name> for $name {
            fn from(value: shipping::$name) -> Self {
                match value { $(shipping::$name::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for shipping::$name {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

named!(
    /// Who carries a parcel.
    Carrier as ShipmentCarrier { Fedex, Ups, Usps, Dhl, Custom }
);
named!(
    /// How fast: in five days, two, one, or none.
    Speed as ShipmentSpeed { Standard, Express, Overnight, SameDay }
);
named!(
    /// How far a shipment has come.
    ShipmentStatus as ShipmentStatus {
        Pending, PickupScheduled, PickedUp, InTransit, OutForDelivery, Delivered, DeliveryFailed, Cancelled, Returned
    }
);

/// A parcel: kilograms, centimetres and cubic centimetres as exact decimals.
#[derive(Serialize, ToSchema)]
pub(super) struct PackageShown {
    weight: String,
    length: String,
    width: String,
    height: String,
    volume: String,
    /// Kilograms that the volume counts for.
    volumetric_weight: String,
    /// Kilograms that are charged.
    chargeable_weight: String,
}

impl PackageShown {
    fn of(package: &Package) -> Self {
        Self {
            weight: package.weight().to_string(),
            length: package.length().to_string(),
            width: package.width().to_string(),
            height: package.height().to_string(),
            volume: package.volume().to_string(),
            volumetric_weight: package.volumetric_weight().to_string(),
            chargeable_weight: package.chargeable_weight().to_string(),
        }
    }
}

/// A line of a parcel's history.
#[derive(Serialize, ToSchema)]
pub(super) struct TrackingShown {
    status: String,
    location: Option<String>,
    description: Option<String>,
    #[schema(format = DateTime)]
    at: String,
}

fn history(shipment: &CreatedShipment) -> Vec<TrackingShown> {
    let line = |entry: &TrackingEntry| TrackingShown {
        status: entry.status.clone(),
        location: entry.location.clone(),
        description: entry.description.clone(),
        at: entry.at.to_string(),
    };
    shipment.history().iter().map(line).collect()
}

/// A shipment.
#[derive(Serialize, ToSchema)]
pub(super) struct ShipmentShown {
    id: Uuid,
    order_id: Uuid,
    customer_id: Option<Uuid>,
    tracking_number: String,
    carrier: Carrier,
    speed: Speed,
    status: ShipmentStatus,
    #[schema(value_type = schema::Address)]
    address: value::Address,
    package: PackageShown,
    #[schema(value_type = schema::Money)]
    cost: value::Money,
    #[schema(format = DateTime)]
    estimated_delivery: String,
    /// Whether it should have arrived and is still on its way.
    delayed: bool,
    #[schema(format = DateTime)]
    pickup_at: Option<String>,
    failed_attempts: u8,
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    delivered_at: Option<String>,
    recipient_name: Option<String>,
    signature_url: Option<String>,
    /// Why it was given up, cancelled or returned.
    reason: Option<String>,
    tracking_history: Vec<TrackingShown>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl ShipmentShown {
    pub(super) fn of(id: ShipmentId, shipment: &Shipment, now: Timestamp) -> Option<Self> {
        let shipment = shipment.created()?;
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Some(Self {
            id: id.0,
            order_id: shipment.order_id().0,
            customer_id: shipment.customer_id().map(|id| id.0),
            tracking_number: shipment.tracking_number().to_string(),
            carrier: shipment.carrier().into(),
            speed: shipment.speed().into(),
            status: shipment.status().into(),
            address: shipment.address().clone(),
            package: PackageShown::of(shipment.package()),
            cost: shipment.cost(),
            estimated_delivery: shipment.estimated_delivery().to_string(),
            delayed: shipment.is_delayed(now),
            pickup_at: text(shipment.pickup_at()),
            failed_attempts: shipment.failed_attempts(),
            next_attempt_at: text(shipment.next_attempt_at()),
            delivered_at: text(shipment.delivered_at()),
            recipient_name: shipment.recipient_name().map(str::to_owned),
            signature_url: shipment.signature_url().map(str::to_owned),
            reason: shipment.reason().map(str::to_owned),
            tracking_history: history(shipment),
            created_at: shipment.created_at().to_string(),
            updated_at: shipment.updated_at().to_string(),
        })
    }
}

/// A shipment as everyone sees it who knows its number: nothing of where it goes, who received it, or whose it is.
#[derive(Serialize, ToSchema)]
pub(super) struct TrackedShown {
    id: Uuid,
    tracking_number: String,
    carrier: Carrier,
    speed: Speed,
    status: ShipmentStatus,
    #[schema(format = DateTime)]
    estimated_delivery: String,
    delayed: bool,
    failed_attempts: u8,
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    delivered_at: Option<String>,
    tracking_history: Vec<TrackingShown>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl TrackedShown {
    pub(super) fn of(row: &Row<Shipment>, now: Timestamp) -> Option<Self> {
        let shipment = row.state.created()?;
        Some(Self {
            id: row.id.parse().ok()?,
            tracking_number: shipment.tracking_number().to_string(),
            carrier: shipment.carrier().into(),
            speed: shipment.speed().into(),
            status: shipment.status().into(),
            estimated_delivery: shipment.estimated_delivery().to_string(),
            delayed: shipment.is_delayed(now),
            failed_attempts: shipment.failed_attempts(),
            next_attempt_at: shipment.next_attempt_at().map(|at| at.to_string()),
            delivered_at: shipment.delivered_at().map(|at| at.to_string()),
            tracking_history: history(shipment),
            created_at: shipment.created_at().to_string(),
            updated_at: shipment.updated_at().to_string(),
        })
    }
}

/// What carrying a parcel costs.
#[derive(Serialize, ToSchema)]
pub(super) struct QuoteShown {
    carrier: Carrier,
    speed: Speed,
    #[schema(value_type = schema::Money)]
    cost: value::Money,
    /// When it would arrive if it were sent now.
    #[schema(format = DateTime)]
    estimated_delivery: String,
    package: PackageShown,
}

impl QuoteShown {
    pub(super) fn of(
        carrier: shipping::Carrier,
        speed: shipping::Speed,
        package: &Package,
        cost: value::Money,
        now: Timestamp,
    ) -> Self {
        Self {
            carrier: carrier.into(),
            speed: speed.into(),
            cost,
            estimated_delivery: speed.estimate(now).to_string(),
            package: PackageShown::of(package),
        }
    }
}
