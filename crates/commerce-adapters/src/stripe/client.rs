//! One request to Stripe: timeout, retries and breaker around it.

use std::fmt;
use std::sync::Arc;

use backon::{ExponentialBuilder, Retryable};
use reqwest::{Client, Response, header, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::{InvalidStripeOptions, StripeOptions};
use crate::resilience::{CallError, CircuitBreaker};

/// The version of Stripe's API whose answers are understood here.
const API_VERSION: &str = "2025-03-31.basil";

/// The fields of a form or a query.
pub(super) type Fields = Vec<(&'static str, String)>;

/// Sends requests to Stripe.
pub(super) struct ApiClient {
    http: Client,
    base_url: String,
    return_url: Option<String>,
    secret_key: SecretString,
    backoff: ExponentialBuilder,
    breaker: CircuitBreaker,
}

/// What is sent.
enum Call<'a> {
    Get { query: &'a Fields },
    Post { form: &'a Fields, key: Option<&'a str> },
}

impl ApiClient {
    pub(super) fn new(
        secret_key: SecretString,
        options: &StripeOptions,
    ) -> Result<Self, InvalidStripeOptions> {
        let key = secret_key.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidStripeOptions::SecretKey);
        }
        let backoff = ExponentialBuilder::default()
            .with_min_delay(options.backoff)
            .with_max_delay(options.backoff.saturating_mul(10))
            .with_max_times(options.retries)
            .with_jitter();
        let (base_url, return_url) = (options.checked_url()?, options.checked_return_url()?);
        let breaker = CircuitBreaker::new(options.breaker).named("stripe");
        Ok(Self { http: http_client(options)?, base_url, return_url, secret_key, backoff, breaker })
    }

    pub(super) fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    /// Where customers come back to, if means of payment that need a page of their own are taken.
    pub(super) fn return_url(&self) -> Option<&str> {
        self.return_url.as_deref()
    }

    /// Whether the key takes real money. Not known of a key that doesn't say.
    pub(super) fn livemode(&self) -> Option<bool> {
        match self.secret_key.expose_secret().split('_').nth(1) {
            Some("live") => Some(true),
            Some("test") => Some(false),
            _ => None,
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Fields) -> Result<T, Failure> {
        self.repeat(path, &Call::Get { query }).await
    }

    /// Under an idempotency key, or without one what has the same effect when it is done twice.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Fields,
        key: Option<&str>,
    ) -> Result<T, Failure> {
        self.repeat(path, &Call::Post { form, key }).await
    }

    async fn repeat<T: DeserializeOwned>(&self, path: &str, call: &Call<'_>) -> Result<T, Failure> {
        let once = || self.guarded(path, call);
        let body = once.retry(self.backoff).when(Failure::is_worth_repeating).await?;
        // The money may have moved: what can't be read is no refusal.
        serde_json::from_slice(&body)
            .map_err(|error| Failure::NoAnswer(format!("an unreadable answer: {error}")))
    }

    /// Through the breaker, which counts outages only: a refusal shows that Stripe is well.
    async fn guarded(&self, path: &str, call: &Call<'_>) -> Result<Vec<u8>, Failure> {
        let call = || async {
            match self.send(path, call).await {
                Err(failure) if failure.is_outage() => Err(failure),
                answered => Ok(answered),
            }
        };
        match self.breaker.call(call).await {
            Ok(answered) => answered,
            Err(CallError::Open { retry_after }) => Err(Failure::Open { retry_after }),
            Err(CallError::Failed(failure)) => Err(failure),
        }
    }

    async fn send(&self, path: &str, call: &Call<'_>) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{path}", self.base_url);
        let request = match call {
            Call::Get { query } => self.http.get(url).query(query),
            Call::Post { form, key: None } => self.http.post(url).form(form),
            Call::Post { form, key: Some(key) } => {
                self.http.post(url).form(form).header("Idempotency-Key", *key)
            }
        };
        let request = request
            .bearer_auth(self.secret_key.expose_secret())
            .header("Stripe-Version", API_VERSION)
            .header(header::ACCEPT, "application/json");
        let response = request.send().await.map_err(not_answered)?;
        let (status, kept) = (response.status(), was_kept(&response));
        let body = response.bytes().await.map_err(not_answered)?;
        if status.is_success() {
            return Ok(body.into());
        }
        Err(Failure::answered(status.as_u16(), kept, &body))
    }
}

impl fmt::Debug for ApiClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiClient")
            .field("base_url", &self.base_url)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

/// With ring, whatever the process has as its default, and the roots of Mozilla.
fn http_client(options: &StripeOptions) -> Result<Client, InvalidStripeOptions> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidStripeOptions::Client(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .timeout(options.timeout)
        .user_agent(concat!("commerce-adapters/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| InvalidStripeOptions::Client(error.into()))
}

/// Whether this is the answer that Stripe has kept under the idempotency key.
fn was_kept(response: &Response) -> bool {
    response.headers().get("Idempotent-Replayed").is_some_and(|value| value.as_bytes() == b"true")
}

/// The address is left out: it may hold a query.
fn not_answered(error: reqwest::Error) -> Failure {
    let not_sent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let cause = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source()).last();
    let sentence = match cause {
        _ if error.is_timeout() => "it took too long".to_owned(),
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    if not_sent { Failure::NotSent(sentence) } else { Failure::NoAnswer(sentence) }
}
