use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use commerce_core::id::OrderId;
use commerce_core::order::{OrderRejection, OrderStatus};
use commerce_saga::SagaStatus;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::ending::Endings;
use super::options::{self, ReplayError, ReplayOptions};
use super::plan::{Round, opening_stock, products};
use super::progress::Progress;
use super::retry::Retries;
use super::summary::Tally;
use super::watch::Watch;
use crate::import::ids::product_id;
use crate::import::{Import, Refund, match_returns};
use crate::sagas::{place_order, return_goods};
use crate::services::bug;
use crate::services::order::{Begun, ImportedOrder, PlaceError, Return, payment_of};
use crate::shop::Shop;

/// So many products and stock items are made at a time.
const PREPARED_AT_ONCE: usize = 64;

/// What a replay comes to, read from the stores when it is done.
pub struct Replayed {
    pub(super) tally: Tally,
    pub(super) seconds: Duration,
    /// How long the checkouts took that were begun in this run, and for how long checkouts ran.
    pub(super) checkouts: Vec<Duration>,
    pub(super) checking_out: Duration,
}

/// Replays a file's invoices on services that run.
///
/// Placing an invoice is idempotent by its number, and so is every step before and after it: a replay that was
/// interrupted carries on, and ends with the same figures.
///
/// # Errors
/// When the stores fail, or `stop` is cancelled. What is done stays done.
pub async fn replay(
    shop: &Shop,
    import: &Import,
    options: &ReplayOptions,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> Result<Replayed, ReplayError> {
    let began = Instant::now();
    let watch = Watch::over(progress);
    let retries = Retries { policy: options.retry, watch: &watch };
    let replay = Replay {
        shop,
        options,
        watch: &watch,
        retries,
        endings: Endings::listen(shop.orders.orchestrator(), shop.stores(), retries),
        checkouts: Mutex::new(Vec::new()),
    };
    let work = replay.run(import);
    let (tally, checking_out) = tokio::select! {
        done = work => done?,
        () = stop.cancelled() => return Err(ReplayError::Stopped),
        never = watch.tell() => never,
    };
    progress.end();
    let checkouts = replay.checkouts.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Replayed { tally, seconds: began.elapsed(), checkouts, checking_out })
}

struct Replay<'a> {
    shop: &'a Shop,
    options: &'a ReplayOptions,
    watch: &'a Watch<'a>,
    retries: Retries<'a>,
    endings: Endings<'a>,
    checkouts: Mutex<Vec<Duration>>,
}

