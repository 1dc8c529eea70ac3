//! The default tariff.

use super::support::*;
use crate::shipping::{Carrier, Package, Speed, quote};
use crate::value::{Currency, Money};

fn pence(package: &Package, carrier: Carrier, speed: Speed) -> i64 {
    quote(package, carrier, speed, Currency::GBP).unwrap().minor()
}

fn kilogram() -> Package {
    package("1", "10", "10", "10")
}

#[test]
fn every_parcel_costs_five_and_each_half_kilogram_75_hundredths() {
    assert_eq!(pence(&kilogram(), Carrier::Usps, Speed::Standard), 500 + 2 * 75);
}

#[test]
fn a_half_kilogram_that_is_begun_counts_whole() {
    let grams = |weight| pence(&package(weight, "1", "1", "1"), Carrier::Usps, Speed::Standard);
    assert_eq!(grams("0.001"), 575);
    assert_eq!(grams("0.5"), 575);
    assert_eq!(grams("0.501"), 650);
}

#[test]
fn a_large_light_parcel_pays_for_its_volume() {
    assert_eq!(pence(&package("1", "50", "40", "20"), Carrier::Usps, Speed::Standard), 500 + 16 * 75);
}

#[test]
fn express_costs_60_percent_more() {
    assert_eq!(pence(&kilogram(), Carrier::Usps, Speed::Express), 1_040);
}

#[test]
fn overnight_costs_two_and_a_half_times_as_much() {
    assert_eq!(pence(&kilogram(), Carrier::Usps, Speed::Overnight), 1_625);
}

#[test]
fn the_same_day_costs_four_times_as_much() {
    assert_eq!(pence(&kilogram(), Carrier::Usps, Speed::SameDay), 2_600);
}

#[test]
fn each_carrier_has_its_factor() {
    let by = |carrier| pence(&kilogram(), carrier, Speed::Standard);
    assert_eq!(by(Carrier::Ups), 715);
    assert_eq!(by(Carrier::Dhl), 780);
    assert_eq!(by(Carrier::Custom), 585);
}

#[test]
fn a_fraction_of_a_minor_unit_is_rounded_up() {
    assert_eq!(pence(&kilogram(), Carrier::Fedex, Speed::Standard), 748); // 747.5
}

#[test]
fn it_is_rounded_once_after_both_factors() {
    // 575 × 1.60 × 1.15 = 1058; rounding 575 × 1.15 = 661.25 up first would give 1060
    let half = package("0.5", "1", "1", "1");
    assert_eq!(pence(&half, Carrier::Fedex, Speed::Express), 1_058);
}

#[test]
fn a_quote_is_in_the_currency_that_was_asked_for() {
    for currency in [Currency::USD, Currency::EUR, Currency::JPY, Currency::KWD] {
        let cost = quote(&kilogram(), Carrier::Usps, Speed::Standard, currency);
        assert_eq!(cost, Ok(Money::from_minor(650, currency)));
    }
}

#[test]
fn a_quote_in_a_currency_without_minor_units_is_whole() {
    let cost = quote(&kilogram(), Carrier::Fedex, Speed::Standard, Currency::JPY).unwrap();
    assert_eq!(cost.amount(), "748");
}

#[test]
fn the_largest_parcel_there_can_be_has_a_price() {
    let largest = package("100000", "10000", "10000", "10000");
    assert_eq!(pence(&largest, Carrier::Dhl, Speed::SameDay), (500 + 400_000_000 * 75) * 480 / 100);
}
