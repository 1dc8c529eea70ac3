use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::commit::{Expected, NewEvent, NewMessage};
use crate::error::Kind;
use crate::fixture::{Empty, Jar, JarCommand, JarEvent, block_on, memory};
use crate::host::Host;
use crate::id::Tenant;
use crate::store::Document;
use crate::testing::TestHost;
use crate::upcast::Upcasted;

fn jars() -> (Repository<Jar>, Arc<TestHost>) {
    let (store, host) = memory();
    (Repository::new(store), host)
}

fn execute(jars: &Repository<Jar>, host: &TestHost, command: JarCommand) -> Outcome<Jar> {
    block_on(jars.execute(&1, command, &host.context())).unwrap()
}

fn snapshot(jars: &Repository<Jar>) -> Option<Document> {
    block_on(jars.store().document(&Tenant::default(), "snapshots", "jar/1")).unwrap()
}

#[test]
fn what_was_executed_is_loaded_again() {
    let (jars, host) = jars();
    let outcome = execute(&jars, &host, JarCommand::Fill(3));
    assert_eq!((outcome.version, outcome.events.len()), (1, 1));
    assert!(outcome.committed.is_some());
    execute(&jars, &host, JarCommand::Take(7));
    let loaded = block_on(jars.load(&Tenant::default(), &1)).unwrap();
    assert_eq!(loaded, Loaded::new(Jar { left: 2 }, 2));
}

#[test]
fn a_rejected_command_writes_nothing() {
    let (jars, host) = jars();
    let error = block_on(jars.execute(&1, JarCommand::Take(7), &host.context())).err().unwrap();
    assert!(matches!(error, Error::Rejected(Empty)), "{error}");
    assert_eq!(block_on(jars.load(&Tenant::default(), &1)).unwrap().version, 0);
}

#[test]
fn a_decision_without_events_commits_nothing() {
    let (jars, host) = jars();
    let outcome = execute(&jars, &host, JarCommand::Look);
    assert_eq!((outcome.committed, outcome.version), (None, 0));
}

#[test]
fn tenants_never_see_each_others_aggregates() {
    let (jars, host) = jars();
    execute(&jars, &host, JarCommand::Fill(3));
    assert_eq!(block_on(jars.load(&Tenant::new("other"), &1)).unwrap().version, 0);
}

