//! A replay that is killed at any moment carries on with the same command, and ends with the same summary.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use commerce_core::Host;
use commerce_outbox::SystemHost;
use program::{Running, replay, run};
use serde_json::{Map, Value};

/// So often it is killed while stock, orders or returns are under way.
const KILLS: usize = 20;
const OPTIONS: [&str; 2] = ["--repeat", "10"];

/// What an undisturbed run comes to, and how long it takes.
fn undisturbed() -> &'static (Map<String, Value>, Duration) {
    static UNDISTURBED: OnceLock<(Map<String, Value>, Duration)> = OnceLock::new();
    UNDISTURBED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let summary = run(&mut replay(folder.path(), &OPTIONS)).summary();
        (summary, began.elapsed())
    })
}

fn ends_as_if_undisturbed(folder: &Path) {
    assert_eq!(run(&mut replay(folder, &OPTIONS)).summary(), undisturbed().0);
}

/// Kills a run after `delay`. Answers whether it was alive then, and had made its products.
fn kill_after(folder: &Path, delay: Duration) -> Option<bool> {
    let mut running = Running::start(&mut replay(folder, &OPTIONS));
    if running.wait(delay) || !running.kill() {
        assert_eq!(running.end().summary(), undisturbed().0);
        return None;
    }
    // What it said before it died is still on its way.
    running.wait(Duration::from_secs(10));
    Some(running.said().contains("products: "))
}

#[test]
fn kill_9_at_20_random_moments_changes_nothing() {
    let seed = std::env::var("CRASH_SEED")
        .map_or_else(|_| SystemHost.new_id().as_u128() as u64, |seed| seed.parse().unwrap());
    println!("CRASH_SEED={seed}");
    let mut random = Random(seed);
    let whole = undisturbed().1;
    let (mut kills, mut early, mut folders) = (0, 0, 1);
    let mut folder = tempfile::tempdir().unwrap();
    while kills < KILLS {
        assert!(early + folders < 200, "{kills} kills, {early} too early, {folders} folders");
        match kill_after(folder.path(), whole.mul_f64(0.05 + 0.6 * random.next())) {
            Some(true) => kills += 1,
            Some(false) => early += 1,
            None => {
                ends_as_if_undisturbed(folder.path());
                folder = tempfile::tempdir().unwrap();
                folders += 1;
            }
        }
    }
    println!("{kills} kills in the middle, {early} before, on {folders} folders, {whole:?} undisturbed");
    ends_as_if_undisturbed(folder.path());
    // And once more, on what is finished.
    ends_as_if_undisturbed(folder.path());
}

#[test]
fn a_finished_folder_gives_the_same_summary_again() {
    let folder = tempfile::tempdir().unwrap();
    ends_as_if_undisturbed(folder.path());
    ends_as_if_undisturbed(folder.path());
}

#[test]
fn sigterm_stops_it_in_good_order_and_the_same_command_carries_on() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut running = Running::start(&mut replay(folder.path(), &OPTIONS));
        running.wait_for("orders: ");
        let told = Instant::now();
        let sent = Command::new("kill").args(["-s", signal, &running.id().to_string()]).status().unwrap();
        assert!(sent.success());
        running.end().fails(130, &["stopped", "the same command carries on"]);
        assert!(told.elapsed() < Duration::from_secs(10), "it took {:?}", told.elapsed());
        ends_as_if_undisturbed(folder.path());
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    /// At least 0, less than 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
