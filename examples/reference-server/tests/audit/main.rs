//! The audit finds nothing in a shop that works, and each kind of tampering by its name.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy takes only test functions for tests, not what they call

#[path = "../support/backend.rs"]
mod backend;
mod fixture;
mod log;
mod message_cases;
mod money_cases;
mod order_cases;
mod stock_cases;

use std::collections::BTreeSet;

use backend::Backend;
use commerce_core::order::OrderStatus;
use commerce_saga::SagaStatus;
use fixture::{Case, Fixture, codes};
use reference_server::audit::{audit, invariant};
use tokio::task::JoinSet;

fn cases() -> Vec<Case> {
    [stock_cases::all(), money_cases::all(), order_cases::all(), message_cases::ALL.to_vec()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_in_a_shop_that_works() {
    for backend in Backend::all().await {
        looks_at_all_and_finds_nothing(Fixture::on(backend).await).await;
    }
}

async fn looks_at_all_and_finds_nothing(fixture: Fixture) {
    let report = audit(&fixture.stores).await.unwrap();

    assert!(report.is_ok(), "{:#?}", report.breaches);
    assert!(report.to_string().ends_with("\naudit ok"), "{report}");
    // All that the audit is about was there to be looked at.
    let counted = |kind: &str| report.checked.get(kind).copied().unwrap_or_default();
    assert_eq!(
        ["orders", "sagas", "reservations", "payments", "shipments", "returns"].map(counted),
        [4, 5, 4, 3, 2, 1]
    );
    // Two captures, a refund.
    assert_eq!(["journal_entries", "products", "stock_items"].map(counted), [3, 2, 2]);
    assert!(counted("messages") > 20 && counted("events") > 20, "{:?}", report.checked);
    assert_eq!(fixture.order_status(fixture.declined).await, Some(OrderStatus::Failed));
    assert_eq!(fixture.order_status(fixture.short).await, Some(OrderStatus::Failed));
    assert_eq!(fixture.order_status(fixture.bought).await, Some(OrderStatus::Confirmed));
    let saga = fixture.document("sagas", &format!("return-goods/{}", fixture.return_id));
    assert_eq!(saga["status"], SagaStatus::Completed.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tampering_is_found_by_its_name_and_nothing_else_is() {
    let mut running = JoinSet::new();
    for case in cases() {
        running.spawn(async move { tamper(case, Backend::memory()).await });
    }
    let wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The audit knows stores by their port alone: a few cases of each kind show that what it reads is the same.
#[tokio::test(flavor = "multi_thread")]
async fn so_it_is_on_postgres() {
    for case in cases().into_iter().step_by(8) {
        assert_eq!(tamper(case, Backend::postgres().await).await, None);
    }
}

/// What is wrong with what is found.
async fn tamper(case: Case, backend: Backend) -> Option<String> {
    let fixture = Fixture::on(backend).await;
    fixture.write((case.tamper)(&fixture)).await;
    let report = audit(&fixture.stores).await.unwrap();
    let expected: BTreeSet<&str> = case.breaks.iter().copied().collect();
    (codes(&report) != expected)
        .then(|| format!("{}: expected {expected:?}, found {:#?}", case.name, report.breaches))
}

#[test]
fn each_invariant_has_a_tampering_that_breaks_it() {
    let cases = cases();
    let broken = cases.iter().flat_map(|case| case.breaks).chain(&log::BROKEN);
    let broken: BTreeSet<&str> = broken.copied().collect();
    assert_eq!(broken, invariant::ALL.iter().copied().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_is_a_sentence_that_names_invariant_and_subject() {
    let fixture = Fixture::new().await;
    let reservation = fixture::delete("reservations", &fixture.bought.to_string());
    fixture.write(vec![("inventory", reservation)]).await;

    let report = audit(&fixture.stores).await.unwrap();

    let sentence =
        format!("order_reservation_missing: order {} is confirmed, and has no reservation.", fixture.bought);
    let report = report.to_string();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[lines.len() - 2..], [&*sentence, "1 breaches"], "{report}");
    assert!(lines.contains(&"           4 orders"), "{report}");
}
