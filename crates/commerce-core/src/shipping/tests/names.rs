//! States, carriers and speeds by name.

use crate::shipping::{Carrier, ShipmentStatus, Speed};

#[test]
fn the_states_are_those_of_the_contract() {
    assert_eq!(
        ShipmentStatus::ALL.map(ShipmentStatus::as_str),
        [
            "pending",
            "pickup_scheduled",
            "picked_up",
            "in_transit",
            "out_for_delivery",
            "delivered",
            "delivery_failed",
            "cancelled",
            "returned"
        ]
    );
}

#[test]
fn the_carriers_are_those_of_the_contract() {
    assert_eq!(Carrier::ALL.map(Carrier::as_str), ["fedex", "ups", "usps", "dhl", "custom"]);
}

#[test]
fn the_speeds_are_those_of_the_contract() {
    let speeds = Speed::ALL.map(|speed| (speed.as_str(), speed.days()));
    assert_eq!(speeds, [("standard", 5), ("express", 2), ("overnight", 1), ("same_day", 0)]);
}

#[test]
fn json_display_and_parse_use_the_same_name() {
    for status in ShipmentStatus::ALL {
        assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
        assert_eq!(ShipmentStatus::parse(status.as_str()), Some(status));
    }
    for carrier in Carrier::ALL {
        assert_eq!(serde_json::to_string(&carrier).unwrap(), format!("\"{carrier}\""));
        assert_eq!(Carrier::parse(carrier.as_str()), Some(carrier));
    }
    for speed in Speed::ALL {
        assert_eq!(serde_json::to_string(&speed).unwrap(), format!("\"{speed}\""));
        assert_eq!(Speed::parse(speed.as_str()), Some(speed));
    }
}

#[test]
fn another_name_is_none_of_them() {
    assert_eq!(ShipmentStatus::parse("lost"), None);
    assert_eq!(Carrier::parse("DHL"), None);
    assert_eq!(Speed::parse(""), None);
}

#[test]
fn nothing_follows_a_final_state_and_something_every_other() {
    for status in ShipmentStatus::ALL {
        let ends = ShipmentStatus::ALL.into_iter().all(|next| !status.can_become(next));
        assert_eq!(status.is_final(), ends, "{status}");
    }
}

#[test]
fn the_machine_has_exactly_these_moves() {
    use ShipmentStatus::*;
    let moves = [
        (Pending, PickupScheduled),
        (PickupScheduled, PickedUp),
        (PickedUp, InTransit),
        (InTransit, OutForDelivery),
        (OutForDelivery, Delivered),
        (OutForDelivery, DeliveryFailed),
        (Pending, Cancelled),
        (PickupScheduled, Cancelled),
        (PickedUp, Cancelled),
        (InTransit, Cancelled),
        (OutForDelivery, Cancelled),
        (Delivered, Returned),
        (DeliveryFailed, Returned),
    ];
    for from in ShipmentStatus::ALL {
        for to in ShipmentStatus::ALL {
            assert_eq!(from.can_become(to), moves.contains(&(from, to)), "{from} to {to}");
        }
    }
}
