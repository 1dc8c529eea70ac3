//! Notifications that someone asks for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use commerce_adapters::smtp::Smtp;
use reference_server::services::notification::NotificationOptions;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::backend::Backend;
use crate::on_every_backend;
use crate::support::{App, eventually};

on_every_backend!(
    a_notification_is_sent_and_shown_to_its_owner_and_admins_alone,
    a_users_notifications_are_listed_page_by_page,
    everything_that_is_wrong_is_said_at_once,
    a_template_is_filled_and_a_missing_variable_is_named,
    the_same_key_sends_once,
    one_that_waits_is_called_off,
    one_is_marked_as_sent_and_as_delivered,
    the_mailbox_is_for_admins,
);

/// A mail server that takes every connection and says nothing.
async fn silent_mail_server() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listening = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    (address, listening)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_mail_server_holds_up_mails_alone() {
    let (address, listening) = silent_mail_server().await;
    let smtp = Smtp::new(&format!("smtp://{address}"), "shop@example.com").unwrap();
    let options = NotificationOptions {
        smtp: Some(Arc::new(smtp.with_timeout(Duration::from_secs(5)))),
        ..NotificationOptions::default()
    };
    let app = App::notifying(Backend::sqlite(), options).await;
    let user = Uuid::now_v7();
    // More than are delivered at once, and more than are looked at.
    for _ in 0..110 {
        sent(&app, text_to(user)).await;
    }
    let begun = Instant::now();
    let in_app = json!({"user_id": user, "channel": "in_app", "priority": "critical",
        "subject": "Hello", "body": "How are you?"});
    let path = path_of(&sent(&app, in_app).await);
    eventually("it is delivered", async || {
        (app.get(&path).admin().expect(200).await.json()["status"] == "delivered").then_some(())
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(4), "it took {:?}", begun.elapsed());
    listening.abort();
    // What is under way there would be seen to its end.
    drop(app.broken_off().await);
}

fn text_to(user: Uuid) -> Value {
    json!({"user_id": user, "channel": "email", "recipient": "ada@example.com",
        "subject": "Hello", "body": "How are you?"})
}

/// One whose moment is far away.
fn later(user: Uuid) -> Value {
    let mut body = text_to(user);
    body["scheduled_at"] = json!("2999-01-01T00:00:00Z");
    body
}

async fn sent(app: &App, body: Value) -> Value {
    app.post("/notifications/send", body).admin().expect(201).await.json()
}

fn path_of(notification: &Value) -> String {
    format!("/notifications/{}", notification["id"].as_str().unwrap())
}

fn faults(problem: &Value) -> Vec<(&str, &str)> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect()
}

async fn a_notification_is_sent_and_shown_to_its_owner_and_admins_alone(app: App) {
    let user = Uuid::now_v7();
    let made = app.post("/notifications/send", text_to(user)).admin().expect(201).await;
    let path = path_of(&made.json());
    assert_eq!(made.header("location"), format!("/api/v1{path}"));
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!((&made.json()["status"], &made.json()["priority"]), (&json!("pending"), &json!("normal")));
    let delivered = eventually("it is delivered", async || {
        let shown = app.get(&path).user(user, "customer").expect(200).await.json();
        (shown["status"] == "delivered").then_some(shown)
    })
    .await;
    assert_eq!((&delivered["attempts"], &delivered["body"]), (&json!(1), &json!("How are you?")));
    assert_eq!(app.get(&path).admin().expect(200).await.json(), delivered);
    let absent = format!("/notifications/{}", Uuid::now_v7());
    for path in [&path, &absent] {
        app.get(path).role("customer").refused(404, "notification_not_found").await;
        app.get(path).refused(401, "unauthenticated").await;
    }
    app.get("/notifications/none").admin().refused(400, "invalid_path").await;
    app.post("/notifications/send", text_to(user)).role("customer").refused(403, "forbidden").await;
    app.post("/notifications/send", text_to(user)).refused(401, "unauthenticated").await;
    app.close().await;
}

