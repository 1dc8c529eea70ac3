//! What the parts add to the description of an endpoint.

use serde_json::Value;
use utoipa::OpenApi;

/// A thing.
#[derive(utoipa::ToSchema)]
#[allow(dead_code)]
struct Thing {
    name: String,
}

/// Lists things.
#[utoipa::path(get, path = "/things", responses((status = 200, description = "The things")))]
#[allow(dead_code)]
fn list() {}

/// Makes a thing.
#[utoipa::path(post, path = "/things", request_body = Thing, security(("bearer" = [])), responses((status = 201, description = "The thing", body = Thing)))]
#[allow(dead_code)]
fn make() {}

/// Shows a thing.
#[utoipa::path(get, path = "/things/{id}", params(("id" = String, Path)), responses((status = 200, description = "The thing", body = Thing), (status = 404, description = "its own words")))]
#[allow(dead_code)]
fn show() {}

/// Turns a thing.
#[utoipa::path(post, path = "/things/{id}/turn", params(("id" = String, Path)), responses((status = 200, description = "The thing", body = Thing)))]
#[allow(dead_code)]
fn turn() {}

#[derive(OpenApi)]
#[openapi(paths(list, make, show, turn), components(schemas(Thing)))]
struct Api;

fn described() -> Value {
    let mut api = Api::openapi();
    commerce_adapters::http::openapi::complete(&mut api);
    serde_json::to_value(&api).unwrap()
}

fn of<'a>(api: &'a Value, method: &str, path: &str) -> &'a Value {
    &api["paths"][path][method]
}

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn parameters(operation: &Value) -> Vec<&str> {
    operation["parameters"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

fn headers<'a>(operation: &'a Value, status: &str) -> Vec<&'a str> {
    operation["responses"][status]["headers"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_problem_that_an_endpoint_can_answer_is_described() {
    let api = described();
    assert_eq!(
        statuses(of(&api, "get", "/things")),
        ["200", "400", "401", "408", "413", "429", "500", "503"]
    );
    assert_eq!(
        statuses(of(&api, "post", "/things")),
        ["201", "400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503"]
    );
    let turn = statuses(of(&api, "post", "/things/{id}/turn"));
    assert!(["404", "412", "422"].iter().all(|status| turn.contains(status)) && !turn.contains(&"403"));
    let problem = &of(&api, "get", "/things")["responses"]["429"]["content"]["application/problem+json"];
    assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem");
    for schema in ["Problem", "Violation", "Thing"] {
        assert!(api["components"]["schemas"][schema]["properties"].is_object(), "{schema}");
    }
    assert_eq!(api["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn what_an_endpoint_says_itself_stays() {
    let api = described();
    assert_eq!(of(&api, "get", "/things/{id}")["responses"]["404"]["description"], "its own words");
}

#[test]
fn headers_are_described_where_they_are_taken() {
    let api = described();
    assert_eq!(parameters(of(&api, "get", "/things")), ["X-Correlation-Id"]);
    assert_eq!(parameters(of(&api, "post", "/things")), ["Idempotency-Key", "X-Correlation-Id"]);
    assert_eq!(
        parameters(of(&api, "post", "/things/{id}/turn")),
        ["id", "If-Match", "Idempotency-Key", "X-Correlation-Id"]
    );
}

#[test]
fn headers_are_described_where_they_are_answered() {
    let api = described();
    assert_eq!(headers(of(&api, "get", "/things"), "200"), ["X-Correlation-Id"]);
    assert_eq!(headers(of(&api, "get", "/things/{id}"), "200"), ["ETag", "X-Correlation-Id"]);
    let made = headers(of(&api, "post", "/things"), "201");
    assert_eq!(made, ["ETag", "Idempotency-Replayed", "Location", "X-Correlation-Id"]);
    let limited = headers(of(&api, "get", "/things"), "429");
    assert!(["Retry-After", "RateLimit-Limit"].iter().all(|name| limited.contains(name)));
    assert!(headers(of(&api, "get", "/things"), "503").contains(&"Retry-After"));
    assert!(headers(of(&api, "post", "/things"), "409").contains(&"Idempotency-Replayed"));
    assert!(!headers(of(&api, "post", "/things"), "500").contains(&"Idempotency-Replayed"));
}
