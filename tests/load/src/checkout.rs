//! Whole checkouts of four lines, through all four services.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use commerce_core::Host;
use commerce_core::id::{CustomerId, OrderId, ProductId};
use commerce_core::order::OrderLine;
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_outbox::SystemHost;
use commerce_saga::SagaStatus;
use futures_util::{StreamExt, stream};
use reference_server::services::inventory::OpeningStock;
use reference_server::services::order::ImportedOrder;
use reference_server::shop::{Shop, ShopOptions, StoreUrl, Stores};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::row;

const ITEMS: usize = 2_000;
const LINES: usize = 4;
const IN_FLIGHT: usize = 256;

pub(crate) async fn measure(folder: &Path, seconds: Duration) {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let options = ShopOptions::default();
    let url = StoreUrl::Sqlite(folder.path().to_owned());
    let shop = Arc::new(Shop::new(Stores::open(&url, &options.host).unwrap(), &options).unwrap());
    let shutdown = CancellationToken::new();
    let services = tokio::spawn({
        let (shop, shutdown) = (shop.clone(), shutdown.clone());
        async move { shop.run(shutdown).await }
    });
    let products: Vec<ProductId> = (0..ITEMS).map(|_| ProductId(SystemHost.new_id())).collect();
    stock_up(&shop, &products).await;
    let rate = checkouts(&shop, &products, seconds).await;
    row("checkouts of four lines, 256 under way", rate, None, Some(1_000.0));
    shutdown.cancel();
    services.await.unwrap().unwrap();
}

async fn stock_up(shop: &Shop, products: &[ProductId]) {
    stream::iter(products.iter().enumerate())
        .for_each_concurrent(64, |(index, product_id)| async move {
            let goods = OpeningStock {
                product_id: *product_id,
                sku: Sku::parse(&format!("SKU-{index}")).unwrap(),
                name: format!("Product {index}"),
                quantity: 1_000_000_000,
            };
            shop.inventory.open_stock("load", &goods).await.unwrap();
        })
        .await;
}

/// Keeps so many under way until the time is up, then waits for the last.
async fn checkouts(shop: &Arc<Shop>, products: &[ProductId], duration: Duration) -> f64 {
    let room = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut ended = shop.orders.orchestrator().ended();
    let freed = room.clone();
    let counter = tokio::spawn(async move {
        let mut confirmed = 0_u32;
        while let Ok(finished) = ended.recv().await {
            assert_eq!(finished.status, SagaStatus::Completed);
            confirmed += 1;
            freed.add_permits(1);
        }
        confirmed
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
    counter.abort();
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