async fn a_users_notifications_are_listed_page_by_page(app: App) {
    let (user, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.insert(0, sent(&app, later(user)).await["id"].clone());
    }
    sent(&app, later(other)).await;
    let path = format!("/notifications/user/{user}");
    let page = |query: String| app.get(&format!("{path}?{query}")).user(user, "customer");
    let first = page("limit=2".to_owned()).expect(200).await.json();
    let found = |page: &Value| -> Vec<Value> {
        page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    };
    assert_eq!(found(&first), ids[..2]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let last = page(format!("limit=2&cursor={cursor}")).expect(200).await.json();
    assert_eq!((found(&last), &last["next_cursor"]), (ids[2..].to_vec(), &json!(null)));
    assert_eq!(found(&app.get(&path).admin().expect(200).await.json()), ids);
    page("limit=0".to_owned()).refused(400, "invalid_query").await;
    page("cursor=x".to_owned()).refused(400, "invalid_cursor").await;
    // Well formed, but none of this list's.
    page("cursor=IngiCg".to_owned()).refused(400, "invalid_cursor").await;
    app.get(&path).role("customer").refused(404, "not_found").await;
    app.get(&path).refused(401, "unauthenticated").await;
    app.close().await;
}

async fn everything_that_is_wrong_is_said_at_once(app: App) {
    let send = |body: Value| app.post("/notifications/send", body).admin();
    let wrong = json!({"user_id": Uuid::now_v7(), "channel": "sms", "recipient": "ada", "subject": "a\nb",
        "variables": {"name": "Ada"}});
    let problem = send(wrong).refused(400, "validation_failed").await;
    let wanted = [
        ("/variables", "needs_template"),
        ("/recipient", "invalid_phone"),
        ("/subject", "invalid_character"),
        ("/body", "required"),
    ];
    assert_eq!(faults(&problem), wanted);
    let problem = send(json!({"user_id": Uuid::now_v7()})).refused(400, "validation_failed").await;
    assert!(faults(&problem).contains(&("/channel", "required")), "{problem}");
    let both = json!({"user_id": Uuid::now_v7(), "template_id": Uuid::now_v7(), "subject": "Hello"});
    let problem = send(both).refused(400, "validation_failed").await;
    assert!(faults(&problem).contains(&("/subject", "has_template")), "{problem}");
    assert!(faults(&problem).contains(&("/template_id", "template_not_found")), "{problem}");
    for (name, value) in [
        ("channel", json!("pigeon")),
        ("priority", json!("urgent")),
        ("scheduled_at", json!("tomorrow")),
        ("scheduled_at", json!("9999-12-31T23:59:59-23:59")),
        ("variables", json!([])),
        ("recipient_email", json!("ada@example.com")),
        ("body", json!("\u{0}")),
    ] {
        let mut body = text_to(Uuid::now_v7());
        body[name] = value;
        send(body).refused(400, "invalid_body").await;
    }
    app.close().await;
}

async fn a_template_is_filled_and_a_missing_variable_is_named(app: App) {
    let template = json!({"name": "greeting", "channel": "email", "subject_template": "Hello {{ name }}",
        "body_template": "{{ greeting }}, {{ name }}! You are {{ age }}.",
        "default_variables": {"greeting": "Good day"}});
    let id = app.post("/templates", template).admin().expect(201).await.json()["id"].clone();
    let user = Uuid::now_v7();
    let with = |variables: Value| json!({"user_id": user, "recipient": "ada@example.com", "template_id": id, "variables": variables});
    let send = |body: Value| app.post("/notifications/send", body).admin();
    let made = send(with(json!({"name": "Ada", "age": 36}))).expect(201).await.json();
    assert_eq!((&made["subject"], &made["channel"]), (&json!("Hello Ada"), &json!("email")));
    assert_eq!(made["body"], "Good day, Ada! You are 36.");
    assert_eq!((&made["template_id"], &made["variables"]["age"]), (&id, &json!(36)));
    let problem = send(with(json!({"age": 36}))).refused(400, "missing_variable").await;
    assert_eq!(faults(&problem), [("/variables/name", "missing_variable")]);
    assert!(problem["detail"].as_str().unwrap().contains("name"), "{problem}");
    let mut other_way = with(json!({"name": "Ada", "age": 36}));
    other_way["channel"] = json!("sms");
    let problem = send(other_way).refused(400, "validation_failed").await;
    assert!(faults(&problem).contains(&("/channel", "channel_mismatch")), "{problem}");
    app.patch(&format!("/templates/{}/deactivate", id.as_str().unwrap())).admin().expect(200).await;
    let problem = send(with(json!({"name": "Ada", "age": 36}))).refused(400, "validation_failed").await;
    assert_eq!(faults(&problem), [("/template_id", "template_inactive")]);
    app.close().await;
}

async fn the_same_key_sends_once(app: App) {
    let user = Uuid::now_v7();
    let ask = || app.post("/notifications/send", text_to(user)).admin().key("n-1");
    let first = ask().expect(201).await;
    let again = ask().expect(201).await;
    assert_eq!((first.bytes, again.header("idempotency-replayed")), (again.bytes.clone(), "true"));
    let other = app.post("/notifications/send", text_to(Uuid::now_v7())).admin().key("n-1");
    other.refused(422, "idempotency_key_reused").await;
    let list = app.get(&format!("/notifications/user/{user}")).admin().expect(200).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    app.close().await;
}

async fn one_that_waits_is_called_off(app: App) {
    let made = sent(&app, later(Uuid::now_v7())).await;
    let path = path_of(&made);
    assert_eq!(made["next_attempt_at"], "2999-01-01T00:00:00Z");
    let cancel = |path: &str| app.post(&format!("{path}/cancel"), json!({})).admin();
    cancel(&path).header("if-match", "\"7\"").refused(412, "precondition_failed").await;
    let cancelled = cancel(&path).header("if-match", "\"1\"").expect(200).await;
    assert_eq!((cancelled.header("etag"), &cancelled.json()["status"]), ("\"2\"", &json!("cancelled")));
    assert_eq!(cancel(&path).expect(200).await.json(), cancelled.json(), "once is enough");
    app.post(&format!("{path}/mark-sent"), json!({})).admin().refused(409, "wrong_state").await;
    app.post(&format!("{path}/cancel"), json!({})).role("customer").refused(403, "forbidden").await;
    app.post(&format!("{path}/cancel"), json!({})).refused(401, "unauthenticated").await;
    let absent = format!("/notifications/{}", Uuid::now_v7());
    cancel(&absent).refused(404, "notification_not_found").await;
    app.close().await;
}

async fn one_is_marked_as_sent_and_as_delivered(app: App) {
    let path = path_of(&sent(&app, later(Uuid::now_v7())).await);
    let mark = |how: &str| app.post(&format!("{path}/mark-{how}"), json!({})).admin();
    mark("delivered").refused(409, "wrong_state").await;
    let marked = mark("sent").expect(200).await;
    assert_eq!((&marked.json()["status"], marked.header("etag")), (&json!("sent"), "\"2\""));
    assert!(marked.json()["sent_at"].is_string() && marked.json()["delivered_at"].is_null());
    // A stale version is told before a wrong state is.
    mark("delivered").header("if-match", "\"1\"").refused(412, "precondition_failed").await;
    let marked = mark("delivered").expect(200).await.json();
    assert_eq!(marked["status"], "delivered");
    mark("sent").expect(409).await;
    app.post(&format!("{path}/cancel"), json!({})).admin().refused(409, "wrong_state").await;
    for how in ["sent", "delivered"] {
        app.post(&format!("{path}/mark-{how}"), json!({})).role("customer").refused(403, "forbidden").await;
        let absent = format!("/notifications/{}/mark-{how}", Uuid::now_v7());
        app.post(&absent, json!({})).admin().refused(404, "notification_not_found").await;
    }
    app.close().await;
}

async fn the_mailbox_is_for_admins(app: App) {
    let user = Uuid::now_v7();
    let made = sent(&app, text_to(user)).await;
    let path = format!("/notifications/mailbox/{user}");
    let mail = eventually("it is in the mailbox", async || {
        let list = app.get(&path).admin().expect(200).await.json();
        list["items"].get(0).cloned()
    })
    .await;
    assert_eq!((&mail["notification_id"], &mail["body"]), (&made["id"], &json!("How are you?")));
    app.get(&path).user(user, "customer").refused(403, "forbidden").await;
    app.get(&path).refused(401, "unauthenticated").await;
    app.close().await;
}
