//! Under which conditions it was measured.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use commerce_adapters::sqlite::rusqlite;
use commerce_core::Host;
use commerce_outbox::SystemHost;

use crate::bench::Bench;

/// The machine and the versions.
pub(crate) struct Machine(Vec<(&'static str, String)>);

impl Machine {
    /// Taken before the first round: the load average is that of others.
    pub(crate) async fn look(bench: &Bench) -> Self {
        let line = |what: &'static str, text: String| (what, text.trim().to_owned());
        let mut lines = vec![
            line("Date", SystemHost.now().to_string()),
            line("Commit", command("git", &["describe", "--always", "--dirty"])),
            line("Processor", processor()),
            line("Memory", memory()),
            line("Kernel", read("/proc/sys/kernel/osrelease")),
            line("Load average before the start", read("/proc/loadavg")),
            line("fsync on this disk", format!("{:.2} ms (median of 200)", fdatasync(&bench.folder))),
            line("Compiler", command("rustc", &["--version"])),
            line("SQLite", format!("{}, WAL, synchronous = FULL", rusqlite::version())),
        ];
        if let Some(postgres) = bench.postgres_settings().await {
            lines.push(line("PostgreSQL", postgres));
        }
        Self(lines)
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.0.iter()
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|_| "unknown".to_owned())
}

fn command(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output
        .map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn processor() -> String {
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{}, {cores} cores, shared by client and server", model.map_or("unknown", |(_, model)| model))
}

fn memory() -> String {
    let info = read("/proc/meminfo");
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    let kilobytes: Option<f64> = total.and_then(|total| total.parse().ok());
    kilobytes.map_or_else(|| "unknown".to_owned(), |kilobytes| format!("{:.0} GB", kilobytes / 1_048_576.0))
}

/// How long the disk takes to keep one more page, in milliseconds.
fn fdatasync(folder: &Path) -> f64 {
    let mut file = tempfile::tempfile_in(folder).unwrap();
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            file.write_all(&[7; 8_192]).unwrap();
            let start = Instant::now();
            file.sync_data().unwrap();
            start.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The most memory that this process has had in use, from Linux's `/proc/self/status`.
pub(crate) fn peak_megabytes() -> f64 {
    let status = read("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1_024.0
}
