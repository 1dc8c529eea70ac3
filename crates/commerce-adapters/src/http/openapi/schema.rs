//! Problems, as they are described.

use utoipa::ToSchema;

/// A problem (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code)]
pub(super) struct ProblemSchema {
    /// `urn:problem:` and the code.
    r#type: String,
    /// The name of the status.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong, and what to do about it.
    detail: String,
    /// Stable, for programs.
    code: String,
    /// Names the request in the logs.
    correlation_id: Option<String>,
    /// All that is wrong with the request.
    errors: Option<Vec<ViolationSchema>>,
}

/// One thing that is wrong with a request.
#[derive(ToSchema)]
#[schema(as = Violation)]
#[allow(dead_code)]
pub(super) struct ViolationSchema {
    /// Where: a JSON pointer (RFC 6901).
    pointer: String,
    /// Stable, for programs.
    code: String,
    /// What is wrong.
    detail: String,
}
