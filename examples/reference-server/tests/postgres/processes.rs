//! Several processes over one database, at once or after one another.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::program::{Place, Running, look_at, replay_of, replay_on, run, sample, summary_of_sample};

const OPTIONS: [&str; 2] = ["--repeat", "6"];

fn undisturbed() -> Map<String, Value> {
    run(&mut replay_on("memory://", &OPTIONS)).summary()
}

/// A database whose tables are there.
fn database() -> Place {
    let place = Place::database();
    run(&mut look_at(&place.url, &["migrate"])).ends_with(0);
    place
}

#[test]
fn killed_it_is_carried_on_once_the_leases_of_the_dead_end() {
    let place = database();
    for moment in ["opening stock: ", "orders: ", "returns: "] {
        let mut running = Running::start(&mut place.replay(&OPTIONS));
        running.wait_for(moment);
        running.wait(Duration::from_millis(200));
        assert!(running.kill(), "it was over before: {}", running.said());
    }
    let ran = run(&mut place.replay(&OPTIONS));
    assert!(ran.stderr.contains("nothing has moved for 4 s; what a killed process"), "{ran:?}");
    assert_eq!(ran.summary(), undisturbed());
}

#[test]
fn stopped_it_gives_its_leases_back_and_is_carried_on_at_once() {
    let place = database();
    let mut running = Running::start(&mut place.replay(&OPTIONS));
    running.wait_for("orders: ");
    let told = Command::new("kill").args(["-s", "TERM", &running.id().to_string()]).status().unwrap();
    assert!(told.success());
    running.end().fails(130, &["stopped", "the same command carries on"]);
    let ran = run(&mut place.replay(&OPTIONS));
    assert!(!ran.stderr.contains("killed process"), "{ran:?}");
    assert_eq!(ran.summary(), undisturbed());
}

#[test]
fn two_at_once_replay_the_same_file() {
    let place = database();
    let running = [(); 2].map(|()| Running::start(&mut place.replay(&OPTIONS)));
    for running in running {
        assert_eq!(running.end().summary(), undisturbed());
    }
    place.look(&["audit"]).ends_with(0);
}

#[test]
fn two_at_once_replay_a_file_each() {
    let place = database();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.csv");
    renumber(&other);
    let first = Running::start(&mut place.replay(&[]));
    let second = Running::start(&mut replay_of(&other, &place.url, &[]));
    assert_eq!(first.end().summary(), summary_of_sample());
    assert_eq!(second.end().summary(), summary_of_sample());
    let list = place.look(&["sagas", "list", "--limit", "1000"]).ends_with(0).stdout;
    assert_eq!(list.lines().filter(|line| line.contains("completed")).count(), 2 * (11 + 6), "{list}");
}

/// The sample under other invoice numbers.
fn renumber(file: &Path) {
    let text = fs::read_to_string(sample()).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let renumbered = rows.lines().map(|row| match row.strip_prefix('C') {
        Some(credit) => format!("C9{credit}\n"),
        None => format!("9{row}\n"),
    });
    fs::write(file, format!("{header}\n{}", renumbered.collect::<String>())).unwrap();
}

#[test]
fn what_one_leaves_behind_when_it_is_killed_the_other_carries_on() {
    let place = database();
    let mut first = Running::start(&mut place.replay(&OPTIONS));
    first.wait_for("orders: ");
    let second = Running::start(&mut place.replay(&OPTIONS));
    first.wait(Duration::from_secs(1));
    assert!(first.kill(), "it was over before: {}", first.said());
    assert_eq!(second.end().summary(), undisturbed());
}

#[test]
fn beside_a_process_that_stays_it_says_that_nothing_was_audited() {
    let place = database();
    run(&mut place.replay(&[])).ends_with(0);
    let mut stays = serving(&place);
    let ran = run(&mut place.replay(&[])).ends_with(1);
    assert!(ran.stderr.contains("nothing was audited") && ran.stderr.contains("audit --store"), "{ran:?}");
    let mut summary = ran.json();
    assert_eq!(summary.remove("audit"), Some("not done".into()));
    assert_eq!(summary["orders_confirmed"], summary_of_sample()["orders_confirmed"]);
    assert!(stays.kill(), "it was over before: {}", stays.said());
}

/// A server that has come to be at work.
fn serving(place: &Place) -> Running {
    let mut server =
        Running::start(&mut look_at(&place.url, &["serve", "--no-seed", "--listen", "127.0.0.1:0"]));
    let mut waited = 0;
    while !place.look(&["audit"]).stderr.contains("another process is at work") {
        waited += 1;
        assert!(waited < 10, "it does not begin: {}", server.said());
    }
    server
}

#[test]
fn commands_that_are_stopped_end_with_130() {
    let place = database();
    run(&mut place.replay(&[])).ends_with(0);
    let mut stays = serving(&place);
    let audit = Running::start(&mut look_at(&place.url, &["audit"]));
    let listens = || {
        let status = fs::read_to_string(format!("/proc/{}/status", audit.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        u64::from_str_radix(caught, 16).unwrap() & (1 << 14) != 0
    };
    while !listens() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = Command::new("kill").args(["-s", "TERM", &audit.id().to_string()]).status().unwrap();
    assert!(told.success());
    audit.end().fails(130, &["stopped"]);
    assert!(stays.kill(), "it was over before: {}", stays.said());
}

#[test]
fn of_rebuilds_at_once_each_is_done_or_overtaken() {
    let place = database();
    run(&mut place.replay(&[])).ends_with(0);
    let rebuilds =
        [(); 4].map(|()| Running::start(&mut look_at(&place.url, &["projections", "rebuild", "catalog"])));
    let codes = rebuilds.map(|rebuild| rebuild.end().status.code());
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 1))), "{codes:?}");
}
