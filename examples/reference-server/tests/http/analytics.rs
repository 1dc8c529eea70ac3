//! Figures over what was bought.

use std::time::Duration;

use commerce_core::analytics::Figures;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::{CustomerId, OrderId, Tenant};
use commerce_core::projection::{Projection, ProjectionReader};
use commerce_core::store::Query;
use commerce_core::value::Sku;
use reference_server::import::ids::product_id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::buying::{buy, new_customer, stock, take_back};
use crate::on_every_backend;
use crate::support::{App, eventually};

on_every_backend!(
    the_figures_are_those_of_what_was_bought,
    a_crash_and_a_rebuild_leave_the_figures_as_they_are,
    ranges_are_checked_with_pointers,
    only_analysts_and_admins_see_figures,
    without_orders_there_are_zeros,
    what_was_put_aside_is_not_in_the_figures,
    every_answer_is_as_it_is_described,
);

const PATHS: [&str; 8] = [
    "/analytics/orders/summary",
    "/analytics/revenue/daily",
    "/analytics/revenue/monthly",
    "/analytics/products/top-selling",
    "/analytics/customers/0190a0a0-0000-7000-8000-000000000000/lifetime-value",
    "/analytics/conversion-funnel",
    "/analytics/dashboard",
    "/analytics/health",
];

async fn figures(app: &App, path: &str) -> Value {
    app.get(&format!("/analytics{path}")).role("analyst").expect(200).await.json()
}

/// Two orders of Ada's and one of Ben's that went through, one of Ben's that did not, and a piece that came back.
struct Bought {
    ada: CustomerId,
    ben: CustomerId,
    first: OrderId,
}

async fn bought(app: &App) -> Bought {
    let (ada, ben) = (new_customer(), new_customer());
    for sku in ["LAMP", "CHAIR"] {
        stock(app, sku, 100).await;
    }
    let first = buy(app, ada, "tok_visa", &[("LAMP", 2), ("CHAIR", 1)]).await;
    buy(app, ada, "tok_visa", &[("LAMP", 3)]).await;
    buy(app, ben, "tok_visa", &[("CHAIR", 4)]).await;
    buy(app, ben, "tok_declined", &[("LAMP", 7)]).await;
    take_back(app, first, "LAMP", 1).await;
    Bought { ada, ben, first }
}

/// Until everything of [`bought`] is in the figures.
async fn counted(app: &App) {
    eventually("all is counted", async || {
        let summary = figures(app, "/orders/summary").await;
        let revenue = figures(app, "/revenue/daily").await;
        let all = summary["by_status"]["confirmed"] == 3 && summary["by_status"]["failed"] == 1;
        (all && revenue["totals"][0]["refunded"]["amount"] == "2.50" && revenue["totals"][0]["count"] == 3)
            .then_some(())
    })
    .await;
}

fn usd(amount: &str) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

fn id_of(sku: &str) -> String {
    product_id(&Sku::parse(sku).unwrap()).to_string()
}

async fn the_figures_are_those_of_what_was_bought(app: App) {
    let Bought { ada, ben, .. } = bought(&app).await;
    counted(&app).await;
    let summary = figures(&app, "/orders/summary").await;
    assert_eq!((&summary["total"], &summary["by_status"]["pending"]), (&json!(4), &json!(0)));
    assert_eq!(summary["days"].as_array().unwrap().len(), 30, "the usual range");
    assert_eq!(summary["days"][29]["total"], 4);
    // Ten pieces at 2.50, one of which came back.
    let revenue = json!({"currency": "USD", "gross": usd("25.00"), "refunded": usd("2.50"),
        "net": usd("22.50"), "count": 3, "average": usd("8.33")});
    let daily = figures(&app, "/revenue/daily").await;
    assert_eq!(daily["totals"], json!([revenue]));
    let monthly = figures(&app, "/revenue/monthly").await;
    assert_eq!((&monthly["totals"], &monthly["days"][0]["date"]), (&json!([revenue]), &daily["date"]));
    let top = figures(&app, "/products/top-selling").await;
    let sold = |product: &Value| (product["product_id"].clone(), product["units_sold"].clone());
    let sold: Vec<_> = top["items"].as_array().unwrap().iter().map(sold).collect();
    let five = |sku| (json!(id_of(sku)), json!(5));
    // As many pieces of each: who was bought more often comes first, then whose id is lower.
    let mut wanted = [five("LAMP"), five("CHAIR")];
    wanted.sort_by_key(|(id, _)| id.as_str().map(str::to_owned));
    assert_eq!(sold, wanted);
    let lamp = top["items"].as_array().unwrap().iter().find(|item| item["sku"] == "LAMP").unwrap().clone();
    assert_eq!(
        (&lamp["purchases"], &lamp["cart_adds"], &lamp["name"]),
        (&json!(2), &json!(3), &json!("A LAMP"))
    );
    assert_eq!(lamp["revenue"], json!([usd("12.50")]));
    assert_eq!(figures(&app, "/products/top-selling?limit=1").await["items"].as_array().unwrap().len(), 1);
    let funnel = figures(&app, "/conversion-funnel").await;
    assert_eq!((&funnel["orders_placed"], &funnel["orders_paid"]), (&json!(4), &json!(3)));
    assert_eq!((&funnel["order_to_paid"], &funnel["orders_delivered"]), (&json!("0.7500"), &json!(0)));
    let value = figures(&app, &format!("/customers/{ada}/lifetime-value")).await;
    assert_eq!((&value["orders_placed"], &value["orders"]), (&json!(2), &json!(2)));
    assert_eq!(value["values"][0]["lifetime_value"], usd("12.50"));
    let value = figures(&app, &format!("/customers/{ben}/lifetime-value")).await;
    assert_eq!((&value["orders_placed"], &value["orders"]), (&json!(2), &json!(1)));
    let dashboard = figures(&app, "/dashboard").await;
    assert_eq!(
        (&dashboard["revenue_today"], &dashboard["orders_today"]["total"]),
        (&json!([revenue]), &json!(4))
    );
    until_caught_up(&app).await;
    app.close().await;
}

