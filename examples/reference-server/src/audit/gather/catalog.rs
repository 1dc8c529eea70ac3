use commerce_core::Aggregate;
use commerce_core::catalog::{Category, Product};
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::RecordedEvent;

use crate::audit::facts::Shop;
use crate::audit::read;
use crate::audit::report::Findings;

/// Products and categories. Of categories there is nothing to know but that they can be read.
pub(super) async fn log(
    store: &dyn Store,
    shop: &mut Shop,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |event: &RecordedEvent, findings: &mut Findings| match event.stream.kind() {
        Product::KIND => {
            if let Some((id, changed)) = read::event::<Product>(event, findings) {
                shop.of(&event.tenant).products.entry(id).or_default().apply(&changed);
            }
        }
        Category::KIND => drop(read::event::<Category>(event, findings)),
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "catalog", findings, take).await
}
