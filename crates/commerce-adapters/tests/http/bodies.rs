//! Bodies that are wrong, in every way.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as RawBody, Bytes, HttpBody};
use axum::routing::post;
use commerce_adapters::http::{Body, Id, Params};
use futures_util::{StreamExt, stream};
use http::Method;
use http_body::{Frame, SizeHint};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::support::App;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Line {
    quantity: u32,
    kind: Kind,
    #[serde(default)]
    more: serde_json::Value,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Big,
    Small,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Basket {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Search {
    q: Option<String>,
    least: Option<u32>,
}

fn app() -> App {
    App::new(|_| {
        Router::new()
            .route("/baskets", post(|Body(_): Body<Basket>| async { "taken" }))
            .route("/any/{id}", post(|Id(id): Id<String>, Params(_): Params<Search>| async { id }))
            .route("/ids/{id}", post(|Id(id): Id<uuid::Uuid>| async move { id.to_string() }))
    })
}

async fn wrong(body: &str) -> serde_json::Value {
    app().post("/baskets", body).refused(400, "invalid_body").await.json()
}

#[tokio::test]
async fn a_good_body_is_taken() {
    let body = json!({"lines": [{"quantity": 1, "kind": "big"}]});
    app().post("/baskets", body.clone()).expect(200).await;
    let typed = app().ask(Method::POST, "/baskets").body("Application/JSON; charset=utf-8", body.to_string());
    typed.expect(200).await;
    app().ask(Method::POST, "/baskets").body("application/vnd.shop+json", body.to_string()).expect(200).await;
}

#[tokio::test]
async fn each_fault_of_form_is_pointed_at() {
    for (line, pointer, code) in [
        (r#"{"quantity":"1","kind":"big"}"#, "/lines/0/quantity", "wrong_type"),
        (r#"{"quantity":1.5,"kind":"big"}"#, "/lines/0/quantity", "wrong_type"),
        (r#"{"quantity":-1,"kind":"big"}"#, "/lines/0/quantity", "too_small"),
        (r#"{"quantity":4294967296,"kind":"big"}"#, "/lines/0/quantity", "invalid_value"),
        (r#"{"quantity":123456789012345678901234567890,"kind":"big"}"#, "/lines/0/quantity", "wrong_type"),
        (r#"{"quantity":null,"kind":"big"}"#, "/lines/0/quantity", "wrong_type"),
        (r#"{"quantity":1,"kind":"huge"}"#, "/lines/0/kind", "unknown_value"),
        (r#"{"quantity":1,"kind":"big","colour":1}"#, "/lines/0/colour", "unknown_field"),
        (r#"{"quantity":1}"#, "/lines/0/kind", "missing_field"),
        (r#"{"quantity":1,"quantity":1,"kind":"big"}"#, "/lines/0", "duplicate_field"),
        (r#"{"quantity":1,"kind":"big","more":["a","b\u0000"]}"#, "/lines/0/more/1", "contains_nul"),
        (r#"{"quantity":1,"kind":"big","more":{"\u0000":1}}"#, "/lines/0/more/\u{0}", "contains_nul"),
        ("[]", "/lines/0", "wrong_type"),
    ] {
        let problem = wrong(&format!(r#"{{"lines":[{line}]}}"#)).await;
        let error = &problem["errors"][0];
        // Of a field that is not in the structure serde tells either place.
        let place = error["pointer"].as_str().unwrap();
        assert!(place.starts_with(pointer), "{line}: {problem}");
        assert_eq!(error["code"], code, "{line}: {problem}");
    }
}

#[tokio::test]
async fn all_faults_of_form_are_told_at_once() {
    let lines = json!([{"quantity": -1, "colour": 1}, {"kind": "huge"}]);
    let problem = wrong(&json!({"lines": lines, "note": ""}).to_string()).await;
    let faults: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
    let expected = [
        "/lines/0/kind",
        "/lines/0/colour",
        "/lines/0/quantity",
        "/lines/1/quantity",
        "/lines/1/kind",
        "/note",
    ];
    assert_eq!(faults, expected, "{problem}");
    assert!(problem["detail"].as_str().unwrap().ends_with("(and 5 more)"), "{problem}");
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let deep = "[".repeat(100_000);
    let closed = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        "",
        " ",
        "{",
        "nul",
        "{\"lines\":[]}x",
        "{\"lines\":[],}",
        "\u{feff}{\"lines\":[]}",
        "'a'",
        "NaN",
        "[1e999]",
        r#"{"lines":"\ud800"}"#,
        r#"{"lines":"\udc00\ud800"}"#,
        "\"\u{1}\"",
        &deep,
        &closed,
    ] {
        wrong(body).await;
    }
    let not_utf8 =
        app().ask(Method::POST, "/baskets").body("application/json", b"{\"lines\":\"\xff\"}".to_vec());
    not_utf8.refused(400, "invalid_body").await;
}

#[tokio::test]
async fn no_body_at_all_is_an_empty_one() {
    app().ask(Method::POST, "/baskets").refused(400, "invalid_body").await;
    app().ask(Method::POST, "/baskets").body("text/plain", "").refused(415, "unsupported_media_type").await;
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    for other in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", "json", ""]
    {
        let ask = app().ask(Method::POST, "/baskets").body(other, "{\"lines\":[]}");
        ask.refused(415, "unsupported_media_type").await;
    }
    let untyped = app().post("/baskets", "{\"lines\":[]}").without("content-type");
    untyped.refused(415, "unsupported_media_type").await;
}

#[tokio::test]
async fn an_answer_is_not_as_long_as_what_it_answers() {
    let long = "x".repeat(500_000);
    let problem = wrong(&format!(r#"{{"lines":[{{"quantity":"{long}"}}]}}"#)).await;
    assert!(problem.to_string().len() < 4_000);
    let problem = wrong(&format!(r#"{{"{long}":1}}"#)).await;
    assert!(problem.to_string().len() < 4_000);
}

#[tokio::test]
async fn a_body_over_1_mib_is_refused() {
    let room = 1024 * 1024 - r#"{"lines":[]}"#.len();
    let fits = format!("{{\"lines\":[]}}{}", " ".repeat(room));
    app().post("/baskets", &fits).expect(200).await;
    app().post("/baskets", format!("{fits} ")).refused(413, "body_too_large").await;
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_as_it_comes() {
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 65_536])));
    let ask = app().ask(Method::POST, "/baskets").body("application/json", RawBody::from_stream(endless));
    ask.refused(413, "body_too_large").await;
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_waited_for() {
    // Its length is known and its bytes never come.
    let body = RawBody::new(Unasked(LARGEST + 1));
    app().ask(Method::POST, "/baskets").body("application/json", body).refused(413, "body_too_large").await;
}

const LARGEST: u64 = 1024 * 1024;

struct Unasked(u64);

impl HttpBody for Unasked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("it was asked for")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let drops = stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, Infallible>(Bytes::from_static(b" "))
    });
    let ask = app().ask(Method::POST, "/baskets").body("application/json", RawBody::from_stream(drops));
    ask.refused(408, "request_timeout").await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let broken = stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("reset"))]);
    let ask = app().ask(Method::POST, "/baskets").body("application/json", RawBody::from_stream(broken));
    ask.refused(400, "invalid_body").await;
}

#[tokio::test]
async fn paths_and_queries_are_read_strictly() {
    let app = app();
    assert_eq!(app.post("/any/a%20b", "").expect(200).await.bytes, b"a b");
    for path in ["/any/%00", "/any/a%00b", "/any/%ff", "/ids/none", "/ids/%00"] {
        app.post(path, "").refused(400, "invalid_path").await;
    }
    app.post("/any/x?q=%C3%A9&least=3", "").expect(200).await;
    for query in ["least=-1", "least=x", "least=", "least=4294967296", "least=1&least=2", "more=1", "q=%00"] {
        app.post(&format!("/any/x?{query}"), "").refused(400, "invalid_query").await;
    }
}
