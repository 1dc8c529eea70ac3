//! Notifications as signed POSTs to a URL, after [Standard Webhooks](https://www.standardwebhooks.com).
//!
//! 1. A notification is posted at least once; every attempt has the same `webhook-id`, by which a receiver tells a
//!    repeat.
//! 2. Each post is signed (`webhook-signature`, HMAC-SHA256 over id, timestamp and body); [`verify`] checks it in
//!    constant time and refuses what is older than [`TOLERANCE`].
//! 3. It answers within its [timeout](Webhook::with_timeout), follows no redirect, and uses no proxy.
//! 4. It is delivered for the sender's purposes once the receiver answers 2xx. 3xx, and the 4xx that say that this
//!    post will never be taken, are final; everything else is tried again.

mod body;
mod secret;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::error::Kind;
use commerce_core::notification::{Channel, Delivery, DeliveryError, Receipt};
use reqwest::{Client, StatusCode, Url, header, redirect};

pub use secret::{InvalidSecret, WebhookSecret};
pub use verify::{InvalidWebhook, TOLERANCE, Unverified, verify};

/// How long an attempt may take, unless it is set: well within the time for which an attempt is held.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// How long it may take to reach the receiver.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Posts notifications to one URL.
pub struct Webhook {
    client: Client,
    url: Url,
    secrets: Vec<WebhookSecret>,
    timeout: Duration,
}

impl Webhook {
    /// To this URL: `https`, or `http` on this machine itself.
    ///
    /// # Errors
    /// [`InvalidUrl`]. The caller is at fault.
    pub fn new(url: &str, secret: WebhookSecret) -> Result<Self, InvalidUrl> {
        let url = Url::parse(url).map_err(|_| InvalidUrl::Unreadable)?;
        if !is_private(&url) {
            return Err(InvalidUrl::Unencrypted);
        }
        let client = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|_| InvalidUrl::NoClient)?;
        Ok(Self { client, url, secrets: vec![secret], timeout: TIMEOUT })
    }

    /// Signs with this secret too, while receivers change from one to the other.
    pub fn also_signed_with(mut self, secret: WebhookSecret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Gives an attempt so much time in all.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Mozilla's roots and ring, whatever the process has chosen for others.
fn tls() -> Result<rustls::ClientConfig, InvalidUrl> {
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| InvalidUrl::NoClient)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Whether nobody between here and the receiver can read what is posted.
fn is_private(url: &Url) -> bool {
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path and the query may be a secret of the receiver's.
        f.debug_struct("Webhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Channel for Webhook {
    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
        let body = body::of(delivery)?;
        let id = delivery.key();
        let timestamp = delivery.at.as_micros().div_euclid(1_000_000);
        let signatures: Vec<_> =
            self.secrets.iter().map(|secret| secret.sign(&id, timestamp, &body)).collect();
        let request = self
            .client
            .post(self.url.clone())
            .timeout(self.timeout)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("commerce-webhook/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        match request.send().await {
            Ok(response) => answer(response.status()),
            Err(error) if error.is_timeout() => {
                Err(DeliveryError::retryable("webhook_timeout", "the receiver did not answer in time"))
            }
            Err(error) => Err(DeliveryError::retryable("webhook_unreachable", why(error))),
        }
    }
}

/// What was in the way, down to what the system said, without the URL.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut sentence = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let said = cause.to_string();
        // Some repeat their cause.
        if !sentence.ends_with(&said) {
            sentence = format!("{sentence}: {said}");
        }
        source = cause.source();
    }
    sentence
}

fn answer(status: StatusCode) -> Result<Receipt, DeliveryError> {
    if status.is_success() {
        return Ok(Receipt::default());
    }
    let code = format!("webhook_{}", status.as_u16());
    let detail = format!("the receiver answered {status}");
    // Not what a receiver says while it is set up anew: 401, 403, 404.
    let never = status.is_redirection() || matches!(status.as_u16(), 400 | 405 | 410 | 413 | 415 | 422);
    Err(if never { DeliveryError::terminal(code, detail) } else { DeliveryError::retryable(code, detail) })
}

/// A URL to which nothing can be posted. The setting is at fault. It doesn't repeat the URL, which may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It is no URL.
    #[error("the receiver's address must be such as https://example.com/hook")]
    Unreadable,
    /// What is posted could be read on its way.
    #[error("the receiver's address must begin with https:// unless it is on this machine")]
    Unencrypted,
    /// This program can't make a client with TLS.
    #[error("no client with TLS can be made")]
    NoClient,
}

impl InvalidUrl {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unreadable | Self::Unencrypted => Kind::Invalid,
            Self::NoClient => Kind::Bug,
        }
    }
}
