//! The last unit: of all who want it at once, one gets it.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/books.rs"]
mod books;
#[path = "support/counter.rs"]
mod counter;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use backend::Backend;
use commerce_core::id::OrderId;
use commerce_core::inventory::reservation::ReservationStatus;
use commerce_core::order::OrderStatus;
use commerce_saga::SagaStatus;
use counter::{Counter, price, product};
use reference_server::shop::ShopOptions;
use tokio::task::JoinSet;

const BUYERS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn of_200_buyers_of_the_last_unit_exactly_one_gets_it_50_times() {
    sell_out(Backend::memory(), 50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_too() {
    sell_out(Backend::postgres().await, 3).await;
}

async fn sell_out(backend: Backend, rounds: u32) {
    let options = ShopOptions::default();
    let stores = backend.open(&options.host).await.unwrap();
    let counter = Arc::new(Counter::open(stores, &options));
    for round in 0..rounds {
        let sku = format!("LAST-{round}");
        counter.stock(&sku, 1).await;
        race(&counter, &sku).await;
        // One sold in each round, and no money of the others.
        let money = books::money(&counter.shop.stores().payment).await;
        assert_eq!(money, price(round + 1));
    }
    Arc::into_inner(counter).unwrap().close().await;
}

/// All buy at once.
async fn race(counter: &Arc<Counter>, sku: &str) {
    let mut ended = counter.shop.orders.orchestrator().ended();
    let mut orders = JoinSet::new();
    for _ in 0..BUYERS {
        let (counter, sku) = (counter.clone(), sku.to_owned());
        orders.spawn(async move { counter.order("tok_visa", &[(&sku, 1)]).await });
    }
    let buyers = orders.join_all().await;
    let mut waiting: BTreeSet<String> = buyers.iter().map(ToString::to_string).collect();
    assert_eq!(waiting.len(), BUYERS);
    let mut statuses = BTreeMap::new();
    while !waiting.is_empty() {
        let finished = ended.recv().await.unwrap();
        if waiting.remove(&finished.id) {
            *statuses.entry(finished.status.as_str()).or_insert(0) += 1;
        }
    }
    let expected = [(SagaStatus::Completed.as_str(), 1), (SagaStatus::Failed.as_str(), BUYERS - 1)];
    assert_eq!(statuses, BTreeMap::from(expected));
    check(counter, sku, &buyers).await;
}

async fn check(counter: &Counter, sku: &str, buyers: &[OrderId]) {
    let stores = counter.shop.stores();
    let item = books::stock(&stores.inventory, product(sku)).await;
    assert_eq!((item.on_hand(), item.reserved(), item.shipped_out()), (0, 0, 1));
    assert_eq!(item.holds().len(), 0);
    assert!(item.conservation_holds());
    let mut confirmed = 0;
    for &order_id in buyers {
        let order = books::order(&stores.order, order_id).await;
        let reservation = books::reservation(&stores.inventory, order_id).await.unwrap().status();
        if order.status() == OrderStatus::Confirmed {
            confirmed += 1;
            assert_eq!(reservation, ReservationStatus::Confirmed);
            continue;
        }
        let failure = order.failure().unwrap();
        assert_eq!((&*failure.step, &*failure.code), ("reserve-stock", "insufficient_stock"));
        assert_eq!((order.status(), reservation), (OrderStatus::Failed, ReservationStatus::Rejected));
        assert_eq!(books::payment(&stores.payment, order_id).await.status(), None);
    }
    assert_eq!(confirmed, 1);
}
