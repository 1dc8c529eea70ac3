//! The form of problems.

use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use commerce_adapters::http::Problem;
use commerce_core::value::Violation;
use http::Method;
use serde_json::json;

use crate::support::App;

fn app() -> App {
    let two_wrong = || async {
        let at = |pointer| Violation::new(pointer, "must_be_positive", "must be greater than zero");
        Problem::violations(vec![at("/items/0/quantity"), at("/items/1/quantity")])
    };
    App::new(|_| {
        Router::new()
            .route("/violations", get(two_wrong))
            .route("/bug", get(|| async { Problem::bug("the password of the database is hunter2") }))
            .route(
                "/short",
                get(|| async { Problem::conflict("insufficient_stock", "3").with("available", 3) }),
            )
            .route(
                "/later",
                get(|| async { Problem::unavailable("busy", "later", Duration::from_millis(1_200)) }),
            )
            .route("/never", post(std::future::pending::<String>))
    })
}

#[tokio::test]
async fn all_violations_are_listed() {
    let problem = app().get("/violations").refused(400, "validation_failed").await.json();
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, [&json!("/items/0/quantity"), &json!("/items/1/quantity")]);
    assert_eq!(problem["errors"][0]["code"], "must_be_positive");
}

#[tokio::test]
async fn of_very_many_violations_the_first_are_listed_and_all_are_counted() {
    let at = |n: u32| Violation::new(format!("/items/{n}/quantity"), "must_be_positive", "must be positive");
    let problem = App::new(|_| {
        let refuse = move || async move { Problem::violations((0..13_433).map(at).collect()) };
        Router::new().route("/", get(refuse))
    });
    let problem = problem.get("/").refused(400, "validation_failed").await.json();
    assert_eq!(problem["errors"].as_array().unwrap().len(), 100);
    assert_eq!(problem["errors"][99]["pointer"], "/items/99/quantity");
    assert!(problem["detail"].as_str().unwrap().contains("13433"), "{}", problem["detail"]);
}

#[tokio::test]
async fn a_bug_tells_nothing_about_the_inside() {
    let reply = app().get("/bug").refused(500, "internal_error").await;
    assert!(!String::from_utf8_lossy(&reply.bytes).contains("hunter2"));
}

#[tokio::test]
async fn members_and_headers_of_a_problem_are_its_own() {
    assert_eq!(app().get("/short").refused(409, "insufficient_stock").await.json()["available"], 3);
    let later = app().get("/later").refused(503, "busy").await;
    assert_eq!(later.header("retry-after"), "2", "in whole seconds, not too early");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = app();
    app.get("/nowhere").refused(404, "route_not_found").await;
    let wrong = app.ask(Method::DELETE, "/bug").refused(405, "method_not_allowed").await;
    assert_eq!(wrong.header("allow"), "GET,HEAD");
    let options = app.ask(Method::OPTIONS, "/bug").expect(204).await;
    assert_eq!((options.header("allow"), options.bytes.len()), ("GET,HEAD", 0));
    app.ask(Method::OPTIONS, "/nowhere").refused(404, "route_not_found").await;
}

#[tokio::test]
async fn a_long_path_is_not_answered_at_length() {
    let path = format!("/{}", "x".repeat(60_000));
    let reply = app().get(&path).refused(404, "route_not_found").await;
    assert!(reply.bytes.len() < 2_000, "{}", reply.bytes.len());
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let app = app();
    let (get, head) = (app.get("/short").send().await, app.ask(Method::HEAD, "/short").send().await);
    assert_eq!((head.status, head.bytes.len()), (get.status, 0));
    assert_eq!(head.header("content-type"), get.header("content-type"));
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_is_given_up() {
    let reply = app().post("/never", "{}").refused(503, "timeout").await;
    assert_eq!(reply.header("retry-after"), "1");
}

#[test]
fn a_client_may_be_told_never_to_come_again() {
    let never = Problem::unavailable("closed", "the shop is closed", Duration::MAX).into_response();
    assert_eq!(never.headers()["retry-after"], u64::MAX.to_string());
}
