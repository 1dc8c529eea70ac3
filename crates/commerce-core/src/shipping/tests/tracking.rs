//! Tracking numbers and the history of a parcel.

use uuid::Uuid;

use super::support::*;
use crate::error::Kind;
use crate::id::{self, ShipmentId};
use crate::shipping::{
    MAX_TRACKING_UPDATES, Shipment, ShipmentCommand, ShipmentEvent, ShipmentRejection, ShipmentStatus,
    TrackingEntry, TrackingNumber,
};
use crate::testing::given;

fn history_of(events: Vec<ShipmentEvent>) -> Vec<(String, Option<String>)> {
    let shipment = given::<Shipment>(events).state();
    let history = shipment.created().unwrap().history();
    history.iter().map(|entry| (entry.status.clone(), entry.description.clone())).collect()
}

#[test]
fn a_tracking_number_has_1_to_50_characters() {
    assert_eq!(TrackingNumber::parse("1").unwrap().as_str(), "1");
    assert_eq!(TrackingNumber::parse(&"9".repeat(50)).unwrap().as_str().len(), 50);
    assert!(TrackingNumber::parse("").is_err());
    assert!(TrackingNumber::parse(&"9".repeat(51)).is_err());
}

#[test]
fn a_tracking_number_is_visible_ascii_without_spaces() {
    for text in ["1Z 999", "1Z\u{0}", "номер", "a\nb"] {
        assert!(TrackingNumber::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_tracking_number_is_trimmed_and_otherwise_kept_as_written() {
    assert_eq!(TrackingNumber::parse(" 1z-999_aa/10 ").unwrap().to_string(), "1z-999_aa/10");
}

#[test]
fn a_tracking_number_is_checked_when_it_is_read() {
    assert_eq!(serde_json::from_str::<TrackingNumber>("\"TRK1\"").unwrap(), number("TRK1"));
    assert!(serde_json::from_str::<TrackingNumber>("\"\"").is_err());
}

#[test]
fn what_is_no_tracking_number_is_a_fault_at_its_field() {
    let error = TrackingNumber::parse("a b").unwrap_err();
    assert_eq!((error.code(), error.kind()), ("invalid_tracking_number", Kind::Invalid));
    assert_eq!(error.at("/tracking_number").pointer, "/tracking_number");
    assert!(error.to_string().contains("\"a b\""), "{error}");
}

#[test]
fn a_shipment_always_gets_the_same_number() {
    let id = ShipmentId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
    assert_eq!(TrackingNumber::of(id).as_str(), "TRK01J0000000E008000000000001");
    assert_eq!(TrackingNumber::of(id), TrackingNumber::of(id));
}

#[test]
fn two_shipments_of_one_operation_get_two_numbers() {
    let base = id::v7(now(), &[7; 10]);
    let numbers = [1, 2].map(|ordinal| TrackingNumber::of(ShipmentId(id::derive(base, ordinal))));
    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn the_largest_id_has_a_valid_number() {
    let number = TrackingNumber::of(ShipmentId(Uuid::max()));
    assert_eq!(number.as_str(), "TRK7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_eq!(TrackingNumber::parse(number.as_str()).unwrap(), number);
}

#[test]
fn only_what_could_be_a_shipments_number_has_its_form() {
    assert!(TrackingNumber::of(ShipmentId(Uuid::max())).is_own());
    for other in [
        "TRK1",
        "TRK01J0000000E00800000000000",
        "TRK01J0000000E0080000000000011",
        "TRK01J0000000E00800000000000U",
        "XRK01J0000000E008000000000001",
    ] {
        assert!(!number(other).is_own(), "{other}");
    }
}

#[test]
fn each_step_is_a_line_of_the_history() {
    let statuses: Vec<_> =
        history_of(history_to(ShipmentStatus::Returned)).into_iter().map(|(status, _)| status).collect();
    assert_eq!(
        statuses,
        [
            "pending",
            "pickup_scheduled",
            "picked_up",
            "in_transit",
            "out_for_delivery",
            "delivered",
            "returned"
        ]
    );
}

#[test]
fn a_failed_attempt_is_a_line_with_its_reason() {
    let history = history_of(history_to(ShipmentStatus::DeliveryFailed));
    let reason = Some("nobody at home".to_owned());
    assert_eq!(
        history[5..],
        [
            ("delivery_attempt_failed".to_owned(), reason.clone()),
            ("delivery_attempt_failed".to_owned(), reason.clone()),
            ("delivery_failed".to_owned(), reason),
        ]
    );
}

#[test]
fn the_history_doesnt_say_who_received_the_parcel_or_why_it_came_back() {
    let history = history_of(history_to(ShipmentStatus::Returned));
    assert!(history.iter().all(|(_, description)| description.is_none()), "{history:?}");
}

#[test]
fn an_update_is_added_to_the_history() {
    let command = ShipmentCommand::AddTracking {
        status: " arrived ".into(),
        location: Some(" Leeds ".into()),
        description: Some(" Sorted by hand ".into()),
    };
    let entry = TrackingEntry {
        status: "arrived".into(),
        location: Some("Leeds".into()),
        description: Some("Sorted by hand".into()),
        at: hours_later(2),
    };
    given::<Shipment>([created()])
        .at(hours_later(2))
        .when(command)
        .then([ShipmentEvent::TrackingUpdated { entry: entry.clone() }])
        .then_state(|shipment| {
            let shipment = shipment.created().unwrap();
            assert_eq!(shipment.history().last(), Some(&entry));
            assert_eq!(shipment.updated_at(), hours_later(2));
        });
}

#[test]
fn an_update_is_taken_in_every_state_and_changes_none() {
    for status in ShipmentStatus::ALL {
        leads_to(status, update("scanned"), updated("scanned"), status);
    }
}

#[test]
fn the_same_update_twice_in_a_row_is_one() {
    given::<Shipment>([created(), updated("scanned")])
        .at(hours_later(1))
        .when(update("scanned"))
        .then_nothing();
}

#[test]
fn the_same_update_after_another_is_a_new_one() {
    given::<Shipment>([created(), updated("scanned"), updated("sorted")])
        .when(update("scanned"))
        .then([updated("scanned")]);
}

#[test]
fn empty_location_and_description_are_absent() {
    let command = ShipmentCommand::AddTracking {
        status: "scanned".into(),
        location: Some(" ".into()),
        description: Some(String::new()),
    };
    given::<Shipment>([created()]).when(command).then([updated("scanned")]);
}

#[test]
fn every_fault_of_an_update_is_reported() {
    let command = ShipmentCommand::AddTracking {
        status: " ".into(),
        location: Some("é".repeat(201)),
        description: Some("é".repeat(501)),
    };
    assert_eq!(
        faults(vec![created()], command),
        [
            ("/status".into(), "required"),
            ("/location".into(), "too_long"),
            ("/description".into(), "too_long")
        ]
    );
}

#[test]
fn an_updates_texts_may_be_as_long_as_their_limits() {
    let command = ShipmentCommand::AddTracking {
        status: "é".repeat(100),
        location: Some("é".repeat(200)),
        description: Some("é".repeat(500)),
    };
    assert_eq!(given::<Shipment>([created()]).when(command).events().len(), 1);
}

#[test]
fn a_shipment_takes_a_thousand_updates_and_no_more() {
    let updates = |count: usize| {
        let scans = (0..count).map(|scan| updated(&format!("scan {scan}")));
        std::iter::once(created()).chain(scans).collect::<Vec<_>>()
    };
    given::<Shipment>(updates(MAX_TRACKING_UPDATES - 1)).when(update("last")).then([updated("last")]);
    given::<Shipment>(updates(MAX_TRACKING_UPDATES))
        .when(update("one more"))
        .then_rejected(ShipmentRejection::TrackingFull);
}

#[test]
fn a_shipment_full_of_updates_still_goes_its_way() {
    let scans = (0..MAX_TRACKING_UPDATES).map(|scan| updated(&format!("scan {scan}")));
    given::<Shipment>(std::iter::once(created()).chain(scans)).when(schedule()).then([scheduled()]);
}
