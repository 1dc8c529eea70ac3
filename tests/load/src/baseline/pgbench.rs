//! PostgreSQL's own benchmark program, which costs hardly anything itself: what the server can do.

use std::fmt::Write;
use std::process::Command;
use std::sync::Arc;

use super::schema;
use crate::basket::Item;
use crate::bench::Bench;
use crate::harness::Measure;

const ABOUT: &str = "**pgbench** with a script of ours and prepared statements (`-M prepared`): commits of one row \
    into a table of events (position, stream and version with a unique index, type, payload), and of twenty rows by \
    one INSERT.";

pub(super) fn measures() -> Vec<Measure> {
    let first = measure("one-row", 1, 1).beside("raw/disk/fdatasync", None);
    let others = [8, 32, 256].map(|clients| measure("one-row", clients, 1));
    [first].into_iter().chain(others).chain([measure("twenty-rows", 32, 20)]).collect()
}

fn measure(name: &str, clients: usize, rows: usize) -> Measure {
    Measure::rate(format!("pgbench/{name}/{clients}"), "commits", move |bench| run(bench, clients, rows))
        .about(ABOUT)
}

async fn run(bench: Arc<Bench>, clients: usize, rows: usize) -> f64 {
    let database = schema::tables(&bench).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script(rows)).unwrap();
    let mut command = Command::new("pgbench");
    command
        .args(["--no-vacuum", "--protocol", "prepared", "--define", "n=0"])
        .args(["--client", &clients.to_string(), "--jobs", &clients.min(2).to_string()])
        // pgbench knows whole seconds only.
        .args(["--time", &format!("{:.0}", bench.seconds.as_secs_f64().ceil())])
        .arg("--file")
        .arg(file.path())
        .arg(&database.url);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("pgbench runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "pgbench failed: {error}");
    database.drop().await;
    rate.expect("pgbench names its rate")
}

/// Streams of their own for each client and row, with names as long as those of real ones.
fn script(rows: usize) -> String {
    let payload = Item::number(7).json().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let row = |row| {
        format!(
            "('basket/c' || lpad(:client_id::text, 4, '0') || '-' || lpad(:n::text, 28, '0') || '-{row}', 1, \
             'ItemAdded', '\\x{payload}')"
        )
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!(
        "\\set n :n + 1\nINSERT INTO events (stream, version, type, payload) VALUES {};\n",
        values.join(", ")
    )
}
