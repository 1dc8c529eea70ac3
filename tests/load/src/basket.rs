//! The aggregate that is measured: small, with events of an ordinary size.

use std::convert::Infallible;

use commerce_core::commit::NewEvent;
use commerce_core::{Aggregate, Context, Event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Default)]
pub(crate) struct Basket {
    pub(crate) items: u64,
    pub(crate) total: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum BasketEvent {
    ItemAdded(Item),
}

/// What the hand-written code keeps as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price: i64,
    pub(crate) currency: String,
}

/// Puts so many items into the basket.
#[derive(Clone, Copy)]
pub(crate) struct Add(pub(crate) usize);

impl Event for BasketEvent {}

impl Aggregate for Basket {
    const KIND: &'static str = "basket";
    type Id = Uuid;
    type Command = Add;
    type Event = BasketEvent;
    type Rejection = Infallible;

    fn decide(&self, Add(items): Add, _: &Context) -> Result<Vec<BasketEvent>, Infallible> {
        Ok((0..items).map(|n| BasketEvent::ItemAdded(Item::number(self.items + n as u64))).collect())
    }

    fn apply(&mut self, BasketEvent::ItemAdded(item): &BasketEvent) {
        self.add(item);
    }
}

impl Basket {
    pub(crate) fn add(&mut self, item: &Item) {
        self.items += 1;
        self.total += i64::from(item.quantity) * item.unit_price;
    }
}

impl Item {
    pub(crate) fn number(number: u64) -> Self {
        Self {
            sku: format!("SKU-{:05}", number % 100_000),
            quantity: 2,
            unit_price: 1_250,
            currency: "GBP".to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap()
    }
}

/// One event, as the library writes it down.
pub(crate) fn event(number: u64) -> NewEvent {
    NewEvent::encode(&BasketEvent::ItemAdded(Item::number(number))).unwrap()
}

/// The id of a basket that is filled in before the measurement: looks like any other, and is known to all.
pub(crate) fn basket_id(number: u64) -> Uuid {
    Uuid::from_u128(0x0190_a5c4_7e1b_7c3e_8a64_0000_0000_0000 + u128::from(number))
}
