//! What services behind the gateway are told about the caller.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use commerce_adapters::http::Caller;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Who asks.
const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
/// What they may be, between commas.
const USER_ROLES: HeaderName = HeaderName::from_static("x-user-roles");

/// What a service may believe because only the gateway says it. `X-Forwarded-For` is not among them: the gateway adds to it.
const OURS: [&str; 5] = ["x-user-id", "x-user-roles", "x-forwarded-host", "x-real-ip", "forwarded"];

/// Takes away what a client says about itself, and says what its token says. Goes inside `authenticate`.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    strip(request.headers_mut());
    if let Some(caller) = request.extensions().get::<Caller>().cloned() {
        let said = [(USER_ID, caller.id.to_string()), (USER_ROLES, caller.roles.join(","))];
        for (name, text) in said {
            if let Ok(value) = HeaderValue::from_str(&text) {
                request.headers_mut().insert(name, value);
            }
        }
    }
    next.run(request).await
}

fn strip(headers: &mut HeaderMap) {
    let forged: Vec<_> = headers.keys().filter(|name| is_ours(name.as_str())).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
}

/// Some programs take `_` and `-` in a name for the same.
fn is_ours(name: &str) -> bool {
    let name = name.replace('_', "-");
    OURS.contains(&name.as_str()) || name.starts_with("x-internal-")
}
