//! Building anew, beside the live one.

use super::*;

#[test]
fn a_rebuild_gives_the_same_again_sends_nothing_and_cleans_up() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.catch_up();
    // What the events don't say is gone after a rebuild.
    let stray = DocumentWrite::json("sweets-taken@1", "99", Expected::ABSENT, &1).unwrap();
    block_on(bench.store.commit(Commit::new().document(stray))).unwrap();
    let rebuilt = block_on(bench.projector.rebuild(2)).unwrap();
    assert_eq!(rebuilt, Rebuilt { generation: 2, events: 6, deleted: 3 });
    assert_eq!((bench.left(&Tenant::default(), "1"), bench.taken()), (Some(5), Some(5)));
    assert_eq!((bench.messages(), bench.in_collection("sweets-taken@1")), (5, 0));
}

/// A later version, which writes less.
struct LeftAlone(Sweets);

#[async_trait]
impl Projection for LeftAlone {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn version(&self) -> u32 {
        2
    }

    fn collections(&self) -> &[&'static str] {
        &[LEFT]
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        match upcast::decode(event)? {
            JarEvent::Filled { left, .. } | JarEvent::Taken { left, .. } => {
                views.put(LEFT, event.stream.id(), &left)
            }
        }
    }
}

#[test]
fn a_rebuild_leaves_nothing_of_a_collection_that_is_written_no_more() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.catch_up();
    let sweets = Sweets { version: AtomicU32::new(2), breaks_at: AtomicU64::new(0) };
    let less = Projector::new(bench.store.clone(), Arc::new(LeftAlone(sweets)));
    block_on(less.rebuild(100)).unwrap();
    assert_eq!((bench.in_collection("sweets-taken@1"), bench.in_collection("sweets-left@2")), (0, 1));
}

#[test]
fn nor_of_one_that_an_older_program_has_entered() {
    let bench = bench();
    bench.fill_and_take(5);
    let entered = serde_json::json!({
        "live": {"number": 1, "version": 1}, "next": null, "retired": [], "last": 1, "inline": false,
    });
    let entered = DocumentWrite::json("projections", "sweets", Expected::ABSENT, &entered).unwrap();
    block_on(bench.store.commit(Commit::new().document(entered))).unwrap();
    bench.catch_up();
    let sweets = Sweets { version: AtomicU32::new(2), breaks_at: AtomicU64::new(0) };
    block_on(Projector::new(bench.store.clone(), Arc::new(LeftAlone(sweets))).rebuild(100)).unwrap();
    assert_eq!((bench.in_collection("sweets-taken@1"), bench.in_collection("sweets-left@2")), (0, 1));
}

#[test]
fn what_was_never_written_is_not_rebuilt_and_can_be_written_in_either_way() {
    let bench = bench();
    bench.fill_and_take(2);
    let nothing = Rebuilt { generation: 0, events: 0, deleted: 0 };
    assert_eq!(block_on(bench.projector.rebuild(100)).unwrap(), nothing);
    assert_eq!(block_on(bench.projector.delete_retired(100)).unwrap(), 0);
    assert!(block_on(Inline::open(bench.store.clone(), bench.sweets.clone())).is_ok());
}

#[test]
fn a_rebuild_stops_where_the_live_one_stands_and_what_follows_is_sent_once() {
    let bench = bench();
    bench.fill_and_take(5);
    block_on(bench.projector.run_batch(3)).unwrap();
    assert_eq!(bench.messages(), 2);
    block_on(bench.projector.rebuild(100)).unwrap();
    assert_eq!((bench.taken(), bench.messages()), (Some(2), 2));
    bench.catch_up();
    assert_eq!((bench.taken(), bench.messages()), (Some(5), 5));
}

#[test]
fn a_rebuild_that_was_interrupted_goes_on_where_it_stopped() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.catch_up();
    bench.sweets.breaks_at.store(4, Ordering::Relaxed);
    assert!(block_on(bench.projector.rebuild(100)).is_err());
    // The live one is read and goes on meanwhile.
    bench.fill_and_take(1);
    bench.sweets.breaks_at.store(0, Ordering::Relaxed);
    bench.catch_up();
    assert_eq!(bench.taken(), Some(6));
    let rebuilt = block_on(bench.projector.rebuild(100)).unwrap();
    assert_eq!((rebuilt.generation, rebuilt.events), (2, 5));
    assert_eq!(bench.taken(), Some(6));
}

#[test]
fn a_rebuild_of_an_outdated_version_is_given_up_for_that_of_the_next() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.catch_up();
    bench.sweets.breaks_at.store(4, Ordering::Relaxed);
    bench.sweets.version.store(2, Ordering::Relaxed);
    assert!(block_on(bench.projector.rebuild(100)).is_err());
    bench.sweets.breaks_at.store(0, Ordering::Relaxed);
    bench.sweets.version.store(3, Ordering::Relaxed);
    assert_eq!(block_on(bench.projector.rebuild(100)).unwrap().generation, 3);
    assert_eq!((bench.in_collection("sweets-taken@2"), bench.in_collection("sweets-taken@3")), (0, 1));
}

#[test]
fn a_projector_that_still_works_on_the_old_generation_can_write_no_more() {
    let bench = bench();
    bench.fill_and_take(5);
    bench.catch_up();
    let stood = bench.checkpoint("projection/sweets@1");
    block_on(bench.projector.rebuild(100)).unwrap();
    let late = Commit::new().checkpoint("projection/sweets@1", stood, stood + 1);
    assert_eq!(block_on(bench.store.commit(late)).unwrap_err().kind(), Kind::Conflict);
}
