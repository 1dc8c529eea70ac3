//! Where measurements take place: a disk, a PostgreSQL server of our own on it, new databases and stores.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use commerce_test_postgres::Cluster;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tokio::sync::OnceCell;

/// A database that is always there.
const SERVER: &str = "postgres";
/// pgbench is let loose with 256.
const CONNECTIONS: &str = "400";

/// What a measurement is given.
pub(crate) struct Bench {
    /// How long each figure is measured.
    pub(crate) seconds: Duration,
    /// Where files are made: on the disk that is measured.
    pub(crate) folder: PathBuf,
    /// The invoices of the replay.
    pub(crate) file: PathBuf,
    /// How often the file is replayed.
    pub(crate) repeat: usize,
    cluster: OnceCell<Cluster>,
    databases: AtomicU32,
}

impl Bench {
    pub(crate) fn new(seconds: Duration, folder: PathBuf, file: PathBuf, repeat: usize) -> Self {
        Self { seconds, folder, file, repeat, cluster: OnceCell::new(), databases: AtomicU32::new(0) }
    }

    /// A new, empty database on the server, which is started with the first.
    pub(crate) async fn database(&self) -> Database {
        let cluster = self.cluster().await;
        let name = format!("bench_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let url = cluster.create_database(&name).await;
        Database { name, url, server: cluster.url(SERVER) }
    }

    async fn cluster(&self) -> &Cluster {
        self.cluster.get_or_init(|| Cluster::start_with(&[("max_connections", CONNECTIONS)], true)).await
    }

    /// What a reader of the figures needs to know about the server; none if it was not needed.
    pub(crate) async fn postgres_settings(&self) -> Option<String> {
        let cluster = self.cluster.get()?;
        let mut connection = PgConnection::connect(&cluster.url(SERVER)).await.unwrap();
        let mut shown = Vec::new();
        for setting in [
            "server_version",
            "fsync",
            "synchronous_commit",
            "wal_sync_method",
            "shared_buffers",
            "max_wal_size",
            "max_connections",
        ] {
            let show = AssertSqlSafe(format!("SHOW {setting}"));
            let value: String = connection.fetch_one(sqlx::query(show)).await.unwrap().get(0);
            shown.push(format!("{setting} = {value}"));
        }
        Some(format!("{} (defaults but for the last)", shown.join(", ")))
    }

    /// Starts the server, so that it is among the conditions before it is used.
    pub(crate) async fn start_postgres(&self) {
        self.cluster().await;
    }
}

/// A database that is to be dropped with [`Database::drop`]; else it goes with the server.
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) url: String,
    server: String,
}

impl Database {
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// Executes statements, separated by semicolons.
    pub(crate) async fn execute(&self, statements: &str) {
        self.connect().await.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await.unwrap();
    }

    /// What has been filled in is analysed and on disk before the clock starts, so that no measurement pays for it.
    pub(crate) async fn settle(&self) {
        self.execute("ANALYZE").await;
        self.execute("CHECKPOINT").await;
    }

    /// Makes room on the disk.
    pub(crate) async fn drop(self) {
        let mut connection = PgConnection::connect(&self.server).await.unwrap();
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        connection.execute(sqlx::raw_sql(AssertSqlSafe(drop))).await.unwrap();
        connection.execute("CHECKPOINT").await.unwrap();
    }
}
