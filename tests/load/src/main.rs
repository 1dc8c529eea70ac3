//! Measures what the crates reach, each figure beside what is measured in the same round.
//!
//! To measure something more, write a [`Measure`] in a file below `measures` (or `baseline`, if it is
//! not ours) and name it in that folder's `mod.rs`: the rest follows from what it says of itself.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a measurement that fails should stop loudly

mod baseline;
mod basket;
mod bench;
mod fill;
mod harness;
mod measures;
mod stand;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use bench::Bench;
use harness::{Machine, Measure};
use stand::Kind;

// The reference server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures throughput and latency, and prints a table with the goal of each figure.
#[derive(Parser)]
struct Options {
    /// How long each figure is measured, in seconds
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// So many rounds; the table shows medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only what is named so, and what it is compared with: words of the names that --list shows, such as `store`,
    /// `stock`, `checkout`, `replay`, `sqlite/store`, `one-event/32`
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these stores
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    store: Vec<Kind>,
    /// Prints the names of all that is measured, and measures nothing
    #[arg(long)]
    list: bool,
    /// Writes the results and their conditions into this file, as Markdown
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
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
async fn main() -> ExitCode {
    let options = Options::parse();
    match measures(&options) {
        Ok(measures) if options.list => list(&measures),
        Ok(measures) => Box::pin(measure(&measures, options)).await,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn list(measures: &[Measure]) {
    let names: String = measures.iter().map(|measure| format!("{}\n", measure.name)).collect();
    // Whoever reads may have seen enough.
    let _ = std::io::stdout().write_all(names.as_bytes());
}

fn measures(options: &Options) -> Result<Vec<Measure>, String> {
    let ours = options.store.iter().flat_map(|kind| measures::all(*kind)).collect();
    harness::select(baseline::all(), ours, &options.only)
}

async fn measure(measures: &[Measure], options: Options) {
    let seconds = Duration::from_secs_f64(options.seconds);
    let bench = Arc::new(Bench::new(seconds, options.folder, options.file, options.repeat));
    if measures.iter().any(Measure::needs_postgres) {
        bench.start_postgres().await;
    }
    let machine = Machine::look(&bench).await;
    for (what, is) in machine.lines() {
        println!("{what}: {is}");
    }
    let results = harness::run(measures, &bench, options.rounds).await;
    let rows = harness::rows(measures, &results);
    harness::print(&rows);
    if let Some(file) = options.write {
        std::fs::write(&file, harness::write(&machine, options.rounds, options.seconds, &rows)).unwrap();
        println!("written to {}", file.display());
    }
}
