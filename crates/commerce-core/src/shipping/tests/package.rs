//! Weights and sizes.

use super::support::*;
use crate::shipping::Package;

fn faults_of(weight: &str, length: &str, width: &str, height: &str) -> Vec<(String, &'static str)> {
    Package::new(decimal(weight), decimal(length), decimal(width), decimal(height))
        .unwrap_err()
        .into_iter()
        .map(|violation| (violation.pointer, violation.code))
        .collect()
}

#[test]
fn a_package_keeps_its_measures() {
    let package = package("1.25", "30", "20.5", "10");
    assert_eq!((package.weight(), package.length()), (decimal("1.25"), decimal("30")));
    assert_eq!((package.width(), package.height()), (decimal("20.5"), decimal("10")));
}

#[test]
fn a_weight_is_above_zero() {
    assert_eq!(faults_of("0", "1", "1", "1"), [("/weight".into(), "must_be_positive")]);
    assert_eq!(faults_of("-0.1", "1", "1", "1"), [("/weight".into(), "must_be_positive")]);
}

#[test]
fn a_length_is_above_zero() {
    assert_eq!(faults_of("1", "0", "1", "1"), [("/length".into(), "must_be_positive")]);
}

#[test]
fn a_width_is_above_zero() {
    assert_eq!(faults_of("1", "1", "-1", "1"), [("/width".into(), "must_be_positive")]);
}

#[test]
fn a_height_is_above_zero() {
    assert_eq!(faults_of("1", "1", "1", "0.000"), [("/height".into(), "must_be_positive")]);
}

#[test]
fn every_fault_of_a_package_is_reported() {
    let pointers: Vec<_> = faults_of("0", "0", "0", "0").into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/weight", "/length", "/width", "/height"]);
}

#[test]
fn a_weight_is_at_most_100_tonnes() {
    assert_eq!(package("100000", "1", "1", "1").weight(), decimal("100000"));
    assert_eq!(faults_of("100000.001", "1", "1", "1"), [("/weight".into(), "too_large")]);
}

#[test]
fn a_side_is_at_most_100_metres() {
    assert_eq!(package("1", "10000", "1", "1").length(), decimal("10000"));
    assert_eq!(faults_of("1", "1", "1", "10000.001"), [("/height".into(), "too_large")]);
}

#[test]
fn a_measure_has_at_most_three_decimals() {
    assert_eq!(package("0.001", "1", "1", "1").weight(), decimal("0.001"));
    assert_eq!(faults_of("0.0001", "1", "1", "1"), [("/weight".into(), "too_precise")]);
}

#[test]
fn zeros_at_the_end_are_no_decimals() {
    assert_eq!(package("1.50000", "30", "20", "10"), package("1.5", "30.0", "20.00", "10.000"));
}

#[test]
fn the_volume_is_length_times_width_times_height() {
    assert_eq!(package("1", "30.5", "20.2", "10.1").volume(), decimal("6222.61"));
}

#[test]
fn the_largest_volume_is_exact() {
    let largest = package("1", "9999.999", "9999.999", "9999.999");
    assert_eq!(largest.volume(), decimal("999999700000.029999999"));
    assert_eq!(largest.volumetric_weight(), decimal("199999940.0000059999998"));
}

#[test]
fn the_volumetric_weight_is_a_kilogram_for_each_5000_cubic_centimetres() {
    assert_eq!(package("1", "50", "40", "20").volumetric_weight(), decimal("8"));
    assert_eq!(package("1", "1", "1", "1").volumetric_weight(), decimal("0.0002"));
}

#[test]
fn a_large_light_package_is_charged_by_its_volume() {
    assert_eq!(package("1", "50", "40", "20").chargeable_weight(), decimal("8"));
}

#[test]
fn a_small_heavy_package_is_charged_by_its_weight() {
    assert_eq!(package("12.5", "50", "40", "20").chargeable_weight(), decimal("12.5"));
}

#[test]
fn measures_are_written_as_text() {
    let json = serde_json::to_string(&package("1.50", "30", "20.5", "0.001")).unwrap();
    assert_eq!(json, r#"{"weight":"1.5","length":"30","width":"20.5","height":"0.001"}"#);
    assert_eq!(serde_json::from_str::<Package>(&json).unwrap(), package("1.5", "30", "20.5", "0.001"));
}

#[test]
fn a_package_is_checked_when_it_is_read() {
    let error = |json| serde_json::from_str::<Package>(json).unwrap_err().to_string();
    let negative = r#"{"weight":"-1","length":"1","width":"1","height":"1"}"#;
    assert!(error(negative).contains("/weight: must be above zero"), "{}", error(negative));
    assert!(
        serde_json::from_str::<Package>(r#"{"weight":1.5,"length":"1","width":"1","height":"1"}"#).is_err()
    );
    assert!(serde_json::from_str::<Package>(r#"{"weight":"1","length":"1","width":"1"}"#).is_err());
}
