//! The rules of inventory, one sentence each.

mod adjusting;
mod alone;
mod barrier;
mod creating;
mod demand;
mod ending;
mod laws;
mod laws_of_one_item;
mod low_stock;
mod record;
mod reserving;
mod settling;
mod whole_order;
mod writing;

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::reservation::{Changes, Demand, Line, Reservation, ReservationRequest, Settlement, settle};
use super::{Reason, StockEvent, StockItem};
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::{OrderId, ProductId};
use crate::testing::{given, test_context};
use crate::time::Timestamp;
use crate::value::Sku;

fn order(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(n))
}

fn product(n: u128) -> ProductId {
    ProductId(Uuid::from_u128(n))
}

fn lamp() -> Sku {
    Sku::parse("LAMP-1").unwrap()
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

fn noon() -> Timestamp {
    test_context().now()
}

fn minutes_after(minutes: u64) -> Timestamp {
    noon().plus(Duration::from_secs(60 * minutes))
}

/// A quarter past.
fn quarter_past() -> Timestamp {
    minutes_after(15)
}

fn at(now: Timestamp) -> Context {
    Context::new(now, test_context().operation())
}

/// An item that is low at nothing left, so that no other test meets a warning.
fn created(initial_stock: u32) -> StockEvent {
    created_low_at(initial_stock, 0)
}

fn created_low_at(initial_stock: u32, reorder_level: u32) -> StockEvent {
    StockEvent::StockItemCreated {
        sku: lamp(),
        name: "Lamp".to_owned(),
        initial_stock,
        reorder_level,
        reorder_quantity: 100,
    }
}

fn reserved(n: u128, quantity: u64) -> StockEvent {
    StockEvent::StockReserved { order_id: order(n), quantity, expires_at: quarter_past() }
}

fn confirmed(n: u128, quantity: u64) -> StockEvent {
    StockEvent::ReservationConfirmed { order_id: order(n), quantity }
}

fn released(n: u128, quantity: u64) -> StockEvent {
    StockEvent::ReservationReleased { order_id: order(n), quantity, reason: reason("changed their mind") }
}

fn expired(n: u128, quantity: u64) -> StockEvent {
    StockEvent::ReservationExpired { order_id: order(n), quantity }
}

fn adjusted(quantity: i64) -> StockEvent {
    StockEvent::StockAdjusted { quantity, reason: reason("counted"), order_id: None, at: noon() }
}

fn item(events: impl IntoIterator<Item = StockEvent>) -> StockItem {
    given::<StockItem>(events).state()
}

fn line(n: u128, quantity: u64) -> Line {
    Line { product_id: product(n), quantity }
}

fn demand(lines: impl IntoIterator<Item = Line>) -> Demand {
    Demand::new(lines).unwrap()
}

fn reserve(n: u128, lines: impl IntoIterator<Item = Line>) -> ReservationRequest {
    ReservationRequest::Reserve { order_id: order(n), demand: demand(lines), expires_at: quarter_past() }
}

fn confirm(n: u128) -> ReservationRequest {
    ReservationRequest::Confirm { order_id: order(n) }
}

fn release(n: u128) -> ReservationRequest {
    ReservationRequest::Release { order_id: order(n), reason: reason("changed their mind") }
}

fn expire(n: u128) -> ReservationRequest {
    ReservationRequest::Expire { order_id: order(n) }
}

/// A warehouse whose every settlement is committed at once.
#[derive(Default)]
struct Warehouse {
    items: BTreeMap<ProductId, StockItem>,
    log: BTreeMap<ProductId, Vec<StockEvent>>,
    records: BTreeMap<OrderId, Reservation>,
}

impl Warehouse {
    /// Items 1, 2, … with this much stock each.
    fn with(stock: impl IntoIterator<Item = u32>) -> Self {
        let mut warehouse = Self::default();
        for (n, initial_stock) in (1..).zip(stock) {
            warehouse.commit([(product(n), vec![created(initial_stock)])]);
        }
        warehouse
    }

    fn item(&self, n: u128) -> &StockItem {
        &self.items[&product(n)]
    }

    fn record(&self, n: u128) -> &Reservation {
        &self.records[&order(n)]
    }

    fn available(&self) -> Vec<u64> {
        self.items.values().map(StockItem::available).collect()
    }

    fn commit(&mut self, changes: impl IntoIterator<Item = (ProductId, Vec<StockEvent>)>) {
        for (product_id, events) in changes {
            let item = self.items.entry(product_id).or_default();
            events.iter().for_each(|event| item.apply(event));
            self.log.entry(product_id).or_default().extend(events);
        }
    }

    fn settle_at(&mut self, now: Timestamp, request: &ReservationRequest) -> Settlement {
        let existing = self.records.get(&request.order_id());
        let settlement = settle(existing, request, |id| self.items.get(&id), &at(now));
        self.commit(settlement.changes.clone());
        if let Some(record) = settlement.record.clone() {
            self.records.insert(record.order_id(), record);
        }
        settlement
    }

    fn settle(&mut self, request: &ReservationRequest) -> Settlement {
        self.settle_at(noon(), request)
    }
}

fn nothing() -> Changes {
    Changes::new()
}
