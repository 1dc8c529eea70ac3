//! Signed posts, to a server that the test runs itself.
#![cfg(feature = "webhook-channel")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail as loudly as tests

mod channel;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use channel::delivery;
use commerce_adapters::webhook_channel::{
    InvalidUrl, InvalidWebhook, Unverified, Webhook, WebhookSecret, verify,
};
use commerce_core::Timestamp;
use commerce_core::error::Kind;
use commerce_core::notification::{Channel, Delivery};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

struct Post {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Post {
    fn verify(&self, secrets: &[WebhookSecret], now: Timestamp) -> Result<(), InvalidWebhook> {
        let header = |name: &str| self.headers.get(name).map_or("", String::as_str);
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let signature = header("webhook-signature");
        verify(secrets, Unverified { id, timestamp, signature, body: &self.body }, now)
    }
}

struct Server {
    url: String,
    posts: Arc<Mutex<Vec<Post>>>,
}

/// Answers every post with this; with nothing at all, if it is empty.
async fn serve(answer: &'static str) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let posts = Arc::new(Mutex::new(Vec::new()));
    let kept = posts.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move { take(stream, answer, &kept).await });
        }
    });
    Server { url, posts }
}

async fn take(mut stream: TcpStream, answer: &str, posts: &Mutex<Vec<Post>>) -> Option<()> {
    let mut read = Vec::new();
    let end = loop {
        stream.read_buf(&mut read).await.ok().filter(|read| *read > 0)?;
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(read.get(..end)?.to_vec()).ok()?;
    let headers: BTreeMap<_, _> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while read.len() < end + 4 + length {
        stream.read_buf(&mut read).await.ok().filter(|read| *read > 0)?;
    }
    posts.lock().unwrap().push(Post { headers, body: read.split_off(end + 4) });
    if answer.is_empty() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()
}

#[tokio::test]
async fn a_post_says_everything_and_is_verified_by_its_receiver() {
    let server = serve("204 No Content").await;
    let delivery = delivery();
    let receipt = Webhook::new(&server.url, secret(SECRET)).unwrap().deliver(&delivery).await.unwrap();
    assert!(!receipt.delivered);
    let post = server.posts.lock().unwrap().remove(0);
    assert_eq!(post.headers["content-type"], "application/json");
    assert_eq!(post.headers["webhook-id"], delivery.key());
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&post.body).unwrap(),
        json!({
            "type": "notification.send",
            "timestamp": "2026-01-01T12:00:00Z",
            "data": {
                "notification_id": delivery.notification_id, "tenant": "default", "user_id": delivery.user_id,
                "channel": "email", "recipient": "ada@example.com", "subject": "Grüße", "body": delivery.body,
                "priority": "high"
            }
        })
    );
    assert_eq!(post.verify(&[secret(SECRET)], delivery.at), Ok(()));
    assert_eq!(post.verify(&[secret(OTHER)], delivery.at), Err(InvalidWebhook::Signature));
}

#[tokio::test]
async fn while_a_secret_is_changed_either_is_good() {
    let server = serve("200 OK").await;
    let webhook = Webhook::new(&server.url, secret(SECRET)).unwrap().also_signed_with(secret(OTHER));
    webhook.deliver(&delivery()).await.unwrap();
    let post = server.posts.lock().unwrap().remove(0);
    for one in [SECRET, OTHER] {
        assert_eq!(post.verify(&[secret(one)], delivery().at), Ok(()));
    }
}

#[tokio::test]
async fn an_attempt_again_has_the_same_id_and_body_save_the_time() {
    let server = serve("200 OK").await;
    let webhook = Webhook::new(&server.url, secret(SECRET)).unwrap();
    let later = Delivery { attempt: 2, at: delivery().at.plus(Duration::from_secs(60)), ..delivery() };
    webhook.deliver(&delivery()).await.unwrap();
    webhook.deliver(&later).await.unwrap();
    let posts = server.posts.lock().unwrap();
    assert_eq!(posts[0].headers["webhook-id"], posts[1].headers["webhook-id"]);
    assert_ne!(posts[0].headers["webhook-signature"], posts[1].headers["webhook-signature"]);
    assert_eq!(posts[1].verify(&[secret(SECRET)], later.at), Ok(()));
}