impl Replay<'_> {
    async fn run(&self, import: &Import) -> Result<(Tally, Duration), ReplayError> {
        self.check_skus(import).await?;
        let order = &*self.shop.stores().order;
        let begin = || options::begin(order, &import.digest, self.options);
        self.retries.write(order, (), begin).await?;
        self.make_products(import).await?;
        let mut tally = Tally::of(import, self.options.repeat);
        let mut checking_out = Duration::ZERO;
        for number in 1..=self.options.repeat {
            let round = Round::new(import, number);
            self.open_stock(&round).await?;
            let began = Instant::now();
            let sold = self.sell(&round, &mut tally).await?;
            checking_out += began.elapsed();
            self.take_back(&round, &sold, &mut tally).await?;
        }
        self.watch.awaits("every message is to be handled first, those of other processes too");
        self.retries.read(|| self.shop.rest()).await?;
        Ok((tally, checking_out))
    }

    /// Before anything is written: under a SKU of other goods the file's could never be sold.
    async fn check_skus(&self, import: &Import) -> Result<(), ReplayError> {
        let (catalog, inventory) = (&self.shop.catalog, &self.shop.inventory);
        let products = products(import);
        stream::iter(products.iter().map(Ok))
            .try_for_each_concurrent(PREPARED_AT_ONCE, |product| async move {
                self.retries.read(|| catalog.has(product)).await?;
                self.retries.read(|| inventory.check_sku(product.product_id, &product.sku)).await
            })
            .await
    }

    async fn make_products(&self, import: &Import) -> Result<(), ReplayError> {
        let products = products(import);
        self.watch.begin("products", products.len());
        let (catalog, store) = (&self.shop.catalog, &*self.shop.stores().catalog);
        self.retries.write(store, (), || catalog.open_import_category()).await?;
        stream::iter(products.iter().map(Ok))
            .try_for_each_concurrent(PREPARED_AT_ONCE, |product| async move {
                self.retries.write(store, (), || catalog.import(product.clone())).await?;
                self.watch.step();
                Ok(())
            })
            .await
    }

    async fn open_stock(&self, round: &Round<'_>) -> Result<(), ReplayError> {
        let goods = opening_stock(round, self.options);
        let import = format!("{}/{}", round.import.digest, round.number);
        self.watch.begin("opening stock", goods.len());
        let (inventory, store) = (&self.shop.inventory, &*self.shop.stores().inventory);
        stream::iter(goods.iter().map(Ok))
            .try_for_each_concurrent(PREPARED_AT_ONCE, |goods| {
                let import = &import;
                async move {
                    self.retries.write(store, (), || inventory.open_stock(import, goods)).await?;
                    self.watch.step();
                    Ok(())
                }
            })
            .await
    }

    /// Places a round's sales, and answers which of them came to be.
    async fn sell(&self, round: &Round<'_>, tally: &mut Tally) -> Result<Vec<bool>, ReplayError> {
        let sales = &round.import.sales;
        self.watch.begin("orders", sales.len());
        let mut refusals: Vec<Option<OrderRejection>> = vec![None; sales.len()];
        // In no order: one that takes long doesn't hold up the others.
        let mut ended = stream::iter(0..sales.len())
            .map(|index| async move { Ok::<_, ReplayError>((index, self.check_out(round, index).await?)) })
            .buffer_unordered(self.options.concurrency.max(1));
        while let Some((index, refusal)) = ended.try_next().await? {
            refusals[index] = refusal;
        }
        let mut sold = Vec::with_capacity(sales.len());
        for (sale, refusal) in sales.iter().zip(refusals) {
            let order = self.retries.read(|| self.shop.orders.order(round.order_id(sale))).await?;
            // The number may have been used for something else, by another file.
            let placed = order.placed().filter(|placed| round.is_stored_as(sale, placed));
            let code = match (&refusal, order.placed()) {
                (Some(refusal), _) => refusal.code(),
                (None, Some(_)) => "invoice_differs",
                (None, None) => "order_missing",
            };
            tally.count_sale(sale, placed, code);
            sold.push(placed.is_some_and(|placed| is_confirmed(placed.status())));
        }
        Ok(sold)
    }

    /// Places an order and sees its checkout through; or sees that it was.
    async fn check_out(
        &self,
        round: &Round<'_>,
        index: usize,
    ) -> Result<Option<OrderRejection>, ReplayError> {
        let sale = &round.import.sales[index];
        let order = round.order(index, sale, self.options)?;
        let id = order.order_id.to_string();
        let told = self.endings.expect(&id);
        let began = Instant::now();
        let begun = match self.place(&order).await? {
            Ok(begun) => begun,
            Err(rejection) => {
                self.endings.forget(&id);
                warn!(invoice = %sale.invoice_no, %rejection, "an invoice makes no order");
                self.watch.step();
                return Ok(Some(rejection));
            }
        };
        if begun == Begun::Now || self.endings.ended(place_order::NAME, &id).await?.is_none() {
            self.endings.wait(place_order::NAME, &id, told).await?;
        }
        self.endings.forget(&id);
        if begun == Begun::Now {
            self.checkouts.lock().unwrap_or_else(PoisonError::into_inner).push(began.elapsed());
        }
        self.watch.step();
        Ok(None)
    }

    async fn place(&self, order: &ImportedOrder) -> Result<Result<Begun, OrderRejection>, ReplayError> {
        let place = || async {
            match self.shop.orders.place_imported(order.clone()).await {
                Ok(begun) => Ok(Ok(begun)),
                Err(PlaceError::Rejected(rejection)) => Ok(Err(rejection)),
                Err(PlaceError::Handle(error)) => Err(error),
            }
        };
        self.retries.write(&*self.shop.stores().order, Ok(Begun::Now), place).await
    }

    async fn take_back(
        &self,
        round: &Round<'_>,
        sold: &[bool],
        tally: &mut Tally,
    ) -> Result<(), ReplayError> {
        let import = round.import;
        let by_invoice: std::collections::HashMap<&str, bool> =
            import.sales.iter().map(|sale| &*sale.invoice_no).zip(sold.iter().copied()).collect();
        let plan = match_returns(import, |sale| by_invoice.get(&*sale.invoice_no).copied().unwrap_or(false));
        tally.count_refused(&plan.refused);
        self.watch.begin("returns", plan.refunds.len());
        let ids = round.return_ids();
        let ids = |refund: &Refund| ids.get(&refund.line).copied().ok_or_else(|| bug("a refund of no row"));
        let statuses: Vec<SagaStatus> = stream::iter(&plan.refunds)
            .map(|refund| async { self.give_back(round, refund, ids(refund)?).await })
            .buffered(self.options.concurrency.max(1))
            .try_collect()
            .await?;
        for (refund, status) in plan.refunds.iter().zip(statuses) {
            tally.count_refund(refund, status);
        }
        Ok(())
    }

    async fn give_back(
        &self,
        round: &Round<'_>,
        refund: &Refund,
        return_id: Uuid,
    ) -> Result<SagaStatus, ReplayError> {
        let sale = &round.import.sales[refund.sale];
        let order_id: OrderId = round.order_id(sale);
        let id = return_id.to_string();
        let told = self.endings.expect(&id);
        let goods = Return {
            return_id,
            payment_id: payment_of(order_id),
            product_id: product_id(&refund.sku),
            quantity: refund.quantity.get(),
            amount: refund.amount,
            reason: format!("credit note {}", refund.invoice_no),
        };
        let begin = || self.shop.orders.take_back(goods.clone());
        self.retries.write(&*self.shop.stores().order, Begun::Now, begin).await?;
        let status = match self.endings.ended(return_goods::NAME, &id).await? {
            Some(status) => status,
            None => self.endings.wait(return_goods::NAME, &id, told).await?,
        };
        self.endings.forget(&id);
        self.watch.step();
        Ok(status)
    }
}

/// Whether the order has come to be, whatever happened to it since.
fn is_confirmed(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Confirmed | OrderStatus::Shipped | OrderStatus::Delivered)
}
