//! A checkout that fails and is undone is one trace, from the client through every service to the last compensation; and
//! neither the trace nor the log says anything personal.
//!
//! What exports spans is a process's only one, so this is one test in a program of its own.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checkout;
mod sink;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use commerce_adapters::http::{Caller, TokenFault, Tokens};
use commerce_adapters::telemetry::{self, LogFormat, Telemetry, TelemetryOptions};
use commerce_core::Host;
use commerce_outbox::{Consumer, Envelope, HandleError, Handled, Handler, Scope, StoreBus, SystemHost};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::trace::v1::Span;
use reference_server::gateway::GatewayOptions;
use reference_server::messages::ORDER_EVENTS;
use reference_server::platform::{Platform, PlatformOptions};
use reference_server::services::identity::IdentityOptions;
use reference_server::services::notification::NotificationOptions;
use reference_server::shop::{ShopOptions, StoreUrl, Stores};
use sink::{Sink, hex};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

static PLATFORM: OnceLock<Arc<Platform>> = OnceLock::new();

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";
/// What must stand in no log and no span.
const RECIPIENT: &str = "Wilhelmina Fetherstonhaugh";
const STREET: &str = "17 Quillfeather Crescent";
const EMAIL: &str = "wilhelmina.f@quillfeather.example";
const PASSWORD: &str = "Zaubertrank-4711-geheim";
const CARD: &str = "tok_visa";
const BEARER: &str = "bearer-secret-0815";
const OWNER: &str = "owner-secret-0815";

/// One customer, whom one token shows; every other token is bad.
struct OneToken;

impl Tokens for OneToken {
    fn verify(&self, token: &str) -> Result<Caller, TokenFault> {
        match token {
            OWNER => Ok(Caller { id: waiting::CUSTOMER, roles: vec!["customer".to_owned()], session: None }),
            _ => Err(TokenFault::Invalid),
        }
    }
}

/// Listens to what is published of orders, as notification and analytics do.
struct Listener;

#[async_trait]
impl Handler for Listener {
    async fn handle(&self, _: &Envelope, scope: Scope) -> Result<Handled, HandleError> {
        Ok(scope.finish())
    }
}

/// The log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_is_one_trace_and_says_nothing_personal() {
    let (sink, log) = (Sink::default(), Log::default());
    let writer = log.clone();
    let options = TelemetryOptions::new("commerce")
        .format(LogFormat::Json)
        .filter("commerce_core=debug,commerce_outbox=debug,commerce_saga=debug,commerce_adapters=debug,reference_server=debug")
        .otlp(sink.listen().await)
        .log_to(move || writer.clone());
    let telemetry = Telemetry::install(options).unwrap();
    assert_eq!(
        Telemetry::install(TelemetryOptions::new("again")).err().unwrap().code(),
        "telemetry_installed"
    );

    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let stores = Stores::open(&StoreUrl::Memory, &host).await.unwrap();
    let shop = ShopOptions { host: host.clone(), ..ShopOptions::default() };
    let options = PlatformOptions {
        shop,
        identity: IdentityOptions::default(),
        tokens: Some(Arc::new(OneToken)),
        notification: NotificationOptions::default(),
        gateway: GatewayOptions::default(),
    };
    let platform = Arc::new(Platform::new(stores.clone(), &options).await.unwrap());
    assert!(PLATFORM.set(platform.clone()).is_ok());
    let shutdown = CancellationToken::new();
    let services = tokio::spawn({
        let (platform, shutdown) = (platform.clone(), shutdown.clone());
        async move { platform.run(shutdown).await }
    });
    let bus = StoreBus::new(host.clone()).source("/order", stores.order.clone());
    let listener = Consumer::new("listener", Arc::new(bus), stores.analytics.clone(), host)
        .on_topic(ORDER_EVENTS, Arc::new(Listener));
    tokio::spawn(listener.run(shutdown.clone()));
    checkout::open_stock().await;

    let gateway = platform.router().merge(checkout::route());
    let begun = ask(&gateway, "POST", "/test/checkouts", "").await;
    assert_eq!(begun.0, StatusCode::OK);
    personal(&gateway).await;
    let client_secret = waiting::learned(&gateway).await;
    until(&gateway, &[
        r#"messages_handled_total{group="payment",type="payment.pay-out-refund",outcome="handled"} 1"#,
        r#"messages_handled_total{group="listener",type="order.OrderFailed",outcome="handled"} 1"#,
        r#"sagas_ended_total{saga="place-order",status="failed"} 1"#,
        r#"saga_steps_total{saga="place-order",step="create-shipment",phase="action",outcome="failed"} 1"#,
        r#"outbox_messages_behind{service="order",group="inventory"}"#,
        r#"dead_letters{service="shipping"} 0"#,
        r#"saga_instances{saga="place-order",status="stuck"} 0"#,
        r#"saga_instances{saga="cancel-order",status="stuck"} 0"#,
    ])
    .await;
    shutdown.cancel();
    services.await.unwrap().unwrap();
    tokio::task::block_in_place(|| telemetry.shutdown()).unwrap();

    let spans = sink.spans();
    is_one_tree(&spans);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("correlation_id") && log.contains("answered"), "{log}");
    tells_of_the_flow(&log);
    let told = format!("{log}{spans:?}{}", telemetry::render());
    for secret in [RECIPIENT, STREET, EMAIL, PASSWORD, CARD, BEARER, OWNER, &client_secret] {
        assert!(!told.contains(secret), "{secret} was told");
    }
}

