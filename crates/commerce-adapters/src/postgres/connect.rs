//! Connections, and what is set on them.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};

use super::error::{OpenError, Standby};

/// A connection that takes longer than this is given up.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Set on every connection. Plans are made once, for any parameters, and use indexes also where tables are still small:
/// a plan made for an empty table would otherwise stay in use while it grows, and so would a join that reads a whole
/// index. Compiling them would cost more than they take. A transaction that stands still would hold up all readers of logs, so it is ended. What was answered must be
/// durable, whatever the server's default.
const SETTINGS: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
           set_config('jit', 'off', false),
           set_config('enable_seqscan', 'off', false),
           set_config('enable_hashjoin', 'off', false),
           set_config('enable_mergejoin', 'off', false),
           set_config('enable_material', 'off', false),
           set_config('idle_in_transaction_session_timeout', '10s', false),
           set_config('synchronous_commit',
                      CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                           ELSE current_setting('synchronous_commit') END, false),
           pg_is_in_recovery()";
/// Set on every connection that reads: whoever waits for an answer may go away, and takes the connection along. The server's
/// process would stay for as long as the statement takes, or the lock that it waits for.
const NOTICES_ITS_END: &str = "SET client_connection_check_interval = '1s'";
/// Within this time it notices.
pub(super) const NOTICED_WITHIN: Duration = Duration::from_millis(1_500);

/// The column of the last of them.
const IS_STANDBY: usize = 8;

/// Where a database is, and how to connect to it.
#[derive(Clone)]
pub(super) struct Address {
    options: PgConnectOptions,
    /// Host, port and database, for people.
    pub(super) at: Arc<str>,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let address =
            |source: sqlx::Error| OpenError::Address { url: without_password(url), source: source.into() };
        let options = PgConnectOptions::from_str(url).map_err(address)?;
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(address(sqlx::Error::Configuration("it begins with another scheme".into())));
        }
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        let at = format!("{}:{}/{database}", options.get_host(), options.get_port()).into();
        let options =
            options.application_name("commerce").statement_cache_capacity(256).disable_statement_logging();
        Ok(Self { options, at })
    }

    /// To a primary: a standby may lag behind what was answered, and what it has not got yet would look as if it had never
    /// been. No primary becomes one without ending its connections.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let connecting = async {
            let mut db = PgConnection::connect_with(&self.options).await?;
            let set = sqlx::raw_sql(SETTINGS).fetch_all(&mut db).await?;
            match set.last().map(|row| row.try_get(IS_STANDBY)).transpose()? {
                Some(true) => Err(sqlx::Error::Configuration(Standby.into())),
                _ => Ok(db),
            }
        };
        match tokio::time::timeout(CONNECT_WITHIN, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(no_answer_within(CONNECT_WITHIN)),
        }
    }

    /// For reading.
    pub(super) async fn connect_reader(&self) -> Result<PgConnection, sqlx::Error> {
        let mut db = self.connect().await?;
        match sqlx::raw_sql(NOTICES_ITS_END).execute(&mut db).await {
            // Where the server's system can't tell.
            Ok(_) | Err(sqlx::Error::Database(_)) => Ok(db),
            Err(error) => Err(error),
        }
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

pub(super) fn no_answer_within(time: Duration) -> sqlx::Error {
    let text = format!("no answer within {time:?}");
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, text))
}

/// Nor with its parameters, of which one may be a password as well.
fn without_password(url: &str) -> String {
    let place = url.split_once('?').map_or(url, |(place, _)| place);
    // A password may have a question mark that should have been written otherwise.
    let place = if place.contains('@') { place } else { url };
    match (place.find("://"), place.rfind('@')) {
        (Some(scheme), Some(host)) if scheme + 3 < host => {
            let user = place[scheme + 3..host].split(':').next().unwrap_or_default();
            format!("{}{user}{}", &place[..scheme + 3], &place[host..])
        }
        _ => place.split('?').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PgDatabase, PgStore};
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(without_password("postgres://me:secret@host/db"), "postgres://me@host/db");
        assert_eq!(without_password("nonsense"), "nonsense");
        for url in [
            "postgres://me@host/db?sslmode=odd&password=secret",
            "postgres://host/db?user=me&password=secret",
            "postgres://me:what?secret@host/db",
            "postgres://me:secret@host/db?application_name=a@b",
        ] {
            let shown = without_password(url);
            assert!(shown.ends_with("host/db") && !shown.contains("secret"), "{shown}");
        }
        let error = Address::parse("mysql://me:secret@host/db").err().unwrap().to_string();
        assert!(error.contains("mysql://me@host/db") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn what_is_opened_is_shown_without_its_password() {
        let url = "postgres://me:secret@localhost:5432/shop";
        let (database, options) = (PgDatabase::new(url).unwrap(), PgStore::connect(url));
        for shown in [format!("{database:?}"), format!("{options:?}")] {
            assert!(shown.contains("localhost:5432/shop") && !shown.contains("secret"), "{shown}");
        }
        let shown = format!("{:?}", PgStore::connect("mysql://localhost/shop?password=secret"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