#[tokio::test]
async fn what_the_receiver_answers_decides_whether_it_is_tried_again() {
    for (answer, code, kind) in [
        ("500 Oops", "webhook_500", Kind::Retryable),
        ("503 Busy", "webhook_503", Kind::Retryable),
        ("429 Slower", "webhook_429", Kind::Retryable),
        ("404 Not Found", "webhook_404", Kind::Retryable),
        ("410 Gone", "webhook_410", Kind::Terminal),
        ("422 No", "webhook_422", Kind::Terminal),
    ] {
        let server = serve(answer).await;
        let webhook = Webhook::new(&server.url, secret(SECRET)).unwrap();
        let error = webhook.deliver(&delivery()).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), (code, kind), "{error}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = serve("200 OK").await;
    let answer = format!("307 Elsewhere\r\nlocation: {}", elsewhere.url);
    let server = serve(Box::leak(answer.into_boxed_str())).await;
    let webhook = Webhook::new(&server.url, secret(SECRET)).unwrap();
    let error = webhook.deliver(&delivery()).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("webhook_307", Kind::Terminal));
    assert!(elsewhere.posts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_given_up_in_time() {
    let server = serve("").await;
    let webhook = Webhook::new(&server.url, secret(SECRET)).unwrap().with_timeout(Duration::from_millis(200));
    let begun = Instant::now();
    let error = webhook.deliver(&delivery()).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("webhook_timeout", Kind::Retryable));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again_and_the_url_is_in_no_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?key=s3cret", listener.local_addr().unwrap());
    drop(listener);
    let webhook = Webhook::new(&url, secret(SECRET)).unwrap();
    let error = webhook.deliver(&delivery()).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("webhook_unreachable", Kind::Retryable));
    assert!(error.to_string().contains("Connection refused"), "{error}");
    assert!(!format!("{error:?} {webhook:?}").contains("s3cret"), "{error:?}");
}

#[test]
fn only_what_nobody_else_can_read_is_posted() {
    let refused = |url| Webhook::new(url, secret(SECRET)).err();
    for url in ["http://example.com/hook", "ftp://example.com", "http://localhost.example.com"] {
        assert_eq!(refused(url), Some(InvalidUrl::Unencrypted), "{url}");
    }
    assert_eq!(refused("example"), Some(InvalidUrl::Unreadable));
    for url in ["https://example.com/hook", "http://localhost:8080/hook", "http://[::1]/hook"] {
        assert_eq!(refused(url), None, "{url}");
    }
}

/// The example of the Standard Webhooks specification's reference libraries.
#[test]
fn a_signature_is_that_of_standard_webhooks() {
    let body = br#"{"test": 2432232314}"#;
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let signature = secret(SECRET).sign(id, 1_614_265_330, body);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn what_was_changed_or_is_old_is_not_believed() {
    let sent = Timestamp::from_micros(1_700_000_000_000_000);
    let body = b"{}".as_slice();
    let signature = format!("v2,AAAA nonsense {}", secret(SECRET).sign("a", 1_700_000_000, body));
    let genuine = Unverified { id: "a", timestamp: "1700000000", signature: &signature, body };
    let check = |received, seconds: i64| {
        let now = Timestamp::from_micros(sent.as_micros() + seconds * 1_000_000);
        verify(&[secret(SECRET)], received, now)
    };
    for seconds in [-300, 0, 300] {
        assert_eq!(check(genuine, seconds), Ok(()));
    }
    for seconds in [-301, 301] {
        assert_eq!(check(genuine, seconds), Err(InvalidWebhook::Timestamp));
    }
    for timestamp in ["", "x", "99999999999999999999", "9223372036854775807", "-9223372036854775808"] {
        assert_eq!(check(Unverified { timestamp, ..genuine }, 0), Err(InvalidWebhook::Timestamp));
    }
    for changed in [
        Unverified { id: "b", ..genuine },
        Unverified { timestamp: "1700000001", ..genuine },
        Unverified { body: b"{ }", ..genuine },
        Unverified { signature: "", ..genuine },
        Unverified { signature: "v1,", ..genuine },
        Unverified { signature: "v1,AAAA", ..genuine },
    ] {
        assert_eq!(check(changed, 0), Err(InvalidWebhook::Signature));
    }
    assert_eq!(verify(&[], genuine, sent), Err(InvalidWebhook::Signature));
}

#[test]
fn a_secret_is_read_within_its_limits_and_never_shown() {
    for wrong in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_!!!!"] {
        assert!(WebhookSecret::parse(wrong).is_err(), "{wrong}");
    }
    assert!(!format!("{:?}", secret(SECRET)).contains("MfKQ"));
}
