//! Which flow a request belongs to.

use axum::body::Body;
use axum::routing::get;
use axum::{Json, Router};
use commerce_adapters::http::Asked;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;
use uuid::Uuid;

use crate::support::{App, user};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Answers what would stand in every commit of the request.
fn app() -> App {
    App::new(|_| {
        Router::new().route("/", get(|Asked(context): Asked| async move { Json(context.metadata()) }))
    })
}

#[tokio::test]
async fn an_id_is_made_echoed_and_carried() {
    let reply = app().get("/").expect(200).await;
    let id: Uuid = reply.header("x-correlation-id").parse().unwrap();
    assert_eq!(reply.json()["correlation"], id.to_string());
    let other = app().get("/").header("x-correlation-id", "").expect(200).await;
    assert_eq!(other.header("x-correlation-id").len(), 36);
}

#[tokio::test]
async fn a_uuid_is_taken_over_as_it_is() {
    let id = "0190a0a0-0000-7000-8000-00000000beef";
    let reply = app().get("/").header("x-correlation-id", id).expect(200).await;
    assert_eq!(reply.header("x-correlation-id"), id);
    assert_eq!(reply.json()["correlation"], id);
}

#[tokio::test]
async fn another_id_is_echoed_as_it_is_and_carried_as_the_uuid_of_it() {
    for id in ["checkout 42", "a\"b\\c<script>", &"x".repeat(128), "%00%0d%0a"] {
        let reply = app().get("/").header("x-correlation-id", id).expect(200).await;
        assert_eq!(reply.header("x-correlation-id"), id);
        let of = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes());
        assert_eq!(reply.json()["correlation"], of.to_string());
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_replaced() {
    for odd in ["x".repeat(129).as_bytes(), "é".as_bytes(), b"\xff\xfe", b"a\tb", b"   "] {
        let reply = app().get("/").raw_header("x-correlation-id", odd).expect(200).await;
        let made: Uuid = reply.header("x-correlation-id").parse().unwrap();
        assert_eq!(reply.json()["correlation"], made.to_string());
    }
}

#[tokio::test]
async fn the_id_is_in_a_problem_too() {
    let reply =
        app().get("/nowhere").header("x-correlation-id", "flow-7").refused(404, "route_not_found").await;
    assert_eq!(reply.json()["correlation_id"], "flow-7");
}

#[tokio::test]
async fn a_trace_is_taken_over_or_begun() {
    let reply = app().get("/").header("traceparent", TRACE).expect(200).await;
    assert_eq!(reply.json()["traceparent"], TRACE);
    assert_eq!(reply.header("traceparent"), TRACE);
    let begun = app().get("/").expect(200).await;
    let made = begun.header("traceparent");
    assert_eq!(begun.json()["traceparent"], made);
    assert_eq!((made.len(), &made[..3]), (55, "00-"));
}

#[tokio::test]
async fn a_trace_that_is_none_is_not_carried() {
    for wrong in ["garbage", "00-00000000000000000000000000000000-b7ad6b7169203331-01", &"0".repeat(100_000)]
    {
        let reply = app().get("/").header("traceparent", wrong).expect(200).await;
        assert_ne!(reply.json()["traceparent"], wrong);
    }
    let twice = app().get("/").header("traceparent", TRACE).header("traceparent", TRACE).expect(200).await;
    assert_ne!(twice.json()["traceparent"], TRACE);
}

#[tokio::test]
async fn who_asks_stands_in_what_is_written() {
    assert_eq!(app().get("/").expect(200).await.json()["actor"], "anonymous");
    let ann = app().get("/").token("ann:customer").expect(200).await;
    assert_eq!(ann.json()["actor"], user("ann").to_string());
    let forged = app().get("/").header("x-user-id", &user("ann").to_string()).expect(200).await;
    assert_eq!(forged.json()["actor"], "anonymous");
}

#[tokio::test]
async fn without_the_layer_there_is_no_context() {
    let unlayered =
        Router::new().route("/", get(|Asked(context): Asked| async move { context.new_id(0).to_string() }));
    let response = unlayered.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 500);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["code"], "internal_error");
}
