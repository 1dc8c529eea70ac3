//! The aggregate: what is known of a shipment, and how its events change that.

use serde::{Deserialize, Serialize};

use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::{CustomerId, OrderId, ShipmentId};
use crate::time::Timestamp;
use crate::value::{Address, Money};

use super::decide::create;
use super::{
    Carrier, Package, ShipmentCommand, ShipmentEvent, ShipmentRejection, ShipmentStatus, Speed,
    TrackingEntry, TrackingNumber,
};

/// How often a carrier tries: with that many failed attempts the delivery has failed.
pub const MAX_ATTEMPTS: u8 = 3;

/// A shipment, or the place where one may be made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shipment(Option<CreatedShipment>);

/// A shipment from the moment it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreatedShipment {
    pub(super) order_id: OrderId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer_id: Option<CustomerId>,
    pub(super) tracking_number: TrackingNumber,
    pub(super) carrier: Carrier,
    pub(super) speed: Speed,
    pub(super) address: Address,
    pub(super) package: Package,
    pub(super) cost: Money,
    pub(super) status: ShipmentStatus,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) estimated_delivery: Timestamp,
    pub(super) attempts: u8,
    pub(super) tracking_updates: usize,
    pub(super) history: Vec<TrackingEntry>,
    #[serde(default)]
    pub(super) picked_up: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pickup_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next_attempt_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delivery: Option<Delivery>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// How it was received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Delivery {
    pub(super) recipient_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature_url: Option<String>,
    pub(super) delivered_at: Timestamp,
}

impl Shipment {
    /// The shipment, if it was made.
    pub fn created(&self) -> Option<&CreatedShipment> {
        self.0.as_ref()
    }

    /// Its state, if it was made.
    pub fn status(&self) -> Option<ShipmentStatus> {
        self.created().map(CreatedShipment::status)
    }
}

impl Aggregate for Shipment {
    const KIND: &'static str = "shipment";
    type Id = ShipmentId;
    type Command = ShipmentCommand;
    type Event = ShipmentEvent;
    type Rejection = ShipmentRejection;

    fn decide(
        &self,
        command: ShipmentCommand,
        context: &Context,
    ) -> Result<Vec<ShipmentEvent>, ShipmentRejection> {
        let event = match (&self.0, command) {
            (None, command @ ShipmentCommand::Create { .. }) => create(command, context.now()).map(Some),
            (None, _) => Err(ShipmentRejection::NotFound),
            (Some(shipment), command) => shipment.decide(command, context.now()),
        };
        event.map(|event| event.into_iter().collect())
    }

    fn apply(&mut self, event: &ShipmentEvent) {
        if let Some(created) = CreatedShipment::from_event(event) {
            self.0 = Some(created);
        }
        if let Some(shipment) = &mut self.0 {
            shipment.apply(event);
        }
    }
}

impl CreatedShipment {
    fn from_event(event: &ShipmentEvent) -> Option<Self> {
        let ShipmentEvent::ShipmentCreated {
            order_id,
            customer_id,
            tracking_number,
            carrier,
            speed,
            address,
            package,
            cost,
            created_at,
            estimated_delivery,
        } = event
        else {
            return None;
        };
        Some(Self {
            order_id: *order_id,
            customer_id: *customer_id,
            tracking_number: tracking_number.clone(),
            carrier: *carrier,
            speed: *speed,
            address: Address::clone(address),
            package: *package,
            cost: *cost,
            status: ShipmentStatus::Pending,
            created_at: *created_at,
            updated_at: *created_at,
            estimated_delivery: *estimated_delivery,
            attempts: 0,
            tracking_updates: 0,
            history: Vec::new(),
            picked_up: false,
            pickup_at: None,
            next_attempt_at: None,
            delivery: None,
            reason: None,
        })
    }

