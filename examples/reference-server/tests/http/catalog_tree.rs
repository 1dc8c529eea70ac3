//! Categories as a tree, and their lists.

use serde_json::{Value, json};

use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    a_category_is_never_moved_into_itself,
    a_category_takes_what_lies_in_it_along,
    two_moves_at_once_never_tie_a_knot,
    a_parent_that_is_missing_is_pointed_at,
    categories_are_activated_and_deactivated,
    categories_are_listed_in_their_order,
);

async fn made(app: &App, name: &str, parent: Option<&str>) -> String {
    let body = json!({"name": name, "parent_id": parent});
    app.post("/catalog/categories", body).admin().expect(201).await.id()
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn a_category_is_never_moved_into_itself(app: App) {
    let top = made(&app, "Top", None).await;
    let middle = made(&app, "Middle", Some(&top)).await;
    let low = made(&app, "Low", Some(&middle)).await;
    let path = format!("/catalog/categories/{top}");
    let into = |parent: &str| app.put(&path, json!({"name": "Top", "parent_id": parent})).admin();
    for parent in [&top, &middle, &low] {
        into(parent).refused(409, "category_cycle").await;
    }
    let low = format!("/catalog/categories/{low}");
    let moved = app.put(&low, json!({"name": "Low"})).admin().expect(200).await;
    assert_eq!((moved.json()["parent_id"].clone(), moved.header("etag")), (json!(null), "\"2\""));
    let parent = low.rsplit('/').next().unwrap();
    into(parent).expect(200).await;
    let mut deepest = middle;
    for level in 0.. {
        let body = json!({"name": "Deeper", "parent_id": deepest});
        let reply = app.post("/catalog/categories", body).admin().send().await;
        if reply.status != 201 {
            assert_eq!(
                (reply.status.as_u16(), reply.json()["code"].as_str().unwrap()),
                (409, "category_too_deep")
            );
            assert_eq!(level, 29, "three levels lie above");
            break;
        }
        deepest = reply.id();
    }
    app.close().await;
}

async fn a_category_takes_what_lies_in_it_along(app: App) {
    let mut chain = vec![made(&app, "1", None).await];
    for level in 2..=30 {
        chain.push(made(&app, &level.to_string(), chain.last().map(String::as_str)).await);
    }
    let top = made(&app, "Top", None).await;
    let middle = made(&app, "Middle", Some(&top)).await;
    made(&app, "Low", Some(&middle)).await;
    let put = |id: &str, name: &str, parent: Option<&str>| {
        app.put(&format!("/catalog/categories/{id}"), json!({"name": name, "parent_id": parent})).admin()
    };
    put(&top, "Top", Some(&chain[29])).refused(409, "category_too_deep").await;
    put(&middle, "Middle", Some(&chain[29])).expect(200).await;
    // It is no deeper for another name.
    put(&middle, "Moved", Some(&chain[29])).expect(200).await;
    put(&top, "Top", Some(&chain[28])).expect(200).await;
    app.close().await;
}

async fn two_moves_at_once_never_tie_a_knot(app: App) {
    for round in 0..8 {
        let (a, b) = (made(&app, "A", None).await, made(&app, "B", None).await);
        let into = |one: &str, other: &str| {
            let body = json!({"name": format!("moved {round}"), "parent_id": other});
            app.put(&format!("/catalog/categories/{one}"), body).admin().send()
        };
        let (one, other) = tokio::join!(into(&a, &b), into(&b, &a));
        let mut ends = [&one, &other].map(|reply| reply.status.as_u16());
        ends.sort_unstable();
        assert_eq!(ends, [200, 409], "{} {}", one.json(), other.json());
        let refused = if one.status == 409 { one } else { other };
        assert_eq!(refused.json()["code"], "category_cycle");
    }
    app.close().await;
}

async fn a_parent_that_is_missing_is_pointed_at(app: App) {
    let absent = "0190a0a0-0000-7000-8000-000000000000";
    let body = json!({"name": "Lamps", "parent_id": absent});
    let id = made(&app, "Lamps", None).await;
    for ask in [
        app.post("/catalog/categories", body.clone()),
        app.put(&format!("/catalog/categories/{id}"), body.clone()),
    ] {
        let problem = ask.admin().refused(400, "validation_failed").await;
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/parent_id"), &json!("parent_not_found")));
    }
    let wrong = json!({"name": "", "parent_id": absent});
    let problem = app.post("/catalog/categories", wrong).admin().refused(400, "validation_failed").await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
    app.put(&format!("/catalog/categories/{absent}"), json!({"name": "Lamps"}))
        .admin()
        .refused(404, "category_not_found")
        .await;
    app.close().await;
}

async fn categories_are_activated_and_deactivated(app: App) {
    let id = made(&app, "Lamps", None).await;
    let other = made(&app, "Desks", None).await;
    let path = format!("/catalog/categories/{id}");
    for (action, active, listed) in [
        ("deactivate", false, vec!["Desks"]),
        ("deactivate", false, vec!["Desks"]),
        ("activate", true, vec!["Lamps", "Desks"]),
    ] {
        let shown = app.post(&format!("{path}/{action}"), json!({})).admin().expect(200).await;
        assert_eq!(shown.json()["active"], active);
        let page = app.get("/catalog/categories/active").expect(200).await.json();
        assert_eq!(names(&page), listed);
    }
    for action in ["activate", "deactivate"] {
        app.post(&format!("{path}/{action}"), json!({})).refused(401, "unauthenticated").await;
        app.post(&format!("{path}/{action}"), json!({})).role("customer").refused(403, "forbidden").await;
        let absent = path.replace(&id, "0190a0a0-0000-7000-8000-000000000000");
        app.post(&format!("{absent}/{action}"), json!({})).admin().refused(404, "category_not_found").await;
        let stale = app.post(&format!("{path}/{action}"), json!({})).admin().header("if-match", "\"1\"");
        stale.refused(412, "precondition_failed").await;
    }
    assert_eq!(app.get(&format!("/catalog/categories/{other}")).expect(200).await.json()["active"], true);
    app.close().await;
}

async fn categories_are_listed_in_their_order(app: App) {
    let make = async |name: &str, order: u32, parent: Option<&str>| {
        let body = json!({"name": name, "display_order": order, "parent_id": parent});
        app.post("/catalog/categories", body).admin().expect(201).await.id()
    };
    let last = make("Last", 4_000_000_000, None).await;
    make("Second", 1, None).await;
    make("First", 0, Some(&last)).await;
    make("Third", 1, None).await;
    for (list, expected) in [
        ("/catalog/categories", vec!["First", "Second", "Third", "Last"]),
        ("/catalog/categories/active", vec!["First", "Second", "Third", "Last"]),
        ("/catalog/categories/root", vec!["Second", "Third", "Last"]),
    ] {
        assert_eq!(names(&app.get(list).expect(200).await.json()), expected);
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("{list}?limit=1{cursor}")).expect(200).await.json();
            found.extend(names(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, expected, "{list}");
        app.get(&format!("{list}?cursor=x")).refused(400, "invalid_cursor").await;
    }
    app.close().await;
}
