//! A server's address.

/// `postgres://user:password@host:port/database?options`, in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    scheme: String,
    user: String,
    host: String,
    database: String,
    options: String,
}

impl ServerUrl {
    pub(crate) fn parse(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or_else(|| panic!("not an address: {url}"));
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let [scheme, user, host, database, options] =
            [scheme, user, host, database, options].map(str::to_owned);
        Self { scheme, user, host, database, options }
    }

    /// The same server, another database.
    pub(crate) fn with_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// The same user and database behind another address, without encryption.
    pub(crate) fn plain_at(&self, host: String) -> Self {
        let others =
            self.options.split('&').filter(|option| !option.is_empty() && !option.starts_with("sslmode="));
        let options = others.chain(["sslmode=disable"]).collect::<Vec<_>>().join("&");
        Self { host, options, ..self.clone() }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') { self.host.clone() } else { format!("{}:5432", self.host) }
    }
}

impl std::fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if !self.user.is_empty() {
            write!(f, "{}@", self.user)?;
        }
        write!(f, "{}/{}", self.host, self.database)?;
        if self.options.is_empty() { Ok(()) } else { write!(f, "?{}", self.options) }
    }
}

#[cfg(test)]
mod tests {
    use super::ServerUrl;

    #[test]
    fn parts_make_the_whole() {
        for url in ["postgres://u:p@h:1/d?a=b&c=d", "postgres://h/d", "postgresql://u@h:1/d"] {
            assert_eq!(ServerUrl::parse(url).to_string(), url);
        }
    }

    #[test]
    fn database_and_address_are_replaced() {
        let url = ServerUrl::parse("postgres://u:p@h/d?sslmode=require&a=b");
        assert_eq!(url.with_database("e").to_string(), "postgres://u:p@h/e?sslmode=require&a=b");
        assert_eq!(url.plain_at("i:2".into()).to_string(), "postgres://u:p@i:2/d?a=b&sslmode=disable");
        assert_eq!(url.address(), "h:5432");
    }
}
