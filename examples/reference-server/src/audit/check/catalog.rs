use std::collections::HashMap;

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
    for (id, item) in facts.items.iter().filter(|(id, _)| !facts.products.contains_key(id)) {
        let sku = item.sku().map_or("none", |sku| sku.as_str());
        let detail = format!("(sku {sku}) is not in the catalog");
        findings.breach(STOCK_ITEM_NOT_IN_CATALOG, format!("stock item {id}"), detail);
    }
}
