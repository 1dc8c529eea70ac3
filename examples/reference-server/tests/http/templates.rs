//! Templates of notifications.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::on_every_backend;
use crate::support::{App, eventually};

on_every_backend!(
    a_template_is_made_shown_and_described_anew,
    the_texts_that_are_sent_are_among_the_templates,
    a_name_is_taken_in_any_case,
    what_is_no_template_is_refused_with_pointers,
    a_template_is_activated_and_deactivated,
    only_admins_keep_templates,
);

fn greeting(name: &str) -> Value {
    json!({"name": name, "channel": "email", "subject_template": "Hello {{ name }}",
        "body_template": "Good day, {{ name }}!"})
}

async fn made(app: &App, name: &str) -> String {
    let id = app.post("/templates", greeting(name)).admin().expect(201).await.id();
    format!("/templates/{id}")
}

async fn a_template_is_made_shown_and_described_anew(app: App) {
    let made = app.post("/templates", greeting("greeting")).admin().key("t-1").expect(201).await;
    let path = format!("/templates/{}", made.id());
    assert_eq!((made.header("location"), made.header("etag")), (&*format!("/api/v1{path}"), "\"1\""));
    assert_eq!((&made.json()["active"], &made.json()["default_variables"]), (&json!(true), &json!({})));
    assert_eq!(app.get(&path).admin().expect(200).await.json(), made.json());
    let again = app.post("/templates", greeting("greeting")).admin().key("t-1").expect(201).await;
    assert_eq!(again.bytes, made.bytes);
    let mut other = greeting("welcome");
    other["description"] = json!("For those who are new.");
    let changed = app.put(&path, other.clone()).admin().header("if-match", "\"1\"").expect(200).await;
    assert_eq!((&changed.json()["name"], changed.header("etag")), (&json!("welcome"), "\"2\""));
    app.put(&path, other.clone())
        .admin()
        .header("if-match", "\"1\"")
        .refused(412, "precondition_failed")
        .await;
    assert_eq!(app.put(&path, other.clone()).admin().expect(200).await.header("etag"), "\"2\"");
    // The old name is free again.
    app.post("/templates", greeting("greeting")).admin().expect(201).await;
    let absent = format!("/templates/{}", Uuid::now_v7());
    app.get(&absent).admin().refused(404, "template_not_found").await;
    app.put(&absent, other).admin().refused(404, "template_not_found").await;
    app.get("/templates/none").admin().refused(400, "invalid_path").await;
    app.close().await;
}

async fn the_texts_that_are_sent_are_among_the_templates(app: App) {
    let names = async |query: &str| -> (Vec<String>, Option<String>) {
        let list = app.get(&format!("/templates{query}")).admin().expect(200).await.json();
        let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
        let cursor = list["next_cursor"].as_str().map(str::to_owned);
        (list["items"].as_array().unwrap().iter().map(name).collect(), cursor)
    };
    let all =
        eventually("they are there", async || Some(names("").await.0).filter(|all| all.len() == 9)).await;
    assert!(all.contains(&"order_confirmed".to_owned()), "{all:?}");
    let (mut paged, mut cursor) = names("?limit=4").await;
    while let Some(next) = cursor {
        let (more, after) = names(&format!("?limit=4&cursor={next}")).await;
        paged.extend(more);
        cursor = after;
    }
    assert_eq!(paged, all);
    app.get("/templates?cursor=IngiCg").admin().refused(400, "invalid_cursor").await;
    app.close().await;
}

async fn a_name_is_taken_in_any_case(app: App) {
    made(&app, "greeting").await;
    app.post("/templates", greeting("GREETING")).admin().refused(409, "template_name_taken").await;
    let other = made(&app, "farewell").await;
    app.put(&other, greeting("Greeting")).admin().refused(409, "template_name_taken").await;
    app.put(&other, greeting("Farewell")).admin().expect(200).await;
    app.close().await;
}

async fn what_is_no_template_is_refused_with_pointers(app: App) {
    let wrong = json!({"name": " ", "description": "x".repeat(1_001), "channel": "email",
        "subject_template": "Hello {{ name", "body_template": "", "default_variables": {"1st": 1}});
    let problem = app.post("/templates", wrong).admin().refused(400, "validation_failed").await;
    let faults = problem["errors"].as_array().unwrap();
    for (pointer, code) in [
        ("/subject_template", "invalid_template"),
        ("/name", "required"),
        ("/description", "too_long"),
        ("/body_template", "required"),
        ("/default_variables/1st", "invalid_name"),
    ] {
        let found = faults.iter().any(|fault| fault["pointer"] == pointer && fault["code"] == code);
        assert!(found, "{pointer} {code}: {problem}");
    }
    let mut unusable = greeting("greeting");
    unusable["subject_template"] = json!("Hello {{ name|nosuch }}");
    unusable["body_template"] = json!("Good day,\n{% set you = name %}");
    let problem = app.post("/templates", unusable).admin().refused(400, "validation_failed").await;
    for (index, pointer, detail) in [
        (0, "/subject_template", "line 1 of the template can't be read: there is no filter nosuch"),
        (
            1,
            "/body_template",
            "line 2 of the template can't be read: the statement set can't be used: there are if and for",
        ),
    ] {
        let fault = &problem["errors"][index];
        assert_eq!((&fault["pointer"], &fault["detail"]), (&json!(pointer), &json!(detail)), "{problem}");
        assert_eq!(fault["code"], "invalid_template");
    }
    for (name, value) in [("channel", json!("pigeon")), ("active", json!(false)), ("name", json!(null))] {
        let mut body = greeting("greeting");
        body[name] = value;
        app.post("/templates", body).admin().refused(400, "invalid_body").await;
    }
    app.close().await;
}

async fn a_template_is_activated_and_deactivated(app: App) {
    let path = made(&app, "greeting").await;
    let deactivated = app.patch(&format!("{path}/deactivate")).admin().expect(200).await;
    assert_eq!((&deactivated.json()["active"], deactivated.header("etag")), (&json!(false), "\"2\""));
    let again = app.patch(&format!("{path}/deactivate")).admin().expect(200).await;
    assert_eq!(again.header("etag"), "\"2\"", "it is already");
    let stale = app.patch(&format!("{path}/activate")).admin().header("if-match", "\"1\"");
    stale.refused(412, "precondition_failed").await;
    let activated = app.patch(&format!("{path}/activate")).admin().expect(200).await.json();
    assert_eq!(activated["active"], true);
    let absent = format!("/templates/{}", Uuid::now_v7());
    for how in ["activate", "deactivate"] {
        app.patch(&format!("{absent}/{how}")).admin().refused(404, "template_not_found").await;
    }
    app.close().await;
}

async fn only_admins_keep_templates(app: App) {
    let path = made(&app, "greeting").await;
    for ask in [
        app.get("/templates"),
        app.post("/templates", greeting("x")),
        app.get(&path),
        app.put(&path, greeting("x")),
        app.patch(&format!("{path}/activate")),
        app.patch(&format!("{path}/deactivate")),
    ] {
        ask.role("customer,analyst").refused(403, "forbidden").await;
    }
    app.get("/templates").refused(401, "unauthenticated").await;
    app.patch(&format!("{path}/activate")).refused(401, "unauthenticated").await;
    app.close().await;
}
