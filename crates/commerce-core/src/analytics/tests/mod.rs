mod calendar;
mod intake;
mod laws;
mod oracle;
mod questions;
mod scenario;
mod segments;

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::commit::{Append, Commit, Expected, NewEvent};
use crate::fixture::{block_on, memory};
use crate::id::{CustomerId, OrderId, PaymentId, ProductId, Tenant};
use crate::memory::MemoryStore;
use crate::projection::{Projection, Projector};
use crate::store::{Query, Store};
use crate::testing::TestHost;
use crate::time::Timestamp;

/// A store with facts, and the figures over them.
struct Bench {
    store: Arc<MemoryStore>,
    host: Arc<TestHost>,
    projector: Projector,
    analytics: Analytics,
}

fn bench() -> Bench {
    let (store, host) = memory();
    let projector = Projector::new(store.clone(), Arc::new(Figures));
    let analytics = Analytics::new(store.clone());
    Bench { store, host, projector, analytics }
}

/// A store that has taken in these facts.
fn given(facts: &[Fact]) -> Bench {
    let bench = bench();
    bench.write(facts, 7);
    bench.catch_up(100);
    bench
}

impl Bench {
    /// Writes facts, so many a commit.
    fn write(&self, facts: &[Fact], together: usize) {
        for some in facts.chunks(together) {
            let mut commit = Commit::new();
            for fact in some {
                let event = NewEvent::encode(fact).unwrap();
                let stream = fact.stream();
                match commit.appends.iter_mut().find(|append| append.stream == stream) {
                    Some(append) => append.events.push(event),
                    None => {
                        commit.appends.push(Append { stream, expected: Expected::Any, events: vec![event] })
                    }
                }
            }
            block_on(self.store.commit(commit)).unwrap();
        }
    }

    /// Takes facts in, so many at once.
    fn catch_up(&self, batch: usize) {
        while !block_on(self.projector.run_batch(batch)).unwrap().caught_up {}
    }

    /// Every document of a generation, except how far it has come.
    fn documents(&self, generation: u32) -> BTreeMap<(String, String), String> {
        let mut documents = BTreeMap::new();
        for collection in Figures.collections().iter().filter(|name| **name != "progress") {
            let query = Query::all_tenants(format!("{collection}@{generation}")).limit(1_000_000);
            for document in block_on(self.store.documents(&query)).unwrap() {
                let body = String::from_utf8(document.body).unwrap();
                documents.insert(((*collection).to_owned(), document.id), body);
            }
        }
        documents
    }
}

#[test]
fn a_fact_of_a_newer_schema_is_refused() {
    let bench = bench();
    let fact = Fact::ProductViewed { product_id: product(1), viewed_at: Timestamp::default() };
    let newer = NewEvent { schema: 99, ..NewEvent::encode(&fact).unwrap() };
    let commit = Commit::new().append(fact.stream(), Expected::Any, vec![newer]);
    block_on(bench.store.commit(commit)).unwrap();
    let error = block_on(bench.projector.run_batch(10)).unwrap_err();
    assert_eq!(error.kind(), crate::error::Kind::Terminal);
    assert!(error.to_string().contains("schema version 99"), "{error}");
    assert!(bench.documents(1).is_empty());
}

fn uuid(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128(kind << 64 | number as u128)
}

fn customer(number: usize) -> CustomerId {
    uuid(1, number).into()
}

fn order(number: usize) -> OrderId {
    uuid(2, number).into()
}

fn product(number: usize) -> ProductId {
    uuid(3, number).into()
}

fn payment(number: usize) -> PaymentId {
    uuid(4, number).into()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse("/date", text).unwrap()
}
