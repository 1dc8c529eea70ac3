//! Counters of requests that all processes share.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ConnectionAddr, RedisError, Script};
use rustls::crypto::{CryptoProvider, ring};
use tokio::sync::OnceCell;

use crate::http::{MemoryQuotas, Quota, Quotas};

/// A request waits no longer than this for its being counted, unless it is set.
const COUNTED_WITHIN: Duration = Duration::from_millis(250);
/// For so long Redis isn't asked again after it has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts requests in Redis, by the same algorithm and as exactly as [`MemoryQuotas`], for all processes that use the
/// same server and prefix. While Redis can't be reached each process counts by itself: no request fails for that, or
/// waits for it longer than its [`patience`](Self::patience).
pub struct RedisQuotas {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    take: Script,
    prefix: String,
    patience: Duration,
    alone: MemoryQuotas,
    /// Until when each process counts by itself; none while Redis answers.
    alone_until: Mutex<Option<Instant>>,
}

/// An address at which there can't be a Redis. Its text is left out: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("is no address of Redis: redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], rediss://… or unix:///PATH")]
pub struct InvalidRedisUrl;

/// Why a request wasn't counted by all.
#[derive(Debug, thiserror::Error)]
enum Uncounted {
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error(transparent)]
    Failed(#[from] RedisError),
}

impl RedisQuotas {
    /// Counters at `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://…` (TLS) or `unix:///PATH`. Redis is not
    /// asked for anything yet, and need not be there. With TLS, rustls's ring becomes the process's cryptography when Redis
    /// is asked first, unless the program has installed another.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use commerce_adapters::http::{Quota, RateLimit};
    /// use commerce_adapters::redis::RedisQuotas;
    ///
    /// let quotas = RedisQuotas::new("redis://localhost")?.prefix("shop:quota:");
    /// let limit = RateLimit { writes: Quota::per_minute(30), ..RateLimit::new(Arc::new(quotas)) };
    /// assert_eq!(limit.reads, Quota::per_minute(1_000));
    /// # Ok::<(), commerce_adapters::redis::InvalidRedisUrl>(())
    /// ```
    ///
    /// # Errors
    /// When the text is no such address.
    pub fn new(url: &str) -> Result<Self, InvalidRedisUrl> {
        Ok(Self {
            client: Client::open(url).map_err(|_| InvalidRedisUrl)?,
            connection: OnceCell::new(),
            take: Script::new(include_str!("take.lua")),
            prefix: "commerce:quota:".to_owned(),
            patience: COUNTED_WITHIN,
            alone: MemoryQuotas::default(),
            alone_until: Mutex::default(),
        })
    }

    /// What its keys begin with. Default: `commerce:quota:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// A request waits no longer than this for its being counted by all; then its process counts it by itself. Default:
    /// 250 ms.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long the client has to wait; nothing if its request was counted.
    async fn ask(&self, client: &str, quota: Quota) -> Result<Duration, Uncounted> {
        let asked = async {
            let mut connection = self.connection.get_or_try_init(|| async { self.connect() }).await?.clone();
            let mut take = self.take.key(format!("{}{client}", self.prefix));
            take.arg(micros(quota.interval())).arg(micros(quota.whole()));
            let wait: u64 = take.invoke_async(&mut connection).await?;
            Ok(Duration::from_micros(wait))
        };
        tokio::time::timeout(self.patience, asked).await.unwrap_or(Err(Uncounted::Silent(self.patience)))
    }

    /// A connection that is made when it is needed first, and made anew when it is lost.
    fn connect(&self) -> Result<ConnectionManager, RedisError> {
        if matches!(self.client.get_connection_info().addr(), ConnectionAddr::TcpTls { .. }) {
            settle_cryptography();
        }
        let config = ConnectionManagerConfig::new()
            // One attempt: the pause says when the next one is.
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PAUSE))
            .set_response_timeout(Some(self.patience));
        ConnectionManager::new_lazy_with_config(self.client.clone(), config)
    }

    fn is_alone(&self) -> bool {
        self.alone_until().is_some_and(|until| Instant::now() < until)
    }

    fn answered(&self) {
        if self.alone_until().take().is_some() {
            tracing::info!("requests are counted in Redis again");
        }
    }

    fn failed(&self, why: &Uncounted) {
        let before = self.alone_until().replace(Instant::now() + PAUSE);
        if before.is_none() {
            tracing::warn!(
                error = why as &dyn std::error::Error,
                "Redis can't count requests: each process counts by itself"
            );
        }
    }

    fn alone_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.alone_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RedisQuotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.client.get_connection_info().addr();
        f.debug_struct("RedisQuotas")
            .field("at", &format_args!("{at}"))
            .field("prefix", &self.prefix)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Quotas for RedisQuotas {
    async fn take(&self, client: &str, quota: Quota) -> Result<(), Duration> {
        // What refuses each request needs no counting.
        if self.is_alone() || quota.requests == 0 {
            return self.alone.take(client, quota).await;
        }
        match self.ask(client, quota).await {
            Ok(wait) => {
                self.answered();
                if wait.is_zero() { Ok(()) } else { Err(wait) }
            }
            Err(why) => {
                self.failed(&why);
                self.alone.take(client, quota).await
            }
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The client asks for the process's cryptography, and panics where there is none, or several to choose from. What the
/// program has chosen stays.
fn settle_cryptography() {
    if CryptoProvider::get_default().is_none() {
        // An error means that someone was faster, which is as good.
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_shown_without_the_password_of_their_server() {
        for url in ["redis://me:secret@localhost:6379", "rediss://:secret@localhost:6379/1"] {
            let shown = format!("{:?}", RedisQuotas::new(url).unwrap());
            assert!(shown.contains("localhost:6379") && !shown.contains("secret"), "{shown}");
        }
    }
}
