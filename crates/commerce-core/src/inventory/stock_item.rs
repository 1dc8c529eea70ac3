//! The state of a stock item.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::StockEvent;
use crate::id::OrderId;
use crate::time::Timestamp;
use crate::value::Sku;

/// The stock of one product. All quantities are pieces.
///
/// Reservations are kept only while they are active. What became of one that has ended is in the order's
/// [`Reservation`](super::reservation::Reservation).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StockItem {
    sku: Option<Sku>,
    name: String,
    initial: u64,
    on_hand: u64,
    reserved: u64,
    shipped_out: u64,
    restocked: u64,
    written_off: u64,
    reorder_level: u32,
    reorder_quantity: u32,
    last_restocked_at: Option<Timestamp>,
    // Order ids grow with time, so new ones go to the map's end and a snapshot is the same each time it is written.
    holds: BTreeMap<OrderId, Hold>,
}

/// An active reservation of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// How many are kept.
    pub quantity: u64,
    /// Until when.
    pub expires_at: Timestamp,
}

impl StockItem {
    /// Whether the product has been taken into stock.
    pub fn exists(&self) -> bool {
        self.sku.is_some()
    }

    /// Its stock-keeping unit, once it exists.
    pub fn sku(&self) -> Option<&Sku> {
        self.sku.as_ref()
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many are in the house, reserved ones included.
    pub fn on_hand(&self) -> u64 {
        self.on_hand
    }

    /// How many of those on hand are kept for orders.
    pub fn reserved(&self) -> u64 {
        self.reserved
    }

    /// How many can be promised: on hand and not reserved.
    pub fn available(&self) -> u64 {
        self.on_hand.saturating_sub(self.reserved)
    }

    /// How many there were to begin with.
    pub fn initial(&self) -> u64 {
        self.initial
    }

    /// How many have been handed out to orders, ever.
    pub fn shipped_out(&self) -> u64 {
        self.shipped_out
    }

    /// How many have been added since the beginning, goods that came back from orders included.
    pub fn restocked(&self) -> u64 {
        self.restocked
    }

    /// How many have been taken away by adjustments, ever.
    pub fn written_off(&self) -> u64 {
        self.written_off
    }

    /// When some were last added; not since the beginning if never.
    pub fn last_restocked_at(&self) -> Option<Timestamp> {
        self.last_restocked_at
    }

    /// At how many available it is low.
    pub fn reorder_level(&self) -> u32 {
        self.reorder_level
    }

    /// How many to order when it is low.
    pub fn reorder_quantity(&self) -> u32 {
        self.reorder_quantity
    }

    /// Whether what is available is at or below the reorder level.
    pub fn is_low(&self) -> bool {
        self.exists() && self.available() <= u64::from(self.reorder_level)
    }

    /// What is kept for an order.
    pub fn hold(&self, order_id: OrderId) -> Option<Hold> {
        self.holds.get(&order_id).copied()
    }

    /// The active reservations by order.
    pub fn holds(&self) -> impl ExactSizeIterator<Item = (OrderId, Hold)> {
        self.holds.iter().map(|(order_id, hold)| (*order_id, *hold))
    }

    /// Whether every piece is accounted for: what it began with and what was added is on hand, shipped out or written
    /// off. False means that the log has been tampered with or this module is wrong.
    pub fn conservation_holds(&self) -> bool {
        let came = u128::from(self.initial) + u128::from(self.restocked);
        let is = u128::from(self.on_hand) + u128::from(self.shipped_out) + u128::from(self.written_off);
        came == is
    }

    // What has happened can't be refused, and decide() has bounded every sum: saturating here keeps a damaged log from
    // taking the process down, and conservation_holds() tells.
    pub(super) fn take_in(&mut self, event: &StockEvent) {
        match event {
            StockEvent::StockItemCreated { sku, name, initial_stock, reorder_level, reorder_quantity } => {
                self.sku = Some(sku.clone());
                self.name.clone_from(name);
                self.initial = u64::from(*initial_stock);
                self.on_hand = self.initial;
                self.reorder_level = *reorder_level;
                self.reorder_quantity = *reorder_quantity;
            }
            StockEvent::StockReserved { order_id, quantity, expires_at } => {
                let hold = Hold { quantity: *quantity, expires_at: *expires_at };
                let before = self.holds.insert(*order_id, hold).map_or(0, |hold| hold.quantity);
                self.reserved = self.reserved.saturating_sub(before).saturating_add(*quantity);
            }
            StockEvent::ReservationConfirmed { order_id, quantity } => {
                self.let_go(*order_id);
                self.on_hand = self.on_hand.saturating_sub(*quantity);
                self.shipped_out = self.shipped_out.saturating_add(*quantity);
            }
            StockEvent::ReservationReleased { order_id, .. }
            | StockEvent::ReservationExpired { order_id, .. } => {
                self.let_go(*order_id);
            }
            StockEvent::StockAdjusted { quantity, at, .. } => self.adjust_by(*quantity, *at),
            StockEvent::ReorderSettingsChanged { reorder_level, reorder_quantity } => {
                self.reorder_level = *reorder_level;
                self.reorder_quantity = *reorder_quantity;
            }
            StockEvent::StockReservationRejected { .. } | StockEvent::LowStockDetected { .. } => {}
        }
    }

    fn let_go(&mut self, order_id: OrderId) {
        if let Some(hold) = self.holds.remove(&order_id) {
            self.reserved = self.reserved.saturating_sub(hold.quantity);
        }
    }

    fn adjust_by(&mut self, quantity: i64, at: Timestamp) {
        let amount = quantity.unsigned_abs();
        if quantity > 0 {
            self.on_hand = self.on_hand.saturating_add(amount);
            self.restocked = self.restocked.saturating_add(amount);
            self.last_restocked_at = Some(at);
        } else {
            self.on_hand = self.on_hand.saturating_sub(amount);
            self.written_off = self.written_off.saturating_add(amount);
        }
    }
}
