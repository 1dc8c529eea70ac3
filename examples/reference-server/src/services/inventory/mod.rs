//! Inventory: stock is kept for whole orders, or not at all.
//!
//! Every order touches the items that sell best, so this service decides by ownership: it holds the items in memory,
//! decides one request after the other, and hands each commit over before it decides the next. The version check of
//! the store stays the safety net. A process that doesn't have the lease decides in the same way: it is found out, and
//! decides again on what the other has written.
//!
//! A checkout reserves for its whole order ([`RESERVATIONS`]). What people reserve by hand is kept item by item
//! (`alone`), under records of its own; a checkout takes over what its order has in that way (`whole`), so that an order
//! has each of its goods once.

mod alone;
mod expiry;
mod whole;

use std::sync::Arc;

use commerce_core::commit::{Claim, Commit, CommitError, Conflict, DocumentWrite, Expected};
use commerce_core::event::CodecError;
use commerce_core::id::ProductId;
use commerce_core::id::Tenant;
use commerce_core::inventory::reservation::{
    Reservation, ReservationRejection, ReservationRequest, ReservationStatus,
};
use commerce_core::inventory::{Reason, StockCommand, StockItem, StockRejection};
use commerce_core::owned::{Decision, Owned, OwnedError};
use commerce_core::repository::{Loaded, Repository};
use commerce_core::store::{Store, StoreError};
use commerce_core::value::Sku;
use commerce_core::{Aggregate, Host};
use commerce_outbox::{Bus, Consumer, HandleError, Handled, Message, Scope};
use commerce_saga::{Reply, Request, action, compensation};

use tracing::warn;

pub(crate) use alone::ByHand;
pub use alone::{KEPT_ALONE, kept_alone_id};

use super::session::count_command;
use super::{GoodsError, bug};
use crate::messages::{
    ConfirmReservation, HandOutStock, INVENTORY, PutBackStock, ReleaseStock, ReserveStock, Restock,
    UndoRestock,
};

/// The records of what is kept for each order, by order id.
pub const RESERVATIONS: &str = "reservations";
/// By this claim a SKU is one item's.
const SKU: &str = "sku";
/// So many items are held in memory at most.
const HELD_ITEMS: usize = 200_000;
/// A stock item's state is written down every so many events, so that a best seller is read as fast as any other.
const SNAPSHOT_EVERY: u64 = 500;
/// Raise it when the shape of a stock item's state changes.
const SNAPSHOT_SCHEMA: u32 = 1;

/// The inventory service.
#[derive(Clone)]
pub struct Inventory {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    items: Arc<Owned<StockItem>>,
}

/// Stock that an import brings with it.
pub struct OpeningStock {
    /// The product.
    pub product_id: ProductId,
    /// Its stock-keeping unit.
    pub sku: Sku,
    /// What people call it.
    pub name: String,
    /// How many.
    pub quantity: u32,
}

