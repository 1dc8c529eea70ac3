//! What is known of a tenant's data once everything is read: only what the checks need.

use std::collections::{BTreeMap, HashMap, HashSet};

use commerce_core::catalog::Product;
use commerce_core::id::{OrderId, PaymentId, ProductId, ShipmentId, Tenant};
use commerce_core::inventory::StockItem;
use commerce_core::inventory::reservation::ReservationStatus;
use commerce_core::order::OrderStatus;
use commerce_core::payment::{JournalEntry, Payment};
use commerce_core::shipping::{ShipmentStatus, TrackingNumber};
use commerce_core::value::{Currency, Money};
use commerce_saga::SagaStatus;
use uuid::Uuid;

use crate::sagas::return_goods::ReturnGoods;

/// The facts of every tenant.
#[derive(Default)]
pub(super) struct Shop {
    pub(super) tenants: BTreeMap<Tenant, Facts>,
}

impl Shop {
    pub(super) fn of(&mut self, tenant: &Tenant) -> &mut Facts {
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.clone(), Facts::default());
        }
        self.tenants.entry(tenant.clone()).or_default()
    }
}

/// What is known of one tenant's data.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) products: HashMap<ProductId, Product>,
    pub(super) items: HashMap<ProductId, StockItem>,
    /// What each order was handed out, less what it gave back.
    pub(super) handed_out: HashMap<OrderId, Goods>,
    /// What orders gave back of what they were handed out.
    pub(super) put_back: Goods,
    /// What else came in (positive) or went, by the flow it was part of.
    pub(super) adjusted: HashMap<Uuid, Goods>,
    pub(super) reservations: HashMap<OrderId, ReservationFacts>,
    /// What is kept for orders item by item, and not as part of the whole order.
    pub(super) kept_alone: HashMap<(OrderId, ProductId), i64>,
    /// What each order was handed out item by item. It is not in `handed_out`.
    pub(super) handed_out_alone: HashMap<OrderId, Goods>,
    pub(super) orders: HashMap<OrderId, OrderFacts>,
    pub(super) payments: HashMap<PaymentId, Payment>,
    /// Payments that someone opened by a request of their own, not a checkout: the order may know nothing of them.
    pub(super) opened_by_hand: HashSet<PaymentId>,
    /// Orders whose payment by hand is ended once payments learn that they have ended. They have not yet.
    pub(super) end_unknown_to_payment: HashSet<OrderId>,
    /// Refunds that someone asked for by a request of their own, not a return.
    pub(super) refunded_by_hand: HashSet<(PaymentId, Uuid)>,
    /// The journal entries that follow from the log, and were not found yet.
    pub(super) entries: HashMap<Uuid, JournalEntry>,
    /// Debits less credits, in minor units.
    pub(super) trial_balance: BTreeMap<Currency, i128>,
    pub(super) shipments: HashMap<ShipmentId, Option<ShipmentFacts>>,
    /// Orders whose parcels by hand are called off once shipping learns that they have ended. It has yet to hear of something.
    pub(super) end_unknown_to_shipping: HashSet<OrderId>,
    pub(super) checkouts: HashMap<OrderId, Checkout>,
    /// How the cancellations of orders stand that were confirmed.
    pub(super) cancellations: HashMap<OrderId, SagaStatus>,
    pub(super) returns: HashMap<Uuid, ReturnFacts>,
}

/// An order. Its lines are counted, not kept.
#[derive(Default)]
pub(super) struct OrderFacts {
    pub(super) placed: Option<PlacedFacts>,
    pub(super) demand: Goods,
    /// None when its lines can't be added up.
    pub(super) subtotal: Option<Money>,
}

/// An order that was placed, as it stands.
pub(super) struct PlacedFacts {
    pub(super) status: OrderStatus,
    pub(super) total: Money,
    pub(super) payment_id: Option<PaymentId>,
    pub(super) shipment_id: Option<ShipmentId>,
    /// Whether it says why it failed.
    pub(super) says_why: bool,
}