/// Every line is an object that says nothing twice, as which of the two would count is open; and a checkout can be followed
/// through all services by its correlation id.
fn tells_of_the_flow(log: &str) {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in log.lines() {
        let shown: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line.matches(r#""message":"#).count(), 1, "{line}");
        if shown["fields"]["message"] == "a message was handled" {
            let of = |name: &str| shown["fields"][name].as_str().unwrap().to_owned();
            assert_eq!(shown["spans"][0]["correlation_id"], of("correlation_id"), "{line}");
            groups.entry(of("correlation_id")).or_default().insert(of("group"));
        }
    }
    let all = ["inventory", "listener", "order", "payment", "shipping"];
    assert!(groups.values().any(|groups| all.iter().all(|group| groups.contains(*group))), "{groups:#?}");
}

/// Requests that bring what is personal, to be refused or taken.
async fn personal(gateway: &Router) {
    let account = serde_json::json!({
        "email": EMAIL, "password": PASSWORD, "name": RECIPIENT, "first_name": RECIPIENT, "token": CARD,
        "address": {"line1": STREET},
    });
    for path in ["/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/products", "/api/v1/orders"] {
        ask(gateway, "POST", path, &account.to_string()).await;
    }
    ask(gateway, "GET", &format!("/api/v1/products?email={EMAIL}&password={PASSWORD}"), "").await;
}

async fn ask(gateway: &Router, method: &str, path: &str, body: &str) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(path);
    if path.starts_with("/test") {
        request = request.header("traceparent", format!("00-{TRACE}-{CLIENT}-01"));
    } else if method == "POST" {
        request = request.header("authorization", format!("Bearer {BEARER}"));
        request = request.header("content-type", "application/json");
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = gateway.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Until `/metrics` shows all of these.
async fn until(gateway: &Router, wanted: &[&str]) {
    let mut figures = String::new();
    for _ in 0..300 {
        figures = ask(gateway, "GET", "/metrics", "").await.1;
        if wanted.iter().all(|line| figures.contains(line)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let missing: Vec<_> = wanted.iter().filter(|line| !figures.contains(**line)).collect();
    panic!("never: {missing:#?} in\n{figures}");
}

/// Every span of the checkout is in the client's trace, and hangs on another one of it.
fn is_one_tree(spans: &[Span]) {
    let (ours, others): (Vec<&Span>, Vec<&Span>) =
        spans.iter().partition(|span| hex(&span.trace_id) == TRACE);
    // What was told of the opening stock belongs to no client, nor does the payment that waits; its client is another.
    let elsewhere = [
        "handle stock-item.StockItemCreated",
        "handle payment.PaymentCreated",
        "handle payment.PaymentProcessingStarted",
    ];
    for span in others.iter().filter(|span| !elsewhere.contains(&span.name.as_str())) {
        assert!(!span.name.starts_with("handle ") && !span.name.starts_with("place-order"), "{span:?}");
    }
    let parents: BTreeMap<String, String> =
        ours.iter().map(|span| (hex(&span.span_id), hex(&span.parent_span_id))).collect();
    let roots: Vec<_> = ours.iter().filter(|span| hex(&span.parent_span_id) == CLIENT).collect();
    assert_eq!(roots.len(), 1, "{roots:?}");
    assert_eq!(roots[0].name, "POST /test/checkouts");
    for span in &ours {
        let (mut at, mut steps) = (hex(&span.span_id), 0);
        while at != CLIENT {
            at = parents.get(&at).unwrap_or_else(|| panic!("{} hangs on no span: {at}", span.name)).clone();
            steps += 1;
            assert!(steps < 1_000, "{} hangs on itself", span.name);
        }
    }
    let names: BTreeSet<&str> = ours.iter().map(|span| span.name.as_str()).collect();
    for name in [
        "place-order reserve-stock action",
        "handle inventory.reserve-stock",
        "place-order capture-payment action",
        "handle payment.capture",
        "place-order create-shipment action",
        "handle shipping.create-shipment",
        "place-order capture-payment undo",
        "handle payment.cancel",
        "handle payment.pay-out-refund",
        "place-order reserve-stock undo",
        "handle inventory.release-stock",
        "handle saga.reply",
        "handle order.OrderPlaced",
        "handle order.OrderFailed",
    ] {
        assert!(names.contains(name), "{name} is not among {names:#?}");
    }
}
