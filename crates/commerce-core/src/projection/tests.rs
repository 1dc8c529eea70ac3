mod fold;
mod rebuild;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use async_trait::async_trait;

use super::generations::Generations;
use super::*;
use crate::commit::{Commit, DocumentWrite, Expected, FieldValue, NewMessage};
use crate::error::Kind;
use crate::fixture::{Jar, JarCommand, JarEvent, block_on, memory};
use crate::host::Host;
use crate::id::Tenant;
use crate::memory::MemoryStore;
use crate::repository::Repository;
use crate::store::{Query, ReadMessages, Store};
use crate::stream::{Position, RecordedEvent};
use crate::testing::TestHost;
use crate::upcast;

/// How many sweets are left in each jar, and who took how many; each one taken is announced.
struct Sweets {
    version: AtomicU32,
    /// The position of an event that it can't take in.
    breaks_at: AtomicU64,
}

const LEFT: &str = "sweets-left";
const TAKEN: &str = "sweets-taken";

#[async_trait]
impl Projection for Sweets {
    fn name(&self) -> &str {
        "sweets"
    }

    fn version(&self) -> u32 {
        self.version.load(Ordering::Relaxed)
    }

    fn collections(&self) -> &[&'static str] {
        &[LEFT, TAKEN]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        let jar = event.stream.id();
        let left = match upcast::decode(event)? {
            JarEvent::Filled { left, .. } => left,
            JarEvent::Taken { by, left } => {
                let by = by.to_string();
                let count: u64 = views.get(TAKEN, &by).await?.unwrap_or(0);
                let fields = vec![("count".into(), FieldValue::Integer(count as i64 + 1))];
                views.put_with(TAKEN, &by, &(count + 1), fields)?;
                views.send(NewMessage::new("taken", by));
                left
            }
        };
        match left {
            0 => views.delete(LEFT, jar)?,
            left => views.put(LEFT, jar, &left)?,
        }
        // Only now, so that the event has left its traces.
        match event.position > 0 && event.position == self.breaks_at.load(Ordering::Relaxed) {
            true => Err(ProjectionError::Other("too sweet".into())),
            false => Ok(()),
        }
    }
}

struct Bench {
    store: Arc<MemoryStore>,
    host: Arc<TestHost>,
    sweets: Arc<Sweets>,
    projector: Projector,
    reader: ProjectionReader,
}

fn bench() -> Bench {
    let (store, host) = memory();
    let sweets = Arc::new(Sweets { version: AtomicU32::new(1), breaks_at: AtomicU64::new(0) });
    let projector = Projector::new(store.clone(), sweets.clone());
    let reader = ProjectionReader::new(store.clone(), "sweets");
    Bench { store, host, sweets, projector, reader }
}

impl Bench {
    fn execute(&self, tenant: &Tenant, jar: u32, command: JarCommand) {
        let context = self.host.context().with_tenant(tenant.clone());
        block_on(Repository::<Jar>::new(self.store.clone()).execute(&jar, command, &context)).unwrap();
    }

    fn fill_and_take(&self, taken: u32) {
        self.execute(&Tenant::default(), 1, JarCommand::Fill(10));
        (0..taken).for_each(|_| self.execute(&Tenant::default(), 1, JarCommand::Take(7)));
    }

    fn catch_up(&self) {
        while !block_on(self.projector.run_batch(3)).unwrap().caught_up {}
    }

    fn left(&self, tenant: &Tenant, jar: &str) -> Option<u64> {
        block_on(self.reader.get(tenant, LEFT, jar)).unwrap()
    }

    fn taken(&self) -> Option<u64> {
        block_on(self.reader.get(&Tenant::default(), TAKEN, "7")).unwrap()
    }

    fn messages(&self) -> usize {
        let request = ReadMessages { partition: 0, after: 0, topics: &[], limit: 1_000 };
        block_on(self.store.read_messages(request)).unwrap().messages.len()
    }

    fn in_collection(&self, collection: &'static str) -> usize {
        block_on(self.store.documents(&Query::all_tenants(collection))).unwrap().len()
    }

    fn checkpoint(&self, reader: &str) -> Position {
        block_on(self.store.checkpoint(reader)).unwrap()
    }
}

#[test]
fn events_are_taken_in_once_over_many_batches() {
    let bench = bench();
    bench.fill_and_take(7);
    bench.catch_up();
    bench.catch_up();
    assert_eq!((bench.left(&Tenant::default(), "1"), bench.taken()), (Some(3), Some(7)));
    assert_eq!(bench.messages(), 7);
}

