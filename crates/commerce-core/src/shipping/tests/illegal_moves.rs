//! Moves that the state machine doesn't have.

use super::support::*;
use crate::shipping::{ShipmentCommand, ShipmentStatus};

#[test]
fn a_picked_up_shipment_cant_be_scheduled_for_pickup() {
    is_refused(ShipmentStatus::PickedUp, schedule());
}

#[test]
fn a_shipment_in_transit_cant_be_scheduled_for_pickup() {
    is_refused(ShipmentStatus::InTransit, schedule());
}

#[test]
fn a_shipment_out_for_delivery_cant_be_scheduled_for_pickup() {
    is_refused(ShipmentStatus::OutForDelivery, schedule());
}

#[test]
fn a_delivered_shipment_cant_be_scheduled_for_pickup() {
    is_refused(ShipmentStatus::Delivered, schedule());
}

#[test]
fn a_shipment_whose_delivery_failed_cant_be_scheduled_for_pickup() {
    is_refused(ShipmentStatus::DeliveryFailed, schedule());
}

#[test]
fn a_cancelled_shipment_cant_be_scheduled_for_pickup() {
    is_refused(ShipmentStatus::Cancelled, schedule());
}

#[test]
fn a_returned_shipment_cant_be_scheduled_for_pickup() {
    is_refused(ShipmentStatus::Returned, schedule());
}

#[test]
fn a_pending_shipment_cant_be_picked_up() {
    is_refused(ShipmentStatus::Pending, ShipmentCommand::PickUp);
}

#[test]
fn a_shipment_in_transit_cant_be_picked_up() {
    is_refused(ShipmentStatus::InTransit, ShipmentCommand::PickUp);
}

#[test]
fn a_shipment_out_for_delivery_cant_be_picked_up() {
    is_refused(ShipmentStatus::OutForDelivery, ShipmentCommand::PickUp);
}

#[test]
fn a_delivered_shipment_cant_be_picked_up() {
    is_refused(ShipmentStatus::Delivered, ShipmentCommand::PickUp);
}

#[test]
fn a_shipment_whose_delivery_failed_cant_be_picked_up() {
    is_refused(ShipmentStatus::DeliveryFailed, ShipmentCommand::PickUp);
}

#[test]
fn a_cancelled_shipment_cant_be_picked_up() {
    is_refused(ShipmentStatus::Cancelled, ShipmentCommand::PickUp);
}

#[test]
fn a_returned_shipment_cant_be_picked_up() {
    is_refused(ShipmentStatus::Returned, ShipmentCommand::PickUp);
}

#[test]
fn a_pending_shipment_cant_go_into_transit() {
    is_refused(ShipmentStatus::Pending, ShipmentCommand::InTransit);
}

#[test]
fn a_shipment_whose_pickup_is_scheduled_cant_go_into_transit() {
    is_refused(ShipmentStatus::PickupScheduled, ShipmentCommand::InTransit);
}

#[test]
fn a_shipment_out_for_delivery_cant_go_into_transit() {
    is_refused(ShipmentStatus::OutForDelivery, ShipmentCommand::InTransit);
}

#[test]
fn a_delivered_shipment_cant_go_into_transit() {
    is_refused(ShipmentStatus::Delivered, ShipmentCommand::InTransit);
}

#[test]
fn a_shipment_whose_delivery_failed_cant_go_into_transit() {
    is_refused(ShipmentStatus::DeliveryFailed, ShipmentCommand::InTransit);
}

#[test]
fn a_cancelled_shipment_cant_go_into_transit() {
    is_refused(ShipmentStatus::Cancelled, ShipmentCommand::InTransit);
}

#[test]
fn a_returned_shipment_cant_go_into_transit() {
    is_refused(ShipmentStatus::Returned, ShipmentCommand::InTransit);
}

#[test]
fn a_pending_shipment_cant_go_out_for_delivery() {
    is_refused(ShipmentStatus::Pending, ShipmentCommand::OutForDelivery);
}

#[test]
fn a_shipment_whose_pickup_is_scheduled_cant_go_out_for_delivery() {
    is_refused(ShipmentStatus::PickupScheduled, ShipmentCommand::OutForDelivery);
}

