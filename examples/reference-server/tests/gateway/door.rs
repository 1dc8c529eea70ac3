//! What the gateway does itself, alike for services here and elsewhere.

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Json, Router};
use commerce_adapters::http::{MemoryQuotas, Quota, RateLimit};
use http::{HeaderMap, Method};
use reference_server::gateway::{GatewayOptions, UpstreamOptions};
use serde_json::{Value, json};

use crate::support::{Gateway, Served, catalog, in_front, in_process, service, user};

/// Answers the headers that came.
async fn echo(headers: HeaderMap) -> Json<Value> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Json(headers.iter().map(|(name, value)| (name.to_string(), json!(text(value)))).collect())
}

fn routes() -> Router {
    Router::new()
        .route("/api/v1/orders", post(|| async {}).get(|| async {}))
        .route("/api/v1/orders/echo", get(echo))
        .route("/api/v1/webhooks/stripe", post(|| async {}))
        .route("/api/v1/orders/panic", get(|| async { panic!("on purpose") as String }))
}

/// The catalog and some orders, in process and elsewhere.
async fn both(options: &GatewayOptions) -> ([Gateway; 2], [Served; 2]) {
    let served = [Served::service(catalog()).await, Served::service(service(routes())).await];
    let at = [("catalog", &*served[0].url()), ("order", &*served[1].url())];
    let front = in_front(&at, UpstreamOptions::default(), options);
    ([in_process(vec![catalog(), service(routes())], options), front], served)
}

#[tokio::test]
async fn a_request_goes_to_its_service_and_comes_back_whole() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        let ask = || {
            let ask = gateway.post("/api/v1/catalog/categories", json!({"name": "Lamps"}));
            ask.token("ann:admin").header("idempotency-key", "k").header("x-correlation-id", "flow 7")
        };
        let made = ask().expect(201).await;
        assert_eq!((made.header("etag"), made.header("x-correlation-id")), ("\"1\"", "flow 7"));
        let shown = gateway.get(made.header("location")).expect(200).await;
        assert_eq!(shown.json(), made.json());
        let again = ask().expect(201).await;
        assert_eq!((again.header("idempotency-replayed"), &again.bytes), ("true", &made.bytes));
        gateway.post("/api/v1/catalog/categories", "{").token("ann:customer").refused(403, "forbidden").await;
        gateway.post("/api/v1/catalog/categories", "{}").refused(401, "unauthenticated").await;
        gateway.post("/api/v1/catalog/categories", "{}").token("garbage").refused(401, "invalid_token").await;
    }
}

#[tokio::test]
async fn an_identity_is_what_the_token_says_and_nothing_else() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        let forged = || {
            let ask =
                gateway.get("/api/v1/orders/echo").header("x-user-id", "root").header("x-user-id", "root");
            let ask = ask.header("X-User-Roles", "admin").header("x_user_roles", "admin");
            ask.header("x-internal-trusted", "yes").header("x-other", "stays")
        };
        let seen = forged().expect(200).await.json();
        for name in ["x-user-id", "x-user-roles", "x_user_roles", "x-internal-trusted"] {
            assert!(seen[name].is_null(), "{name}: {seen}");
        }
        assert_eq!(seen["x-other"], "stays");
        let seen = forged().token("ann:customer,warehouse").expect(200).await.json();
        assert_eq!(seen["x-user-id"], user("ann").to_string());
        assert_eq!(seen["x-user-roles"], "customer,warehouse");
        assert_eq!(seen["authorization"], "Bearer ann:customer,warehouse", "services verify it themselves");
        let seen = forged().token("garbage").expect(200).await.json();
        assert!(seen["x-user-id"].is_null());
    }
}

#[tokio::test]
async fn a_client_takes_nothing_away_that_the_gateway_adds_and_names_no_host() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for (gateway, host) in gateways.iter().zip([Value::Null, json!("shop.example")]) {
        let ask = gateway.get("/api/v1/orders/echo").token("ann:customer").header("host", "shop.example");
        let ask = ask.header("x-forwarded-host", "evil.example").header("x_forwarded_host", "evil.example");
        let ask = ask.header("forwarded", "host=evil.example").header("x-real-ip", "10.0.0.1");
        let named =
            "x-user-id, x-user-roles, x-correlation-id, traceparent, x-forwarded-host, x-forwarded-for";
        let reply = ask.header("connection", named).expect(200).await;
        let seen = reply.json();
        assert_eq!(seen["x-user-id"], user("ann").to_string());
        assert_eq!(seen["x-user-roles"], "customer");
        assert_eq!(seen["x-correlation-id"], reply.header("x-correlation-id"));
        assert_eq!(seen["traceparent"], reply.header("traceparent"));
        assert_eq!(seen["x-forwarded-host"], host);
        for name in ["connection", "x_forwarded_host", "forwarded", "x-real-ip"] {
            assert!(seen[name].is_null(), "{name}: {seen}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        for path in
            ["/", "/api/v1", "/api/v1/nothing", "/api/v1/orders/1/2/3", "/api/v1/orders/", "/api/v2/orders"]
        {
            gateway.get(path).refused(404, "route_not_found").await;
        }
        for (path, allowed) in [
            ("/api/v1/orders", "GET,HEAD"),
            ("/readyz", "GET,HEAD"),
            ("/docs", "GET,HEAD"),
            ("/openapi.json", "GET,HEAD"),
        ] {
            let refused = gateway.ask(Method::DELETE, path).refused(405, "method_not_allowed").await;
            assert!(refused.header("allow").contains(allowed), "{path}: {refused:?}");
            let options = gateway.ask(Method::OPTIONS, path).expect(204).await;
            assert!(options.header("allow").contains(allowed), "{path}: {options:?}");
        }
    }
}

#[tokio::test]
async fn head_is_answered_without_a_body() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        for path in ["/api/v1/catalog/categories", "/readyz", "/openapi.json", "/docs"] {
            let head = gateway.ask(Method::HEAD, path).expect(200).await;
            assert!(head.bytes.is_empty() && head.headers.contains_key("content-type"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_body_over_1_mib_stays_outside() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        gateway.post("/api/v1/orders", "x".repeat(1024 * 1024)).expect(200).await;
        gateway.post("/api/v1/orders", "x".repeat(1024 * 1024 + 1)).refused(413, "body_too_large").await;
    }
}

#[tokio::test]
async fn a_panic_is_a_problem() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        gateway.get("/api/v1/orders/panic").refused(500, "internal_error").await;
    }
}

