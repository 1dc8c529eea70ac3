//! Events of a newer program than this one: what they mean can't be told from their fields.

use std::sync::Arc;

use commerce_core::catalog::{Product, ProductEvent};
use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::id::{OrderId, ProductId, ShipmentId};
use commerce_core::inventory::{StockEvent, StockItem};
use commerce_core::order::{Order, OrderEvent};
use commerce_core::shipping::{Shipment, ShipmentEvent};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_core::value::Sku;
use commerce_core::{Aggregate, Host, Timestamp};
use commerce_outbox::SystemHost;
use uuid::Uuid;

use crate::books::dead_letters;
use crate::on_every_backend;
use crate::support::{App, eventually};

on_every_backend!(lists_wait_for_a_program_that_knows_them, consumers_keep_them_as_dead_letters);

async fn write<A: Aggregate>(store: &Arc<dyn Store>, id: A::Id, event: &A::Event) {
    let event = NewEvent { schema: 99, ..NewEvent::encode(event).unwrap() };
    let append = Commit::new().append(StreamId::of::<A>(&id), Expected::Any, vec![event]);
    store.commit(append).await.unwrap();
}

async fn write_of_each_kind(app: &App) {
    let (stores, id, at) = (app.platform.shop.stores(), Uuid::from_u128(7), Timestamp::default());
    let published = ProductEvent::ProductPublished { published_at: at };
    write::<Product>(&stores.catalog, ProductId(id), &published).await;
    let (sku, available) = (Sku::parse("TEA").unwrap(), 1);
    let low = StockEvent::LowStockDetected { sku, available, reorder_level: 2, reorder_quantity: 3 };
    write::<StockItem>(&stores.inventory, ProductId(id), &low).await;
    let confirmed = OrderEvent::OrderConfirmed { shipment_id: ShipmentId(id), confirmed_at: at };
    write::<Order>(&stores.order, OrderId(id), &confirmed).await;
    let recipient_name = "Ada Lovelace".to_owned();
    let delivered =
        ShipmentEvent::ShipmentDelivered { recipient_name, signature_url: None, delivered_at: at };
    write::<Shipment>(&stores.shipping, ShipmentId(id), &delivered).await;
}

async fn lists_wait_for_a_program_that_knows_them(app: App) {
    let lists =
        ["/catalog/products/search", "/catalog/categories", "/inventory/products", "/shipments/pending"];
    for list in lists {
        app.get(list).admin().expect(200).await;
    }
    write_of_each_kind(&app).await;
    for list in lists {
        app.get(list).admin().refused(500, "internal_error").await;
    }
    app.close().await;
}

async fn consumers_keep_them_as_dead_letters(app: App) {
    write_of_each_kind(&app).await;
    let stores = app.platform.shop.stores();
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let kept = [
        (&stores.order, vec!["product.ProductPublished", "shipment.ShipmentDelivered"]),
        (&stores.payment, vec!["order.OrderConfirmed"]),
        (&stores.analytics, vec!["order.OrderConfirmed", "product.ProductPublished"]),
        (
            &stores.notification,
            vec!["order.OrderConfirmed", "shipment.ShipmentDelivered", "stock-item.LowStockDetected"],
        ),
    ];
    for (store, events) in kept {
        eventually("the dead letters", async || {
            let letters = dead_letters(store, host.clone()).await;
            let is_kept = |event: &str| {
                letters.iter().any(|one| one.starts_with(event) && one.contains("schema version 99"))
            };
            events.iter().all(|event| is_kept(event)).then_some(())
        })
        .await;
    }
    app.close().await;
}
