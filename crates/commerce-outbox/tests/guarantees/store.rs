//! The store on which the guarantees are proved here. `tests/processes` proves them on another.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;

/// A store of its own, empty, on the host's clock.
pub(crate) async fn new_store(host: Arc<dyn Host>, partitions: u32) -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(host).with_partitions(partitions))
}