#[tokio::test]
async fn browsers_are_told_what_answers_are_not() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        for path in ["/api/v1/orders", "/nowhere", "/readyz", "/docs", "/openapi.json"] {
            let reply = gateway.get(path).send().await;
            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("x-frame-options"), "DENY");
            assert_eq!(reply.header("referrer-policy"), "no-referrer");
            assert!(reply.header("content-security-policy").starts_with("default-src 'none'"));
        }
        let known = gateway.get("/api/v1/orders").token("ann:customer").expect(200).await;
        assert_eq!(known.header("cache-control"), "no-store");
        let login = gateway.post("/api/v1/auth/login", "{}").send().await;
        assert_eq!(login.header("cache-control"), "no-store");
        assert!(!gateway.get("/api/v1/orders").expect(200).await.headers.contains_key("cache-control"));
    }
}

/// Two writes a minute, and three reads.
fn limited() -> GatewayOptions {
    let limit = RateLimit::new(Arc::new(MemoryQuotas::default()));
    let limit = RateLimit { writes: Quota::per_minute(2), reads: Quota::per_minute(3), ..limit };
    GatewayOptions { rate_limit: Some(limit), ..GatewayOptions::default() }
}

#[tokio::test]
async fn events_of_a_payment_provider_take_from_no_quota() {
    let served = Served::service(service(routes())).await;
    let at = [("payment", &*served.url()), ("order", &*served.url())];
    for gateway in [
        in_process(vec![service(routes())], &limited()),
        in_front(&at, UpstreamOptions::default(), &limited()),
    ] {
        for _ in 0..10 {
            gateway.post("/api/v1/webhooks/stripe", "{}").expect(200).await;
        }
        gateway.post("/api/v1/orders", "").expect(200).await;
        gateway.post("/api/v1/orders", "").expect(200).await;
        gateway.post("/api/v1/orders", "").refused(429, "rate_limited").await;
    }
}

#[tokio::test]
async fn each_client_has_its_quota() {
    for which in 0..2 {
        let (gateways, _served) = both(&limited()).await;
        let gateway = &gateways[which];
        for _ in 0..2 {
            gateway.post("/api/v1/orders", "").expect(200).await;
        }
        let refused = gateway.post("/api/v1/orders", "").refused(429, "rate_limited").await;
        assert_eq!((refused.header("retry-after"), refused.header("ratelimit-limit")), ("30", "2"));
        gateway.post("/api/v1/orders", "").token("ann:customer").expect(200).await;
        for _ in 0..3 {
            gateway.get("/api/v1/orders").expect(200).await;
        }
        gateway.get("/api/v1/orders").refused(429, "rate_limited").await;
        gateway.get("/readyz").expect(200).await;
        gateway.get("/docs").expect(200).await;
    }
}

#[tokio::test]
async fn without_a_limit_nobody_is_counted() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        for _ in 0..150 {
            gateway.post("/api/v1/orders", "").expect(200).await;
        }
    }
}

#[tokio::test]
async fn scripts_of_the_origins_that_are_named_may_ask() {
    let origins = "https://shop.example".parse().unwrap();
    let (gateways, _served) = both(&GatewayOptions { origins, ..GatewayOptions::default() }).await;
    for gateway in gateways {
        let preflight = |origin: &str| {
            let ask = gateway.ask(Method::OPTIONS, "/api/v1/orders").header("origin", origin);
            ask.header("access-control-request-method", "POST")
                .header("access-control-request-headers", "idempotency-key")
        };
        let told = preflight("https://shop.example").expect(200).await;
        assert_eq!(told.header("access-control-allow-origin"), "https://shop.example");
        assert!(told.header("access-control-allow-headers").contains("idempotency-key"));
        assert!(told.header("access-control-allow-methods").contains("POST"));
        assert!(told.headers.contains_key("x-correlation-id"));
        let other = preflight("https://other.example").send().await;
        assert!(!other.headers.contains_key("access-control-allow-origin"));
        let gone = gateway.get("/nowhere").header("origin", "https://shop.example");
        let gone = gone.refused(404, "route_not_found").await;
        assert_eq!(gone.header("access-control-allow-origin"), "https://shop.example");
        assert!(gone.header("access-control-expose-headers").contains("x-correlation-id"));
        assert!(gone.header("vary").contains("origin"));
    }
}

#[tokio::test]
async fn scripts_may_not_ask_unless_it_is_said() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        let reply = gateway.get("/api/v1/orders").header("origin", "https://shop.example").expect(200).await;
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")));
    }
}

#[tokio::test]
async fn readiness_is_that_of_all_services() {
    let (gateways, _served) = both(&GatewayOptions::default()).await;
    for gateway in gateways {
        let report = gateway.get("/readyz").expect(200).await.json();
        assert_eq!(report["status"], "ok");
        assert!(report["checks"][0]["name"].as_str().unwrap().starts_with("catalog"), "{report}");
        gateway.get("/livez").expect(200).await;
    }
}