    fn apply(&mut self, event: &ShipmentEvent) {
        match event {
            ShipmentEvent::PickupScheduled { pickup_at, .. } => self.pickup_at = Some(*pickup_at),
            ShipmentEvent::ShipmentDelivered { recipient_name, signature_url, delivered_at } => {
                self.next_attempt_at = None;
                self.delivery = Some(Delivery {
                    recipient_name: recipient_name.clone(),
                    signature_url: signature_url.clone(),
                    delivered_at: *delivered_at,
                });
            }
            ShipmentEvent::DeliveryAttemptFailed { attempt, last, reason, next_attempt_at, .. } => {
                self.attempts = *attempt;
                self.next_attempt_at = *next_attempt_at;
                self.reason = last.then(|| reason.clone());
            }
            ShipmentEvent::ShipmentCancelled { reason, .. }
            | ShipmentEvent::ShipmentReturned { reason, .. } => {
                self.next_attempt_at = None;
                self.reason = Some(reason.clone());
            }
            ShipmentEvent::TrackingUpdated { entry } => {
                self.tracking_updates = self.tracking_updates.saturating_add(1);
                self.updated_at = entry.at;
            }
            ShipmentEvent::ShipmentPickedUp { .. } => self.picked_up = true,
            ShipmentEvent::ShipmentCreated { .. }
            | ShipmentEvent::ShipmentInTransit { .. }
            | ShipmentEvent::ShipmentOutForDelivery { .. } => {}
        }
        self.history.extend(event.tracking_entry());
        if let Some((status, at)) = event.reaches() {
            self.status = status;
            self.updated_at = at;
        }
    }
}

/// What there is to know of a shipment.
impl CreatedShipment {
    /// The order it is for.
    pub fn order_id(&self) -> OrderId {
        self.order_id
    }

    /// The order's customer, if that is known.
    pub fn customer_id(&self) -> Option<CustomerId> {
        self.customer_id
    }

    /// The number to ask by.
    pub fn tracking_number(&self) -> &TrackingNumber {
        &self.tracking_number
    }

    /// Who carries it.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// How fast.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Where to. Not for everyone who knows the tracking number.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The parcel.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// What carrying it costs.
    pub fn cost(&self) -> Money {
        self.cost
    }

    /// How far it has come.
    pub fn status(&self) -> ShipmentStatus {
        self.status
    }

    /// Whether the carrier has, or had it: also of one that was called off on its way.
    pub fn has_left(&self) -> bool {
        self.picked_up
    }

    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When anything last happened to it.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// When it should have arrived: see [`Speed::estimate`].
    pub fn estimated_delivery(&self) -> Timestamp {
        self.estimated_delivery
    }

    /// Whether it is late: past its estimate, and still on its way. What was given up, cancelled or returned will not
    /// come any more, so it isn't late.
    pub fn is_delayed(&self, now: Timestamp) -> bool {
        self.status.is_under_way() && now > self.estimated_delivery
    }

    /// When the carrier comes, or came, for it.
    pub fn pickup_at(&self) -> Option<Timestamp> {
        self.pickup_at
    }

    /// How often nobody took it.
    pub fn failed_attempts(&self) -> u8 {
        self.attempts
    }

    /// When the carrier tries again.
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        self.next_attempt_at
    }

    /// Who received it. Not for everyone who knows the tracking number.
    pub fn recipient_name(&self) -> Option<&str> {
        self.delivery.as_ref().map(|delivery| delivery.recipient_name.as_str())
    }

    /// The signature. Not for everyone who knows the tracking number.
    pub fn signature_url(&self) -> Option<&str> {
        self.delivery.as_ref().and_then(|delivery| delivery.signature_url.as_deref())
    }

    /// When it was received. Stays when it is returned later.
    pub fn delivered_at(&self) -> Option<Timestamp> {
        self.delivery.as_ref().map(|delivery| delivery.delivered_at)
    }

    /// Why it was given up, cancelled or returned.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Where it has been, the oldest first: a line for each step of its own and for each update of the carrier.
    pub fn history(&self) -> &[TrackingEntry] {
        &self.history
    }
}
