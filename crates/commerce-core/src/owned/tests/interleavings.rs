//! Whatever happens in whatever order, the log is what sequential decisions would have written.

use std::collections::BTreeMap;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// Someone new wants a sweet from each of these jars.
    Call(Vec<u32>),
    /// A caller that waits is polled; the number chooses which.
    Poll(usize),
    /// A caller goes away.
    Drop(usize),
    Apply,
    Fail,
    Lose(bool),
    /// A stranger writes one event, as a decision would.
    Stranger(u32),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(0_u32..3, 1..4).prop_map(|mut jars| { jars.sort(); jars.dedup(); Step::Call(jars) }),
        8 => any::<usize>().prop_map(Step::Poll),
        1 => any::<usize>().prop_map(Step::Drop),
        8 => Just(Step::Apply),
        2 => Just(Step::Fail),
        1 => any::<bool>().prop_map(Step::Lose),
        2 => (0_u32..3).prop_map(Step::Stranger),
        1 => Just(Step::Clear),
    ]
}

/// What a caller was told: that it got its sweets, that it did not, or nothing certain.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Got,
    Nothing,
    NotKnown,
}

fn told(answer: &Answer) -> Told {
    match answer {
        Ok(_) => Told::Got,
        Err(OwnedError::Commit(CommitError::Unknown { .. })) => Told::NotKnown,
        Err(_) => Told::Nothing,
    }
}

fn run(steps: Vec<Step>, capacity: usize) {
    let bench = bench(capacity);
    (0..3).for_each(|jar| bench.stranger_fills(jar, 4));
    let mut calls: Vec<&'static [u32]> = Vec::new();
    let mut waiting: Vec<(u32, Caller<'_>)> = Vec::new();
    let mut answers: BTreeMap<u32, Told> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Call(jars) => {
                let jars: &'static [u32] = Vec::leak(jars);
                let by = calls.len() as u32;
                calls.push(jars);
                waiting.push((by, bench.take(by, jars, Commit::new())));
            }
            Step::Poll(n) if !waiting.is_empty() => {
                let n = n % waiting.len();
                if let Some(answer) = poll_once(&mut waiting[n].1) {
                    answers.insert(waiting.swap_remove(n).0, told(&answer));
                }
            }
            Step::Drop(n) if !waiting.is_empty() => {
                let (by, _) = waiting.swap_remove(n % waiting.len());
                answers.insert(by, Told::NotKnown);
            }
            Step::Apply => bench.store.apply_next(false),
            Step::Fail => bench.store.apply_next(true),
            Step::Lose(fail) => bench.store.lose_next(fail),
            Step::Stranger(jar) => bench.stranger_fills(jar, 1),
            Step::Clear => bench.owned.clear(),
            Step::Poll(_) | Step::Drop(_) => {}
        }
    }
    for (by, mut caller) in waiting {
        answers.insert(by, told(&bench.finish(&mut caller)));
    }
    while bench.store.waiting() > 0 {
        bench.store.apply_next(false);
    }
    check(&bench, &calls, &answers);
}

/// Replays the log: each event must tell what was really left, and each caller have had what it was told.
fn check(bench: &Bench, calls: &[&[u32]], answers: &BTreeMap<u32, Told>) {
    let mut left: BTreeMap<String, u64> = BTreeMap::new();
    let mut taken: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for record in block_on(bench.store.inner.read_log(0, 100_000)).unwrap() {
        let jar = left.entry(record.stream.as_str().to_owned()).or_default();
        match crate::event::decode(&record.event_type, &record.payload).unwrap() {
            JarEvent::Filled { amount, left } => {
                *jar += amount;
                assert_eq!(*jar, left);
            }
            JarEvent::Taken { by, left } => {
                *jar = jar.checked_sub(1).expect("a sweet from an empty jar");
                assert_eq!(*jar, left, "decided on a state that never was");
                taken.entry(by).or_default().push(record.stream.id().parse().unwrap());
            }
        }
    }
    for (by, jars) in (0..).zip(calls) {
        let got = taken.get(&by).map_or(&[][..], Vec::as_slice);
        match answers[&by] {
            Told::Got => assert_eq!(got, *jars),
            Told::Nothing => assert!(got.is_empty(), "{got:?} although it was told otherwise"),
            Told::NotKnown => assert!(got.is_empty() || got == *jars, "{got:?} of {jars:?}"),
        }
    }
    // What is held now is what the log says: the next decision must see it at once.
    for jar in 0..3 {
        let context = bench.host.context();
        let mut look: Pin<Box<dyn Future<Output = _>>> =
            Box::pin(bench.owned.decide(&context, std::slice::from_ref(&jar), |held| {
                Ok::<_, Empty>(Decision::new(held.get(&jar).unwrap().left))
            }));
        assert_eq!(bench.finish(&mut look).unwrap().0, bench.left(jar));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_equals_sequential_decisions(
        steps in prop::collection::vec(step(), 1..120),
        capacity in prop_oneof![Just(1_usize), Just(100)],
    ) {
        run(steps, capacity);
    }
}