#[test]
fn each_tenants_documents_are_its_own() {
    let bench = bench();
    let other = Tenant::new("other");
    for amount in 1..=3 {
        bench.execute(&Tenant::default(), 1, JarCommand::Fill(1));
        bench.execute(&other, 1, JarCommand::Fill(10 * amount));
    }
    bench.catch_up();
    assert_eq!((bench.left(&Tenant::default(), "1"), bench.left(&other, "1")), (Some(3), Some(60)));
}

#[test]
fn an_event_that_cant_be_taken_in_stops_it_just_before() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.sweets.breaks_at.store(4, Ordering::Relaxed);
    let error = block_on(bench.projector.run_batch(100)).unwrap_err();
    assert_eq!(error.kind(), Kind::Terminal);
    let text = error.to_string();
    assert!(text.contains("position 4") && text.contains("jar/1") && text.contains("too sweet"), "{text}");
    assert_eq!((bench.taken(), bench.messages()), (Some(2), 2));
    bench.sweets.breaks_at.store(0, Ordering::Relaxed);
    bench.catch_up();
    assert_eq!((bench.taken(), bench.messages()), (Some(5), 5));
}

/// Lets another projector pass while this one is at work.
struct Overtaken(Arc<Sweets>, Projector);

#[async_trait]
impl Projection for Overtaken {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn version(&self) -> u32 {
        self.0.version()
    }

    fn collections(&self) -> &[&'static str] {
        self.0.collections()
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        self.1.run_batch(100).await.unwrap();
        self.0.project(event, views).await
    }
}

#[test]
fn a_projector_that_is_overtaken_has_no_effect() {
    let bench = bench();
    bench.fill_and_take(5);
    let slow = Overtaken(bench.sweets.clone(), bench.projector.clone());
    let error = block_on(Projector::new(bench.store.clone(), Arc::new(slow)).run_batch(100)).unwrap_err();
    assert!(matches!(error, Error::Overtaken { .. }), "{error}");
    assert_eq!((bench.taken(), bench.messages()), (Some(5), 5));
}

#[test]
fn documents_are_found_by_their_fields_and_deleted_ones_not_at_all() {
    let bench = bench();
    bench.fill_and_take(10);
    bench.execute(&Tenant::default(), 2, JarCommand::Fill(4));
    bench.catch_up();
    assert_eq!(bench.left(&Tenant::default(), "1"), None);
    let query = Query::of(&Tenant::default(), TAKEN).at_least("count", 10);
    assert_eq!(block_on(bench.reader.query(&query)).unwrap().len(), 1);
    let query = Query::of(&Tenant::default(), TAKEN).at_least("count", 11);
    assert!(block_on(bench.reader.query(&query)).unwrap().is_empty());
}

#[test]
fn a_new_version_has_to_rebuild_before_it_goes_on() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.catch_up();
    bench.sweets.version.store(2, Ordering::Relaxed);
    let error = block_on(bench.projector.run_batch(10)).unwrap_err();
    assert!(matches!(error, Error::NeedsRebuild { built: 1, here: 2, .. }), "{error}");
    block_on(bench.projector.rebuild(2)).unwrap();
    bench.fill_and_take(1);
    bench.catch_up();
    assert_eq!((bench.taken(), bench.messages()), (Some(6), 6));
}

#[test]
fn an_older_version_leaves_alone_what_a_newer_one_has_built_unless_it_is_told_to_rebuild() {
    let bench = bench();
    bench.sweets.version.store(2, Ordering::Relaxed);
    bench.fill_and_take(5);
    bench.catch_up();
    bench.sweets.version.store(1, Ordering::Relaxed);
    let error = block_on(bench.projector.run_batch(10)).unwrap_err();
    assert!(matches!(error, Error::BuiltByNewer { built: 2, here: 1, .. }), "{error}");
    assert!(error.to_string().contains("too old"), "{error}");
    block_on(bench.projector.rebuild(2)).unwrap();
    bench.catch_up();
    assert_eq!((bench.taken(), bench.messages()), (Some(5), 5));
}

