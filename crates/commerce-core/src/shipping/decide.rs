//! The decisions: what each command leads to in each state.

use crate::time::Timestamp;
use crate::value::{Violation, text};

use super::aggregate::{CreatedShipment, Delivery, MAX_ATTEMPTS};
use super::{
    MAX_TRACKING_UPDATES, ShipmentCommand, ShipmentEvent, ShipmentRejection, ShipmentStatus, TrackingEntry,
    checked_cost,
};

/// The longest reason, in characters.
const MAX_REASON: usize = 500;
/// The longest name of a recipient, in characters: that of an address.
const MAX_NAME: usize = 100;
/// The longest URL, in characters: what browsers agree on.
const MAX_URL: usize = 2_048;

/// Decides whether a shipment that doesn't exist yet can be made so. Every fault is reported.
pub(super) fn create(command: ShipmentCommand, now: Timestamp) -> Result<ShipmentEvent, ShipmentRejection> {
    let ShipmentCommand::Create {
        order_id,
        customer_id,
        tracking_number,
        carrier,
        speed,
        address,
        package,
        cost,
    } = command
    else {
        return Err(ShipmentRejection::NotFound);
    };
    let mut violations: Vec<_> = checked_cost(cost).err().into_iter().collect();
    let address = address.checked().map_err(|found| {
        violations.extend(found.into_iter().map(|violation| violation.under("/address")));
    });
    match address {
        Ok(address) if violations.is_empty() => Ok(ShipmentEvent::ShipmentCreated {
            order_id,
            customer_id,
            tracking_number,
            carrier,
            speed,
            address: Box::new(address),
            package,
            cost,
            created_at: now,
            estimated_delivery: speed.estimate(now),
        }),
        _ => Err(ShipmentRejection::Invalid(violations)),
    }
}

impl CreatedShipment {
    pub(super) fn decide(
        &self,
        command: ShipmentCommand,
        now: Timestamp,
    ) -> Result<Option<ShipmentEvent>, ShipmentRejection> {
        if self.has_had_its_effect(&command) {
            return Ok(None);
        }
        self.must_allow(&command)?;
        Ok(Some(match command {
            ShipmentCommand::Create { .. } => return Err(ShipmentRejection::AlreadyExists),
            ShipmentCommand::SchedulePickup { at } => self.schedule_pickup(at, now)?,
            ShipmentCommand::PickUp => ShipmentEvent::ShipmentPickedUp { picked_up_at: now },
            ShipmentCommand::InTransit => ShipmentEvent::ShipmentInTransit { in_transit_at: now },
            ShipmentCommand::OutForDelivery => {
                ShipmentEvent::ShipmentOutForDelivery { out_for_delivery_at: now }
            }
            ShipmentCommand::Deliver { recipient_name, signature_url } => {
                deliver(&recipient_name, signature_url, now)?
            }
            ShipmentCommand::RecordDeliveryAttempt { reason, next_attempt_at } => {
                self.record_attempt(&reason, next_attempt_at, now)?
            }
            ShipmentCommand::Cancel { reason } => {
                ShipmentEvent::ShipmentCancelled { reason: checked_reason(&reason)?, cancelled_at: now }
            }
            ShipmentCommand::Return { reason } => {
                ShipmentEvent::ShipmentReturned { reason: checked_reason(&reason)?, returned_at: now }
            }
            ShipmentCommand::AddTracking { status, location, description } => {
                let entry = TrackingEntry::checked(&status, location, description, now)
                    .map_err(ShipmentRejection::Invalid)?;
                return self.add_tracking(entry);
            }
        }))
    }

    /// Whether the command only repeats what has happened.
    fn has_had_its_effect(&self, command: &ShipmentCommand) -> bool {
        match command {
            ShipmentCommand::Create { .. } => self.was_made_by(command),
            ShipmentCommand::SchedulePickup { at } => {
                self.status == ShipmentStatus::PickupScheduled && self.pickup_at == Some(*at)
            }
            ShipmentCommand::PickUp => self.status == ShipmentStatus::PickedUp,
            ShipmentCommand::InTransit => self.status == ShipmentStatus::InTransit,
            ShipmentCommand::OutForDelivery => self.status == ShipmentStatus::OutForDelivery,
            ShipmentCommand::Deliver { recipient_name, signature_url } => {
                self.status == ShipmentStatus::Delivered
                    && self.delivery.as_ref().is_some_and(|delivery| {
                        says_the_same(delivery, recipient_name, signature_url.as_deref())
                    })
            }
            // The first reason stands: a compensation that finds its work done must not fail over the wording.
            ShipmentCommand::Cancel { .. } => self.status == ShipmentStatus::Cancelled,
            ShipmentCommand::Return { .. } => self.status == ShipmentStatus::Returned,
            ShipmentCommand::RecordDeliveryAttempt { .. } | ShipmentCommand::AddTracking { .. } => false,
        }
    }

