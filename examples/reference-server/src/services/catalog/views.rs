//! Looks at products.

use std::sync::Arc;

use commerce_core::Context;
use commerce_core::catalog::{Product, viewed, views_of};
use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::id::{CustomerId, ProductId};
use commerce_core::store::Store;
use tracing::warn;

/// Notes that somebody looks at a product. The note is handed over and not waited for: whoever looks doesn't wait for the
/// disk, and a store that can't write now loses a look, not a reader.
pub(crate) fn note_view(
    store: &Arc<dyn Store>,
    context: &Context,
    id: ProductId,
    product: &Product,
    viewer: Option<CustomerId>,
) {
    let Some(event) = viewed(product, viewer, context) else { return };
    match NewEvent::encode(&event) {
        Ok(event) => {
            let commit = Commit::within(context).append(views_of(id), Expected::Any, vec![event]);
            drop(store.commit(commit));
        }
        Err(error) => warn!(%error, "a look at a product can't be noted"),
    }
}
