//! Measures what the crates reach, each figure beside the raw one of the same round.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a measurement that fails should stop loudly

mod checkout;
mod memory;
mod shop;
mod stock;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures throughput, and prints a table with the goal of each figure.
#[derive(Parser)]
struct Options {
    /// How long each figure is measured, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// So many rounds; the table shows each
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// Only these parts: store, stock, checkout, replay
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where the databases are made: a folder on the disk that is to be measured
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// The invoices of the replay
    #[arg(long, default_value = "examples/reference-server/data/online-retail-sample.csv")]
    file: PathBuf,
    /// How often the file is replayed
    #[arg(long, default_value_t = 1)]
    repeat: usize,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let seconds = Duration::from_secs_f64(options.seconds);
    let wanted = |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    for round in 1..=options.rounds {
        println!("round {round}{:<44}{:>10}  {:>6}  {:>6}", "", "rate", "ratio", "goal");
        let raw = store::raw_transactions(&options.folder, seconds);
        row("raw one-row transactions", raw, None, None);
        if wanted("store") {
            store::measure(&options.folder, seconds, raw).await;
        }
        if wanted("stock") {
            stock::measure(&options.folder, seconds).await;
        }
        if wanted("checkout") {
            checkout::measure(&options.folder, seconds).await;
        }
        if wanted("replay") {
            shop::measure(&options.folder, &options.file, options.repeat).await;
        }
    }
}

/// One line of the table: a rate per second, its ratio to the raw figure, and the goal for the ratio or the rate.
fn row(what: &str, rate: f64, raw: Option<f64>, goal: Option<f64>) {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    println!("{what:<51}{rate:>8.0}/s  {:>6}  {:>6}", number(raw.map(|raw| rate / raw)), number(goal));
}
