use std::collections::HashMap;

use commerce_core::id::{OrderId, ProductId};
use commerce_core::inventory::reservation::ReservationStatus;

use crate::audit::facts::{Facts, Goods, Outcome, signed};
use crate::audit::invariant::{
    HOLD_WITHOUT_RESERVATION, ORDER_HANDED_OUT_TOO_MUCH, RESERVATION_LEFT_ACTIVE, RESERVATION_WITHOUT_HOLD,
    RESERVED_DIFFERS, SHIPPED_OUT_DIFFERS, STOCK_KEPT,
};
use crate::audit::report::Findings;

pub(super) fn check(facts: &Facts, findings: &mut Findings) {
    holds(facts, findings);
    reservations(facts, findings);
    alone(facts, findings);
    reserved(facts, findings);
    kept(facts, findings);
    once(facts, findings);
    shipped_out(facts, findings);
}

fn recorded(facts: &Facts, order_id: OrderId, product_id: ProductId) -> i64 {
    let whole = facts.reservations.get(&order_id).map_or(0, |record| record.kept.of(product_id));
    let alone = facts.kept_alone.get(&(order_id, product_id)).copied().unwrap_or_default();
    whole.saturating_add(alone)
}

/// Each hold is in a record.
fn holds(facts: &Facts, findings: &mut Findings) {
    for (product_id, item) in &facts.items {
        for (order_id, hold) in item.holds() {
            let recorded = recorded(facts, order_id, *product_id);
            if signed(hold.quantity) != recorded {
                let detail = format!(
                    "keeps {} for order {order_id}, whose reservation has {recorded} active",
                    hold.quantity
                );
                findings.breach(HOLD_WITHOUT_RESERVATION, format!("stock item {product_id}"), detail);
            }
        }
    }
}

/// Each active record is held, and its checkout under way.
fn reservations(facts: &Facts, findings: &mut Findings) {
    let active = |(_, record): &(_, &crate::audit::facts::ReservationFacts)| {
        record.status == ReservationStatus::Active
    };
    for (order_id, record) in facts.reservations.iter().filter(active) {
        let subject = || format!("reservation of order {order_id}");
        for (product_id, quantity) in record.kept.iter() {
            let item = facts.items.get(&product_id);
            if item.is_none_or(|item| item.hold(*order_id).is_none()) {
                let detail = format!("names {quantity} of product {product_id}, which keeps none for it");
                findings.breach(RESERVATION_WITHOUT_HOLD, subject(), detail);
            }
        }
        if facts.outcome(*order_id) != Outcome::UnderWay {
            let detail = "is active, and no checkout of it is under way";
            findings.breach(RESERVATION_LEFT_ACTIVE, subject(), detail);
        }
    }
}

/// Each item that is kept by itself is held.
fn alone(facts: &Facts, findings: &mut Findings) {
    for ((order_id, product_id), quantity) in &facts.kept_alone {
        if facts.items.get(product_id).is_none_or(|item| item.hold(*order_id).is_none()) {
            let subject = format!("reservation of product {product_id} for order {order_id}");
            let detail = format!("names {quantity}, and the item keeps none for it");
            findings.breach(RESERVATION_WITHOUT_HOLD, subject, detail);
        }
    }
}

/// Each item's reserved quantity is what records add up to.
fn reserved(facts: &Facts, findings: &mut Findings) {
    let mut sums = Goods::default();
    for record in facts.reservations.values() {
        sums.add_all(&record.kept);
    }
    for ((_, product_id), quantity) in &facts.kept_alone {
        sums.add(*product_id, *quantity);
    }
    for (product_id, item) in &facts.items {
        let sum = sums.of(*product_id);
        if signed(item.reserved()) != sum {
            let detail = format!("has {} reserved, its active reservations are of {sum}", item.reserved());
            findings.breach(RESERVED_DIFFERS, format!("stock item {product_id}"), detail);
        }
    }
}

/// An order that came to nothing has no stock.
fn kept(facts: &Facts, findings: &mut Findings) {
    let nothing = |order_id: &OrderId| facts.outcome(*order_id) == Outcome::Nothing;
    for (order_id, goods) in &facts.handed_out {
        if !goods.is_empty() && nothing(order_id) {
            let units: i64 = goods.iter().fold(0, |sum, (_, quantity)| sum.saturating_add(quantity));
            let detail = format!("is not confirmed, and was handed out {units} more than it gave back");
            findings.breach(STOCK_KEPT, format!("order {order_id}"), detail);
        }
    }
    for (order_id, record) in &facts.reservations {
        if record.status == ReservationStatus::Confirmed && nothing(order_id) {
            let detail = "is not confirmed, and its reservation is";
            findings.breach(STOCK_KEPT, format!("order {order_id}"), detail);
        }
    }
}

/// No confirmed order was handed out by hand what its checkout was handed out already. What it doesn't ask for, staff may
/// have added.
fn once(facts: &Facts, findings: &mut Findings) {
    for (order_id, alone) in &facts.handed_out_alone {
        let Some(order) = facts.orders.get(order_id) else { continue };
        if facts.outcome(*order_id) != Outcome::Confirmed {
            continue;
        }
        for (product_id, by_hand) in alone.iter() {
            let due = order.demand.of(product_id);
            let out = facts.handed_out.get(order_id).map_or(0, |goods| goods.of(product_id));
            let out = out.saturating_add(by_hand);
            if due > 0 && out > due {
                let detail = format!("asks for {due} of product {product_id}, and was handed out {out}");
                findings.breach(ORDER_HANDED_OUT_TOO_MUCH, format!("order {order_id}"), detail);
            }
        }
    }
}

/// Nothing is oversold: what left the house is what confirmed orders ask for and what was handed out by hand. What checkouts under way were handed out
/// is explained by them.
fn shipped_out(facts: &Facts, findings: &mut Findings) {
    let mut due: HashMap<ProductId, i128> = HashMap::new();
    let mut owe = |goods: &Goods| {
        for (product_id, quantity) in goods.iter() {
            *due.entry(product_id).or_default() += i128::from(quantity);
        }
    };
    for (order_id, order) in &facts.orders {
        if facts.outcome(*order_id) == Outcome::Confirmed {
            owe(&order.demand);
        }
    }
    for (order_id, goods) in &facts.handed_out {
        if facts.outcome(*order_id) == Outcome::UnderWay {
            owe(goods);
        }
    }
    facts.handed_out_alone.values().for_each(&mut owe);
    for product_id in facts.items.keys() {
        due.entry(*product_id).or_default();
    }
    for (product_id, due) in due {
        let out = facts.items.get(&product_id).map_or(0, |item| i128::from(item.shipped_out()));
        let out = out - i128::from(facts.put_back.of(product_id));
        if out != due {
            let detail = format!("has {out} shipped out and not put back, and orders for {due}");
            findings.breach(SHIPPED_OUT_DIFFERS, format!("product {product_id}"), detail);
        }
    }
}
