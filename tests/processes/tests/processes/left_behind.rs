//! What a test that was killed leaves behind: nothing. The process is this very test, run once more with `HELD` set.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use commerce_processes::stores;

use crate::worker::{Worker, state, until};

const HELD: &str = "COMMERCE_TEST_HELD_WORKERS";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_test_leaves_no_worker_not_even_one_that_stands_still() {
    if env::var_os(HELD).is_some() {
        return hold_two_workers().await;
    }
    let mut test = Command::new(env::current_exe().unwrap())
        .args(["--exact", "left_behind::a_killed_test_leaves_no_worker_not_even_one_that_stands_still"])
        .arg("--nocapture")
        .env(HELD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(test.stdout.take().unwrap());
    let held =
        said.lines().find_map(|line| line.unwrap().split_once("held: ").map(|(_, held)| held.to_owned()));
    let held: Vec<u32> = held.unwrap().split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert!(held.iter().all(|pid| state(*pid).is_some()));
    test.kill().unwrap();
    test.wait().unwrap();
    let gone = |pid: &u32| matches!(state(*pid), None | Some('Z'));
    until("the workers are gone", async || held.iter().all(gone)).await;
}

async fn hold_two_workers() {
    let home = commerce_test_postgres::database().await;
    stores::migrate(home.url(), &["shop", "works"]).await;
    let at_work = Worker::ready(&["consumer", home.url(), "1000"]).await;
    let still = Worker::ready(&["consumer", home.url(), "1000"]).await;
    still.pause().await;
    println!("held: {} {}", at_work.id(), still.id());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
