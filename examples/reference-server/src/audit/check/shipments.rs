use std::collections::HashMap;

use commerce_core::order::OrderStatus;
use commerce_core::shipping::ShipmentStatus;

use crate::audit::facts::{Facts, Outcome, ShipmentFacts};
use crate::audit::invariant::{
    PARCEL_LEFT_PACKED, SHIPMENT_KEPT, SHIPMENT_WITHOUT_ORDER, TRACKING_NUMBER_NOT_UNIQUE,
};
use crate::audit::report::Findings;

pub(super) fn check(facts: &Facts, findings: &mut Findings) {
    let mut numbers = HashMap::new();
    for (id, shipment) in &facts.shipments {
        let Some(shipment) = shipment else { continue };
        let subject = format!("shipment {id}");
        if let Some(other) = numbers.insert(&shipment.tracking_number, id) {
            let (one, two) = (id.min(other), id.max(other));
            let number = shipment.tracking_number.as_str();
            let detail = format!("is that of the shipments {one} and {two}");
            findings.breach(TRACKING_NUMBER_NOT_UNIQUE, format!("tracking number {number}"), detail);
        }
        if shipment.by_hand {
            ended_with_its_order(subject, shipment, facts, findings);
            continue;
        }
        let order_id = shipment.order_id;
        let Some(order) = facts.placed(order_id) else {
            findings.breach(SHIPMENT_WITHOUT_ORDER, subject, format!("is that of {order_id}, no order"));
            continue;
        };
        let gone = matches!(shipment.status, ShipmentStatus::Cancelled | ShipmentStatus::Returned);
        let explained = match facts.outcome(order_id) {
            Outcome::UnderWay => true,
            Outcome::Confirmed => order.shipment_id == Some(*id),
            Outcome::Nothing => false,
        };
        if !gone && !explained {
            let detail =
                format!("is {}, and not that of order {order_id}: it is {}", shipment.status, order.status);
            findings.breach(SHIPMENT_KEPT, subject, detail);
        }
    }
}

/// What staff sends is theirs to answer for: goods that were forgotten, a letter, a second parcel. Nothing of it is offered
/// to the carrier when its order has ended. Until shipping has heard of that, the message that says so is under way.
fn ended_with_its_order(subject: String, parcel: &ShipmentFacts, facts: &Facts, findings: &mut Findings) {
    let order_id = parcel.order_id;
    let Some(order) = facts.placed(order_id) else { return };
    if matches!(order.status, OrderStatus::Cancelled | OrderStatus::Failed)
        && parcel.is_packed()
        && !facts.end_unknown_to_shipping.contains(&order_id)
    {
        let detail =
            format!("was made by hand, is {}, and order {order_id} is {}", parcel.status, order.status);
        findings.breach(PARCEL_LEFT_PACKED, subject, detail);
    }
}
