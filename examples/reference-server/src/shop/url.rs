//! Where the data is, as the command line says it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use commerce_adapters::postgres::sqlx::postgres::PgConnectOptions;

/// Stands in a database's name for the service whose database it is.
const SERVICE: &str = "{service}";

/// What an address may say behind its question mark.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Where the services keep their data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// In memory, until the program ends.
    Memory,
    /// In this folder, a file for each service.
    Sqlite(PathBuf),
    /// On this PostgreSQL server, a schema or a database for each service.
    Postgres(PgUrl),
}

impl FromStr for StoreUrl {
    type Err = String;

    /// What can't be read is not repeated in the error: there may be a password in it.
    fn from_str(url: &str) -> Result<Self, String> {
        match url.split_once("://") {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(url.parse()?)),
            _ => {
                Err("a store is sqlite://FOLDER, postgres://USER@HOST:PORT/DATABASE or memory://".to_owned())
            }
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory://"),
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// A PostgreSQL address. Its password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PgUrl {
    url: String,
    shown: String,
    has_database_each: bool,
}

impl PgUrl {
    /// Whether each service has a database of its own, instead of a schema.
    pub(super) fn has_database_each(&self) -> bool {
        self.has_database_each
    }

    /// The address, with its password, of what holds a service's data.
    pub(super) fn of(&self, service: &str) -> String {
        if self.has_database_each { self.url.replace(SERVICE, service) } else { self.url.clone() }
    }
}

impl FromStr for PgUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let wrong = |what: &dyn fmt::Display| {
            format!("the store's address, postgres://USER@HOST:PORT/DATABASE, can't be read: {what}")
        };
        let options = PgConnectOptions::from_str(url).map_err(|error| wrong(&error))?;
        let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
        // The server would take the user's name for one, and there may be one of that name.
        let Some(database) = options.get_database() else { return Err(wrong(&"it names no database")) };
        if has_unknown_parameter(url) {
            return Err(wrong(&format_args!("of parameters there are {}", PARAMETERS.join(", "))));
        }
        if database.replace(SERVICE, "").contains(['{', '}']) {
            return Err(wrong(&format_args!("what stands for each service is {SERVICE}")));
        }
        if database.contains('@') || host.is_empty() {
            return Err(wrong(&"special characters of a password have to be percent-encoded"));
        }
        Ok(Self {
            url: url.to_owned(),
            shown: format!("postgres://{user}@{host}:{port}/{database}"),
            has_database_each: database.contains(SERVICE) && url.contains(SERVICE),
        })
    }
}

/// One that would be passed over: with `sslmod=require` the connection would not be what was asked for. It is not named, as it
/// may be a part of a password.
fn has_unknown_parameter(url: &str) -> bool {
    let Some((_, query)) = url.split_once('?') else { return false };
    query.split('&').filter(|pair| !pair.is_empty()).any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let name = name.replace("%5B", "[").replace("%5b", "[").replace("%5D", "]").replace("%5d", "]");
        let is_option = name.strip_prefix("options[").is_some_and(|option| option.ends_with(']'));
        !is_option && !PARAMETERS.contains(&&*name)
    })
}

impl fmt::Display for PgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(url: &str) -> PgUrl {
        match url.parse() {
            Ok(StoreUrl::Postgres(url)) => url,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_database_each_is_told_by_its_name() {
        let each = postgres("postgres://shop@db:5433/shop_{service}?sslmode=disable");
        assert!(each.has_database_each());
        assert_eq!(each.of("order"), "postgres://shop@db:5433/shop_order?sslmode=disable");
        let one = postgres("postgresql://shop@db:5433/shop");
        assert!(!one.has_database_each());
        assert_eq!(one.of("order"), "postgresql://shop@db:5433/shop");
    }

    #[test]
    fn what_an_address_may_say_besides_is_taken() {
        for query in [
            "options[statement_timeout]=5000",
            "options%5Bstatement_timeout%5D=5000",
            "sslmode=disable&",
            "host=/run",
        ] {
            postgres(&format!("postgres://me@db/shop?{query}"));
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://me:secret@db/shop",
            "postgres://me@db/shop?password=secret",
            "postgres://me:se%2Fcret@db/shop_{service}",
        ] {
            let url: StoreUrl = url.parse().unwrap();
            let shown = format!("{url} {url:?}");
            assert!(shown.contains("me@db:5432/shop") && !shown.contains("cret"), "{shown}");
        }
        for url in [
            "postgres://me:secret@db:x/shop",
            "postgres://me:1/secret@db/shop",
            "postgres://me:secret@db/shop?sslmode=odd",
            "postgre://me:secret@db/shop",
            "postgres://secret:secret@",
            "postgres://secret:secret@db",
            "postgres://me:secret@db/shop?sslmod=secret",
            "postgres://db/shop?user=me&password=a&secret",
            "postgres://me:secret@db/shop?options[search_path=x",
            "postgres://me:secret@db/shop_{svc}",
        ] {
            let error = url.parse::<StoreUrl>().unwrap_err();
            assert!(
                error.contains("postgres://USER@HOST:PORT/DATABASE") && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
