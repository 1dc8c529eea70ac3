//! Settings of private servers.

/// Fast, and good for nothing after a power cut, which no test sees.
///
/// Not `synchronous_commit = off`: with it a killed server loses what was committed last, and without `fsync` it saves
/// nothing that could be measured.
const FAST: [(&str, &str); 4] =
    [("fsync", "off"), ("full_page_writes", "off"), ("shared_buffers", "64MB"), ("max_connections", "200")];

/// PostgreSQL's own defaults, which are durable, except for the number of connections.
const DURABLE: [(&str, &str); 1] = [("max_connections", "200")];

/// The settings of a server, those given last: they win.
pub(crate) fn of(given: &[(&str, &str)], durable: bool) -> Vec<(String, String)> {
    let own: &[(&str, &str)] = if durable { &DURABLE } else { &FAST };
    own.iter().chain(given).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