/// A shipment, as it stands.
pub(super) struct ShipmentFacts {
    pub(super) order_id: OrderId,
    pub(super) tracking_number: TrackingNumber,
    /// Whether staff has made it, and no checkout.
    pub(super) by_hand: bool,
    pub(super) status: ShipmentStatus,
    /// Whether staff has called it off, and no cancellation.
    pub(super) called_off_by_hand: bool,
}

impl ShipmentFacts {
    /// Whether it is in the house, and waits for its carrier.
    pub(super) fn is_packed(&self) -> bool {
        !self.status.has_left() && !self.status.is_final()
    }
}

/// The record of an order's reservation.
pub(super) struct ReservationFacts {
    pub(super) status: ReservationStatus,
    /// Whether it is of what the order asks for.
    pub(super) as_ordered: bool,
    /// What it keeps: nothing, unless it is active.
    pub(super) kept: Goods,
}

/// The place-order saga of an order.
pub(super) struct Checkout {
    pub(super) status: SagaStatus,
    /// Whether it was turned back since its order is to be cancelled.
    pub(super) aborted: bool,
    pub(super) instances: usize,
}

/// A return-goods saga.
pub(super) struct ReturnFacts {
    pub(super) status: SagaStatus,
    pub(super) correlation: Uuid,
    pub(super) goods: ReturnGoods,
}

/// What an order has come to, for whoever asks what may be left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its checkout or its cancellation is under way: whatever is there is explained.
    UnderWay,
    /// It is confirmed, or further.
    Confirmed,
    /// It has failed, was cancelled, was never placed, or has stopped on its way: nothing may be left.
    Nothing,
}

impl Facts {
    pub(super) fn placed(&self, order_id: OrderId) -> Option<&PlacedFacts> {
        self.orders.get(&order_id)?.placed.as_ref()
    }

    pub(super) fn outcome(&self, order_id: OrderId) -> Outcome {
        let checkout = self.checkouts.get(&order_id).map(|checkout| checkout.status);
        let cancellation = self.cancellations.get(&order_id).copied();
        if checkout.into_iter().chain(cancellation).any(|status| !status.is_final()) {
            return Outcome::UnderWay;
        }
        match self.placed(order_id).map(|order| order.status) {
            Some(OrderStatus::Confirmed | OrderStatus::Shipped | OrderStatus::Delivered) => {
                Outcome::Confirmed
            }
            _ => Outcome::Nothing,
        }
    }
}

/// Quantities by product, in the order of the products. None is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Goods(Vec<(ProductId, i64)>);

impl Goods {
    pub(super) fn add(&mut self, product_id: ProductId, quantity: i64) {
        match self.0.binary_search_by_key(&product_id, |(product_id, _)| *product_id) {
            Ok(place) => {
                let sum = &mut self.0[place].1;
                *sum = sum.saturating_add(quantity);
                if *sum == 0 {
                    self.0.remove(place);
                }
            }
            Err(_) if quantity == 0 => {}
            Err(place) => self.0.insert(place, (product_id, quantity)),
        }
    }

    pub(super) fn add_all(&mut self, goods: &Self) {
        for (product_id, quantity) in goods.iter() {
            self.add(product_id, quantity);
        }
    }

    pub(super) fn of(&self, product_id: ProductId) -> i64 {
        let place = self.0.binary_search_by_key(&product_id, |(product_id, _)| *product_id);
        place.map_or(0, |place| self.0[place].1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ProductId, i64)> {
        self.0.iter().copied()
    }

    pub(super) fn shrunk(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A quantity as a signed number. Stock counts at most 2^53 − 1; whatever is more is wrong all the same.
pub(super) fn signed(quantity: u64) -> i64 {
    i64::try_from(quantity).unwrap_or(i64::MAX)
}
