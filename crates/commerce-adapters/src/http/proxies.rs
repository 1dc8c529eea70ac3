//! Who asks, where requests come through proxies.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies that are believed when they say for whom they ask (`X-Forwarded-For`). Nobody else is: any client can send that
/// header.
///
/// ```
/// use commerce_adapters::http::Proxies;
///
/// let proxies: Proxies = "10.0.0.0/8, 192.0.2.7, ::1".parse()?;
/// assert!("10.0.0.0/33".parse::<Proxies>().is_err());
/// # let _ = proxies;
/// # Ok::<(), commerce_adapters::http::InvalidProxy>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

/// A text that names no proxies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither an address nor a network such as 10.0.0.0/8")]
pub struct InvalidProxy {
    text: String,
}

impl FromStr for Proxies {
    type Err = InvalidProxy;

    /// Addresses and networks between commas.
    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

fn network(text: &str) -> Result<IpNet, InvalidProxy> {
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    address.or_else(|_| text.parse()).map_err(|_| InvalidProxy { text: text.to_owned() })
}

/// An address, with its port or without: some proxies name it.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

impl Proxies {
    /// Who asks through this connection: its other end or, if that is believed, whom it names last, and so on.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(&FORWARDED_FOR).iter().rev().filter_map(|line| line.to_str().ok());
        for named in lines.flat_map(|line| line.rsplit(',')) {
            let Some(before) = address(named.trim()).filter(|_| self.believe(client)) else {
                break;
            };
            client = before.to_canonical();
        }
        client
    }

    /// Whether this is one of them.
    pub fn believe(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&'static str]) -> String {
        let proxies: Proxies = "10.0.0.0/8, ::1".parse().unwrap();
        let lines = lines.iter().map(|line| (FORWARDED_FOR, HeaderValue::from_static(line)));
        proxies.client(peer.parse().unwrap(), &lines.collect()).to_string()
    }

    #[test]
    fn a_proxy_says_for_whom_it_asks() {
        assert_eq!(client("10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("::1", &["192.0.2.1, 10.1.1.1"]), "192.0.2.1");
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.1", "10.1.1.1"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711, 10.1.1.1:80"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_others_say_is_not_believed() {
        assert_eq!(client("192.0.2.9", &["192.0.2.1"]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["192.0.2.1, 192.0.2.2"]), "192.0.2.2");
        assert_eq!(client("10.0.0.1", &["192.0.2.1, nonsense"]), "10.0.0.1");
    }
}
