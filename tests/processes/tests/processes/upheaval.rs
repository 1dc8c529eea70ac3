//! Workers and the database server die, again and again.

use std::time::Duration;

use commerce_test_postgres::Cluster;
use tokio::time::{Instant, sleep};

use crate::worker::Worker;

/// Between two deaths of workers, at least; at most twice as long.
const BETWEEN: Duration = Duration::from_secs(1);
/// Between two restarts of the server.
const RESTART_EVERY: Duration = Duration::from_secs(4);

/// Worker processes, each of which is replaced when it is killed.
pub(crate) struct Upheaval {
    cluster: Cluster,
    url: String,
    crew: Vec<(&'static str, Worker)>,
    chance: u32,
    restart_at: Instant,
    pub(crate) kills: u32,
    pub(crate) restarts: u32,
}

impl Upheaval {
    /// Starts workers in these modes. The same seed makes for the same order of deaths.
    pub(crate) fn new(cluster: Cluster, url: &str, modes: &[&'static str], seed: u32) -> Self {
        let crew = modes.iter().map(|mode| (*mode, Worker::start(&[mode, url]))).collect();
        let restart_at = Instant::now() + RESTART_EVERY;
        Self { cluster, url: url.to_owned(), crew, chance: seed, restart_at, kills: 0, restarts: 0 }
    }

    /// One worker is killed and replaced; now and then the server is restarted as well.
    pub(crate) async fn strike(&mut self) {
        sleep(BETWEEN + BETWEEN.mul_f64(f64::from(self.roll() % 1_000) / 1_000.0)).await;
        let unlucky = self.roll() as usize % self.crew.len();
        let (mode, worker) = &mut self.crew[unlucky];
        worker.kill();
        *worker = Worker::start(&[mode, &self.url]);
        self.kills += 1;
        if Instant::now() >= self.restart_at {
            // In order, and as in a crash, by turns.
            if self.restarts.is_multiple_of(2) {
                self.cluster.stop().await;
            } else {
                self.cluster.kill().await;
            }
            self.cluster.start_again().await;
            self.restarts += 1;
            self.restart_at = Instant::now() + RESTART_EVERY;
        }
    }

    /// Peace: those that are left end in order. The server stays.
    pub(crate) async fn end(self) -> Cluster {
        for (_, mut worker) in self.crew {
            worker.says("ready").await;
            worker.stop().await;
        }
        self.cluster
    }

    fn roll(&mut self) -> u32 {
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.chance >> 8
    }
}
