//! A server of one test alone: killed and started again, dumped and restored, and gone with its process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // also outside of #[test] functions

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use commerce_test_postgres::Cluster;
use sqlx::{Connection, Executor, PgConnection};

async fn count(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn what_is_committed_survives_a_stop_and_a_kill() {
    let cluster = Cluster::start().await;
    let url = cluster.create_database("shop").await;
    assert_eq!(url, format!("postgres://postgres@127.0.0.1:{}/shop", cluster.port()));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute("CREATE TABLE t (i int)").await.unwrap();
    connection.execute("INSERT INTO t VALUES (1)").await.unwrap();
    connection.execute("BEGIN; INSERT INTO t VALUES (2)").await.unwrap();

    cluster.kill().await;
    assert!(connection.ping().await.is_err());
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.start_again().await;
    assert_eq!(count(&url).await, 1);

    cluster.stop().await;
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.start_again().await;
    assert_eq!(count(&url).await, 1);
}

#[tokio::test]
async fn a_dump_is_restored() {
    let cluster = Cluster::start().await;
    let (from, to) = (cluster.create_database("from").await, cluster.create_database("to").await);
    let mut connection = PgConnection::connect(&from).await.unwrap();
    connection.execute("CREATE TABLE t AS SELECT generate_series(1, 10000) AS i").await.unwrap();
    cluster.restore("to", &cluster.dump("from").await).await;
    assert_eq!(count(&to).await, 10_000);
}

#[tokio::test]
async fn settings_are_those_asked_for() {
    async fn shown(cluster: &Cluster, name: &str) -> String {
        let mut connection = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
        let setting = sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut connection);
        setting.await.unwrap()
    }
    let fast = Cluster::start_with(&[("max_connections", "7"), ("application_name", "it's")], false).await;
    assert_eq!(shown(&fast, "fsync").await, "off");
    assert_eq!(shown(&fast, "max_connections").await, "7");
    assert_eq!(shown(&fast, "application_name").await, "it's");
    let durable = Cluster::start_durable().await;
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(shown(&durable, name).await, "on", "{name}");
    }
}

#[tokio::test]
async fn it_is_gone_once_dropped() {
    let cluster = Cluster::start().await;
    let (folder, url) = (cluster.folder().to_owned(), cluster.url("postgres"));
    let server = server_of(&folder);
    drop(cluster);
    assert!(!folder.exists());
    assert!(!lives(server));
    assert!(PgConnection::connect(&url).await.is_err());
}

#[test]
fn it_is_gone_after_its_process_was_killed() {
    let (mut process, folder) = server_for(&["cat"]);
    let server = server_of(&folder);
    assert!(lives(server));
    // SIGKILL.
    process.kill().unwrap();
    drop(process.stdin.take());
    process.wait().unwrap();
    eventually(|| !folder.exists() && !lives(server));
}

#[test]
fn a_command_is_run_with_a_server_and_its_exit_code_passed_on() {
    // It stays until its input ends, so that the folder is found.
    let (mut process, folder) = server_for(&["sh", "-c", "cat; test -n \"$DATABASE_URL\" && exit 7"]);
    drop(process.stdin.take());
    assert_eq!(process.wait().unwrap().code(), Some(7));
    assert!(!folder.exists());
}

/// Runs a command under `postgres-for-tests`, with an input that ends with the returned process; the server's folder.
fn server_for(command: &[&str]) -> (Child, PathBuf) {
    let parent = std::env::temp_dir();
    let mut process = Command::new(env!("CARGO_BIN_EXE_postgres-for-tests"))
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let port = url.trim().rsplit(':').next().unwrap().strip_suffix("/postgres").unwrap();
    let socket = format!(".s.PGSQL.{port}");
    let folders = parent.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.into_iter().find(|folder| folder.join(&socket).exists());
    (process, folder.expect("the server's folder is in the system's folder for temporary files"))
}

/// The server's process.
fn server_of(folder: &Path) -> u32 {
    let file = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    file.lines().next().unwrap().parse().unwrap()
}

fn lives(process: u32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
}

fn eventually(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(60), "not within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}
