//! Reads every store once, and reports what a stream or a document shows by itself.

mod catalog;
mod inventory;
mod order;
mod payment;
mod sagas;
mod shipping;

use commerce_core::id::Tenant;
use commerce_core::store::StoreError;

use super::facts::Shop;
use super::report::Findings;
use crate::shop::Stores;

/// The logs first: they say which tenants there are, and what the documents must agree with. Those whose aggregates are
/// large come before those whose facts are.
pub(super) async fn all(stores: &Stores, shop: &mut Shop, findings: &mut Findings) -> Result<(), StoreError> {
    shipping::log(&*stores.shipping, shop, findings).await?;
    catalog::log(&*stores.catalog, shop, findings).await?;
    order::log(&*stores.order, shop, findings).await?;
    inventory::log(&*stores.inventory, shop, findings).await?;
    payment::log(&*stores.payment, shop, findings).await?;
    shop.of(&Tenant::default());
    for (tenant, facts) in &mut shop.tenants {
        findings.turn_to(tenant);
        inventory::reservations(&*stores.inventory, tenant, facts, findings).await?;
        inventory::kept_alone(&*stores.inventory, tenant, facts, findings).await?;
        shipping::orders(stores, tenant, facts, findings).await?;
        payment::ledger(&*stores.payment, tenant, facts, findings).await?;
        payment::orders(&*stores.payment, tenant, facts, findings).await?;
        sagas::instances(&*stores.order, tenant, facts, findings).await?;
    }
    Ok(())
}
