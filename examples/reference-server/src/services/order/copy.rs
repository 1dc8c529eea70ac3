//! The order service's own copy of the catalog: what each product is called, what it costs, and whether it is for sale.
//! It follows the catalog's events, and is the only source of prices.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::Aggregate;
use commerce_core::catalog::{Product, ProductChange, ProductEvent};
use commerce_core::commit::{DocumentWrite, Expected};
use commerce_core::id::{ProductId, Tenant};
use commerce_core::order::Offer;
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::Version;
use commerce_core::value::{Money, Sku};
use commerce_outbox::{Envelope, HandleError, Handled, Handler, PublishedEvent, Scope};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tracing::warn;

/// The copy: a document for each product, by its id.
pub const CATALOG_COPY: &str = "catalog-copy";
/// So many products are looked up at a time.
const AT_ONCE: usize = 8;

/// A product, as far as orders need it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct CopiedProduct {
    /// The last of the product's events that is in it.
    version: Version,
    sku: Sku,
    name: String,
    price: Money,
    published: bool,
}

/// Takes the catalog's events into the copy.
pub(super) struct KeepCopy;

#[async_trait]
impl Handler for KeepCopy {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let event: PublishedEvent = envelope.body().map_err(HandleError::terminal)?;
        // Categories and views say nothing of prices.
        if event.stream_kind != Product::KIND {
            return Ok(scope.finish());
        }
        let change: ProductEvent = event.decode()?;
        let id = &event.stream_id;
        let found = scope.store().document(scope.context().tenant(), CATALOG_COPY, id).await?;
        let known: Option<CopiedProduct> = found.as_ref().map(|found| found.json()).transpose()?;
        if let Some(copied) = CopiedProduct::after(known, change, event.version, id) {
            let expected = Expected::Version(found.map_or(0, |found| found.version));
            let write = DocumentWrite::json(CATALOG_COPY, id.clone(), expected, &copied)?;
            scope.write(|commit| commit.document(write));
        }
        Ok(scope.finish())
    }
}

impl CopiedProduct {
    /// The copy after an event; none if it stays as it is.
    fn after(known: Option<Self>, event: ProductEvent, version: Version, id: &str) -> Option<Self> {
        if let ProductEvent::ProductCreated { sku, details, price, .. } = event {
            let fresh = known.is_none();
            return fresh.then_some(Self { version, sku, name: details.name, price, published: false });
        }
        let Some(mut copy) = known else {
            warn!(product = id, "an event of a product that was never made");
            return None;
        };
        // One that comes again, after others have come.
        if version <= copy.version {
            return None;
        }
        copy.version = version;
        match event {
            ProductEvent::ProductUpdated { change: ProductChange::Details { details, .. }, .. } => {
                copy.name = details.name;
            }
            ProductEvent::PriceChanged { price, .. } => copy.price = price,
            ProductEvent::ProductPublished { .. } => copy.published = true,
            ProductEvent::ProductUnpublished { .. } | ProductEvent::ProductArchived { .. } => {
                copy.published = false;
            }
            ProductEvent::ProductCreated { .. }
            | ProductEvent::ProductUpdated { .. }
            | ProductEvent::ProductViewed { .. } => return None,
        }
        Some(copy)
    }
}

/// What is for sale now of these products.
pub(super) async fn offers(
    store: &Arc<dyn Store>,
    tenant: &Tenant,
    product_ids: BTreeSet<ProductId>,
) -> Result<HashMap<ProductId, Offer>, StoreError> {
    let look_up = |product_id: ProductId| {
        let (store, tenant) = (store.clone(), tenant.clone());
        async move {
            let found = store.document(&tenant, CATALOG_COPY, &product_id.to_string()).await?;
            let copy: Option<CopiedProduct> = found.map(|found| found.json()).transpose()?;
            Ok::<_, StoreError>(
                copy.filter(|copy| copy.published)
                    .map(|copy| (product_id, Offer { sku: copy.sku, name: copy.name, price: copy.price })),
            )
        }
    };
    let found: Vec<_> =
        stream::iter(product_ids).map(look_up).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
