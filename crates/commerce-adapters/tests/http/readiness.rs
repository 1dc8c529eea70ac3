//! Whether a service can do its work.

use std::time::Duration;

use axum::Router;
use commerce_adapters::http::{Check, Readiness};
use http::Method;

use crate::support::App;

fn good() -> Check {
    Check::new("store", || async { Ok::<_, String>(()) })
}

fn app(readiness: Readiness) -> App {
    App::new(|_| Router::new().merge(readiness.routes()))
}

#[tokio::test]
async fn it_is_ready_when_every_check_passes() {
    let app = app(Readiness::default().check(good()).and("order", &Readiness::default().check(good())));
    let report = app.get("/readyz").expect(200).await.json();
    assert_eq!(report["status"], "ok");
    assert_eq!(report["checks"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&report["checks"][0]["name"], &report["checks"][0]["status"]),
        (&"store".into(), &"ok".into())
    );
    assert_eq!(report["checks"][1]["name"], "order store");
    app.ask(Method::HEAD, "/readyz").expect(200).await;
    app.ask(Method::POST, "/readyz").refused(405, "method_not_allowed").await;
}

#[tokio::test(start_paused = true)]
async fn each_check_that_fails_hangs_or_panics_is_named() {
    let readiness = Readiness::default()
        .check(good())
        .check(Check::new("bus", || async { Err("no route to host") }))
        .check(Check::new("disk", std::future::pending::<Result<(), String>>))
        .check(Check::new("clock", || async { panic!("it stands still") as Result<(), String> }));
    let app = app(readiness);
    let began = tokio::time::Instant::now();
    let report = app.get("/readyz").expect(503).await.json();
    assert_eq!(began.elapsed(), Duration::from_secs(2), "checks are looked at side by side");
    assert_eq!(report["status"], "failed");
    let of = |index: usize| {
        let check = &report["checks"][index];
        (
            check["name"].as_str().unwrap(),
            check["status"].as_str().unwrap(),
            check["detail"].as_str().is_some(),
        )
    };
    assert_eq!(
        [of(0), of(1), of(2), of(3)],
        [
            ("store", "ok", false),
            ("bus", "failed", true),
            ("disk", "failed", true),
            ("clock", "failed", true)
        ]
    );
    assert_eq!(report["checks"][1]["detail"], "no route to host");
    assert_eq!(app.get("/livez").expect(200).await.json()["status"], "ok", "alive all the same");
}
