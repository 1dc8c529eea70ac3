//! Measures what the crates reach, each figure beside the raw one of the same round.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a measurement that fails should stop loudly

mod store;

#[tokio::main]
async fn main() {
    store::measure().await;
}
