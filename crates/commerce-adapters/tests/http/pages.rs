//! Lists, a page at a time.

use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce_adapters::http::{Listing, Page, Problem};
use proptest::prelude::*;

use crate::support::App;

const TOTAL: u32 = 45;

/// A list of numbers; the cursor is the last one that was shown, with a text.
fn app() -> App {
    let list = |page: Page| async move {
        let after = page.after::<(u32, String)>()?.map_or(0, |(after, _)| after);
        let items: Vec<_> = (after + 1..=TOTAL).take(page.look_ahead()).collect();
        let listing: Listing<u32> = page.listing(items, |item| (*item, "é".to_owned()))?;
        Ok::<_, Problem>(listing)
    };
    App::new(|_| Router::new().route("/numbers", get(list)))
}

async fn all(limit: Option<usize>) -> (Vec<u64>, usize) {
    let (app, mut seen, mut pages) = (app(), Vec::new(), 0);
    let mut query = limit.map_or_else(String::new, |limit| format!("limit={limit}&"));
    loop {
        let page = app.get(&format!("/numbers?{query}")).expect(200).await.json();
        pages += 1;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item.as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { return (seen, pages) };
        query = limit.map_or_else(String::new, |limit| format!("limit={limit}&")) + "cursor=" + cursor;
    }
}

#[tokio::test]
async fn pages_show_each_item_once_in_order() {
    let numbers: Vec<_> = (1..=u64::from(TOTAL)).collect();
    for (limit, pages) in
        [(None, 3), (Some(1), 45), (Some(15), 3), (Some(44), 2), (Some(45), 1), (Some(100), 1)]
    {
        assert_eq!(all(limit).await, (numbers.clone(), pages), "{limit:?}");
    }
}

#[tokio::test]
async fn a_limit_is_from_1_to_100() {
    for limit in ["0", "101", "-1", "x", "1.5", "", "99999999999999999999", "5&limit=5"] {
        app().get(&format!("/numbers?limit={limit}")).refused(400, "invalid_query").await;
    }
    app().get("/numbers?offset=3").refused(400, "invalid_query").await;
}

#[tokio::test]
async fn a_cursor_that_is_none_of_the_list_is_refused() {
    let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for cursor in [
        "!!",
        "AAAA",
        "%00",
        &coded("7"),
        &coded("\"\""),
        &coded("[7,\"\"]"),
        &coded("[\"/letters\",[7,\"\"]]"),
        &coded("[\"/numbers\",[7]]"),
        &coded("[\"/numbers\",[-1,\"\"]]"),
        &coded("[\"/numbers\",[7,\"\\u0000\"]]"),
        &coded("[\"/numbers\",[7,\"\"]] x"),
    ] {
        let reply = app().get(&format!("/numbers?cursor={cursor}")).send().await;
        assert_eq!(reply.status, 400, "{cursor}: {reply:?}");
    }
    app().get(&format!("/numbers?cursor={}", coded("[\"/numbers\",[44,\"\"]]"))).expect(200).await;
}

proptest! {
    #[test]
    fn no_cursor_makes_a_page_fail(cursor in "[A-Za-z0-9_-]{0,40}") {
        let page = Page::new("numbers", None, Some(cursor));
        if let Err(problem) = page.after::<(u32, String)>() {
            prop_assert_eq!(problem.code(), "invalid_cursor");
        }
    }
}