#[test]
fn a_picked_up_shipment_cant_go_out_for_delivery() {
    is_refused(ShipmentStatus::PickedUp, ShipmentCommand::OutForDelivery);
}

#[test]
fn a_delivered_shipment_cant_go_out_for_delivery() {
    is_refused(ShipmentStatus::Delivered, ShipmentCommand::OutForDelivery);
}

#[test]
fn a_shipment_whose_delivery_failed_cant_go_out_for_delivery() {
    is_refused(ShipmentStatus::DeliveryFailed, ShipmentCommand::OutForDelivery);
}

#[test]
fn a_cancelled_shipment_cant_go_out_for_delivery() {
    is_refused(ShipmentStatus::Cancelled, ShipmentCommand::OutForDelivery);
}

#[test]
fn a_returned_shipment_cant_go_out_for_delivery() {
    is_refused(ShipmentStatus::Returned, ShipmentCommand::OutForDelivery);
}

#[test]
fn a_pending_shipment_cant_be_delivered() {
    is_refused(ShipmentStatus::Pending, deliver());
}

#[test]
fn a_shipment_whose_pickup_is_scheduled_cant_be_delivered() {
    is_refused(ShipmentStatus::PickupScheduled, deliver());
}

#[test]
fn a_picked_up_shipment_cant_be_delivered() {
    is_refused(ShipmentStatus::PickedUp, deliver());
}

#[test]
fn a_shipment_in_transit_cant_be_delivered() {
    is_refused(ShipmentStatus::InTransit, deliver());
}

#[test]
fn a_shipment_whose_delivery_failed_cant_be_delivered() {
    is_refused(ShipmentStatus::DeliveryFailed, deliver());
}

#[test]
fn a_cancelled_shipment_cant_be_delivered() {
    is_refused(ShipmentStatus::Cancelled, deliver());
}

#[test]
fn a_returned_shipment_cant_be_delivered() {
    is_refused(ShipmentStatus::Returned, deliver());
}

#[test]
fn a_pending_shipment_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::Pending, attempt());
}

#[test]
fn a_shipment_whose_pickup_is_scheduled_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::PickupScheduled, attempt());
}

#[test]
fn a_picked_up_shipment_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::PickedUp, attempt());
}

#[test]
fn a_shipment_in_transit_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::InTransit, attempt());
}

#[test]
fn a_delivered_shipment_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::Delivered, attempt());
}

#[test]
fn a_shipment_whose_delivery_failed_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::DeliveryFailed, attempt());
}

#[test]
fn a_cancelled_shipment_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::Cancelled, attempt());
}

#[test]
fn a_returned_shipment_cant_record_a_failed_attempt() {
    is_refused(ShipmentStatus::Returned, attempt());
}

#[test]
fn a_delivered_shipment_cant_be_cancelled() {
    is_refused(ShipmentStatus::Delivered, cancel());
}

#[test]
fn a_shipment_whose_delivery_failed_cant_be_cancelled() {
    is_refused(ShipmentStatus::DeliveryFailed, cancel());
}

#[test]
fn a_returned_shipment_cant_be_cancelled() {
    is_refused(ShipmentStatus::Returned, cancel());
}

#[test]
fn a_pending_shipment_cant_be_returned() {
    is_refused(ShipmentStatus::Pending, return_it());
}

#[test]
fn a_shipment_whose_pickup_is_scheduled_cant_be_returned() {
    is_refused(ShipmentStatus::PickupScheduled, return_it());
}

#[test]
fn a_picked_up_shipment_cant_be_returned() {
    is_refused(ShipmentStatus::PickedUp, return_it());
}

#[test]
fn a_shipment_in_transit_cant_be_returned() {
    is_refused(ShipmentStatus::InTransit, return_it());
}

#[test]
fn a_shipment_out_for_delivery_cant_be_returned() {
    is_refused(ShipmentStatus::OutForDelivery, return_it());
}

#[test]
fn a_cancelled_shipment_cant_be_returned() {
    is_refused(ShipmentStatus::Cancelled, return_it());
}
