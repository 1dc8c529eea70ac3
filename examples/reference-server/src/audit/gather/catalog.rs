use commerce_core::Aggregate;
use commerce_core::catalog::{Category, PRODUCT_VIEW_KIND, Product};
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::RecordedEvent;

use crate::audit::facts::Shop;
use crate::audit::read;
use crate::audit::report::Findings;

/// Products, looks at them, and categories. Of the last two there is nothing to know but that they can be read.
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
        PRODUCT_VIEW_KIND => drop(read::event::<Product>(event, findings)),
        Category::KIND => drop(read::event::<Category>(event, findings)),
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "catalog", findings, take).await
}
