//! The store on which the promises are proved here. `tests/processes` proves them on another.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;

/// A store of its own, empty, on the host's clock.
pub async fn new_store(host: Arc<dyn Host>) -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(host))
}
