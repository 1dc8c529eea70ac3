use std::collections::{HashMap, HashSet};

use commerce_core::id::ProductId;

use crate::audit::facts::Facts;
use crate::audit::invariant::{SKU_NOT_UNIQUE, STOCK_ITEM_NOT_IN_CATALOG};
use crate::audit::report::Findings;

pub(super) fn check(facts: &Facts, findings: &mut Findings) {
    let mut skus = HashMap::new();
    for (id, product) in &facts.products {
        let Some(listing) = product.listing() else { continue };
        if let Some(other) = skus.insert(listing.sku(), id) {
            let (one, two) = (id.min(other), id.max(other));
            let detail = format!("is that of the products {one} and {two}");
            findings.breach(SKU_NOT_UNIQUE, format!("sku {}", listing.sku()), detail);
        }
    }
    if facts.products.is_empty() {
        return;
    }
    let ordered: HashSet<ProductId> =
        facts.orders.values().flat_map(|order| order.demand.iter()).map(|(id, _)| id).collect();
    // Staff may keep what is not for sale: cartons, or goods that the catalog is yet to have.
    let unlisted = facts.items.iter().filter(|(id, _)| !facts.products.contains_key(id));
    for (id, item) in unlisted.filter(|(id, _)| ordered.contains(id)) {
        let sku = item.sku().map_or("none", |sku| sku.as_str());
        let detail = format!("(sku {sku}) was ordered, and is not in the catalog");
        findings.breach(STOCK_ITEM_NOT_IN_CATALOG, format!("stock item {id}"), detail);
    }
}
