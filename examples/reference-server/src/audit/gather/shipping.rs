use commerce_core::Aggregate;
use commerce_core::shipping::Shipment;
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::RecordedEvent;

use crate::audit::facts::Shop;
use crate::audit::read;
use crate::audit::report::Findings;

/// Shipments.
pub(super) async fn log(
    store: &dyn Store,
    shop: &mut Shop,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |event: &RecordedEvent, findings: &mut Findings| match event.stream.kind() {
        Shipment::KIND => {
            if let Some((id, changed)) = read::event::<Shipment>(event, findings) {
                shop.of(&event.tenant).shipments.entry(id).or_default().apply(&changed);
            }
        }
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "shipping", findings, take).await
}
