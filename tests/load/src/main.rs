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

use std::fs::{File, OpenOptions};
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

/// An hour for one figure.
const MOST_SECONDS: f64 = 3_600.0;

/// Measures throughput and latency, and prints a table with the goal of each figure.
#[derive(Parser)]
struct Options {
    /// How long each figure is measured, in seconds
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
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
        Ok(measures) => {
            if let Err(error) = usable(&options, &measures) {
                return refused(&error);
            }
            Box::pin(measure(&measures, options)).await;
        }
        Err(error) => return refused(&error),
    }
    ExitCode::SUCCESS
}

fn refused(error: &str) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(2)
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    if seconds > 0.0 && seconds <= MOST_SECONDS {
        Ok(seconds)
    } else {
        Err(format!("must be more than 0 and at most {MOST_SECONDS}"))
    }
}

/// Whether what is named on the command line is there: before the first figure, not after the last.
fn usable(options: &Options, measures: &[Measure]) -> Result<(), String> {
    let folder = &options.folder;
    tempfile::tempfile_in(folder).map_err(|error| format!("--folder {}: {error}", folder.display()))?;
    if measures.iter().any(|measure| measure.name.ends_with("/replay")) {
        File::open(&options.file).map_err(|error| format!("--file {}: {error}", options.file.display()))?;
    }
    if let Some(file) = &options.write {
        let open = OpenOptions::new().append(true).create(true).open(file);
        open.map_err(|error| format!("--write {}: {error}", file.display()))?;
    }
    Ok(())
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
