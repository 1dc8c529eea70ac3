//! What holds for every shipment there can be.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::support::*;
use crate::aggregate::Aggregate;
use crate::id::ShipmentId;
use crate::shipping::{
    Carrier, MAX_ATTEMPTS, Package, Shipment, ShipmentCommand, ShipmentStatus, Speed, TrackingNumber, quote,
};
use crate::testing::test_context;
use crate::time::Timestamp;
use crate::value::{Currency, Decimal};

/// Thousandths of a centimetre, up to the limit.
fn sides() -> impl Strategy<Value = i64> {
    1..=10_000_000_i64
}

fn packages() -> impl Strategy<Value = Package> {
    (1..=100_000_000_i64, sides(), sides(), sides()).prop_map(|(weight, length, width, height)| {
        let [weight, length, width, height] =
            [weight, length, width, height].map(|value| Decimal::new(value, 3));
        Package::new(weight, length, width, height).unwrap()
    })
}

fn moments() -> impl Strategy<Value = Timestamp> {
    prop_oneof![(0..48_u64).prop_map(hours_later), any::<i64>().prop_map(Timestamp::from_micros)]
}

/// Any command, valid or not; the way forward is the likeliest.
fn command() -> impl Strategy<Value = ShipmentCommand> {
    prop_oneof![
        3 => select(vec!["TRK1", "TRK2"]).prop_map(|number| create(Wish { number, ..wish() })),
        3 => moments().prop_map(|at| ShipmentCommand::SchedulePickup { at }),
        4 => Just(ShipmentCommand::PickUp),
        4 => Just(ShipmentCommand::InTransit),
        4 => Just(ShipmentCommand::OutForDelivery),
        1 => ("\\PC{0,120}", proptest::option::of("(https://)?\\PC{0,20}")).prop_map(
            |(recipient_name, signature_url)| ShipmentCommand::Deliver { recipient_name, signature_url },
        ),
        4 => ("[a-z]{0,5}", proptest::option::of(moments())).prop_map(|(reason, next_attempt_at)| {
            ShipmentCommand::RecordDeliveryAttempt { reason, next_attempt_at }
        }),
        1 => "\\PC{0,5}".prop_map(|reason| ShipmentCommand::Cancel { reason }),
        1 => "\\PC{0,5}".prop_map(|reason| ShipmentCommand::Return { reason }),
        2 => "[ab]{0,1}".prop_map(|status| update(&status)),
    ]
}

/// Whether the status changed along the state machine, if it changed.
fn is_legal(before: Option<ShipmentStatus>, after: Option<ShipmentStatus>) -> bool {
    match (before, after) {
        (before, after) if before == after => true,
        (None, Some(ShipmentStatus::Pending)) => true,
        (Some(before), Some(after)) => before.can_become(after),
        _ => false,
    }
}

proptest! {
    #[test]
    fn no_sequence_of_commands_panics_or_leaves_the_state_machine(commands in vec(command(), 0..80)) {
        let mut shipment = Shipment::default();
        for command in commands {
            let before = shipment.status();
            let events = shipment.decide(command, &test_context()).unwrap_or_default();
            events.iter().for_each(|event| shipment.apply(event));
            prop_assert!(is_legal(before, shipment.status()), "{:?} to {:?}", before, shipment.status());
            if let Some(shipment) = shipment.created() {
                let status = shipment.status();
                prop_assert_eq!(
                    shipment.failed_attempts() == MAX_ATTEMPTS && shipment.delivered_at().is_none(),
                    status == ShipmentStatus::DeliveryFailed
                        || status == ShipmentStatus::Returned && shipment.delivered_at().is_none()
                );
                prop_assert!(shipment.failed_attempts() <= MAX_ATTEMPTS);
                prop_assert!(status != ShipmentStatus::Delivered || shipment.recipient_name().is_some());
            }
        }
    }

    #[test]
    fn a_step_that_changed_something_changes_nothing_the_second_time(commands in vec(command(), 0..80)) {
        let mut shipment = Shipment::default();
        for command in commands {
            let has_identity = !matches!(command, ShipmentCommand::RecordDeliveryAttempt { .. });
            let events = shipment.decide(command.clone(), &test_context()).unwrap_or_default();
            events.iter().for_each(|event| shipment.apply(event));
            if !events.is_empty() && has_identity {
                prop_assert_eq!(shipment.decide(command, &test_context()), Ok(vec![]));
            }
        }
    }

    #[test]
    fn volumes_are_exact(weight in 1..9_i64, length in sides(), width in sides(), height in sides()) {
        let thousandths = |value| Decimal::new(value, 3);
        let package =
            Package::new(weight.into(), thousandths(length), thousandths(width), thousandths(height)).unwrap();
        let exact = i128::from(length) * i128::from(width) * i128::from(height);
        prop_assert_eq!(package.volume(), Decimal::from_i128_with_scale(exact, 9));
        prop_assert_eq!(package.volumetric_weight() * Decimal::from(5_000), package.volume());
    }

    #[test]
    fn the_chargeable_weight_is_one_of_the_two_and_never_less_than_either(package in packages()) {
        let (weight, volumetric) = (package.weight(), package.volumetric_weight());
        let chargeable = package.chargeable_weight();
        prop_assert!(chargeable >= weight && chargeable >= volumetric);
        prop_assert!(chargeable == weight || chargeable == volumetric);
    }

    #[test]
    fn a_package_is_read_back_as_it_was_written(package in packages()) {
        let json = serde_json::to_string(&package).unwrap();
        prop_assert_eq!(serde_json::from_str::<Package>(&json).unwrap(), package);
    }

    #[test]
    fn every_package_has_a_price_and_a_faster_one_costs_more(
        package in packages(),
        carrier in select(Carrier::ALL.to_vec()),
        currency in select(Currency::all().collect::<Vec<_>>()),
    ) {
        let prices = Speed::ALL.map(|speed| quote(&package, carrier, speed, currency).unwrap());
        prop_assert!(prices[0].is_positive());
        prop_assert!(prices.windows(2).all(|pair| pair[0].minor() < pair[1].minor()), "{:?}", prices);
        prop_assert!(prices.iter().all(|price| price.currency() == currency));
    }

    #[test]
    fn every_shipment_has_a_valid_number_of_its_own(one: u128, other: u128) {
        let numbers = [one, other].map(|id| TrackingNumber::of(ShipmentId(Uuid::from_u128(id))));
        prop_assert_eq!(numbers[0] == numbers[1], one == other);
        prop_assert_eq!(TrackingNumber::parse(numbers[0].as_str()), Ok(numbers[0].clone()));
    }
}
