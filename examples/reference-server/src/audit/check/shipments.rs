use std::collections::HashMap;

use commerce_core::shipping::ShipmentStatus;

use crate::audit::facts::{Facts, Outcome};
use crate::audit::invariant::{SHIPMENT_KEPT, SHIPMENT_WITHOUT_ORDER, TRACKING_NUMBER_NOT_UNIQUE};
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
        // What staff sends is theirs to answer for: goods that were forgotten, a letter, a second parcel.
        if shipment.by_hand {
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
