//! What no durable commit can do without.

use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;

use crate::bench::Bench;
use crate::harness::Measure;

const ABOUT: &str = "**The disk**: one thread writes a page into a file and waits until it is there, again and again. Where \
    this swings between rounds, others were at the disk, and figures of few callers say little.";

const PAGE: [u8; 8_192] = [7; 8_192];
/// As many as a segment of PostgreSQL's log has.
const PAGES: usize = 2_048;

pub(super) fn measures() -> Vec<Measure> {
    let run = |bench| async { tokio::task::spawn_blocking(|| flushes(bench)).await.unwrap() };
    vec![Measure::rate("raw/disk/fdatasync", "flushes", run).about(ABOUT)]
}

#[expect(clippy::needless_pass_by_value, reason = "it moves to the thread")]
fn flushes(bench: Arc<Bench>) -> f64 {
    let file = tempfile::tempfile_in(&bench.folder).unwrap();
    // Room is made before, as databases do for their logs: to grow a file takes longer.
    file.write_all_at(&vec![0; PAGES * PAGE.len()], 0).unwrap();
    file.sync_all().unwrap();
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < bench.seconds {
        file.write_all_at(&PAGE, (count as usize % PAGES * PAGE.len()) as u64).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}
