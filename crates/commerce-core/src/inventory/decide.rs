//! The rules of a stock item.

use super::command::StockCommand;
use super::event::StockEvent;
use super::reason::Reason;
use super::rejection::StockRejection;
use super::stock_item::StockItem;
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::{OrderId, ProductId};
use crate::time::Timestamp;
use crate::value::{Sku, Violation, text};

/// At how many left an item is low, unless it is told otherwise.
pub const DEFAULT_REORDER_LEVEL: u32 = 10;
/// How many to order when an item is low, unless it is told otherwise.
pub const DEFAULT_REORDER_QUANTITY: u32 = 100;
/// How many characters an item's name may have, as a product's in the catalog.
pub const NAME_LENGTH: usize = 200;
/// How many pieces may ever be taken in of one item, the initial ones included: 2^53 − 1, the largest count that every
/// reader of JSON keeps exact. Every other count of the item is at most this one, so no other can overflow.
pub const MAX_STOCK: u64 = (1 << 53) - 1;

type Decided = Result<Vec<StockEvent>, StockRejection>;

impl Aggregate for StockItem {
    const KIND: &'static str = "stock-item";
    type Id = ProductId;
    type Command = StockCommand;
    type Event = StockEvent;
    type Rejection = StockRejection;

    fn decide(&self, command: StockCommand, context: &Context) -> Decided {
        let now = context.now();
        match command {
            StockCommand::Create { sku, name, initial_stock, reorder_level, reorder_quantity } => {
                self.create(sku, &name, initial_stock, reorder_level, reorder_quantity)
            }
            _ if !self.exists() => Err(StockRejection::NotFound),
            // A repeated request has had its effect, so only a new one must lie ahead.
            StockCommand::Reserve { order_id, expires_at, .. }
                if expires_at <= now && self.hold(order_id).is_none() =>
            {
                Err(StockRejection::ExpiresInThePast { expires_at })
            }
            StockCommand::Reserve { order_id, quantity, expires_at } => {
                self.reserve(order_id, quantity, expires_at)
            }
            StockCommand::Confirm { order_id } => self.confirm(order_id),
            StockCommand::Release { order_id, reason } => Ok(self.release(order_id, &reason)),
            StockCommand::Expire { order_id } => match self.hold(order_id) {
                Some(hold) if hold.expires_at > now => {
                    Err(StockRejection::NotDue { order_id, expires_at: hold.expires_at })
                }
                _ => Ok(self.expire(order_id)),
            },
            StockCommand::Adjust { quantity, reason } => self.adjust(quantity, reason, None, now),
            StockCommand::ChangeReorderSettings { reorder_level, reorder_quantity } => {
                self.change_reorder_settings(reorder_level, reorder_quantity)
            }
        }
    }

    fn apply(&mut self, event: &StockEvent) {
        self.take_in(event);
    }
}

impl StockItem {
    fn create(
        &self,
        sku: Sku,
        name: &str,
        initial_stock: u32,
        reorder_level: Option<u32>,
        reorder_quantity: Option<u32>,
    ) -> Decided {
        if let Some(sku) = self.sku() {
            return Err(StockRejection::AlreadyExists { sku: sku.clone() });
        }
        let (name, reorder_quantity) = described(name, reorder_quantity).map_err(StockRejection::Invalid)?;
        Ok(vec![StockEvent::StockItemCreated {
            sku,
            name,
            initial_stock,
            reorder_level: reorder_level.unwrap_or(DEFAULT_REORDER_LEVEL),
            reorder_quantity,
        }])
    }

    pub(super) fn reserve(&self, order_id: OrderId, quantity: u64, expires_at: Timestamp) -> Decided {
        let Some(sku) = self.sku() else { return Err(StockRejection::NotFound) };
        if quantity == 0 {
            return Err(StockRejection::QuantityNotPositive);
        }
        if let Some(hold) = self.hold(order_id) {
            return match hold.quantity {
                held if held == quantity => Ok(Vec::new()),
                held => Err(StockRejection::ReservedDifferently { order_id, held, requested: quantity }),
            };
        }
        let available = self.available();
        let Some(left) = available.checked_sub(quantity) else {
            return Err(StockRejection::InsufficientStock {
                sku: sku.clone(),
                requested: quantity,
                available,
            });
        };
        Ok(self.and_warn(StockEvent::StockReserved { order_id, quantity, expires_at }, left))
    }

