//! Reservations of twenty lines, by ownership: with the contention of a real shop, and with none.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use commerce_adapters::sqlite::SqliteStore;
use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, NewMessage};
use commerce_core::id::{self, OrderId, ProductId};
use commerce_core::inventory::reservation::{DEFAULT_DURATION, Demand, Line, ReservationRequest};
use commerce_core::value::Sku;
use commerce_outbox::SystemHost;
use futures_util::{StreamExt, stream};
use reference_server::services::inventory::{Inventory, OpeningStock};

use crate::row;

const ITEMS: usize = 2_000;
const LINES: usize = 20;
const CALLERS: usize = 32;

pub(crate) async fn measure(folder: &Path, seconds: Duration) {
    let apart = reservations(folder, seconds, apart).await;
    row("reservations of 20 lines, 32 callers, no contention", apart, None, None);
    let zipf = reservations(folder, seconds, by_zipf).await;
    row("reservations of 20 lines, 32 callers, Zipf 1.0", zipf, None, Some(3_000.0));
    row("  beside those without contention", zipf, Some(apart), Some(1.0));
}

/// Which items a caller's order wants.
type Choose = fn(usize, &[f64]) -> Vec<usize>;

async fn reservations(folder: &Path, duration: Duration, choose: Choose) -> f64 {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let host = Arc::new(SystemHost);
    let store = Arc::new(SqliteStore::open(folder.path().join("inventory.db")).unwrap());
    let inventory = Inventory::new(store, host);
    let products: Arc<Vec<ProductId>> =
        Arc::new((0..ITEMS).map(|_| ProductId(SystemHost.new_id())).collect());
    stock_up(&inventory, &products).await;
    let weights: Arc<Vec<f64>> = Arc::new(cumulative_zipf());
    let count = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (inventory, products, weights, count) =
                (inventory.clone(), products.clone(), weights.clone(), count.clone());
            tokio::spawn(async move {
                while start.elapsed() < duration {
                    let lines = choose(caller, &weights);
                    reserve(&inventory, lines.iter().map(|item| products[*item])).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

async fn stock_up(inventory: &Inventory, products: &[ProductId]) {
    stream::iter(products.iter().enumerate())
        .for_each_concurrent(64, |(index, product_id)| async move {
            let goods = OpeningStock {
                product_id: *product_id,
                sku: Sku::parse(&format!("SKU-{index}")).unwrap(),
                name: format!("Product {index}"),
                quantity: 1_000_000_000,
            };
            inventory.open_stock("load", &goods).await.unwrap();
        })
        .await;
}

/// As the inventory service does for a saga: events, record, claims and answer in one commit.
async fn reserve(inventory: &Inventory, products: impl Iterator<Item = ProductId>) {
    let context = SystemHost.context();
    let order_id = OrderId(id::derive(context.operation(), 1));
    let demand = Demand::new(products.map(|product_id| Line { product_id, quantity: 1 })).unwrap();
    let asked =
        ReservationRequest::Reserve { order_id, demand, expires_at: context.now().plus(DEFAULT_DURATION) };
    let base = Commit::within(&context)
        .claim(Claim::new("inbox/inventory", order_id.to_string()))
        .message(NewMessage::new("order.replies", order_id.to_string()));
    inventory
        .decide(asked, &context, base, |answer, commit| {
            assert!(answer.is_ok());
            Ok(commit)
        })
        .await
        .unwrap();
}

/// Each caller has items of its own.
fn apart(caller: usize, _: &[f64]) -> Vec<usize> {
    let own = ITEMS / CALLERS;
    let first = fastrand::usize(..own);
    (0..LINES).map(|line| caller * own + (first + line) % own).collect()
}

/// The item of rank r is wanted with a weight of 1 / r.
fn by_zipf(_: usize, weights: &[f64]) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(LINES);
    while chosen.len() < LINES {
        let point = fastrand::f64() * weights[ITEMS - 1];
        let item = weights.partition_point(|weight| *weight < point).min(ITEMS - 1);
        if !chosen.contains(&item) {
            chosen.push(item);
        }
    }
    chosen
}

fn cumulative_zipf() -> Vec<f64> {
    (1..=ITEMS)
        .scan(0.0, |sum, rank| {
            *sum += 1.0 / rank as f64;
            Some(*sum)
        })
        .collect()
}
