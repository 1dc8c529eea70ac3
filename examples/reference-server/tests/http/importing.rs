//! A file replayed on a store in which people have made goods.

use commerce_core::value::Sku;
use reference_server::import::{self, ids::product_id};
use reference_server::replay::{ReplayError, ReplayOptions, Silent, replay};
use reference_server::services::GoodsError;
use reference_server::services::inventory::OpeningStock;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::catalog_products::{category, for_sale};
use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    a_file_with_the_sku_of_another_product_is_refused,
    goods_with_the_sku_of_another_stock_item_are_refused,
);

const FILE: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
    536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n\
    536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom\n";

async fn a_file_with_the_sku_of_another_product_is_refused(app: App) {
    let category = category(&app, "Hearts").await;
    let shown = for_sale(&app, &category, "85123A", json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.csv");
    std::fs::write(&file, FILE).unwrap();
    let import = import::read(&file).unwrap();
    let (shop, options) = (&app.platform.shop, ReplayOptions::default());
    let refused = replay(shop, &import, &options, &Silent, &CancellationToken::new()).await.err().unwrap();
    assert!(matches!(refused, ReplayError::SkuTaken { .. }), "{refused}");
    let sentence = refused.to_string();
    assert!(sentence.contains("85123A is the SKU of another product"), "{sentence}");
    assert!(sentence.contains("another --store") && sentence.contains("StockCode"), "{sentence}");
    // Nothing of it was written.
    app.get("/catalog/products/sku/71053").refused(404, "product_not_found").await;
    assert_eq!(app.get("/catalog/products/sku/85123A").expect(200).await.id(), shown);
    app.close().await;
}

async fn goods_with_the_sku_of_another_stock_item_are_refused(app: App) {
    let item =
        json!({"sku": "85123A", "product_id": uuid::Uuid::now_v7(), "name": "Heart", "initial_stock": 3});
    app.post("/inventory/products", item).role("inventory_manager").expect(201).await;
    let goods = |sku: &str| {
        let sku = Sku::parse(sku).unwrap();
        OpeningStock { product_id: product_id(&sku), sku, name: "Heart".to_owned(), quantity: 6 }
    };
    let inventory = &app.platform.shop.inventory;
    let refused = inventory.open_stock("file/1", &goods("85123A")).await.unwrap_err();
    assert!(matches!(refused, GoodsError::SkuTaken { .. }), "{refused}");
    assert!(refused.to_string().contains("another stock item"), "{refused}");
    for _ in 0..2 {
        inventory.open_stock("file/1", &goods("71053")).await.unwrap();
    }
    let own = inventory.check_sku(product_id(&goods("71053").sku), &goods("71053").sku).await;
    own.unwrap();
    app.close().await;
}
