//! `MemoryStore` does what every store must do.
#![cfg(feature = "testing")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use commerce_core::Host;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_core::testing::StoreAround;
use commerce_core::testing::conformance::{checks, conformance};

#[test]
fn a_memory_store_passes_every_check() {
    support::block_on(conformance(|host: Arc<dyn Host>| async move { MemoryStore::new(host) }));
}

#[test]
fn so_does_one_with_many_partitions() {
    for partitions in [2, 7] {
        let store = |host: Arc<dyn Host>| async move { MemoryStore::new(host).with_partitions(partitions) };
        support::block_on(conformance(store));
    }
}

/// Changes nothing.
struct Around(MemoryStore);

impl StoreAround for Around {
    fn inner(&self) -> &dyn Store {
        &self.0
    }
}

#[test]
fn so_does_a_store_around_one() {
    let store = |host: Arc<dyn Host>| async move { Around(MemoryStore::new(host).with_partitions(2)) };
    support::block_on(conformance(store));
}

#[test]
fn checks_have_names_of_their_own() {
    assert!(checks().len() > 80, "the suite has {} checks", checks().len());
    assert_eq!(checks().iter().collect::<HashSet<_>>().len(), checks().len());
}
