//! Cursors of one list are none of another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::on_every_backend;
use crate::shopping::{buy, goods, until_order};
use crate::support::App;

on_every_backend!(a_cursor_is_its_lists_own);

async fn a_cursor_is_its_lists_own(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    goods(&app, "JAM", "3.00", 10).await;
    let (one, other) = (buy(&app, "tok_visa", &[(tea, 1)]).await, buy(&app, "tok_visa", &[(tea, 1)]).await);
    for order in [&one, &other] {
        until_order(&app, order, "confirmed").await;
    }
    let lists = [
        "/shipments/pending".to_owned(),
        "/shipments/delayed".to_owned(),
        "/inventory/products".to_owned(),
        "/inventory/products/low-stock".to_owned(),
        format!("/inventory/products/{tea}/reservations"),
        "/orders/my-orders".to_owned(),
        format!("/orders/{one}/history"),
        format!("/orders/{other}/history"),
        "/templates".to_owned(),
        "/catalog/products/featured".to_owned(),
        "/catalog/products/search".to_owned(),
        "/catalog/categories".to_owned(),
    ];
    let ask = |list: &str, query: &str| app.get(&format!("{list}?limit=1{query}")).role("admin,warehouse");
    let mut cursors = 0;
    for list in &lists {
        let page = ask(list, "").send().await;
        for nothing in ["IiI", "bnVsbA", &URL_SAFE_NO_PAD.encode("[]")] {
            ask(list, &format!("&cursor={nothing}")).refused(400, "invalid_cursor").await;
        }
        let cursor = if page.status == 200 { page.json()["next_cursor"].clone() } else { continue };
        let Some(cursor) = cursor.as_str() else { continue };
        cursors += 1;
        ask(list, &format!("&cursor={cursor}")).expect(200).await;
        for other in lists.iter().filter(|other| *other != list) {
            ask(other, &format!("&cursor={cursor}")).refused(400, "invalid_cursor").await;
        }
    }
    assert!(cursors >= 6, "only {cursors} lists have a second page");
    app.close().await;
}