#[test]
fn a_decision_joins_a_larger_commit_and_fails_with_it() {
    let (jars, host) = jars();
    let context = host.context();
    let decided = block_on(jars.decide(&1, JarCommand::Fill(3), &context)).unwrap();
    execute(&jars, &host, JarCommand::Fill(1));
    let larger = Commit::within(&context).message(NewMessage::new("filled", "1"));
    let answer = block_on(jars.store().commit(decided.write_to(larger).unwrap()));
    assert_eq!(answer.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(block_on(jars.store().last_message()).unwrap(), 0);
}

#[test]
fn a_decision_does_not_join_another_tenants_commit() {
    let (jars, host) = jars();
    let decided = block_on(jars.decide(&1, JarCommand::Fill(3), &host.context())).unwrap();
    let other = Commit { tenant: Tenant::new("other"), ..Commit::new() };
    assert!(matches!(decided.write_to(other), Err(CommitError::Invalid(_))));
}

#[test]
fn concurrent_commands_are_decided_again_and_none_is_lost() {
    let (jars, host) = jars();
    execute(&jars, &host, JarCommand::Fill(1_000));
    std::thread::scope(|scope| {
        for by in 0..4 {
            let (jars, host) = (&jars, &host);
            scope.spawn(move || {
                for _ in 0..25 {
                    // Ten lost races in a row are an answer too; nothing has happened then.
                    while block_on(jars.execute(&1, JarCommand::Take(by), &host.context())).is_err() {}
                }
            });
        }
    });
    let loaded = block_on(jars.load(&Tenant::default(), &1)).unwrap();
    assert_eq!(loaded, Loaded::new(Jar { left: 900 }, 101));
}

#[test]
fn the_past_is_loaded_by_version_and_by_time() {
    let (jars, host) = jars();
    execute(&jars, &host, JarCommand::Fill(3));
    let then = host.now();
    host.advance(Duration::from_secs(60));
    execute(&jars, &host, JarCommand::Take(1));
    let at = |at| block_on(jars.load_at(&Tenant::default(), &1, at)).unwrap().state.left;
    assert_eq!(at(At::Version(1)), 3);
    assert_eq!(at(At::Version(99)), 2);
    assert_eq!(at(At::Time(then)), 3);
    assert_eq!(at(At::Time(host.now())), 2);
    assert_eq!(at(At::Time(then.minus(Duration::from_secs(1)))), 0);
}

#[test]
fn streams_longer_than_a_page_are_read_in_full() {
    let (jars, host) = jars();
    for _ in 0..600 {
        execute(&jars, &host, JarCommand::Fill(1));
    }
    assert_eq!(block_on(jars.load(&Tenant::default(), &1)).unwrap().state.left, 600);
    let history = block_on(jars.history(&Tenant::default(), &1)).unwrap();
    assert_eq!(history.len(), 600);
    assert_eq!(history[599].event, JarEvent::Filled { amount: 1, left: 600 });
    assert_eq!(history[599].record.version, 600);
}

#[test]
fn a_snapshot_is_renewed_with_the_events_and_loading_starts_at_it() {
    let (jars, host) = jars();
    let jars = jars.with_snapshots(2, 1);
    execute(&jars, &host, JarCommand::Fill(3));
    assert_eq!(snapshot(&jars), None);
    execute(&jars, &host, JarCommand::Take(1));
    assert!(snapshot(&jars).is_some());
    // A snapshot that differs from the events shows that it was used.
    write_snapshot(&jars, &json!({"schema": 1, "version": 2, "state": {"left": 50}}));
    assert_eq!(execute(&jars, &host, JarCommand::Take(1)).state.left, 49);
    // One that lies after the version that was asked for is not.
    assert_eq!(block_on(jars.load_at(&Tenant::default(), &1, At::Version(1))).unwrap().state.left, 3);
}

/// JSON has texts alone as keys.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Grid {
    cells: std::collections::BTreeMap<(u8, u8), u8>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Painted {
    Painted { x: u8, y: u8 },
}

impl crate::Event for Painted {}

impl Aggregate for Grid {
    const KIND: &'static str = "grid";
    type Id = u32;
    type Command = (u8, u8);
    type Event = Painted;
    type Rejection = Empty;

    fn decide(&self, (x, y): (u8, u8), _: &Context) -> Result<Vec<Painted>, Empty> {
        Ok(vec![Painted::Painted { x, y }])
    }

    fn apply(&mut self, Painted::Painted { x, y }: &Painted) {
        *self.cells.entry((*x, *y)).or_default() += 1;
    }
}

#[test]
fn a_state_that_cant_be_kept_as_a_snapshot_is_loaded_from_its_events() {
    let (store, host) = memory();
    let grids = Repository::<Grid>::new(store).with_snapshots(2, 1);
    for x in 0..5 {
        block_on(grids.execute(&1, (x, 0), &host.context())).unwrap();
    }
    let loaded = block_on(grids.load(&Tenant::default(), &1)).unwrap();
    assert_eq!((loaded.version, loaded.state.cells.len()), (5, 5));
}

#[test]
fn a_large_state_is_written_as_a_snapshot_more_rarely() {
    let (jars, host) = jars();
    let jars = jars.with_snapshots(2, 1);
    execute(&jars, &host, JarCommand::Fill(100));
    execute(&jars, &host, JarCommand::Take(1));
    let padding = "x".repeat(10 * 128);
    write_snapshot(&jars, &json!({"schema": 1, "version": 2, "state": {"left": 99}, "padding": padding}));
    let large = snapshot(&jars);
    for _ in 0..9 {
        execute(&jars, &host, JarCommand::Take(1));
    }
    assert_eq!(snapshot(&jars), large, "nine events are less than it");
    execute(&jars, &host, JarCommand::Take(1));
    assert_ne!(snapshot(&jars), large);
    assert_eq!(block_on(jars.load(&Tenant::default(), &1)).unwrap(), Loaded::new(Jar { left: 89 }, 12));
}

#[test]
fn however_large_a_state_is_its_snapshot_is_renewed_in_the_end() {
    let (jars, host) = jars();
    let jars = jars.with_snapshots(2, 1);
    execute(&jars, &host, JarCommand::Fill(100));
    execute(&jars, &host, JarCommand::Take(1));
    let padding = "x".repeat(1_000 * 128);
    write_snapshot(&jars, &json!({"schema": 1, "version": 2, "state": {"left": 99}, "padding": padding}));
    let large = snapshot(&jars);
    for _ in 0..31 {
        execute(&jars, &host, JarCommand::Take(1));
    }
    assert_eq!(snapshot(&jars), large);
    execute(&jars, &host, JarCommand::Take(1));
    assert_ne!(snapshot(&jars), large);
}

#[test]
fn a_snapshot_of_a_later_schema_is_not_written_over_at_once() {
    let (jars, host) = jars();
    let jars = jars.with_snapshots(2, 1);
    for _ in 0..4 {
        execute(&jars, &host, JarCommand::Fill(1));
    }
    write_snapshot(&jars, &json!({"schema": 2, "version": 4, "state": {"right": 4}}));
    let theirs = snapshot(&jars);
    assert_eq!(execute(&jars, &host, JarCommand::Fill(1)).state.left, 5);
    assert_eq!(snapshot(&jars), theirs);
    execute(&jars, &host, JarCommand::Fill(1));
    assert_ne!(snapshot(&jars), theirs);
}

#[test]
fn a_snapshot_of_another_schema_or_no_sense_is_passed_over() {
    let (jars, host) = jars();
    execute(&jars, &host, JarCommand::Fill(3));
    let jars = jars.with_snapshots(100, 2);
    for unfit in [
        json!({"schema": 1, "version": 1, "state": {"left": 50}}),
        json!({"schema": 2, "version": 1, "state": {"right": 50}}),
        json!("nonsense"),
    ] {
        write_snapshot(&jars, &unfit);
        let loaded = block_on(jars.load(&Tenant::default(), &1)).unwrap();
        assert_eq!(loaded, Loaded::new(Jar { left: 3 }, 1));
    }
}

#[test]
fn old_events_are_loaded_through_upcasters() {
    let (jars, host) = jars();
    let old = NewEvent { event_type: "Put".into(), schema: 1, payload: b"4".to_vec() };
    let commit = Commit::within(&host.context()).append(StreamId::new("jar", 1), Expected::ABSENT, vec![old]);
    block_on(jars.store().commit(commit)).unwrap();
    assert_eq!(block_on(jars.load(&Tenant::default(), &1)).unwrap_err().kind(), Kind::Terminal);
    let jars = jars.with_upcasters(Upcasters::new().from("Put", 1, |amount| {
        Ok(Upcasted::renamed("Filled", 1, json!({"amount": amount, "left": amount})))
    }));
    assert_eq!(block_on(jars.load(&Tenant::default(), &1)).unwrap().state.left, 4);
}

fn write_snapshot(jars: &Repository<Jar>, body: &serde_json::Value) {
    let write = crate::commit::DocumentWrite::json("snapshots", "jar/1", Expected::Any, body).unwrap();
    block_on(jars.store().commit(Commit::new().document(write))).unwrap();
}
