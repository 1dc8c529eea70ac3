//! Reservations, by ownership: with the contention of a real shop, with none, and all of one item.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, NewMessage};
use commerce_core::id::{self, OrderId, ProductId};
use commerce_core::inventory::reservation::{DEFAULT_DURATION, Demand, Line, ReservationRequest};
use commerce_core::value::Sku;
use commerce_outbox::SystemHost;
use futures_util::{StreamExt, stream};
use reference_server::services::inventory::{Inventory, OpeningStock};

use super::{if_durable, on_postgres};
use crate::bench::Bench;
use crate::harness::{Caller, Measure, NO_SLOWER, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Reservations**, as the reference server's inventory does them for a saga: events, record, claim and \
    answer in one commit. Of twenty lines over 2,000 items: `apart`, where each caller has items of its own; `zipf`, where \
    the item of rank *r* is wanted with a weight of 1/*r*; no slower within five per cent. `hot`: of one line, all of the same item.";

const ITEMS: usize = 2_000;
const LINES: usize = 20;
const CALLERS: usize = 32;
/// At one item.
const CROWD: usize = 256;

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let measure = |name: &str, callers, choose| {
        let name = format!("{}/stock/{name}/{callers}", kind.name());
        Measure::rate(name, "reservations", move |bench| reservations(bench, kind, callers, choose))
            .about(ABOUT)
    };
    let apart = measure("apart", CALLERS, self::apart);
    let zipf = measure("zipf", CALLERS, by_zipf).beside(&*apart.name, if_durable(kind, NO_SLOWER));
    let hot = measure("hot", CROWD, one);
    match kind {
        Kind::Memory => vec![apart, zipf, hot],
        Kind::Sqlite => vec![apart, zipf.goal(at_least(3_000.0)), hot],
        Kind::Postgres => {
            let rows = "pgbench/twenty-rows/32";
            let goal = on_postgres(kind, at_least(1.0));
            vec![apart.beside(rows, goal), zipf.beside(rows, goal), hot.goal(at_least(15_000.0))]
        }
    }
}

/// Which items a caller's order wants.
type Choose = fn(usize, &[f64]) -> Vec<usize>;

async fn reservations(bench: Arc<Bench>, kind: Kind, callers: usize, choose: Choose) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    let inventory = Inventory::new(stand.store.clone(), Arc::new(SystemHost));
    let products: Arc<[ProductId]> = (0..ITEMS).map(|_| ProductId(SystemHost.new_id())).collect();
    stock_up(&inventory, &products).await;
    stand.settle().await;
    let weights: Arc<[f64]> = cumulative_zipf().into();
    let callers: Vec<Orders> = (0..callers)
        .map(|caller| Orders {
            caller,
            choose,
            inventory: inventory.clone(),
            products: products.clone(),
            weights: weights.clone(),
        })
        .collect();
    let rate = rate(callers, bench.seconds).await;
    drop(inventory);
    stand.close().await;
    rate
}

/// The same quantity of every product: enough for any measurement.
pub(super) async fn stock_up(inventory: &Inventory, products: &[ProductId]) {
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

struct Orders {
    caller: usize,
    choose: Choose,
    inventory: Inventory,
    products: Arc<[ProductId]>,
    weights: Arc<[f64]>,
}

impl Caller for Orders {
    async fn call(&mut self) {
        let items = (self.choose)(self.caller, &self.weights);
        reserve(&self.inventory, items.iter().map(|item| self.products[*item])).await;
    }
}

/// As the inventory service does for a saga: events, record, claim and answer in one commit.
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

/// All want the same.
fn one(_: usize, _: &[f64]) -> Vec<usize> {
    vec![0]
}

fn cumulative_zipf() -> Vec<f64> {
    (1..=ITEMS)
        .scan(0.0, |sum, rank| {
            *sum += 1.0 / rank as f64;
            Some(*sum)
        })
        .collect()
}
