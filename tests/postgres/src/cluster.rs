//! A server for one test alone.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::server::{Server, Shutdown};
use crate::{blocking, database, programs, settings};

/// A server of one test alone, that it may stop, kill and start again, at the same port.
///
/// It is stopped and its folder removed when the value is dropped, or the process is gone. `DATABASE_URL` has no say in
/// it.
///
/// All methods panic if what they are to do fails.
pub struct Cluster {
    server: Arc<Server>,
}

impl Cluster {
    /// Starts one that is fast, and loses what is committed in a power cut only.
    pub async fn start() -> Self {
        Self::start_with(&[], false).await
    }

    /// Starts one that is as durable as PostgreSQL is by default, for measurements. Its data is below the folder
    /// `COMMERCE_TEST_FOLDER`, if that is set, to choose the disk that is measured.
    pub async fn start_durable() -> Self {
        Self::start_with(&[], true).await
    }

    /// Starts one, durable or fast, with more settings (name and value as in `postgresql.conf`).
    pub async fn start_with(settings: &[(&str, &str)], durable: bool) -> Self {
        let settings = settings::of(settings, durable);
        let chosen = env::var_os("COMMERCE_TEST_FOLDER").filter(|folder| durable && !folder.is_empty());
        let parent = chosen.map_or_else(env::temp_dir, PathBuf::from);
        let server = blocking(move || {
            fs::create_dir_all(&parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
            Server::start(&parent, &settings)
        });
        Self { server: Arc::new(server.await) }
    }

    /// `postgres://postgres@127.0.0.1:PORT/DATABASE`; the database `postgres` is always there.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// Creates an empty database and returns its address.
    pub async fn create_database(&self, name: &str) -> String {
        let mut connection =
            PgConnection::connect(&self.url("postgres")).await.expect("the server is started");
        let created = connection.execute(sqlx::raw_sql(AssertSqlSafe(database::creation(name)))).await;
        created.unwrap_or_else(|error| panic!("{name}: {error}"));
        connection.close().await.expect("a connection can be closed");
        self.url(name)
    }

    /// The port at which it listens on 127.0.0.1, as long as the value lives.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The folder with its data (`data`), log (`log`) and Unix socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// Stops it in order: connections are closed, open transactions rolled back, all is on disk.
    pub async fn stop(&self) {
        let server = Arc::clone(&self.server);
        blocking(move || server.stop(Shutdown::Fast)).await;
    }

    /// Stops it as a crash does: at once, and the next start recovers from the write-ahead log.
    pub async fn kill(&self) {
        let server = Arc::clone(&self.server);
        blocking(move || server.stop(Shutdown::Immediate)).await;
    }

    /// Starts it after [`stop`](Self::stop) or [`kill`](Self::kill); returns when it has recovered and takes
    /// connections.
    pub async fn start_again(&self) {
        let server = Arc::clone(&self.server);
        blocking(move || server.start_again()).await;
    }

    /// A database as `pg_dump` writes it: SQL.
    pub async fn dump(&self, database: &str) -> String {
        let url = self.url(database);
        let dumped = blocking(move || run("pg_dump", &["--dbname", &url], ""));
        String::from_utf8(dumped.await.stdout).expect("a dump is UTF-8, as the database is")
    }

    /// Executes a dump in an empty database, all of it or nothing.
    pub async fn restore(&self, database: &str, dump: &str) {
        let (url, dump) = (self.url(database), dump.to_owned());
        let options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--dbname"];
        blocking(move || run("psql", &[options.as_slice(), &[&url]].concat(), &dump)).await;
    }
}

/// Runs a client program to its end.
fn run(name: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(programs::client(name))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let output = std::thread::scope(|scope| {
        // Fails if the program ends before it has read all; then its status tells why.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output()
    });
    let output = output.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
