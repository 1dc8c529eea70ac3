//! Nothing that a client sends is silently dropped.

use http::Method;
use serde_json::{Value, json};

use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    a_parameter_that_is_unknown_is_refused_everywhere,
    a_body_where_none_is_taken_is_refused_everywhere,
    all_parameters_that_are_wrong_are_named,
);

const EVERYONE: &str = "admin,warehouse,inventory_manager,analyst,customer";

/// A path with something in place of each variable.
fn filled(path: &str) -> String {
    let part = |part: &str| match part.strip_prefix('{') {
        Some(name) if name.ends_with("id}") => "0190a0a0-0000-7000-8000-000000000000".to_owned(),
        Some(_) => "X1".to_owned(),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Every endpoint of the services: its method, its path, and its description.
async fn endpoints(app: &App) -> Vec<(Method, String, Value)> {
    let api = app.get("//openapi.json").expect(200).await.json();
    let paths = api["paths"].as_object().unwrap().iter();
    let of_services = paths.filter_map(|(path, item)| Some((path.strip_prefix("/api/v1")?, item)));
    let of_path = |(path, item): (&str, &Value)| {
        let methods = ["get", "post", "put", "patch", "delete"].into_iter();
        let described = methods.filter(|method| item[method].is_object());
        let endpoint =
            |method: &str| (method.to_uppercase().parse().unwrap(), filled(path), item[method].clone());
        described.map(endpoint).collect::<Vec<_>>()
    };
    of_services.flat_map(of_path).collect()
}

async fn a_parameter_that_is_unknown_is_refused_everywhere(app: App) {
    let mut asked = 0;
    for (method, path, _) in endpoints(&app).await {
        let ask = app.ask(method.clone(), &format!("{path}?colour=red")).role(EVERYONE);
        let ask = if method == Method::GET { ask } else { ask.json(&json!({})) };
        let problem = ask.refused(400, "invalid_query").await;
        assert!(problem["detail"].as_str().unwrap().contains("colour"), "{method} {path}: {problem}");
        asked += 1;
    }
    assert!(asked > 90, "only {asked} endpoints");
    app.get("//.well-known/jwks.json?colour=red").refused(400, "invalid_query").await;
    app.close().await;
}

async fn a_body_where_none_is_taken_is_refused_everywhere(app: App) {
    let mut asked = 0;
    let endpoints = endpoints(&app).await.into_iter();
    let without =
        endpoints.filter(|(method, _, about)| *method != Method::GET && about["requestBody"].is_null());
    for (method, path, _) in without {
        let ask = || app.ask(method.clone(), &path).role(EVERYONE);
        let problem = ask().json(&json!({"colour": "red"})).refused(400, "invalid_body").await;
        assert_eq!(problem["errors"][0]["pointer"], "/colour", "{method} {path}");
        ask().raw("application/json", "{").refused(400, "invalid_body").await;
        ask().raw("text/plain", "red").refused(415, "unsupported_media_type").await;
        // Nothing is as good as an empty object: both get as far as the resource, which isn't there.
        for reply in [ask().send().await, ask().json(&json!({})).send().await] {
            assert!([404, 204].contains(&reply.status.as_u16()), "{method} {path}: {}", reply.status);
        }
        asked += 1;
    }
    assert!(asked > 12, "only {asked} endpoints");
    app.close().await;
}

async fn all_parameters_that_are_wrong_are_named(app: App) {
    for (path, pointers) in [
        ("/catalog/products/search?limit=0&sort=z&colour=red", ["/limit", "/sort", "/colour"].as_slice()),
        ("/orders/my-orders?limit=101&status=bogus", &["/limit", "/status"]),
        ("/shipments/delayed?limit=ten&cursor=a&page=2", &["/limit", "/page"]),
    ] {
        let problem = app.get(path).role(EVERYONE).refused(400, "invalid_query").await;
        let errors = problem["errors"].as_array().unwrap().iter();
        assert_eq!(errors.map(|error| error["pointer"].as_str().unwrap()).collect::<Vec<_>>(), pointers);
    }
    app.close().await;
}
