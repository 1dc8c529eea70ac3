use std::collections::HashMap;

use commerce_core::Aggregate;
use commerce_core::id::{ShipmentId, Tenant};
use commerce_core::shipping::Shipment;
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::RecordedEvent;
use uuid::Uuid;

use crate::audit::facts::{ShipmentFacts, Shop};
use crate::audit::read;
use crate::audit::report::Findings;

/// Shipments.
pub(super) async fn log(
    store: &dyn Store,
    shop: &mut Shop,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut shipments: HashMap<(Tenant, ShipmentId), (Shipment, bool)> = HashMap::new();
    let take = |event: &RecordedEvent, findings: &mut Findings| match event.stream.kind() {
        Shipment::KIND => {
            if let Some((id, changed)) = read::event::<Shipment>(event, findings) {
                let (shipment, by_hand) = shipments.entry((event.tenant.clone(), id)).or_default();
                shipment.apply(&changed);
                // People have ids; services have names.
                *by_hand |= event.version == 1 && Uuid::parse_str(&event.metadata.actor).is_ok();
            }
        }
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "shipping", findings, take).await?;
    for ((tenant, id), (shipment, by_hand)) in shipments {
        let created = shipment.created().map(|shipment| ShipmentFacts {
            order_id: shipment.order_id(),
            tracking_number: shipment.tracking_number().clone(),
            by_hand,
            status: shipment.status(),
        });
        shop.of(&tenant).shipments.insert(id, created);
    }
    Ok(())
}
