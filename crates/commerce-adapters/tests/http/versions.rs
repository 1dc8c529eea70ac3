//! Entity tags.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use commerce_adapters::http::{IfMatch, Problem, Resource, created};
use serde_json::json;

use crate::support::App;

fn app() -> App {
    let change = |if_match: IfMatch| async move {
        if_match.check(3)?;
        Ok::<_, Problem>(Resource(4, json!({"is_given": if_match.is_given()})))
    };
    App::new(|_| {
        Router::new()
            .route("/thing", get(|| async { Resource(3, json!({})) }).put(change))
            .route("/things", post(|| async { created("/things/é\n", 1, &json!({})).into_response() }))
            .route("/others", post(|| async { created("/others/7", 1, &json!({"id": 7})) }))
    })
}

async fn change(lines: &[&str]) -> u16 {
    let mut ask = app().ask(http::Method::PUT, "/thing");
    for line in lines {
        ask = ask.header("if-match", line);
    }
    ask.send().await.status.as_u16()
}

#[tokio::test]
async fn a_resource_shows_its_version() {
    assert_eq!(app().get("/thing").expect(200).await.header("etag"), "\"3\"");
    let made = app().post("/others", "{}").expect(201).await;
    assert_eq!((made.header("etag"), made.header("location")), ("\"1\"", "/others/7"));
}

#[tokio::test]
async fn the_version_that_is_meant_is_changed() {
    for lines in [&["\"3\""][..], &["*"], &[" * "], &["\"2\", \"3\""], &["\"2\"", "\"3\""], &[]] {
        assert_eq!(change(lines).await, 200, "{lines:?}");
    }
}

#[tokio::test]
async fn another_version_is_not_changed() {
    let newest = u64::MAX.to_string() + "0";
    for line in [
        "\"2\"",
        "W/\"3\"",
        "3",
        "\"3",
        "\"+3\"",
        "\"03\"",
        "\"-3\"",
        "\"x\"",
        "",
        ",",
        &format!("\"{newest}\""),
    ] {
        assert_eq!(change(&[line]).await, 412, "{line:?}");
    }
    let ask = app().ask(http::Method::PUT, "/thing").header("if-match", "\"2\"");
    let reply = ask.refused(412, "precondition_failed").await;
    assert_eq!(reply.json()["current_version"], 3);
}

#[tokio::test]
async fn a_tag_that_can_not_be_read_is_refused() {
    let ask = app().ask(http::Method::PUT, "/thing").raw_header("if-match", b"\"\xff\"");
    ask.refused(400, "invalid_header").await;
}

#[tokio::test]
async fn a_location_that_no_header_can_carry_is_left_out() {
    assert!(!app().post("/things", "{}").expect(201).await.headers.contains_key("location"));
}