#[test]
fn a_projector_whose_generation_is_replaced_under_it_looks_again() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.catch_up();
    bench.fill_and_take(1);
    let store: Arc<dyn Store> = bench.store.clone();
    let (before, _) = block_on(Generations::open(&store, &*bench.sweets, false)).unwrap();
    block_on(bench.projector.rebuild(100)).unwrap();
    let error = block_on(bench.projector.run_live(&before, 100)).unwrap_err();
    assert!(matches!(error, Error::Overtaken { .. }), "{error}");
    assert_eq!(block_on(bench.reader.position()).unwrap(), 6);
    bench.catch_up();
    assert_eq!((bench.taken(), block_on(bench.reader.position()).unwrap()), (Some(6), 8));
}

#[test]
fn a_batch_of_none_is_one_of_one() {
    let bench = bench();
    bench.fill_and_take(1);
    let progress = || block_on(bench.projector.run_batch(0)).unwrap();
    assert_eq!((progress().events, progress().events, progress().caught_up), (1, 1, true));
}

#[test]
fn how_it_stands_is_told_and_what_it_holds_is_counted() {
    let bench = bench();
    let before = block_on(bench.projector.status()).unwrap();
    assert_eq!((before.name.as_str(), before.here, before.live), ("sweets", 1, None));
    assert!(
        block_on(bench.projector.count(&Tenant::default())).unwrap().iter().all(|(_, count)| *count == 0)
    );
    bench.fill_and_take(5);
    bench.catch_up();
    block_on(bench.projector.rebuild(2)).unwrap();
    bench.sweets.version.store(2, Ordering::Relaxed);
    let after = block_on(bench.projector.status()).unwrap();
    let live = after.live.unwrap();
    assert_eq!((after.here, live.generation, live.built, live.position), (2, 2, 1, Some(6)));
    assert!(!after.rebuilding);
    assert_eq!(block_on(bench.projector.count(&Tenant::default())).unwrap(), [(LEFT, 1), (TAKEN, 1)]);
}

#[test]
fn inline_writes_are_in_the_commit_that_makes_the_events() {
    let bench = bench();
    let inline = block_on(Inline::open(bench.store.clone(), bench.sweets.clone())).unwrap();
    let jars = Repository::<Jar>::new(bench.store.clone());
    for command in [JarCommand::Fill(3), JarCommand::Take(7), JarCommand::Take(7)] {
        let context = bench.host.context();
        let decided = block_on(jars.decide(&1, command, &context)).unwrap();
        let commit = decided.write_to(Commit::within(&context)).unwrap();
        let commit = block_on(inline.project(commit, context.now())).unwrap();
        block_on(bench.store.commit(commit)).unwrap();
    }
    assert_eq!((bench.left(&Tenant::default(), "1"), bench.taken()), (Some(1), Some(2)));
    assert_eq!(bench.messages(), 2);
}

#[test]
fn two_inline_writes_of_one_document_conflict() {
    let bench = bench();
    let inline = block_on(Inline::open(bench.store.clone(), bench.sweets.clone())).unwrap();
    let jars = Repository::<Jar>::new(bench.store.clone());
    bench.execute(&Tenant::default(), 1, JarCommand::Fill(3));
    bench.execute(&Tenant::default(), 2, JarCommand::Fill(3));
    let commits: Vec<_> = [1, 2]
        .map(|jar| {
            let context = bench.host.context();
            let decided = block_on(jars.decide(&jar, JarCommand::Take(7), &context)).unwrap();
            block_on(inline.project(decided.write_to(Commit::within(&context)).unwrap(), context.now()))
                .unwrap()
        })
        .into();
    let answers: Vec<_> = commits.into_iter().map(|commit| block_on(bench.store.commit(commit))).collect();
    assert!(matches!(&answers[..], [Ok(_), Err(error)] if error.kind() == Kind::Conflict), "{answers:?}");
}

#[test]
fn a_read_model_is_written_one_way_only() {
    let bench = bench();
    let inline = || block_on(Inline::open(bench.store.clone(), bench.sweets.clone()));
    assert!(inline().is_ok());
    let error = block_on(bench.projector.run_batch(1)).unwrap_err();
    assert!(matches!(error, Error::OtherWay { inline: true, .. }), "{error}");
    bench.fill_and_take(2);
    block_on(bench.projector.rebuild(100)).unwrap();
    assert_eq!((bench.taken(), bench.messages()), (Some(2), 0));
    assert!(inline().is_ok());
}

#[test]
fn a_collection_that_was_not_named_is_refused() {
    let bench = bench();
    let mut views = Views::new(&*bench.store, Tenant::default(), &[LEFT], 1, false);
    let error = views.put("elsewhere", "1", &1).unwrap_err();
    assert!(error.to_string().contains("elsewhere") && error.kind() == Kind::Bug, "{error}");
}
