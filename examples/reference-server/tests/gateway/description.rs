//! `/openapi.json`.

use std::collections::HashSet;

use reference_server::gateway::{GatewayOptions, UpstreamOptions};
use serde_json::Value;

use crate::support::{Gateway, Served, catalog, in_front, in_process};

/// What is asked by whoever runs the services: it takes no tokens and no keys, and has no problems.
const HEALTH: [&str; 2] = ["/livez", "/readyz"];

async fn described(gateway: &Gateway) -> Value {
    gateway.get("/openapi.json").expect(200).await.json()
}

async fn here() -> Value {
    described(&in_process(vec![catalog()], &GatewayOptions::default())).await
}

/// Each operation of the services with its path and method.
fn operations(api: &Value) -> Vec<(&str, &str, &Value)> {
    let mut found = Vec::new();
    let paths = api["paths"].as_object().unwrap().iter();
    for (path, item) in paths.filter(|(path, _)| !HEALTH.contains(&path.as_str())) {
        for method in ["get", "post", "put", "patch", "delete"] {
            found.extend(item.get(method).map(|operation| (path.as_str(), method, operation)));
        }
    }
    found
}

#[tokio::test]
async fn it_is_openapi_3_1() {
    let api = here().await;
    assert_eq!(api["openapi"], "3.1.0");
    assert!(api["info"]["title"].is_string() && api["info"]["version"].is_string());
    assert!(operations(&api).len() >= 5);
    for (path, method, operation) in operations(&api) {
        let at = format!("{method} {path}");
        assert!(path.starts_with("/api/v1/") || path.starts_with("/.well-known/"), "{at}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
        for (status, response) in responses {
            assert!(status.len() == 3 && status.parse::<u16>().is_ok(), "{at}: {status}");
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{at}: {status}");
        }
        let mut seen = HashSet::new();
        let mut in_path = Vec::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            assert!(seen.insert((name, place)), "{at} has {name} twice");
            assert!(parameter["schema"].is_object(), "{at}: {name}");
            if place == "path" {
                assert_eq!(parameter["required"], true, "{at}: {name}");
                in_path.push(name);
            }
        }
        let mut variables: Vec<_> =
            path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        in_path.sort_unstable();
        variables.sort_unstable();
        assert_eq!(in_path, variables, "{at}");
    }
}

#[tokio::test]
async fn health_is_described() {
    let api = here().await;
    for (path, statuses) in [("/livez", &["200"][..]), ("/readyz", &["200", "503"])] {
        let responses = api["paths"][path]["get"]["responses"].as_object().unwrap();
        assert_eq!(responses.keys().collect::<Vec<_>>(), statuses, "{path}");
    }
    let check = &api["components"]["schemas"]["ReadinessCheck"]["properties"];
    assert!(
        check["name"].is_object() && check["status"].is_object() && check["detail"].is_object(),
        "{check}"
    );
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn walk(api: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(api.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|member| walk(api, member));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(api, item)),
            _ => {}
        }
    }
    let api = here().await;
    walk(&api, &api);
}

#[tokio::test]
async fn every_operation_is_named_sorted_and_summed_up() {
    let api = here().await;
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&api) {
        let at = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at} has no operationId"));
        assert!(ids.insert(id), "{id} is there twice");
        assert!(operation["tags"][0].as_str().is_some_and(|tag| !tag.is_empty()), "{at} has no tag");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{at} has no summary");
        for security in operation["security"].as_array().into_iter().flatten() {
            assert!(security.get("bearer").is_some(), "{at}: {security}");
        }
    }
}

#[tokio::test]
async fn every_operation_tells_its_problems() {
    let api = here().await;
    for (path, method, operation) in operations(&api) {
        let at = format!("{method} {path}");
        let mut wanted = vec!["400", "401", "413", "429", "500", "503"];
        if path.contains('{') {
            wanted.push("404");
        }
        if method != "get" {
            wanted.push("409");
        }
        if method == "post" {
            wanted.push("422");
        }
        for status in wanted {
            let problem = &operation["responses"][status]["content"]["application/problem+json"]["schema"];
            assert!(problem.is_object(), "{at} does not describe its {status}");
        }
    }
}

#[tokio::test]
async fn services_elsewhere_are_described_like_those_here() {
    let served = Served::service(catalog()).await;
    let gateway =
        in_front(&[("catalog", &served.url())], UpstreamOptions::default(), &GatewayOptions::default());
    assert_eq!(described(&gateway).await, here().await);
}

#[tokio::test]
async fn a_service_that_is_not_reached_is_named() {
    let served = Served::service(catalog()).await;
    let at = [("catalog", &*served.url()), ("order", "http://127.0.0.1:1")];
    let api = described(&in_front(&at, UpstreamOptions::default(), &GatewayOptions::default())).await;
    assert_eq!(api["paths"], here().await["paths"]);
    assert!(api["info"]["description"].as_str().unwrap().ends_with(": order"));
}
