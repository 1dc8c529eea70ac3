//! Looks at products.

use super::{Product, ProductEvent, ProductStatus};
use crate::context::Context;
use crate::id::{CustomerId, ProductId};
use crate::stream::StreamId;

/// The kind of the streams that looks at products are written to.
pub const PRODUCT_VIEW_KIND: &str = "product-view";

/// Where looks at a product are written: a stream of its own with the product's id, of which nothing is expected. In the
/// product's stream a look would change its version, and make whoever edits the product too late.
pub fn views_of(id: ProductId) -> StreamId {
    StreamId::new(PRODUCT_VIEW_KIND, id)
}

/// What is to be noted when somebody looks at a product. Nothing, unless it is for sale: a look by those who prepare it
/// tells nothing about customers.
pub fn viewed(product: &Product, viewer: Option<CustomerId>, context: &Context) -> Option<ProductEvent> {
    let for_sale = product.listing().is_some_and(|listing| listing.status() == ProductStatus::Published);
    for_sale.then(|| ProductEvent::ProductViewed { viewer, viewed_at: context.now() })
}
