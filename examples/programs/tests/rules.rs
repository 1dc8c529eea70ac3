//! The rules of the show in `aggregate.rs`, without a store.

#[allow(dead_code)] // its main
#[path = "../src/bin/aggregate.rs"]
mod aggregate;

use aggregate::{Seat, Show, SoldOut};
use commerce_core::testing::given;

fn booked(by: &str) -> Seat {
    Seat::Booked { by: by.to_owned() }
}

#[test]
fn a_guest_gets_the_last_seat() {
    given::<Show>([booked("Anna")]).when("Ben").then([booked("Ben")]);
}

#[test]
fn a_show_is_sold_out_after_two_seats() {
    given::<Show>([booked("Anna"), booked("Ben")]).when("Carl").then_rejected(SoldOut);
}
