use commerce_core::Aggregate;
use commerce_core::id::{OrderId, ProductId, Tenant};
use commerce_core::inventory::reservation::{Reservation, ReservationStatus};
use commerce_core::inventory::{StockEvent, StockItem};
use commerce_core::store::{Document, Store, StoreError};
use commerce_core::stream::RecordedEvent;
use uuid::Uuid;

use crate::audit::facts::{Facts, Goods, ReservationFacts, Shop, signed};
use crate::audit::invariant::{DOCUMENT_MISFILED, RESERVED_ABOVE_ON_HAND, STOCK_NOT_CONSERVED};
use crate::audit::read;
use crate::audit::report::Findings;
use crate::services::inventory::{KEPT_ALONE, RESERVATIONS, kept_alone_id};

/// Stock items, looked at after each of their events.
pub(super) async fn log(
    store: &dyn Store,
    shop: &mut Shop,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |event: &RecordedEvent, findings: &mut Findings| match event.stream.kind() {
        StockItem::KIND => {
            if let Some((id, changed)) = read::event::<StockItem>(event, findings) {
                let facts = shop.of(&event.tenant);
                facts.move_goods(id, &changed, event.metadata.correlation);
                apply(facts.items.entry(id).or_default(), id, &changed, event, findings);
            }
        }
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "inventory", findings, take).await
}

/// Reports the event that breaks an item, not those that leave it broken.
fn apply(
    item: &mut StockItem,
    id: ProductId,
    changed: &StockEvent,
    event: &RecordedEvent,
    findings: &mut Findings,
) {
    let promised_too_much = |item: &StockItem| item.reserved() > item.on_hand();
    let (promised, conserved) = (promised_too_much(item), item.conservation_holds());
    item.apply(changed);
    let subject = || format!("stock item {id}");
    if !promised && promised_too_much(item) {
        let detail = format!(
            "has {} reserved of {} on hand after event {}",
            item.reserved(),
            item.on_hand(),
            event.version
        );
        findings.breach(RESERVED_ABOVE_ON_HAND, subject(), detail);
    }
    if conserved && !item.conservation_holds() {
        let detail = format!(
            "began with {}, was given {}, and has {} on hand, {} shipped out, {} written off after event {}",
            item.initial(),
            item.restocked(),
            item.on_hand(),
            item.shipped_out(),
            item.written_off(),
            event.version
        );
        findings.breach(STOCK_NOT_CONSERVED, subject(), detail);
    }
}

impl Facts {
    /// Counts what an event moves over the counter.
    fn move_goods(&mut self, product_id: ProductId, event: &StockEvent, correlation: Uuid) {
        match event {
            StockEvent::ReservationConfirmed { order_id, quantity } => {
                self.handed_out.entry(*order_id).or_default().add(product_id, signed(*quantity));
            }
            StockEvent::StockAdjusted { quantity, order_id: Some(order_id), .. } => {
                self.put_back.add(product_id, *quantity);
                let back = quantity.saturating_neg();
                self.handed_out.entry(*order_id).or_default().add(product_id, back);
            }
            StockEvent::StockAdjusted { quantity, order_id: None, .. } => {
                self.adjusted.entry(correlation).or_default().add(product_id, *quantity);
            }
            _ => {}
        }
    }
}

/// The records of what is kept for orders.
pub(super) async fn reservations(
    store: &dyn Store,
    tenant: &Tenant,
    facts: &mut Facts,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |document: &Document, findings: &mut Findings| {
        findings.count("reservations", 1);
        let Some(record) = read::body::<Reservation>(document, findings) else { return };
        let order_id = record.order_id();
        if document.id != order_id.to_string() {
            let subject = format!("document {RESERVATIONS}/{}", document.id);
            findings.breach(DOCUMENT_MISFILED, subject, format!("is the reservation of order {order_id}"));
            return;
        }
        let mut goods = Goods::default();
        for line in record.lines() {
            goods.add(line.product_id, signed(line.quantity));
        }
        let as_ordered = facts.orders.get(&order_id).is_some_and(|order| order.demand == goods);
        let status = record.status();
        let kept = if status == ReservationStatus::Active { goods } else { Goods::default() };
        facts.reservations.insert(order_id, ReservationFacts { status, as_ordered, kept });
    };
    read::documents(store, tenant, RESERVATIONS, findings, take).await
}

/// The records of what is kept for orders item by item.
pub(super) async fn kept_alone(
    store: &dyn Store,
    tenant: &Tenant,
    facts: &mut Facts,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |document: &Document, findings: &mut Findings| {
        findings.count("item_reservations", 1);
        let Some(record) = read::body::<Reservation>(document, findings) else { return };
        let order_id = record.order_id();
        for line in record.lines() {
            if document.id != kept_alone_id(order_id, line.product_id) {
                let subject = format!("document {KEPT_ALONE}/{}", document.id);
                let detail =
                    format!("is the reservation of product {} for order {order_id}", line.product_id);
                findings.breach(DOCUMENT_MISFILED, subject, detail);
                continue;
            }
            facts.take_alone(order_id, line.product_id, signed(line.quantity), record.status());
        }
    };
    read::documents(store, tenant, KEPT_ALONE, findings, take).await
}

impl Facts {
    /// What was handed out by hand is none of the order's checkout, and is explained by its record.
    fn take_alone(
        &mut self,
        order_id: OrderId,
        product_id: ProductId,
        quantity: i64,
        status: ReservationStatus,
    ) {
        match status {
            ReservationStatus::Active => {
                self.kept_alone.insert((order_id, product_id), quantity);
            }
            ReservationStatus::Confirmed => {
                self.handed_out.entry(order_id).or_default().add(product_id, quantity.saturating_neg());
                self.handed_out_alone.entry(order_id).or_default().add(product_id, quantity);
            }
            _ => {}
        }
    }
}