    fn was_made_by(&self, command: &ShipmentCommand) -> bool {
        let Ok(ShipmentEvent::ShipmentCreated {
            order_id,
            customer_id,
            tracking_number,
            carrier,
            speed,
            address,
            package,
            cost,
            ..
        }) = create(command.clone(), self.created_at)
        else {
            return false;
        };
        (order_id, customer_id, &tracking_number, carrier, speed, &*address, package, cost)
            == (
                self.order_id,
                self.customer_id,
                &self.tracking_number,
                self.carrier,
                self.speed,
                &self.address,
                self.package,
                self.cost,
            )
    }

    fn must_allow(&self, command: &ShipmentCommand) -> Result<(), ShipmentRejection> {
        let next = match command {
            ShipmentCommand::Create { .. } | ShipmentCommand::AddTracking { .. } => return Ok(()),
            ShipmentCommand::SchedulePickup { .. } => ShipmentStatus::PickupScheduled,
            ShipmentCommand::PickUp => ShipmentStatus::PickedUp,
            ShipmentCommand::InTransit => ShipmentStatus::InTransit,
            ShipmentCommand::OutForDelivery => ShipmentStatus::OutForDelivery,
            ShipmentCommand::Deliver { .. } => ShipmentStatus::Delivered,
            ShipmentCommand::RecordDeliveryAttempt { .. } => ShipmentStatus::DeliveryFailed,
            ShipmentCommand::Cancel { .. } => ShipmentStatus::Cancelled,
            ShipmentCommand::Return { .. } => ShipmentStatus::Returned,
        };
        if self.status.can_become(next) {
            Ok(())
        } else {
            Err(ShipmentRejection::WrongState { status: self.status, command: command.name() })
        }
    }

    fn schedule_pickup(&self, at: Timestamp, now: Timestamp) -> Result<ShipmentEvent, ShipmentRejection> {
        if at < self.created_at {
            return Err(invalid(Violation::new(
                "/pickup_at",
                "too_early",
                "must not be before the shipment was made",
            )));
        }
        Ok(ShipmentEvent::PickupScheduled { pickup_at: at, scheduled_at: now })
    }

    fn record_attempt(
        &self,
        reason: &str,
        next_attempt_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<ShipmentEvent, ShipmentRejection> {
        let attempt = self.attempts.saturating_add(1);
        let last = attempt >= MAX_ATTEMPTS;
        let next_attempt_at = next_attempt_at.filter(|_| !last);
        let mut violations = Vec::new();
        if next_attempt_at.is_some_and(|next| next <= now) {
            violations.push(Violation::new("/next_attempt_at", "too_early", "must lie in the future"));
        }
        match text("/reason", reason, 1, MAX_REASON) {
            Ok(reason) if violations.is_empty() => Ok(ShipmentEvent::DeliveryAttemptFailed {
                attempt,
                last,
                reason,
                next_attempt_at,
                attempted_at: now,
            }),
            reason => {
                violations.extend(reason.err());
                Err(ShipmentRejection::Invalid(violations))
            }
        }
    }

    fn add_tracking(&self, entry: TrackingEntry) -> Result<Option<ShipmentEvent>, ShipmentRejection> {
        if self.history.last().is_some_and(|latest| latest.says_the_same_as(&entry)) {
            return Ok(None);
        }
        if self.tracking_updates >= MAX_TRACKING_UPDATES {
            return Err(ShipmentRejection::TrackingFull);
        }
        Ok(Some(ShipmentEvent::TrackingUpdated { entry }))
    }
}

fn deliver(
    recipient_name: &str,
    signature_url: Option<String>,
    now: Timestamp,
) -> Result<ShipmentEvent, ShipmentRejection> {
    let name = text("/recipient_name", recipient_name, 1, MAX_NAME);
    let url = signature_url.map(|url| checked_url("/signature_url", &url)).transpose();
    match (name, url) {
        (Ok(recipient_name), Ok(signature_url)) => {
            Ok(ShipmentEvent::ShipmentDelivered { recipient_name, signature_url, delivered_at: now })
        }
        (name, url) => Err(ShipmentRejection::Invalid(name.err().into_iter().chain(url.err()).collect())),
    }
}

fn says_the_same(delivery: &Delivery, recipient_name: &str, signature_url: Option<&str>) -> bool {
    delivery.recipient_name == recipient_name.trim()
        && delivery.signature_url.as_deref() == signature_url.map(str::trim)
}

fn checked_reason(reason: &str) -> Result<String, ShipmentRejection> {
    text("/reason", reason, 1, MAX_REASON).map_err(invalid)
}

/// Only http and https: the console shows it as a link, which must not run a script.
fn checked_url(pointer: &str, url: &str) -> Result<String, Violation> {
    let url = text(pointer, url, 1, MAX_URL)?;
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_some_and(|host| !host.is_empty()) && !url.contains(char::is_whitespace) {
        Ok(url)
    } else {
        Err(Violation::new(pointer, "invalid_url", "must be an http or https URL"))
    }
}

fn invalid(violation: Violation) -> ShipmentRejection {
    ShipmentRejection::Invalid(vec![violation])
}