    /// Reserves so many for an order that was handed out some of them already: those are put back in the same breath.
    /// Only what it needs besides must be available.
    pub(super) fn reserve_again(
        &self,
        order_id: OrderId,
        handed_out: u64,
        quantity: u64,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Decided {
        let Some(sku) = self.sku() else { return Err(StockRejection::NotFound) };
        let Some(more) = quantity.checked_sub(handed_out) else {
            return Err(StockRejection::ReservedDifferently {
                order_id,
                held: handed_out,
                requested: quantity,
            });
        };
        let available = self.available();
        let Some(left) = available.checked_sub(more) else {
            return Err(StockRejection::InsufficientStock { sku: sku.clone(), requested: more, available });
        };
        let mut events = self.take_back(order_id, handed_out, &Reason::reserved_again(), now)?;
        events.extend(self.and_warn(StockEvent::StockReserved { order_id, quantity, expires_at }, left));
        Ok(events)
    }

    pub(super) fn confirm(&self, order_id: OrderId) -> Decided {
        let hold = self.hold(order_id).ok_or(StockRejection::ReservationNotFound { order_id })?;
        Ok(vec![StockEvent::ReservationConfirmed { order_id, quantity: hold.quantity }])
    }

    pub(super) fn release(&self, order_id: OrderId, reason: &Reason) -> Vec<StockEvent> {
        let released = self.hold(order_id).map(|hold| StockEvent::ReservationReleased {
            order_id,
            quantity: hold.quantity,
            reason: reason.clone(),
        });
        released.into_iter().collect()
    }

    /// Whether it is due is the caller's to check.
    pub(super) fn expire(&self, order_id: OrderId) -> Vec<StockEvent> {
        let expired = self
            .hold(order_id)
            .map(|hold| StockEvent::ReservationExpired { order_id, quantity: hold.quantity });
        expired.into_iter().collect()
    }

    /// Puts confirmed goods of an order back on the shelf.
    pub(super) fn take_back(
        &self,
        order_id: OrderId,
        quantity: u64,
        reason: &Reason,
        now: Timestamp,
    ) -> Decided {
        if !self.exists() {
            return Err(StockRejection::NotFound);
        }
        let quantity = i64::try_from(quantity)
            .map_err(|_| StockRejection::TooMuchStock { quantity, limit: MAX_STOCK })?;
        self.adjust(quantity, reason.clone(), Some(order_id), now)
    }

    fn adjust(&self, quantity: i64, reason: Reason, order_id: Option<OrderId>, at: Timestamp) -> Decided {
        if quantity == 0 {
            return Err(StockRejection::NothingToAdjust);
        }
        let amount = quantity.unsigned_abs();
        let adjusted = StockEvent::StockAdjusted { quantity, reason, order_id, at };
        if quantity > 0 {
            let ever = self.initial().checked_add(self.restocked()).and_then(|ever| ever.checked_add(amount));
            return match ever {
                Some(ever) if ever <= MAX_STOCK => Ok(vec![adjusted]),
                _ => Err(StockRejection::TooMuchStock { quantity: amount, limit: MAX_STOCK }),
            };
        }
        match self.available().checked_sub(amount) {
            Some(left) => Ok(self.and_warn(adjusted, left)),
            None => Err(StockRejection::BelowReserved {
                on_hand: self.on_hand(),
                reserved: self.reserved(),
                quantity,
            }),
        }
    }

    fn change_reorder_settings(&self, reorder_level: u32, reorder_quantity: u32) -> Decided {
        let reorder_quantity =
            at_least_one(reorder_quantity).map_err(|violation| StockRejection::Invalid(vec![violation]))?;
        if (reorder_level, reorder_quantity) == (self.reorder_level(), self.reorder_quantity()) {
            return Ok(Vec::new());
        }
        let mut events = vec![StockEvent::ReorderSettingsChanged { reorder_level, reorder_quantity }];
        // A level raised past what is left is a crossing too: without this the item would be low and nobody told.
        events.extend(self.warning(self.available(), reorder_level, reorder_quantity));
        Ok(events)
    }

    /// The event, and the warning if what it leaves available is the first to be low.
    fn and_warn(&self, event: StockEvent, left: u64) -> Vec<StockEvent> {
        let mut events = vec![event];
        events.extend(self.warning(left, self.reorder_level(), self.reorder_quantity()));
        events
    }

    fn warning(&self, left: u64, reorder_level: u32, reorder_quantity: u32) -> Option<StockEvent> {
        if self.is_low() || left > u64::from(reorder_level) {
            return None;
        }
        let sku = self.sku()?.clone();
        Some(StockEvent::LowStockDetected { sku, available: left, reorder_level, reorder_quantity })
    }
}

impl StockCommand {
    /// A [`Create`](Self::Create) of what a client sends.
    ///
    /// # Errors
    /// All that is wrong with it, with pointers such as `/sku`.
    pub fn create(
        sku: &str,
        name: &str,
        initial_stock: u32,
        reorder_level: Option<u32>,
        reorder_quantity: Option<u32>,
    ) -> Result<Self, Vec<Violation>> {
        let sku = Sku::parse(sku).map_err(|error| error.at("/sku"));
        match (sku, described(name, reorder_quantity)) {
            (Ok(sku), Ok((name, _))) => {
                Ok(Self::Create { sku, name, initial_stock, reorder_level, reorder_quantity })
            }
            (sku, described) => {
                Err(sku.err().into_iter().chain(described.err().unwrap_or_default()).collect())
            }
        }
    }
}

/// An item's name and how many of it to order, if both are right.
fn described(name: &str, reorder_quantity: Option<u32>) -> Result<(String, u32), Vec<Violation>> {
    let name = text("/name", name, 1, NAME_LENGTH);
    let reorder_quantity = at_least_one(reorder_quantity.unwrap_or(DEFAULT_REORDER_QUANTITY));
    match (name, reorder_quantity) {
        (Ok(name), Ok(reorder_quantity)) => Ok((name, reorder_quantity)),
        (name, quantity) => Err([name.err(), quantity.err()].into_iter().flatten().collect()),
    }
}

fn at_least_one(reorder_quantity: u32) -> Result<u32, Violation> {
    if reorder_quantity > 0 {
        return Ok(reorder_quantity);
    }
    Err(Violation::new(
        "/reorder_quantity",
        "must_be_positive",
        "the quantity to reorder must be at least one",
    ))
}
