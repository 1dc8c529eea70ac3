use std::collections::HashMap;

use commerce_core::Aggregate;
use commerce_core::id::{ShipmentId, Tenant};
use commerce_core::shipping::{Shipment, ShipmentEvent};
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
    let mut shipments: HashMap<(Tenant, ShipmentId), Folded> = HashMap::new();
    let take = |event: &RecordedEvent, findings: &mut Findings| match event.stream.kind() {
        Shipment::KIND => {
            if let Some((id, changed)) = read::event::<Shipment>(event, findings) {
                let folded = shipments.entry((event.tenant.clone(), id)).or_default();
                folded.take_in(&changed, event);
            }
        }
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "shipping", findings, take).await?;
    for ((tenant, id), Folded { shipment, by_hand, called_off_by_hand }) in shipments {
        let created = shipment.created().map(|shipment| ShipmentFacts {
            order_id: shipment.order_id(),
            tracking_number: shipment.tracking_number().clone(),
            by_hand,
            status: shipment.status(),
            called_off_by_hand,
        });
        shop.of(&tenant).shipments.insert(id, created);
    }
    Ok(())
}

/// A shipment on its way through the log.
#[derive(Default)]
struct Folded {
    shipment: Shipment,
    by_hand: bool,
    called_off_by_hand: bool,
}

impl Folded {
    fn take_in(&mut self, changed: &ShipmentEvent, event: &RecordedEvent) {
        self.shipment.apply(changed);
        // People have ids; services have names.
        let by_hand = Uuid::parse_str(&event.metadata.actor).is_ok();
        match changed {
            ShipmentEvent::ShipmentCreated { .. } => self.by_hand = by_hand,
            ShipmentEvent::ShipmentCancelled { .. } => self.called_off_by_hand = by_hand,
            _ => {}
        }
    }
}
