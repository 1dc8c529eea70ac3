//! `Idempotency-Key`: the same request twice has one effect and one answer.

#[cfg(feature = "sqlite")]
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[cfg(feature = "sqlite")]
use commerce_adapters::sqlite::SqliteOptions;
use commerce_core::commit::Commit;
use commerce_core::id::Tenant;
use commerce_outbox::{Begin, Idempotency, Retention};
use futures_util::future::join_all;
use http::Method;

use crate::shop::app;
#[cfg(feature = "sqlite")]
use crate::shop::app_on;
use crate::support::{App, Reply};

#[tokio::test]
async fn an_answer_is_given_again_byte_for_byte() {
    let (app, _) = app();
    let first = app.post("/orders", "{}").key("k").expect(201).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = app.post("/orders", "{}").key("k").header("x-correlation-id", "second").expect(201).await;
    assert_eq!(again.bytes, first.bytes);
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name));
    }
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("x-correlation-id"), "second", "that is the request's own");
    assert_eq!(app.effects().await, 1);
}

#[tokio::test]
async fn answers_of_handlers_that_know_nothing_of_keys_are_kept_too() {
    for (path, status) in [("/plain", 202), ("/refuses", 409)] {
        let (app, shop) = app();
        let first = app.post(path, "{}").key("k").expect(status).await;
        let again = app.post(path, "{}").key("k").expect(status).await;
        assert_eq!((&again.bytes, again.header("idempotency-replayed")), (&first.bytes, "true"));
        assert_eq!(shop.calls.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_text_is_given_again_as_it_was() {
    let (app, _) = app();
    let first = app.post("/bytes", "").key("k").expect(200).await;
    let again = app.post("/bytes", "").key("k").expect(200).await;
    assert_eq!((&again.bytes[..], &first.bytes[..]), (&[0, 0xff, 0xfe, 1][..], &[0, 0xff, 0xfe, 1][..]));
    assert!(!again.headers.contains_key("content-type"));
    assert_eq!(again.headers["location"].as_bytes(), b"/\xe9");
}

#[tokio::test]
async fn what_is_decided_again_is_kept_as_it_was_answered() {
    let (app, _) = app();
    let first = app.post("/decides-again", "{}").key("k").expect(201).await;
    let again = app.post("/decides-again", "{}").key("k").expect(201).await;
    assert_eq!((&again.bytes, again.header("idempotency-replayed")), (&first.bytes, "true"));
    assert_eq!(app.effects().await, 1);
}

#[tokio::test]
async fn without_a_key_each_request_has_its_effect() {
    let (app, _) = app();
    app.post("/orders", "{}").expect(201).await;
    app.post("/orders", "{}").expect(201).await;
    assert_eq!(app.effects().await, 2);
}

#[tokio::test]
async fn only_post_takes_a_key() {
    let (app, shop) = app();
    for method in [Method::PATCH, Method::PATCH] {
        app.ask(method, "/plain").key("k").expect(202).await;
    }
    for method in [Method::GET, Method::HEAD] {
        app.ask(method, "/plain/read").key("k").expect(202).await;
    }
    assert_eq!(shop.calls.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_key_is_not_for_another_request() {
    let (app, _) = app();
    app.post("/orders", r#"{"a":1}"#).key("k").expect(201).await;
    app.post("/orders", r#"{"a":2}"#).key("k").refused(422, "idempotency_key_reused").await;
    app.post("/orders?a=1", r#"{"a":1}"#).key("k").refused(422, "idempotency_key_reused").await;
    assert_eq!(app.effects().await, 1);
}

#[tokio::test]
async fn a_key_counts_within_the_caller_and_the_route() {
    let (app, _) = app();
    let mut answers = Vec::new();
    for token in ["ann:customer", "bob:customer"] {
        for path in ["/orders", "/orders/1/cancel", "/orders/2/cancel"] {
            answers.push(app.post(path, "{}").token(token).key("k").expect(201).await.bytes);
        }
    }
    answers.push(app.post("/orders", "{}").key("k").expect(201).await.bytes);
    assert_eq!(app.effects().await, 7);
    let again = app.post("/orders", "{}").token("ann:admin,customer").key("k").expect(201).await;
    assert_eq!(again.bytes, answers[0], "the same caller, with other roles");
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 7, "nobody gets another's answer");
}

#[tokio::test]
async fn while_the_first_is_under_way_a_second_is_told_so() {
    let (app, shop) = app();
    let first = tokio::spawn(app.post("/slow", "{}").key("k").send());
    while shop.calls.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let second = app.post("/slow", "{}").key("k").refused(409, "idempotency_in_progress").await;
    assert_eq!(second.header("retry-after"), "1");
    app.post("/slow", "[]").key("k").refused(422, "idempotency_key_reused").await;
    shop.gate.notify_one();
    let first = first.await.unwrap();
    assert_eq!(first.status, 201);
    assert_eq!(app.post("/slow", "{}").key("k").expect(201).await.bytes, first.bytes);
    assert_eq!(app.effects().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_has_its_effect() {
    let (app, _) = app();
    let asks = (0..32).map(|_| tokio::spawn(app.post("/orders", "{}").key("k").send()));
    let replies: Vec<_> = join_all(asks).await.into_iter().map(Result::unwrap).collect();
    let (done, told): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert!(done.iter().all(|reply| reply.bytes == done[0].bytes) && !done.is_empty());
    told.iter().for_each(|reply| reply.is_problem(409, "idempotency_in_progress"));
    assert_eq!(app.effects().await, 1);
}

#[tokio::test]
async fn a_server_fault_is_not_kept() {
    let (app, _) = app();
    app.post("/fails-once", "{}").key("k").refused(500, "internal_error").await;
    let second = app.post("/fails-once", "{}").key("k").expect(200).await;
    assert_eq!((&second.bytes[..], second.headers.contains_key("idempotency-replayed")), (&b"2"[..], false));
    assert_eq!(app.post("/fails-once", "{}").key("k").expect(200).await.bytes, b"2");
}

#[tokio::test]
async fn an_answer_that_asks_to_come_again_is_not_kept() {
    let (app, shop) = app();
    let first = app.post("/comes-again", "{}").key("k").expect(409).await;
    assert_eq!(first.header("retry-after"), "1");
    let second = app.post("/comes-again", "{}").key("k").expect(409).await;
    assert!(!second.headers.contains_key("idempotency-replayed"));
    assert_eq!(shop.calls.load(Ordering::SeqCst), 2);
}

/// The process dies, or the client hangs up, after the commit and before the answer.
#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_got_is_given_to_whoever_asks_again() {
    let (app, _) = app();
    let lost = tokio::time::timeout(Duration::from_secs(1), app.post("/dies", "{}").key("k").send()).await;
    assert!(lost.is_err(), "the request was dropped");
    assert_eq!(app.effects().await, 1);
    let again = app.post("/dies", "{}").key("k").expect(201).await;
    assert_eq!(again.json()["call"], 1);
    assert_eq!(app.effects().await, 1);
}

/// The same, before the commit, also of a handler that knows nothing of keys.
#[tokio::test(start_paused = true)]
async fn a_request_whose_client_hangs_up_goes_on_and_its_answer_is_kept() {
    for path in ["/slow", "/slow-plain"] {
        let (app, shop) = app();
        let asked = app.post(path, "{}").key("k").send();
        assert!(tokio::time::timeout(Duration::from_secs(1), asked).await.is_err(), "the client hung up");
        app.post(path, "{}").key("k").refused(409, "idempotency_in_progress").await;
        shop.gate.notify_one();
        let again = answered(&app, path, "k").await;
        assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"), "{path}");
        assert_eq!(app.effects().await, 1, "{path}");
    }
}

/// The answer of a request that is under way, or that is done now.
async fn answered(app: &App, path: &str, key: &str) -> Reply {
    loop {
        let reply = app.post(path, "{}").key(key).send().await;
        if reply.status != 409 {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn wherever_a_client_hangs_up_its_key_is_not_blocked() {
    let folder = tempfile::tempdir().unwrap();
    let store = |host| SqliteOptions::new(folder.path().join("store.db")).host(host).without_sync().open();
    let (app, _) = app_on(|host| Arc::new(store(host).unwrap()));
    for polls in 1..10_u8 {
        let key = polls.to_string();
        let mut asked = Box::pin(app.post("/orders", "{}").key(&key).send());
        for _ in 0..polls {
            if futures_util::poll!(asked.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(asked);
        let again = tokio::time::timeout(Duration::from_secs(10), answered(&app, "/orders", &key)).await;
        assert_eq!(again.unwrap().status, 201, "hung up after {polls} polls");
        assert_eq!(app.effects().await, u64::from(polls));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_time_is_up_can_be_sent_again() {
    let (app, shop) = app();
    app.post("/slow", "{}").key("k").refused(503, "timeout").await;
    shop.gate.notify_one();
    tokio::task::yield_now().await;
    app.post("/slow", "{}").key("k").expect(201).await;
}

#[tokio::test]
async fn answers_are_kept_for_a_day() {
    let (app, _) = app();
    let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
    let first = app.post("/orders", "{}").key("k").expect(201).await;
    app.host.advance(hours(24));
    assert_eq!(app.post("/orders", "{}").key("k").expect(201).await.bytes, first.bytes);
    // And for as long as the request might have taken.
    app.host.advance(Duration::from_secs(60));
    assert_ne!(app.post("/orders", "{}").key("k").expect(201).await.bytes, first.bytes);
}

#[tokio::test]
async fn answers_may_be_kept_for_ever() {
    let (app, _) = app();
    let tenant = Tenant::default();
    let keys = Idempotency::new(app.store.clone(), app.host.clone(), "for ever").retention(Duration::MAX);
    let Begin::Fresh(ticket) = keys.begin(&tenant, "k", "hash").await.unwrap() else { panic!("not new") };
    app.store.commit(ticket.complete(Commit::new(), b"done".to_vec()).unwrap()).await.unwrap();
    app.host.advance(Duration::from_secs(1_000 * 365 * 24 * 60 * 60));
    assert_eq!(Retention::new(app.store.clone()).prune().await.unwrap().keys, 0);
    let again = keys.begin(&tenant, "k", "hash").await.unwrap();
    assert!(matches!(again, Begin::Replay(answer) if answer == b"done"));
}

#[tokio::test]
async fn a_key_has_1_to_255_printable_characters() {
    let (app, _) = app();
    for good in ["x", "a key with spaces", "\"quoted\"", &"x".repeat(255), "../../%00"] {
        app.post("/orders", "{}").key(good).expect(201).await;
    }
    for bad in ["", "   ", "é", "a\tb", &"x".repeat(256), &"x".repeat(100_000)] {
        app.post("/orders", "{}").key(bad).refused(400, "invalid_header").await;
    }
    app.post("/orders", "{}").key("a").key("b").refused(400, "invalid_header").await;
    assert_eq!(app.effects().await, 5);
}

#[tokio::test]
async fn a_refused_body_is_a_kept_answer_as_well() {
    let (app, _) = app();
    let first = app.post("/orders", "{").key("k").refused(400, "invalid_body").await;
    let again = app.post("/orders", "{").key("k").expect(400).await;
    assert_eq!(again.bytes, first.bytes);
    app.post("/orders", "{}").key("k").refused(422, "idempotency_key_reused").await;
    assert_eq!(app.effects().await, 0);
}
