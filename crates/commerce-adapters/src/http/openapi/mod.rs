//! What the parts of this module add to the description of an endpoint: the problems that it can answer, and the headers
//! that it takes. An endpoint says only what is its own.

mod headers;
mod schema;
mod taken;

use std::collections::BTreeSet;

use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema, Type,
};

use schema::{ProblemSchema, ViolationSchema};

/// The name of the security scheme of bearer tokens: `security(("bearer" = []))`.
pub const BEARER: &str = "bearer";

/// The extension of endpoints whose answers are not kept under an `Idempotency-Key`, because there are secrets in them:
/// `extensions(("x-answer-not-kept" = json!(true)))`.
pub const NOT_KEPT: &str = "x-answer-not-kept";

const KEPT_UNDER_KEY: &str =
    "Names the request, so that it can be sent again: it has one effect and one answer for 24 hours";
const NOT_KEPT_UNDER_KEY: &str = "Keeps the request from being done twice at once. There are secrets in the answer, so it is not kept: the same \
     request with the same key is done again, and has an answer of its own";

/// 1 to 255 printable ASCII characters; blanks around a header's value are not part of it.
const KEY: &str = "^[!-~]([ -~]{0,253}[!-~])?$";
const CORRELATION: &str = "Names the flow, and is echoed. One that is missing, longer than 128 characters, or not of printable ASCII \
     characters is replaced by one that is made here";

/// Completes the description of every endpoint.
pub fn complete(api: &mut OpenApi) {
    let components = api.components.get_or_insert_with(Default::default);
    components.schemas.insert("Problem".to_owned(), schema_of::<ProblemSchema>());
    components.schemas.insert("Violation".to_owned(), schema_of::<ViolationSchema>());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let mut sent = BTreeSet::new();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            complete_operation(operation, method, path.contains('{'));
            headers::describe(operation, method, path);
            taken::describe(operation, &mut sent);
        }
    }
    taken::describe_named(api, sent);
}

fn schema_of<T: ToSchema>() -> RefOr<Schema> {
    <T as utoipa::PartialSchema>::schema()
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    Get,
    Post,
    Put,
    Delete,
    Patch,
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, post, put, delete, patch, .. } = item;
    [
        (Method::Get, get),
        (Method::Post, post),
        (Method::Put, put),
        (Method::Delete, delete),
        (Method::Patch, patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn complete_operation(operation: &mut Operation, method: Method, in_path: bool) {
    let of_a_version = method != Method::Get && in_path;
    if of_a_version {
        add(operation, "If-Match", "The `ETag` of the version that is meant", text());
    }
    if method == Method::Post {
        let kept = operation.extensions.as_ref().is_none_or(|extensions| !extensions.contains_key(NOT_KEPT));
        let description = if kept { KEPT_UNDER_KEY } else { NOT_KEPT_UNDER_KEY };
        add(operation, "Idempotency-Key", description, text().pattern(Some(KEY)));
    }
    add(operation, "X-Correlation-Id", CORRELATION, text());
    let signed_in = operation.security.as_ref().is_some_and(|security| !security.is_empty());
    let has_body = operation.request_body.is_some();
    let problems: [(bool, &[(&str, &str)]); 7] = [
        // A token that is sent to an endpoint for anyone must be a good one too.
        (true, ALWAYS),
        (signed_in, &[("403", "not allowed: `forbidden`")]),
        (in_path, &[("404", "not there, or not for you to know of: `not_found`, or a code of the endpoint")]),
        (
            method != Method::Get,
            &[(
                "409",
                "not in this state, or someone was faster: `version_conflict`, `wrong_state`, `idempotency_in_progress`, or a code of the endpoint",
            )],
        ),
        (of_a_version, &[("412", "`If-Match` did not match: `precondition_failed`")]),
        (has_body, &[("415", "the body is not JSON: `unsupported_media_type`")]),
        (
            method == Method::Post,
            &[("422", "the `Idempotency-Key` was used for another request: `idempotency_key_reused`")],
        ),
    ];
    for (status, description) in problems.iter().filter(|(applies, _)| *applies).flat_map(|(_, those)| *those)
    {
        let response = operation.responses.responses.entry((*status).to_owned());
        response.or_insert_with(|| RefOr::T(problem(description)));
    }
    // Those that the endpoint has described itself are problems too.
    for (status, response) in &mut operation.responses.responses {
        match response {
            RefOr::T(response) if status.starts_with(['4', '5']) && response.content.is_empty() => {
                *response = problem(&response.description);
            }
            _ => {}
        }
    }
}

/// What any endpoint can answer: the status, and when.
const ALWAYS: &[(&str, &str)] = &[
    (
        "400",
        "malformed or invalid: `invalid_path`, `invalid_query`, `invalid_body`, `invalid_header`, `validation_failed`, or a code of the endpoint",
    ),
    ("401", "no token, or one that is not taken: `unauthenticated`, `invalid_token`, `token_expired`"),
    ("408", "the body came too slowly: `request_timeout`"),
    ("413", "the body is larger than 1 MiB: `body_too_large`"),
    ("429", "too many requests: `rate_limited`; see `Retry-After`"),
    ("500", "this server is at fault: `internal_error`"),
    (
        "503",
        "not now: `store_unavailable`, `outcome_unknown`, `timeout`, `circuit_open`, `upstream_unavailable`; see `Retry-After`",
    ),
];

fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A header that the endpoint takes.
fn add(operation: &mut Operation, name: &str, description: &str, text: ObjectBuilder) {
    let parameter: Parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_with(Vec::new).push(parameter.into());
}
