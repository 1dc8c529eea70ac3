//! The door that clients come to.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use commerce_adapters::http::Proxies;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::moving::Moving;
use super::room::{Room, is_due};

/// From a connection's opening, or from the last answer on it, to the last byte of the next request's headers. A client
/// that takes longer holds a connection for nothing. Bodies have a limit of their own.
pub(crate) const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A client that doesn't read, so that nothing more can be written to it for so long, holds a connection for nothing too.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// Of one request. A gateway adds some to those of its clients.
pub(crate) const MOST_HEADERS: usize = 128;
/// So many bytes of headers a request may have, and about as many again that came with them; hyper would take 400,000.
const LARGEST_HEADERS: usize = 64 * 1024;
/// When no connection can be taken, for example because too many are open, the next try waits so long.
const AGAIN: Duration = Duration::from_millis(200);
/// So many connections at once, unless it is said. Each may hold a request of 1 MiB.
pub(super) const CONNECTIONS: usize = 2_000;
/// After intake has stopped, requests under way have so long to end.
pub const OPEN_FOR: Duration = Duration::from_secs(6);

/// A port that is listened on.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    connections: usize,
    proxies: Proxies,
}

impl Door {
    /// Takes the port. Connections wait until it is [open](Self::serve).
    ///
    /// # Errors
    /// When it is taken, or may not be.
    pub async fn at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, connections: CONNECTIONS, proxies: Proxies::default() })
    }

    /// Takes so many connections at once. Others wait until one of them ends. Of the last tenth none goes to an address
    /// that holds half of all, unless it is of these proxies.
    pub fn at_most(self, connections: usize, proxies: Proxies) -> Self {
        Self { connections, proxies, ..self }
    }

    /// Where it is, as a client on this machine names it.
    pub fn address(&self) -> SocketAddr {
        match self.address {
            any if any.ip().is_unspecified() && any.is_ipv4() => ([127, 0, 0, 1], any.port()).into(),
            any if any.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, any.port()).into(),
            address => address,
        }
    }

    /// Answers requests until `stop`, then takes no more and lets those under way end, within [`OPEN_FOR`].
    ///
    /// HTTP/1.1 by hyper itself, because `axum::serve` has no limit to how slowly headers may come.
    pub async fn serve(self, app: Router, stop: CancellationToken) {
        let connections = TaskTracker::new();
        let mut room = Room::of(self.connections, self.proxies);
        let mut told = None;
        loop {
            let (permit, accepted) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = async { (room.permit().await, self.listener.accept().await) } => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = permit.and_then(|permit| room.place(permit, peer.ip())) else {
                        continue;
                    };
                    let served = connection(stream, peer, app.clone(), stop.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                Err(error) if is_of_one_client(&error) => {}
                Err(error) => {
                    if is_due(&mut told) {
                        warn!(%error, "no connection can be taken now");
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        drop(self.listener);
        connections.close();
        if tokio::time::timeout(OPEN_FOR, connections.wait()).await.is_err() {
            warn!(connections = connections.len(), "requests that are still under way are given up");
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, stop: CancellationToken) {
    // Answers are small and whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let (app, mut request): (Router, Request) = (app.clone(), request.map(Body::new));
        request.extensions_mut().insert(ConnectInfo(peer));
        async move { Ok::<_, Infallible>(app.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(MOST_HEADERS)
        .max_buf_size(LARGEST_HEADERS)
        .serve_connection(TokioIo::new(Moving::new(stream, READ_WITHIN)), answer);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "a connection ended early");
    }
}

fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
