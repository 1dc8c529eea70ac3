//! Services that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use http::Method;
use reference_server::gateway::GatewayOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Gateway, Served, in_front, short};

fn before(url: &str) -> Gateway {
    in_front(&[("order", url)], short(), &GatewayOptions::default())
}

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Reads a request and hangs up; counts how often.
async fn hangs_up() -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok_and(|bytes| bytes > 0) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (url, count)
}

#[tokio::test]
async fn a_service_that_is_not_reached_is_a_503() {
    let reply = before(&nobody().await).get("/api/v1/orders").refused(503, "upstream_unavailable").await;
    assert_eq!(reply.header("retry-after"), "1");
}

#[tokio::test]
async fn only_what_reads_is_asked_once_more() {
    for (method, times) in
        [(Method::GET, 2), (Method::HEAD, 2), (Method::POST, 1), (Method::PUT, 1), (Method::DELETE, 1)]
    {
        let (url, count) = hangs_up().await;
        let reply = before(&url).ask(method.clone(), "/api/v1/orders").expect(503).await;
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(count.load(Ordering::SeqCst), times, "{method}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up() {
    let served = Served::router(Router::new().fallback(std::future::pending::<String>)).await;
    let began = Instant::now();
    before(&served.url()).post("/api/v1/orders", "{}").refused(503, "timeout").await;
    assert!(began.elapsed() >= short().patience);
}

#[tokio::test]
async fn a_service_that_fails_again_and_again_is_left_alone_for_a_while() {
    let (up, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (is_up, counted) = (up.clone(), count.clone());
    let answer = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let status =
            if is_up.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        async move { (status, [("retry-after", "9")], "its own words") }
    };
    let (failing, well) = (
        Served::router(Router::new().fallback(answer)).await,
        Served::router(Router::new().fallback(|| async {})).await,
    );
    let at = [("order", &*failing.url()), ("payment", &*well.url())];
    let gateway = in_front(&at, short(), &GatewayOptions::default());
    for _ in 0..3 {
        let reply = gateway.post("/api/v1/orders", "{}").expect(503).await;
        assert_eq!(
            (&reply.bytes[..], reply.header("retry-after")),
            (&b"its own words"[..], "9"),
            "passed on"
        );
    }
    let opened = Instant::now();
    let refused = gateway.get("/api/v1/orders").refused(503, "circuit_open").await;
    assert_eq!(refused.header("retry-after"), "2", "the cool-down, in whole seconds");
    assert_eq!(count.load(Ordering::SeqCst), 3, "it was not asked");
    gateway.get("/api/v1/payments").expect(200).await;
    up.store(true, Ordering::SeqCst);
    tokio::time::sleep(
        short().breaker.cool_down.saturating_sub(opened.elapsed()) + Duration::from_millis(50),
    )
    .await;
    gateway.get("/api/v1/orders").expect(200).await;
    gateway.get("/api/v1/orders").expect(200).await;
}

#[tokio::test]
async fn silence_and_refused_connections_open_the_circuit_too() {
    let silent = Served::router(Router::new().fallback(std::future::pending::<String>)).await;
    for (url, code) in [(silent.url(), "timeout"), (nobody().await, "upstream_unavailable")] {
        let gateway = before(&url);
        for _ in 0..3 {
            gateway.post("/api/v1/orders", "").refused(503, code).await;
        }
        gateway.post("/api/v1/orders", "").refused(503, "circuit_open").await;
    }
}

#[tokio::test]
async fn an_answer_that_says_no_is_no_failure() {
    for status in [
        StatusCode::NOT_FOUND,
        StatusCode::CONFLICT,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::INTERNAL_SERVER_ERROR,
    ] {
        let served = Served::router(Router::new().fallback(any(move || async move { status }))).await;
        let gateway = before(&served.url());
        for _ in 0..5 {
            gateway.post("/api/v1/orders", "").expect(status.as_u16()).await;
        }
    }
}

/// A service that answers with this status, content type and body.
async fn answers(status: StatusCode, content_type: &'static str, body: &'static str) -> Served {
    let answer = any(move || async move { (status, [("content-type", content_type)], body) });
    Served::router(Router::new().fallback(answer)).await
}

#[tokio::test]
async fn a_refusal_in_the_services_own_words_is_no_failure() {
    let body = r#"{"code":"webhook_not_configured","status":503}"#;
    for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT] {
        let served = answers(status, "application/problem+json", body).await;
        let gateway = before(&served.url());
        for method in [Method::POST, Method::GET, Method::HEAD].iter().cycle().take(9) {
            let is_head = *method == Method::HEAD;
            let reply = gateway.ask(method.clone(), "/api/v1/orders").expect(status.as_u16()).await;
            assert_eq!(reply.header("content-type"), "application/problem+json");
            assert_eq!(String::from_utf8(reply.bytes).unwrap(), if is_head { "" } else { body }, "as it was");
        }
    }
}

#[tokio::test]
async fn a_refusal_that_is_about_all_of_it_is_a_failure() {
    for (content_type, body) in [
        ("text/html", "<h1>503</h1>"),
        ("application/json", r#"{"code":"webhook_not_configured"}"#),
        ("application/problem+json", r#"{"title":"upstream connect error"}"#),
        ("application/problem+json", r#"{"code":"timeout"}"#),
        ("application/problem+json", "{"),
    ] {
        let served = answers(StatusCode::SERVICE_UNAVAILABLE, content_type, body).await;
        let gateway = before(&served.url());
        for _ in 0..3 {
            let reply = gateway.post("/api/v1/orders", "{}").expect(503).await;
            assert_eq!(String::from_utf8(reply.bytes).unwrap(), body, "as it was");
        }
        gateway.post("/api/v1/orders", "{}").refused(503, "circuit_open").await;
    }
}

/// A service that promises more of a problem document than it sends.
async fn breaks_off() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head =
                "HTTP/1.1 503 No\r\ncontent-type: application/problem+json\r\ncontent-length: 90\r\n\r\n{";
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_refusal_that_breaks_off_is_a_failure() {
    let gateway = before(&breaks_off().await);
    for _ in 0..3 {
        gateway.post("/api/v1/orders", "{}").refused(503, "upstream_unavailable").await;
    }
    gateway.post("/api/v1/orders", "{}").refused(503, "circuit_open").await;
}

#[tokio::test]
async fn a_path_that_is_too_long_to_be_handed_on_opens_no_circuit() {
    let served = Served::router(Router::new().fallback(|| async {})).await;
    let gateway = before(&served.url());
    let long = format!("/api/v1/orders/{}", "x".repeat(65_500));
    for _ in 0..5 {
        gateway.get(&long).refused(414, "uri_too_long").await;
    }
    gateway.get("/api/v1/orders").expect(200).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_says_nothing_about_the_service() {
    let served = Served::router(Router::new().fallback(std::future::pending::<String>)).await;
    let gateway = before(&served.url());
    for _ in 0..5 {
        let asked = gateway.post("/api/v1/orders", "").send();
        assert!(tokio::time::timeout(Duration::from_millis(20), asked).await.is_err());
    }
    gateway.post("/api/v1/orders", "").refused(503, "timeout").await;
}

#[tokio::test]
async fn the_gateway_is_ready_when_all_its_services_are() {
    let report = r#"{"status":"failed","checks":[
        {"name":"store","status":"ok"},{"name":"bus","status":"failed","detail":"it panicked"}]}"#;
    let sick = any(move || async move { (StatusCode::SERVICE_UNAVAILABLE, report) });
    let sick = Served::router(Router::new().route("/readyz", sick)).await;
    let well = Served::router(Router::new().route("/readyz", any(|| async { "ok" }))).await;
    let at = [("order", &*well.url()), ("payment", &*sick.url()), ("catalog", &*nobody().await)];
    let report = in_front(&at, short(), &GatewayOptions::default()).get("/readyz").expect(503).await.json();
    let of = |index: usize| {
        (
            report["checks"][index]["name"].as_str().unwrap(),
            report["checks"][index]["status"].as_str().unwrap(),
        )
    };
    assert_eq!([of(0), of(1), of(2)], [("order", "ok"), ("payment", "failed"), ("catalog", "failed")]);
    assert_eq!(report["checks"][1]["detail"], "/readyz answers 503: bus");
}
