//! What is left behind by a process that was killed: nothing.
//!
//! The process is this very test, run once more with `HELD` set.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // also outside of #[test] functions

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use commerce_test_postgres::{Cluster, database};
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

const HELD: &str = "COMMERCE_TEST_HELD";

#[tokio::test]
async fn a_killed_process_leaves_no_server() {
    if env::var_os(HELD).is_some() {
        return hold_a_database().await;
    }
    let (mut process, url) = start("a_killed_process_leaves_no_server", None);
    PgConnection::connect(&url).await.unwrap().close().await.unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    let gone = async {
        while PgConnection::connect(&url).await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.expect("the server is gone");
}

#[tokio::test]
async fn a_killed_process_leaves_no_database_on_a_server_that_stays() {
    if env::var_os(HELD).is_some() {
        return hold_a_database().await;
    }
    let server = Cluster::start().await;
    let given = server.url("postgres");
    let (mut process, url) =
        start("a_killed_process_leaves_no_database_on_a_server_that_stays", Some(&given));
    assert!(url.starts_with(given.strip_suffix("postgres").unwrap()), "{url}");
    let _connected = PgConnection::connect(&url).await.unwrap();
    process.kill().unwrap();
    process.wait().unwrap();

    let mut connection = PgConnection::connect(&given).await.unwrap();
    let left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'commerce_test_%'";
    let gone = async {
        while sqlx::query_scalar::<_, i64>(left).fetch_one(&mut connection).await.unwrap() > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.expect("the databases are gone");
}

/// Starts this program with one of its tests as the process to be killed; the address of the database it holds.
fn start(test: &str, database_url: Option<&str>) -> (Child, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(HELD, "1")
        .env("DATABASE_URL", database_url.unwrap_or_default());
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let url =
        output.lines().find_map(|line| line.unwrap().split_once("held: ").map(|(_, url)| url.to_owned()));
    (process, url.unwrap())
}

/// Holds two databases, one of them dropped, until stdin ends, with the process that started this one.
async fn hold_a_database() {
    let (held, dropped) = (database().await, database().await);
    drop(dropped);
    println!("held: {}", held.url());
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
