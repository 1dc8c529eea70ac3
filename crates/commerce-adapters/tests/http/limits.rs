//! So many requests a minute.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::routing::get;
use axum::{Extension, Router, middleware};
use commerce_adapters::http::{MemoryQuotas, Quota, RateLimit, limit_rate};
use http::Method;

use crate::support::App;

fn limit() -> RateLimit {
    let limit = RateLimit::new(Arc::new(MemoryQuotas::default()));
    RateLimit { writes: Quota::per_minute(2), reads: Quota::per_minute(3), ..limit }
}

fn app(limit: RateLimit, address: &str) -> App {
    let address: SocketAddr = address.parse().unwrap();
    App::new(|_| {
        Router::new()
            .route("/", get(|| async {}).post(|| async {}))
            .layer(middleware::from_fn_with_state(limit, limit_rate))
            .layer(Extension(ConnectInfo(address)))
    })
}

#[tokio::test]
async fn a_client_that_asks_too_much_is_told_when_to_come_again() {
    let app = app(limit(), "192.0.2.1:5000");
    for _ in 0..2 {
        app.post("/", "").expect(200).await;
    }
    let refused = app.post("/", "").refused(429, "rate_limited").await;
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.header("ratelimit-limit"), "2");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    assert_eq!(refused.header("ratelimit-reset"), "30");
    for method in [Method::GET, Method::HEAD, Method::GET] {
        app.ask(method, "/").expect(200).await;
    }
    app.get("/").refused(429, "rate_limited").await;
}

#[tokio::test]
async fn a_client_is_a_user_or_else_an_address() {
    let limit = limit();
    let (here, there) = (app(limit.clone(), "192.0.2.1:5000"), app(limit, "192.0.2.2:5000"));
    for _ in 0..2 {
        here.post("/", "").expect(200).await;
        here.post("/", "").token("ann:customer").expect(200).await;
    }
    here.post("/", "").refused(429, "rate_limited").await;
    there.post("/", "").expect(200).await;
    there.post("/", "").token("ann:customer").refused(429, "rate_limited").await;
    here.post("/", "").token("bob:customer").expect(200).await;
}

#[tokio::test]
async fn a_token_that_is_not_taken_makes_no_new_client() {
    let app = app(limit(), "192.0.2.1:5000");
    app.post("/", "").token("ann:expired").expect(200).await;
    app.post("/", "").token("x").expect(200).await;
    app.post("/", "").token("y").refused(429, "rate_limited").await;
}

#[tokio::test]
async fn the_usual_quota_is_100_writes_and_1000_reads_a_minute() {
    let app = app(RateLimit::new(Arc::new(MemoryQuotas::default())), "192.0.2.1:5000");
    // Some come back while this asks, so it asks for more.
    for (method, quota) in [(Method::POST, 100), (Method::GET, 1_000)] {
        let mut let_through = 0;
        for _ in 0..quota + 300 {
            let_through += u32::from(app.ask(method.clone(), "/").send().await.status == 200);
        }
        assert!((quota..quota + 300).contains(&let_through), "{method}: {let_through}");
    }
}