impl Inventory {
    /// On this store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        let items = Arc::new(Owned::new(repository(&store), host.clone(), HELD_ITEMS));
        Self { store, host, items }
    }

    /// The items, for those who decide about one.
    pub(crate) fn items(&self) -> &Owned<StockItem> {
        &self.items
    }

    /// An item as it is stored, whoever holds it in memory.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn item(&self, tenant: &Tenant, id: ProductId) -> Result<Loaded<StockItem>, StoreError> {
        repository(&self.store).load(tenant, &id).await
    }

    /// What it does with the messages it gets.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let handle = |this: &Self| this.clone();
        let (reserve, confirm, release) = (handle(self), handle(self), handle(self));
        let (restock, undo_restock, put_back) = (handle(self), handle(self), handle(self));
        let hand_out = handle(self);
        Consumer::new("inventory", bus, self.store.clone(), self.host.clone())
            .on_type(
                INVENTORY,
                ReserveStock::TYPE,
                action(move |message: ReserveStock, request, scope| {
                    reserve.clone().reserve(message, request, scope)
                }),
            )
            .on_type(
                INVENTORY,
                ConfirmReservation::TYPE,
                action(move |message: ConfirmReservation, request, scope| {
                    let asked = ReservationRequest::Confirm { order_id: message.order_id };
                    confirm.clone().settle(asked, request, scope)
                }),
            )
            .on_type(
                INVENTORY,
                ReleaseStock::TYPE,
                compensation(move |message: ReleaseStock, request, scope| {
                    release.clone().release(message, request, scope)
                }),
            )
            .on_type(
                INVENTORY,
                PutBackStock::TYPE,
                action(move |message: PutBackStock, request, scope| {
                    put_back.clone().put_back(message, request, scope)
                }),
            )
            .on_type(
                INVENTORY,
                Restock::TYPE,
                action(move |message: Restock, request, scope| {
                    let quantity = i64::from(message.quantity);
                    restock.clone().adjust(message.product_id, quantity, "returned", request, scope)
                }),
            )
            .on_type(
                INVENTORY,
                UndoRestock::TYPE,
                compensation(move |message: UndoRestock, request, scope| {
                    let quantity = -i64::from(message.quantity);
                    undo_restock.clone().adjust(message.product_id, quantity, "return undone", request, scope)
                }),
            )
            .on(move |message: HandOutStock, scope| hand_out.clone().hand_out(message, scope))
    }

    async fn reserve(
        self,
        message: ReserveStock,
        request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let expires_at = scope.context().now().plus(message.for_at_most);
        let asked =
            ReservationRequest::Reserve { order_id: message.order_id, demand: message.demand, expires_at };
        self.settle(asked, request, scope).await
    }

    async fn release(
        self,
        message: ReleaseStock,
        request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let reason = Reason::parse(&message.reason).map_err(bug)?;
        let asked = ReservationRequest::Release { order_id: message.order_id, reason };
        self.settle(asked, request, scope).await
    }

    /// Like a release, but "not now" where that is refused: there is no way back from a cancellation.
    async fn put_back(
        self,
        message: PutBackStock,
        request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let reason = Reason::parse(&message.reason).map_err(bug)?;
        let asked = ReservationRequest::Release { order_id: message.order_id, reason };
        self.settle_or(asked, request, scope, |rejection| Reply::transient(rejection.code(), rejection)).await
    }

    /// What is not kept any more can't be handed out: the audit tells of an order that goes without, and staff take its
    /// goods off by hand.
    async fn hand_out(self, message: HandOutStock, scope: Scope) -> Result<Handled, HandleError> {
        let order_id = message.order_id;
        let context = scope.context().clone();
        let asked = ReservationRequest::Confirm { order_id };
        self.decide(asked, &context, scope.into_commit(), |answer, commit| {
            if let Err(rejection) = answer {
                warn!(order = %order_id, %rejection, "an order was confirmed by hand, and its goods were not kept for it");
            }
            Ok(commit)
        })
        .await?;
        Ok(Handled::Committed)
    }

    async fn settle(
        self,
        asked: ReservationRequest,
        request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        self.settle_or(asked, request, scope, |rejection| Reply::failed(rejection.code(), rejection)).await
    }

    async fn settle_or(
        self,
        asked: ReservationRequest,
        request: Request,
        scope: Scope,
        refuse: fn(&ReservationRejection) -> Reply,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        self.decide(asked, &context, scope.into_commit(), |answer, commit| {
            let reply = match answer {
                Ok(_) => Reply::done(&())?,
                Err(rejection) => refuse(rejection),
            };
            request.answer(commit, &reply)
        })
        .await?;
        Ok(Handled::Committed)
    }

    async fn adjust(
        self,
        product_id: ProductId,
        quantity: i64,
        reason: &'static str,
        request: Request,
        scope: Scope,
    ) -> Result<Handled, HandleError> {
        let context = scope.context().clone();
        let reason = Reason::parse(reason).map_err(bug)?;
        let base = scope.into_commit();
        let ids = [product_id];
        let decided = self.items.decide(&context, &ids, |held| {
            let item = held.get(&product_id).cloned().unwrap_or_default();
            let command = StockCommand::Adjust { quantity, reason: reason.clone() };
            let decided = item.decide(command, &context);
            count_command(StockItem::KIND, decided.is_ok());
            let (events, reply) = match decided {
                Ok(events) => (events, Reply::done(&())?),
                Err(rejection) => (Vec::new(), Reply::failed(rejection.code(), rejection)),
            };
            let commit = request.answer(base.clone(), &reply)?;
            Ok::<_, CodecError>(Decision::new(()).events(product_id, events).with(commit))
        });
        decided.await?;
        Ok(Handled::Committed)
    }

    /// Sees to it that the SKU of a product is not another item's.
    ///
    /// # Errors
    /// [`GoodsError::SkuTaken`] when it is; otherwise what the store says.
    pub async fn check_sku(&self, id: ProductId, sku: &Sku) -> Result<(), GoodsError> {
        let tenant = Tenant::default();
        if self.store.claimed(&tenant, SKU, sku.as_str()).await.map_err(HandleError::from)?.is_none() {
            return Ok(());
        }
        match self.item(&tenant, id).await.map_err(HandleError::from)?.version {
            0 => Err(GoodsError::SkuTaken { sku: sku.clone(), what: "stock item" }),
            _ => Ok(()),
        }
    }

    /// Takes goods into stock that an import brings with it, once for each `import` and product.
    ///
    /// # Errors
    /// [`GoodsError::SkuTaken`] when their SKU is another item's; otherwise when the store fails, or the goods are more
    /// than stock can count.
    pub async fn open_stock(&self, import: &str, goods: &OpeningStock) -> Result<(), GoodsError> {
        let context = self.host.context().with_actor("import");
        let claim = Claim::new("opening-stock", format!("{import}/{}", goods.sku));
        let claimed = self.store.claimed(context.tenant(), &claim.key.scope, &claim.key.key).await;
        if claimed.map_err(HandleError::from)?.is_some() {
            return Ok(());
        }
        let id = goods.product_id;
        let ids = [id];
        let result = self.items.decide(&context, &ids, |held| {
            let item = held.get(&id).cloned().unwrap_or_default();
            let mut commit = Commit::within(&context).claim(claim.clone());
            let command = if item.exists() {
                let reason =
                    Reason::parse("opening stock of an import").map_err(|_| StockRejection::NotFound)?;
                StockCommand::Adjust { quantity: i64::from(goods.quantity), reason }
            } else {
                commit = commit.claim(Claim::new(SKU, goods.sku.as_str()));
                StockCommand::Create {
                    sku: goods.sku.clone(),
                    name: goods.name.clone(),
                    initial_stock: goods.quantity,
                    reorder_level: None,
                    reorder_quantity: None,
                }
            };
            let nothing = matches!(&command, StockCommand::Adjust { quantity: 0, .. });
            let events = if nothing {
                Vec::new()
            } else {
                let decided = item.decide(command, &context);
                count_command(StockItem::KIND, decided.is_ok());
                decided?
            };
            Ok::<_, StockRejection>(Decision::new(()).events(id, events).with(commit))
        });
        match result.await {
            Ok(_) => Ok(()),
            // Someone else was faster with the same import.
            Err(OwnedError::Commit(CommitError::Conflict(Conflict::Claim { key, .. })))
                if key == claim.key =>
            {
                Ok(())
            }
            Err(error) => {
                self.check_sku(id, &goods.sku).await?;
                Err(HandleError::from(error).into())
            }
        }
    }
}

fn repository(store: &Arc<dyn Store>) -> Repository<StockItem> {
    Repository::new(store.clone()).with_snapshots(SNAPSHOT_EVERY, SNAPSHOT_SCHEMA)
}

/// A record can be found by its expiry as long as it is active.
fn findable(
    collection: &'static str,
    id: String,
    record: &Reservation,
    version: u64,
) -> Result<DocumentWrite, CodecError> {
    let write = DocumentWrite::json(collection, id, Expected::Version(version), record)?;
    Ok(match record.expires_at().filter(|_| record.status() == ReservationStatus::Active) {
        Some(moment) => write.field("expires_at", moment),
        None => write,
    })
}
