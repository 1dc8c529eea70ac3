//! What goes through to a service elsewhere, and back.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use commerce_adapters::http::REPLAYED;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt;
use reference_server::gateway::{GatewayOptions, UpstreamOptions};
use reference_server::serve::Door;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{Served, before, in_front};

/// Answers what came.
async fn mirror(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let named = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let names = [
        "host",
        "x-forwarded-for",
        "x-forwarded-host",
        "connection",
        "te",
        "x-mine",
        "content-length",
        "expect",
        "x-correlation-id",
        "traceparent",
    ];
    let headers: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), json!(named(name)))).collect();
    Json(json!({
        "method": parts.method.as_str(), "uri": parts.uri.to_string(), "headers": headers,
        "body": String::from_utf8(body.to_vec()).unwrap(),
    }))
    .into_response()
}

async fn mirrored() -> Served {
    let routes =
        Router::new().route("/api/v1/orders", any(mirror)).route("/api/v1/orders/{*rest}", any(mirror));
    Served::router(routes).await
}

#[tokio::test]
async fn method_path_query_and_body_go_through_as_they_are() {
    let served = mirrored().await;
    let gateway = before(&served);
    let path = "/api/v1/orders/a%2Fb/..%2f%20/%C3%A9?q=1&q=%26+x";
    let seen = gateway.post(path, "\u{1F980}").expect(200).await.json();
    assert_eq!(
        (&seen["method"], &seen["uri"], &seen["body"]),
        (&"POST".into(), &path.into(), &"\u{1F980}".into())
    );
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::GET] {
        let seen = gateway.ask(method.clone(), "/api/v1/orders").expect(200).await.json();
        assert_eq!(seen["method"], method.as_str());
    }
}

#[tokio::test]
async fn headers_of_the_connection_stay_and_the_client_is_named() {
    let served = mirrored().await;
    let ask = before(&served)
        .post("/api/v1/orders", "{}")
        .header("connection", "close, x-mine")
        .header("x-mine", "1");
    let ask = ask.header("te", "trailers").header("host", "shop.example").header("expect", "100-continue");
    let seen = ask.header("x-forwarded-for", "10.0.0.1").header("x-correlation-id", "flow").expect(200).await;
    let headers = &seen.json()["headers"];
    for gone in ["connection", "te", "x-mine", "expect"] {
        assert!(headers[gone].is_null(), "{gone}: {headers}");
    }
    assert_eq!(headers["host"], served.address.to_string());
    assert_eq!(headers["x-forwarded-host"], "shop.example");
    assert_eq!(headers["x-forwarded-for"], "10.0.0.1, 192.0.2.7");
    assert_eq!((&headers["content-length"], &headers["x-correlation-id"]), (&"2".into(), &"flow".into()));
    assert_eq!(headers["traceparent"], seen.header("traceparent"));
}

#[tokio::test]
async fn as_many_headers_are_handed_on_as_a_service_takes() {
    let door = Door::at(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}", door.address());
    let stop = CancellationToken::new();
    tokio::spawn(door.serve(Router::new().route("/api/v1/orders", any(mirror)), stop.clone()));
    let _stopped = stop.drop_guard();
    let gateway = in_front(&[("order", &url)], UpstreamOptions::default(), &GatewayOptions::default());
    let with = |count: u32| {
        (0..count).fold(gateway.get("/api/v1/orders"), |ask, n| ask.header(&format!("x-{n}"), "1"))
    };
    for count in [96, 99, 120] {
        with(count).expect(200).await;
    }
    with(127).refused(431, "too_many_headers").await;
}

#[tokio::test]
async fn an_answer_comes_back_as_it_is() {
    let teapot = || async {
        let headers = [
            (header::ETAG, "\"7\""),
            (header::SET_COOKIE, "a=1"),
            (REPLAYED, "true"),
            (header::TRAILER, "x"),
        ];
        (StatusCode::IM_A_TEAPOT, headers, vec![0_u8, 0xff])
    };
    let served = Served::router(Router::new().route("/api/v1/orders", get(teapot))).await;
    let reply = before(&served).get("/api/v1/orders").expect(418).await;
    assert_eq!(
        (reply.header("etag"), reply.header("set-cookie"), reply.header("idempotency-replayed")),
        ("\"7\"", "a=1", "true")
    );
    assert_eq!(reply.bytes, [0, 0xff]);
    assert!(!reply.headers.contains_key("trailer"));
    let head = before(&served).ask(Method::HEAD, "/api/v1/orders").expect(418).await;
    assert_eq!((head.header("content-length"), head.bytes.len()), ("2", 0));
}

#[tokio::test]
async fn an_answer_is_passed_on_as_it_comes() {
    let (pieces, incoming) = mpsc::unbounded_channel::<Bytes>();
    let incoming = std::sync::Arc::new(std::sync::Mutex::new(Some(incoming)));
    let slowly = move || {
        let incoming = incoming.lock().unwrap().take().unwrap();
        let pieces = stream::unfold(incoming, |mut incoming| async {
            Some((Ok::<_, std::io::Error>(incoming.recv().await?), incoming))
        });
        async { Body::from_stream(pieces).into_response() }
    };
    let served = Served::router(Router::new().route("/api/v1/orders", get(slowly))).await;
    let response = before(&served).get("/api/v1/orders").response().await;
    let mut body = response.into_body().into_data_stream();
    for piece in ["one", "two"] {
        pieces.send(Bytes::from(piece)).unwrap();
        let got = tokio::time::timeout(Duration::from_secs(5), body.next()).await.unwrap();
        assert_eq!(got.unwrap().unwrap(), piece);
    }
    drop(pieces);
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn a_service_that_is_not_configured_is_not_there() {
    let served = mirrored().await;
    before(&served).get("/api/v1/payments").refused(404, "route_not_found").await;
    before(&served).get("/.well-known/jwks.json").refused(404, "route_not_found").await;
}

#[tokio::test]
async fn each_prefix_leads_to_its_service() {
    let name = |name: &'static str| Router::new().fallback(move |_: HeaderMap| async move { name });
    let prefixes: [(&str, &[&str]); 8] = [
        ("identity", &["/api/v1/auth/login", "/api/v1/users/me", "/.well-known/jwks.json"]),
        ("catalog", &["/api/v1/catalog/products/1"]),
        ("inventory", &["/api/v1/inventory/products"]),
        ("order", &["/api/v1/orders", "/api/v1/orders/1/history"]),
        ("payment", &["/api/v1/payments", "/api/v1/webhooks/stripe"]),
        ("shipping", &["/api/v1/shipments", "/api/v1/shipments/quote"]),
        ("notification", &["/api/v1/notifications/send", "/api/v1/templates"]),
        ("analytics", &["/api/v1/analytics/dashboard"]),
    ];
    let mut served = Vec::new();
    for (service, _) in prefixes {
        served.push((service, Served::router(name(service)).await));
    }
    let urls: Vec<_> = served.iter().map(|(service, served)| (*service, served.url())).collect();
    let at: Vec<_> = urls.iter().map(|(service, url)| (*service, url.as_str())).collect();
    let gateway = crate::support::in_front(&at, crate::support::short(), &Default::default());
    for (service, paths) in prefixes {
        for path in paths {
            assert_eq!(gateway.get(path).expect(200).await.bytes, service.as_bytes(), "{path}");
        }
    }
    gateway.get("/metrics/../api").refused(404, "route_not_found").await;
}
