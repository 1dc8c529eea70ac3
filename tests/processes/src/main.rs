//! A worker process. Tests start it; see the library.

#![allow(clippy::panic)] // a test's worker fails as loudly as tests

use std::env;
use std::time::Duration;

use commerce_processes::line::Line;
use commerce_processes::{race, work};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("COMMERCE_WORKER_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let lease = |millis: &str| Duration::from_millis(millis.parse().unwrap_or_default());
    let line = Line::to_test();
    match arguments[..] {
        ["consumer", url, millis] => work::consumer(url, lease(millis), line).await,
        ["member", url, millis, count] => {
            work::member(url, lease(millis), count.parse().unwrap_or(1), line).await
        }
        ["holder", url, millis] => work::holder(url, lease(millis), line).await,
        ["shop", url] => work::shop(url, line).await,
        ["depot", url] => work::depot(url, line).await,
        ["racer", url] => race::racer(url, line).await,
        _ => panic!("no such work: {arguments:?}"),
    }
}