async fn until_caught_up(app: &App) {
    for path in ["/health", "/dashboard"] {
        eventually("caught up", async || {
            let shown = figures(app, path).await;
            let health = shown.get("health").unwrap_or(&shown);
            (health["caught_up"] == true).then_some(())
        })
        .await;
    }
}

async fn what_was_put_aside_is_not_in_the_figures(app: App) {
    bought(&app).await;
    until_caught_up(&app).await;
    let store = app.platform.shop.stores().analytics.clone();
    let held = |state: &str| {
        DocumentWrite::put("held-messages", "later", Expected::Any, b"{}".to_vec())
            .field("group", "analytics")
            .field("state", state)
    };
    for state in ["waiting", "dead"] {
        store.commit(Commit::new().document(held(state))).await.unwrap();
        let health = figures(&app, "/health").await;
        assert_eq!((&health["caught_up"], &health["held_messages"]), (&json!(false), &json!(1)));
        assert_eq!(figures(&app, "/dashboard").await["health"]["held_messages"], 1);
    }
    let gone = DocumentWrite::delete("held-messages", "later", Expected::Any);
    store.commit(Commit::new().document(gone)).await.unwrap();
    until_caught_up(&app).await;
    app.close().await;
}

/// Everything that the projection has written.
async fn documents(app: &App) -> Vec<(String, String, Vec<u8>)> {
    let reader = ProjectionReader::new(app.platform.shop.stores().analytics.clone(), Figures.name());
    let mut all = Vec::new();
    for collection in Figures.collections() {
        let query = Query::of(&Tenant::default(), *collection).limit(1_000);
        for document in reader.query(&query).await.unwrap() {
            all.push(((*collection).to_owned(), document.id, document.body));
        }
    }
    all
}

async fn a_crash_and_a_rebuild_leave_the_figures_as_they_are(app: App) {
    let Bought { first, .. } = bought(&app).await;
    counted(&app).await;
    // What changes none of those figures may be on its way yet.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let facts = figures(&app, "/health").await["facts"].as_u64().unwrap();
    let live = documents(&app).await;
    assert!(live.len() > 15 && facts > 15, "{} documents of {facts} facts", live.len());
    let app = app.crash().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(figures(&app, "/dashboard").await["health"]["facts"], facts, "nothing is counted twice");
    assert_eq!(documents(&app).await, live);
    let views = app.platform.views();
    let view = views.iter().find(|view| view.name() == "analytics").unwrap();
    let rebuilt = view.rebuild().await.unwrap();
    assert_eq!((rebuilt.generation, rebuilt.deleted), (2, live.len() as u64));
    assert_eq!(documents(&app).await, live);
    // And it goes on from there.
    take_back(&app, first, "LAMP", 1).await;
    eventually("the new one follows", async || {
        (figures(&app, "/revenue/daily").await["totals"][0]["refunded"] == usd("5.00")).then_some(())
    })
    .await;
    app.close().await;
}

