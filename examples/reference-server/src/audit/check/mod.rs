//! What must hold between the facts of one tenant. Pure.

mod catalog;
mod orders;
mod payments;
mod returns;
mod shipments;
mod stock;

use super::facts::Facts;
use super::invariant::STREAM_NOT_BEGUN;
use super::report::Findings;

pub(super) fn all(facts: &Facts, findings: &mut Findings) {
    findings.count("products", facts.products.len());
    findings.count("stock_items", facts.items.len());
    findings.count("orders", facts.orders.len());
    findings.count("payments", facts.payments.len());
    findings.count("shipments", facts.shipments.len());
    findings.count("returns", facts.returns.len());
    begun(facts, findings);
    catalog::check(facts, findings);
    stock::check(facts, findings);
    payments::check(facts, findings);
    orders::check(facts, findings);
    returns::check(facts, findings);
    shipments::check(facts, findings);
}

/// What happened to something that was never made.
fn begun(facts: &Facts, findings: &mut Findings) {
    let products = facts.products.iter().filter(|(_, product)| product.listing().is_none());
    let items = facts.items.iter().filter(|(_, item)| !item.exists());
    let orders = facts.orders.iter().filter(|(_, order)| order.placed.is_none());
    let payments = facts.payments.iter().filter(|(_, payment)| payment.payment_id().is_none());
    let shipments = facts.shipments.iter().filter(|(_, shipment)| shipment.is_none());
    let unmade = (products.map(|(id, _)| format!("product {id}")))
        .chain(items.map(|(id, _)| format!("stock item {id}")))
        .chain(orders.map(|(id, _)| format!("order {id}")))
        .chain(payments.map(|(id, _)| format!("payment {id}")))
        .chain(shipments.map(|(id, _)| format!("shipment {id}")));
    for subject in unmade {
        findings.breach(STREAM_NOT_BEGUN, subject, "has events, and was never made");
    }
}
