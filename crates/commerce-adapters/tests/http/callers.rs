//! Who asks, and whether they may.

use axum::Router;
use axum::routing::get;
use commerce_adapters::http::{Allowed, Anyone, Body, Only, Problem, SignedIn};
use serde_json::Value;

use crate::support::{App, user};

struct Staff;
impl Allowed for Staff {
    const ROLES: &'static [&'static str] = &["admin", "warehouse"];
}

fn app() -> App {
    let owned = |SignedIn(caller): SignedIn| async move {
        caller.owns_or(user("ann"), &["admin"], "order")?;
        Ok::<_, Problem>("shown")
    };
    App::new(|_| {
        Router::new()
            .route("/anyone", get(|Anyone(caller): Anyone| async move { format!("{}", caller.is_some()) }))
            .route("/signed-in", get(|SignedIn(caller): SignedIn| async move { caller.id.to_string() }))
            .route(
                "/staff",
                get(|Only(_, _): Only<Staff>| async {}).post(|_: Only<Staff>, _: Body<Value>| async {}),
            )
            .route("/owned", get(owned))
    })
}

#[tokio::test]
async fn without_a_token_one_is_anyone() {
    let app = app();
    assert_eq!(app.get("/anyone").expect(200).await.bytes, b"false");
    for path in ["/signed-in", "/staff", "/owned"] {
        let reply = app.get(path).refused(401, "unauthenticated").await;
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn a_good_token_says_who_asks() {
    let app = app();
    assert_eq!(app.get("/anyone").token("ann:customer").expect(200).await.bytes, b"true");
    let shown = app.get("/signed-in").header("authorization", "bearer ann:customer").expect(200).await;
    assert_eq!(shown.bytes, user("ann").to_string().as_bytes());
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_refused_everywhere() {
    let app = app();
    for path in ["/anyone", "/signed-in", "/staff"] {
        app.get(path).token("ann:expired").refused(401, "token_expired").await;
        app.get(path).token("garbage").refused(401, "invalid_token").await;
        app.get(path).token(&"x".repeat(100_000)).refused(401, "invalid_token").await;
        for malformed in ["Basic YTpi", "Bearer", "Bearer ", "ann:admin", ""] {
            app.get(path).header("authorization", malformed).refused(401, "invalid_token").await;
        }
        app.get(path).raw_header("authorization", b"Bearer \xff").refused(401, "invalid_token").await;
        let two = app.get(path).header("authorization", "Bearer ann:customer");
        two.header("authorization", "Bearer bob:admin").refused(401, "invalid_token").await;
    }
}

#[tokio::test]
async fn roles_decide_and_one_of_them_is_enough() {
    let app = app();
    app.get("/staff").token("ann:customer").refused(403, "forbidden").await;
    app.get("/staff").token("ann:").refused(403, "forbidden").await;
    app.get("/staff").token("ann:Admin").refused(403, "forbidden").await;
    app.get("/staff").token("bob:customer,warehouse").expect(200).await;
}

#[tokio::test]
async fn whoever_may_not_ask_is_not_told_about_the_body() {
    let app = app();
    app.post("/staff", "{").refused(401, "unauthenticated").await;
    app.post("/staff", "{").token("ann:customer").refused(403, "forbidden").await;
    app.post("/staff", "{").token("ann:admin").refused(400, "invalid_body").await;
}

#[tokio::test]
async fn what_is_another_customers_is_not_there() {
    let app = app();
    app.get("/owned").token("ann:customer").expect(200).await;
    app.get("/owned").token("bob:admin").expect(200).await;
    app.get("/owned").token("bob:customer").refused(404, "not_found").await;
}