async fn ranges_are_checked_with_pointers(app: App) {
    for (query, pointer, code) in [
        ("/orders/summary?from=2026-02-30&to=2026-03-01", "/from", "invalid_date"),
        ("/orders/summary?from=2026-01-02&to=2026-01-01", "/to", "before_from"),
        ("/conversion-funnel?from=2024-01-01&to=2026-01-01", "/to", "range_too_long"),
        ("/products/top-selling?to=tomorrow", "/to", "invalid_date"),
        ("/products/top-selling?limit=0", "/limit", "out_of_range"),
        ("/products/top-selling?limit=101", "/limit", "out_of_range"),
        ("/revenue/daily?date=2026-1-1", "/date", "invalid_date"),
        ("/revenue/monthly?year=2026&month=13", "/month", "out_of_range"),
        ("/revenue/monthly?year=10000&month=1", "/year", "out_of_range"),
    ] {
        let asked = app.get(&format!("/analytics{query}")).role("analyst");
        let problem = asked.refused(400, "validation_failed").await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}: {problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{query}: {problem}");
    }
    let both = app.get("/analytics/orders/summary?from=x&to=y").role("analyst");
    assert_eq!(both.refused(400, "validation_failed").await["errors"].as_array().unwrap().len(), 2);
    let all = app.get("/analytics/products/top-selling?limit=101&from=x&to=y").role("analyst");
    let problem = all.refused(400, "validation_failed").await;
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
    assert_eq!(pointers, ["/from", "/to", "/limit"], "{problem}");
    for query in
        ["/revenue/monthly?month=x", "/revenue/daily?day=2026-01-01", "/products/top-selling?limit=-1"]
    {
        app.get(&format!("/analytics{query}")).role("analyst").refused(400, "invalid_query").await;
    }
    app.get("/analytics/customers/ada/lifetime-value").role("analyst").refused(400, "invalid_path").await;
    app.close().await;
}

async fn only_analysts_and_admins_see_figures(app: App) {
    for path in PATHS {
        app.get(path).refused(401, "unauthenticated").await;
        app.get(path).role("customer,warehouse,inventory_manager").refused(403, "forbidden").await;
        app.get(path).role("analyst").expect(200).await;
        app.get(path).admin().expect(200).await;
    }
    app.close().await;
}

async fn without_orders_there_are_zeros(app: App) {
    let summary = figures(&app, "/orders/summary?from=2020-01-01&to=2020-01-02").await;
    assert_eq!((&summary["total"], summary["days"].as_array().unwrap().len()), (&json!(0), 2));
    assert_eq!(figures(&app, "/revenue/daily?date=2020-01-01").await["totals"], json!([]));
    let value = figures(&app, &format!("/customers/{}/lifetime-value", Uuid::now_v7())).await;
    assert_eq!(
        (&value["segment"], &value["orders"], &value["values"]),
        (&json!("new"), &json!(0), &json!([]))
    );
    let funnel = figures(&app, "/conversion-funnel").await;
    assert_eq!((&funnel["orders_placed"], &funnel["view_to_order"]), (&json!(0), &json!(null)));
    let health = figures(&app, "/health").await;
    assert_eq!((&health["caught_up"], &health["facts"]), (&json!(true), &json!(0)));
    app.close().await;
}

async fn every_answer_is_as_it_is_described(app: App) {
    bought(&app).await;
    counted(&app).await;
    let api = app.get("//openapi.json").expect(200).await.json();
    for path in PATHS {
        let answer = app.get(path).role("analyst").expect(200).await.json();
        let described = path.replace("0190a0a0-0000-7000-8000-000000000000", "{id}");
        let operation = &api["paths"][format!("/api/v1{described}")]["get"];
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} is not described");
        fits(&api, schema, &answer, path);
    }
    app.close().await;
}

/// Whether a value has all that its schema names, and nothing else.
fn fits(api: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let resolved = api.pointer(name.strip_prefix('#').unwrap()).unwrap();
        return fits(api, resolved, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        if !value.is_null() {
            let given = choices.iter().find(|choice| choice["type"] != "null").unwrap();
            fits(api, given, value, at);
        }
        return;
    }
    match value {
        Value::Object(fields) => {
            let described = schema["properties"].as_object().unwrap_or_else(|| panic!("{at}: {schema}"));
            for name in described.keys() {
                let field = fields.get(name).unwrap_or_else(|| panic!("{at} has no {name}"));
                fits(api, &described[name], field, &format!("{at}.{name}"));
            }
            assert_eq!(fields.len(), described.len(), "{at}: {fields:?}");
        }
        Value::Array(items) => items.iter().for_each(|item| fits(api, &schema["items"], item, at)),
        Value::Null => {
            assert!(schema["type"].as_array().is_some_and(|types| types.contains(&json!("null"))), "{at}")
        }
        Value::String(text) => {
            let known = schema["enum"].as_array().is_none_or(|known| known.contains(&json!(text)));
            assert!(known && schema["type"].to_string().contains("string"), "{at}: {text} is no {schema}");
        }
        Value::Number(_) => assert!(schema["type"].to_string().contains("integer"), "{at}: {schema}"),
        Value::Bool(_) => assert_eq!(schema["type"], "boolean", "{at}"),
    }
}
