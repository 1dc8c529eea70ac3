use super::*;
use crate::commit::NewEvent;
use crate::stream::StreamId;

/// How many sweets each jar has given, those to 7 apart.
fn given(version: u32) -> Fold<Jar, u64> {
    let jar = |event: &JarEvent, record: &RecordedEvent| match event {
        JarEvent::Filled { .. } => None,
        JarEvent::Taken { by, .. } => Some(format!("{} to {by}", record.stream.id())),
    };
    Fold::new("given", version, jar, |given, _| *given += 1)
}

#[test]
fn a_fold_sums_up_the_events_of_a_key() {
    let bench = bench();
    bench.fill_and_take(3);
    bench.execute(&Tenant::default(), 1, JarCommand::Take(8));
    bench.execute(&Tenant::new("other"), 1, JarCommand::Fill(9));
    let projector = Projector::new(bench.store.clone(), Arc::new(given(1)));
    while !block_on(projector.run_batch(2)).unwrap().caught_up {}
    let reader = ProjectionReader::new(bench.store.clone(), "given");
    let to = |key: &str| block_on(reader.get::<u64>(&Tenant::default(), "given", key)).unwrap();
    assert_eq!((to("1 to 7"), to("1 to 8"), to("1 to 9")), (Some(3), Some(1), None));
    assert_eq!(bench.in_collection("given@1"), 2);
}

#[test]
fn a_fold_passes_over_other_kinds_and_stops_at_what_it_cant_read() {
    let bench = bench();
    let append = |kind| {
        let event = NewEvent { event_type: "Spilt".into(), schema: 1, payload: b"{}".to_vec() };
        let stream = StreamId::new(kind, 1);
        block_on(bench.store.commit(Commit::new().append(stream, Expected::ABSENT, vec![event]))).unwrap();
    };
    let projector = Projector::new(bench.store.clone(), Arc::new(given(1)));
    append("bottle");
    assert_eq!(block_on(projector.run_batch(9)).unwrap().position, 1);
    append("jar");
    let error = block_on(projector.run_batch(9)).unwrap_err();
    assert!(error.to_string().contains("jar/1"), "{error}");
}

#[test]
fn a_fold_whose_version_has_changed_is_rebuilt() {
    let bench = bench();
    bench.fill_and_take(1);
    let of = |version| Projector::new(bench.store.clone(), Arc::new(given(version)));
    block_on(of(1).run_batch(9)).unwrap();
    assert!(matches!(block_on(of(2).run_batch(9)).unwrap_err(), Error::NeedsRebuild { .. }));
}
