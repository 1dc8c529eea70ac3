//! The headers of answers.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{Header, HeaderBuilder, ObjectBuilder, RefOr, Response, Type};

use super::Method;

/// Describes the headers that the answers of an operation carry.
pub(super) fn describe(operation: &mut Operation, method: Method, path: &str) {
    // A GET of a path that ends in a variable shows one resource; others may show a list.
    let one = method != Method::Get || path.ends_with('}');
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        for (name, header) in carried(status, method, one) {
            response.headers.entry(name.to_owned()).or_insert_with(|| RefOr::T(header));
        }
        describe_problem(status, response);
    }
}

fn carried(status: &str, method: Method, one: bool) -> Vec<(&'static str, Header)> {
    let mut carried = vec![("X-Correlation-Id", text("Names the flow that the request is part of"))];
    if matches!(status, "200" | "201") && one {
        carried.push((
            "ETag",
            text("The version of the resource that is shown, in double quotes, for `If-Match`"),
        ));
    }
    if status == "201" {
        carried.push(("Location", text("Where the resource is found")));
    }
    if method == Method::Post && !status.starts_with('5') {
        carried.push((
            "Idempotency-Replayed",
            text("`true` if the answer was given before, under this `Idempotency-Key`"),
        ));
    }
    carried
}

fn describe_problem(status: &str, response: &mut Response) {
    let more: &[(&str, &str, Type)] = match status {
        "401" => &[("WWW-Authenticate", "`Bearer`", Type::String)],
        "409" => &[(
            "Retry-After",
            "After so many seconds to come again: a request under way may have its answer then, one that lost a race may be done",
            Type::Integer,
        )],
        "429" => &[
            ("Retry-After", "After so many seconds the next request is let through", Type::Integer),
            ("RateLimit-Limit", "So many requests of this kind are let through in a minute", Type::Integer),
            ("RateLimit-Remaining", "So many are left", Type::Integer),
            ("RateLimit-Reset", "After so many seconds there is one more", Type::Integer),
        ],
        "503" => &[("Retry-After", "Come again after so many seconds", Type::Integer)],
        _ => &[],
    };
    for (name, description, kind) in more {
        let header = header(description, kind.clone());
        response.headers.entry((*name).to_owned()).or_insert_with(|| RefOr::T(header));
    }
}

fn text(description: &str) -> Header {
    header(description, Type::String)
}

fn header(description: &str, kind: Type) -> Header {
    let schema = ObjectBuilder::new().schema_type(kind).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}
