//! A database for each test.

use std::env;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::server::Server;
use crate::url::ServerUrl;
use crate::{blocking, programs, settings};

/// `object_in_use`: a template, or a database to be dropped, is still connected to.
const IN_USE: &str = "55006";

/// How long a database may be in use.
const PATIENCE: Duration = Duration::from_secs(20);

/// A fresh, empty database (UTF-8, collation C) on the private server of this process, which is started at first use, or
/// on the server of `DATABASE_URL`, whose user must be allowed to create databases.
///
/// It is dropped with the value. If the process is killed, the private server goes with it; on a server of
/// `DATABASE_URL`, a process that outlives this one drops its databases.
///
/// # Panics
/// If there is no server, with a sentence on how to get one.
pub async fn database() -> TestDatabase {
    let host = blocking(host).await;
    let name = unique_name();
    host.sweep('+', &name);
    host.execute(&creation(&name)).await;
    TestDatabase { url: host.url.with_database(&name).to_string(), name }
}

/// The statement that creates a database, alike on every server. Nobody can be connected to `template0`.
pub(crate) fn creation(name: &str) -> String {
    format!(r#"CREATE DATABASE "{name}" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"#)
}

/// A database of one test; see [`database`].
///
/// It is dropped with the value, whoever is connected to it.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// Its address, as sqlx and psql take it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name, which no other database of the server ever had.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Executes statements, separated by semicolons, on a connection of their own.
    ///
    /// # Panics
    /// If one fails.
    pub async fn execute(&self, sql: &str) {
        let mut connection = self.connect().await;
        let result = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
        result.unwrap_or_else(|error| panic!("{error}, in: {sql}"));
        connection.close().await.expect("a connection can be closed");
    }

    /// Every row of every table, as text: bytes that are visible ASCII show as they are.
    ///
    /// # Panics
    /// If it can't be read.
    pub async fn rows(&self) -> Vec<String> {
        let mut connection = self.connect().await;
        let rows = read(&mut connection).await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        connection.close().await.expect("a connection can be closed");
        rows
    }

    /// A new connection.
    ///
    /// # Panics
    /// If the server does not give one.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap_or_else(|error| panic!("{}: {error}", self.url))
    }
}

async fn read(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    connection.execute("SET bytea_output = 'escape'").await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut rows = Vec::new();
    for table in tables {
        let all = format!("SELECT t::text FROM {table} t");
        rows.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(all)).fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        // A thread and a runtime of its own: the test's may be the one that waits here, or be gone.
        let dropped = thread::spawn(move || {
            let host = host();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop = format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#);
            runtime.expect("a runtime can be built").block_on(host.execute(&drop));
            host.sweep('-', &name);
        });
        assert!(dropped.join().is_ok() || thread::panicking(), "the database {} was not dropped", self.name);
    }
}

/// The server that the databases of this process are on.
struct Host {
    /// Of a database to connect to while another is created or dropped.
    url: ServerUrl,
    /// What is told the names of this process's databases on a server that stays; see `sweeper.sh`.
    sweeper: Option<Mutex<Child>>,
    /// Ends with the process.
    _private: Option<Server>,
}

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| match env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => Host::given(&url),
        _ => Host::private(),
    })
}

impl Host {
    fn private() -> Self {
        let server = Server::start(&env::temp_dir(), &settings::of(&[], false));
        Self { url: ServerUrl::parse(&server.url("postgres")), sweeper: None, _private: Some(server) }
    }

    fn given(url: &str) -> Self {
        let sweeper = Command::new("/bin/sh")
            .args(["-c", include_str!("sweeper.sh"), "sweeper"])
            .arg(programs::client("psql"))
            .env("COMMERCE_SWEEP_URL", url)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("/bin/sh runs");
        Self { url: ServerUrl::parse(url), sweeper: Some(Mutex::new(sweeper)), _private: None }
    }

    fn sweep(&self, sign: char, name: &str) {
        if let Some(sweeper) = &self.sweeper {
            let mut sweeper = sweeper.lock().expect("no writer has panicked");
            let names = sweeper.stdin.as_mut().expect("stdin is piped");
            writeln!(names, "{sign} {name}").expect("the sweeper lives");
        }
    }

    /// Executes one statement, again as long as what it is about is in use.
    async fn execute(&self, sql: &str) {
        let url = self.url.to_string();
        let mut connection = PgConnection::connect(&url).await.unwrap_or_else(|error| {
            panic!("no PostgreSQL server at {url} (DATABASE_URL; unset it for a private one): {error}")
        });
        let began = SystemTime::now();
        while let Err(error) = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await {
            let code = error.as_database_error().and_then(|error| error.code());
            let in_use = code.is_some_and(|code| code == IN_USE);
            let waited = began.elapsed().unwrap_or_default();
            assert!(in_use && waited < PATIENCE, "{error}, in: {sql}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What was to be done is done.
        let _ = connection.close().await;
    }
}

/// Unique among the processes of this machine, and, by the time, most likely among those of others.
fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    format!("commerce_test_{}_{count}_{time}", std::process::id())
}
