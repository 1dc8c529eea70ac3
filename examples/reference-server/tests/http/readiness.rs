//! `GET /readyz`: whether each service can do its work.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::on_every_backend;
use crate::support::{App, eventually};

on_every_backend!(a_service_is_ready_when_its_store_answers_and_its_bus_carries_messages);

const SERVICES: [&str; 8] =
    ["analytics", "catalog", "identity", "inventory", "notification", "order", "payment", "shipping"];

/// What is said of each check, if not that it is ok.
async fn checks(app: &App, status: u16) -> BTreeMap<String, Option<String>> {
    let report = app.get("//readyz").expect(status).await.json();
    let text = |check: &Value, member: &str| check[member].as_str().map(str::to_owned);
    let checks = report["checks"].as_array().unwrap().iter().map(|check| {
        assert_eq!(check["status"] == "ok", check["detail"].is_null(), "{check}");
        (text(check, "name").unwrap(), text(check, "detail"))
    });
    checks.collect()
}

async fn a_service_is_ready_when_its_store_answers_and_its_bus_carries_messages(app: App) {
    eventually("all is well", async || {
        let answer = app.get("//readyz").send().await;
        (answer.status == 200).then_some(())
    })
    .await;
    let well = checks(&app, 200).await;
    let wanted = SERVICES.iter().flat_map(|service| ["bus", "store"].map(|of| format!("{service} {of}")));
    assert_eq!(well.keys().cloned().collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    // What carries the messages is broken off; whoever asks is answered all the same, but nobody hears of it any more.
    let app = app.broken_off().await;
    eventually("it is noticed", async || {
        let answer = app.get("//readyz").send().await;
        (answer.status == 503).then_some(())
    })
    .await;
    let broken = eventually("all of it is gone", async || {
        let broken = checks(&app, 503).await;
        broken.iter().all(|(check, detail)| check.ends_with(" bus") == detail.is_some()).then_some(broken)
    })
    .await;
    for detail in broken.into_values().flatten() {
        assert!(detail.ends_with("it was broken off"), "{detail}");
    }
    app.get("//livez").expect(200).await;
}
