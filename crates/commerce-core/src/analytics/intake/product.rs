use super::Fact;
use crate::catalog::{ProductChange, ProductEvent};
use crate::id::ProductId;

/// What an event of a product tells.
pub(super) fn fact(product_id: ProductId, event: ProductEvent) -> Option<Fact> {
    match event {
        ProductEvent::ProductCreated { sku, details, created_at, .. } => {
            let sku = Some(sku.to_string());
            Some(Fact::ProductNamed { product_id, name: details.name, sku, named_at: created_at })
        }
        ProductEvent::ProductUpdated { change: ProductChange::Details { details, .. }, updated_at } => {
            Some(Fact::ProductNamed { product_id, name: details.name, sku: None, named_at: updated_at })
        }
        // Who has looked is left out: no figure needs it.
        ProductEvent::ProductViewed { viewed_at, .. } => Some(Fact::ProductViewed { product_id, viewed_at }),
        _ => None,
    }
}
