use std::collections::{HashMap, HashSet};

use commerce_core::Aggregate;
use commerce_core::id::{OrderId, ShipmentId, Tenant};
use commerce_core::shipping::{Shipment, ShipmentEvent};
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::RecordedEvent;
use uuid::Uuid;

use crate::audit::facts::{Facts, ShipmentFacts, Shop};
use crate::audit::read;
use crate::audit::report::Findings;
use crate::services::shipping::{KNOWN_ORDERS, KnownOrder};
use crate::shop::Stores;

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

/// What the shipping service knows of the orders for which staff have packed something.
pub(super) async fn orders(
    stores: &Stores,
    tenant: &Tenant,
    facts: &mut Facts,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    if stores.has_heard_all("shipping", "order").await? {
        return Ok(());
    }
    let packed = facts.shipments.values().flatten().filter(|parcel| parcel.by_hand && parcel.is_packed());
    let orders: HashSet<OrderId> = packed.map(|parcel| parcel.order_id).collect();
    for order_id in orders {
        let found = stores.shipping.document(tenant, KNOWN_ORDERS, &order_id.to_string()).await?;
        let Some(document) = found else { continue };
        let order = read::body::<KnownOrder>(&document, findings);
        if order.is_some_and(|order| order.will_call_parcels_off()) {
            facts.end_unknown_to_shipping.insert(order_id);
        }
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
