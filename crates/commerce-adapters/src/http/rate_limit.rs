//! So many requests a minute for each client.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::caller::Caller;
use super::problem::Problem;
use super::proxies::Proxies;
use super::quota::{Quota, Quotas};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What each client may ask. A client is a user who is signed in, or else an address.
///
/// Addresses are known only where the server tells them: it must be started with
/// `router.into_make_service_with_connect_info::<SocketAddr>()`, or else put axum's [`ConnectInfo`] into each request's
/// extensions by itself. Without that all who aren't signed in count as one client, and the log says so once.
#[derive(Clone)]
pub struct RateLimit {
    /// Of requests that change something.
    pub writes: Quota,
    /// Of requests that don't.
    pub reads: Quota,
    /// Where they are counted.
    pub quotas: Arc<dyn Quotas>,
    /// Who is believed when they ask for others.
    pub proxies: Proxies,
}

impl RateLimit {
    /// 100 writes and 1,000 reads a minute; no proxy is believed.
    pub fn new(quotas: Arc<dyn Quotas>) -> Self {
        Self {
            writes: Quota::per_minute(100),
            reads: Quota::per_minute(1_000),
            quotas,
            proxies: Proxies::default(),
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("writes", &self.writes)
            .field("reads", &self.reads)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

/// Refuses what is too much, with 429 and `Retry-After`. Goes inside [`authenticate`](super::authenticate), which says who asks.
///
/// The server must tell from which address each request comes; otherwise all who aren't signed in share one quota:
///
/// ```no_run
/// use std::net::SocketAddr;
/// use std::sync::Arc;
///
/// use axum::{Router, middleware, routing};
/// use commerce_adapters::http::{MemoryQuotas, RateLimit, limit_rate};
///
/// # async fn serve() -> std::io::Result<()> {
/// let limit = RateLimit::new(Arc::new(MemoryQuotas::default()));
/// let app = Router::new()
///     .route("/", routing::get(|| async { "hello" }))
///     .layer(middleware::from_fn_with_state(limit, limit_rate));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
/// # }
/// ```
pub async fn limit_rate(State(limit): State<RateLimit>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let (kind, quota) = if reads { ("read", limit.reads) } else { ("write", limit.writes) };
    let client = format!("{kind}/{}", client_of(&request, &limit.proxies));
    match limit.quotas.take(&client, quota).await {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            tracing::debug!(client, "over its quota");
            refused(quota, wait).into_response()
        }
    }
}

/// 429, with `Retry-After` and the three `RateLimit-` headers that clients know (draft-polli-ratelimit-headers).
fn refused(quota: Quota, wait: Duration) -> Problem {
    let detail = format!("more than {} requests of this kind in {:?}", quota.requests, quota.per);
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
        .retry_after(wait)
        .header(LIMIT, quota.requests.into())
        .header(REMAINING, HeaderValue::from_static("0"))
        .header(RESET, seconds.max(1).into())
}

fn client_of(request: &Request, proxies: &Proxies) -> String {
    if let Some(caller) = request.extensions().get::<Caller>() {
        return caller.id.to_string();
    }
    match request.extensions().get::<ConnectInfo<SocketAddr>>() {
        Some(ConnectInfo(address)) => network_of(proxies.client(address.ip(), request.headers())),
        None => unknown(),
    }
}

/// All whose address isn't known are one client: none of them gets more than the quota by it.
fn unknown() -> String {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            "no request tells its address, so that all anonymous clients share one quota: \
             serve with into_make_service_with_connect_info::<SocketAddr>()"
        );
    });
    "unknown".to_owned()
}

/// The addresses that count as one client: whoever has one of IPv6 has a whole /64 of them.
///
/// ```
/// use commerce_adapters::http::network_of;
///
/// assert_eq!(network_of("192.0.2.7".parse()?), "192.0.2.7");
/// assert_eq!(network_of("2001:db8::7".parse()?), "2001:db8::/64");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", std::net::Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use axum::extract::Request;
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::{Proxies, client_of, network_of};

    /// Counts warnings.
    struct Warnings(Arc<AtomicUsize>);

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() == Level::WARN
        }
        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn that_addresses_are_not_known_is_warned_of_once() {
        let warnings = Arc::new(AtomicUsize::new(0));
        tracing::subscriber::with_default(Warnings(warnings.clone()), || {
            for _ in 0..3 {
                assert_eq!(client_of(&Request::new(Body::empty()), &Proxies::default()), "unknown");
            }
        });
        assert_eq!(warnings.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn addresses_of_one_network_are_one_client() {
        let of = |address: &str| network_of(address.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
