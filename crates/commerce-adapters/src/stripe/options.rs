//! How Stripe is reached.

use std::time::Duration;

use reqwest::Url;

use crate::resilience::BreakerOptions;

/// How Stripe is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct StripeOptions {
    /// Where the API is. Default: `https://api.stripe.com`. Plain `http` only to this machine.
    pub base_url: String,
    /// Where customers come back to from the page of a means of payment. Default: nowhere, so means that need a page of
    /// their own are not taken; cards are proved without one.
    pub return_url: Option<String>,
    /// How long one request may take; its answer is unknown after that. Default: 10 s. Keep it below the deadline that
    /// the caller has, as [`within`](Self::within) does, or the breaker never learns of silence.
    pub timeout: Duration,
    /// How often a request is repeated that wasn't sent or was turned away for the moment. Default: 2.
    pub retries: usize,
    /// The wait before the first repetition; it doubles, with jitter, up to ten times as long. Default: 200 ms.
    pub backoff: Duration,
    /// When requests are held back because Stripe is out of order.
    pub breaker: BreakerOptions,
}

impl Default for StripeOptions {
    fn default() -> Self {
        Self {
            base_url: "https://api.stripe.com".to_owned(),
            return_url: None,
            timeout: Duration::from_secs(10),
            retries: 2,
            backoff: Duration::from_millis(200),
            breaker: BreakerOptions::default(),
        }
    }
}

impl StripeOptions {
    /// For a caller who gives up after `deadline`: a request may take two fifths of it. A capture is two requests, and
    /// the first may be slow; if the second isn't answered at all, that is still noticed here, before the caller drops
    /// the whole. What is dropped has no outcome that the breaker could count.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use commerce_adapters::stripe::StripeOptions;
    ///
    /// let options = StripeOptions::default().within(Duration::from_secs(10));
    /// assert_eq!(options.timeout, Duration::from_secs(4));
    /// ```
    pub fn within(self, deadline: Duration) -> Self {
        Self { timeout: deadline / 5 * 2, ..self }
    }

    /// The base URL, without a slash at its end.
    pub(super) fn checked_url(&self) -> Result<String, InvalidStripeOptions> {
        let unusable = || InvalidStripeOptions::BaseUrl { given: self.base_url.clone() };
        let url = Url::parse(&self.base_url).map_err(|_| unusable())?;
        let host = url.host_str().ok_or_else(unusable)?;
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match url.scheme() {
            "https" => {}
            "http" if is_here => {}
            _ => return Err(unusable()),
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }

    /// Where customers come back to, as it was given: it is theirs to read.
    pub(super) fn checked_return_url(&self) -> Result<Option<String>, InvalidStripeOptions> {
        let Some(given) = &self.return_url else { return Ok(None) };
        match Url::parse(given) {
            Ok(url) if url.has_host() && matches!(url.scheme(), "https" | "http") => Ok(Some(given.clone())),
            _ => Err(InvalidStripeOptions::ReturnUrl { given: given.clone() }),
        }
    }
}

/// Options with which Stripe can't be reached. Whoever deploys is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStripeOptions {
    /// The address is none, or the secret key would travel in the clear.
    #[error("{given:?} is no https address, nor an http address of this machine")]
    BaseUrl {
        /// What was given.
        given: String,
    },
    /// Customers can't come back to there.
    #[error("{given:?} is no https or http address that customers can come back to")]
    ReturnUrl {
        /// What was given.
        given: String,
    },
    /// The secret key is empty or not visible ASCII. It isn't repeated here.
    #[error("the secret key of Stripe must be visible ASCII, such as sk_live_… or rk_live_…")]
    SecretKey,
    /// The HTTP client can't be made.
    #[error("the HTTP client for Stripe can't be made: {0}")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl InvalidStripeOptions {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BaseUrl { .. } => "stripe_base_url",
            Self::ReturnUrl { .. } => "stripe_return_url",
            Self::SecretKey => "stripe_secret_key",
            Self::Client(_) => "stripe_client",
        }
    }
}
