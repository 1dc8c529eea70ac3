//! Whole checkouts of four lines, through all four services.

use std::sync::Arc;
use std::time::{Duration, Instant};

use commerce_core::Host;
use commerce_core::id::{CustomerId, OrderId, ProductId};
use commerce_core::order::OrderLine;
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_outbox::SystemHost;
use commerce_saga::SagaStatus;
use reference_server::services::order::ImportedOrder;
use reference_server::shop::{Shop, ShopOptions};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::stock::stock_up;
use crate::bench::Bench;
use crate::harness::{Measure, at_least};
use crate::stand::{Kind, ShopStand};

const ITEMS: usize = 2_000;
const LINES: usize = 4;
const IN_FLIGHT: usize = 256;

const ABOUT: &str = "**Checkout** of four lines through all services of the reference server, each on a store of its own: \
    order, reservation, payment, shipment, confirmation; about ten commits and nine messages. 256 are under way at once.";

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let goal = match kind {
        Kind::Memory => None,
        Kind::Sqlite => Some(at_least(1_000.0)),
        Kind::Postgres => Some(at_least(600.0)),
    };
    let name = format!("{}/checkout/four-lines/{IN_FLIGHT}", kind.name());
    vec![Measure::rate(name, "checkouts", move |bench| measure(bench, kind)).about(ABOUT).goal(goal)]
}

async fn measure(bench: Arc<Bench>, kind: Kind) -> f64 {
    let stand = ShopStand::open(&bench, kind).await;
    let shop = Arc::new(Shop::new(stand.stores.clone(), &ShopOptions::default()).unwrap());
    let shutdown = CancellationToken::new();
    let services = tokio::spawn({
        let (shop, shutdown) = (shop.clone(), shutdown.clone());
        async move { shop.run(shutdown).await }
    });
    let products: Vec<ProductId> = (0..ITEMS).map(|_| ProductId(SystemHost.new_id())).collect();
    stock_up(&shop.inventory, &products).await;
    stand.settle().await;
    let rate = checkouts(&shop, &products, bench.seconds).await;
    shutdown.cancel();
    services.await.unwrap().unwrap();
    drop(shop);
    stand.close().await;
    rate
}

/// Keeps so many under way until the time is up, then waits for the last.
async fn checkouts(shop: &Arc<Shop>, products: &[ProductId], duration: Duration) -> f64 {
    let room = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut ended = shop.orders.orchestrator().ended();
    let freed = room.clone();
    let listener = tokio::spawn(async move {
        while let Ok(finished) = ended.recv().await {
            assert_eq!(finished.status, SagaStatus::Completed);
            freed.add_permits(1);
        }
    });
    let start = Instant::now();
    let mut placed = 0_u32;
    while start.elapsed() < duration {
        room.acquire().await.unwrap().forget();
        let (shop, order) = (shop.clone(), order(products));
        tokio::spawn(async move { shop.orders.place_imported(order).await.unwrap() });
        placed += 1;
    }
    let _all = room.acquire_many(u32::try_from(IN_FLIGHT).unwrap()).await.unwrap();
    let rate = f64::from(placed) / start.elapsed().as_secs_f64();
    listener.abort();
    rate
}

fn order(products: &[ProductId]) -> ImportedOrder {
    let first = fastrand::usize(..ITEMS);
    let lines = (0..LINES).map(|line| {
        let item = (first + line * 37) % ITEMS;
        OrderLine {
            product_id: products[item],
            sku: Sku::parse(&format!("SKU-{item}")).unwrap(),
            name: format!("Product {item}"),
            unit_price: Money::from_minor(1_250, Currency::GBP),
            quantity: Quantity::new(2).unwrap(),
        }
    });
    ImportedOrder {
        order_id: OrderId(SystemHost.new_id()),
        customer_id: CustomerId(SystemHost.new_id()),
        lines: lines.collect(),
        shipping_address: Address {
            recipient: "A Customer".to_owned(),
            line1: "1 High Street".to_owned(),
            line2: None,
            city: "London".to_owned(),
            state: None,
            postal_code: "N1 1AA".to_owned(),
            country: Country::parse("GB").unwrap(),
        },
        currency: Currency::GBP,
        method: PaymentMethod::CreditCard,
        token: PaymentToken::parse("tok_visa").unwrap(),
    }
}
