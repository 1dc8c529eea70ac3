//! Which headers pass a proxy.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Of one connection, not of the message (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Takes away what is the connection's, and what `Connection` says is its.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let lines = headers.get_all(header::CONNECTION).iter().filter_map(|line| line.to_str().ok());
    let named: Vec<HeaderName> =
        lines.flat_map(|line| line.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Goes around all that adds headers: a client's `Connection` can't name what isn't there yet.
pub(super) async fn arrive(mut request: Request, next: Next) -> Response {
    drop_hop_by_hop(request.headers_mut());
    next.run(request).await
}

/// The headers of a request that has [arrived](arrive), as they are sent on.
pub(super) fn sent_on(parts: &Parts) -> HeaderMap {
    let mut headers = parts.headers.clone();
    // The body is here as a whole: its length is known anew, and nobody waits for a leave to send it.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::EXPECT);
    if let Some(host) = headers.remove(header::HOST) {
        headers.insert(FORWARDED_HOST, host);
    }
    if let Some(ConnectInfo(address)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        append_address(&mut headers, *address);
    }
    headers
}

/// The last address is the one that was seen; those before it are hearsay.
fn append_address(headers: &mut HeaderMap, address: SocketAddr) {
    let before: Vec<_> =
        headers.get_all(&FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let address = address.ip().to_canonical().to_string();
    let all = before.into_iter().chain([address.as_str()]).collect::<Vec<_>>().join(", ");
    if let Ok(value) = HeaderValue::from_str(&all) {
        headers.insert(FORWARDED_FOR, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_connections_does_not_pass() {
        let mut headers = HeaderMap::new();
        for name in ["connection", "keep-alive", "te", "upgrade", "x-mine", "x-other", "authorization"] {
            headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("x"));
        }
        headers.insert(header::CONNECTION, HeaderValue::from_static("close, X-Mine"));
        drop_hop_by_hop(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["x-other", "authorization"]);
    }

    #[test]
    fn the_address_that_was_seen_is_the_last() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, HeaderValue::from_static("10.0.0.1"));
        headers.append(FORWARDED_FOR, HeaderValue::from_static("10.0.0.2"));
        append_address(&mut headers, "192.0.2.1:99".parse().unwrap());
        assert_eq!(headers[FORWARDED_FOR], "10.0.0.1, 10.0.0.2, 192.0.2.1");
    }
}
