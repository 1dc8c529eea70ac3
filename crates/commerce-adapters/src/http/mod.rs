//! Parts of an HTTP API, for any axum application: what every endpoint does alike is here, and nothing of a domain.
//!
//! | part | what it does |
//! |---|---|
//! | [`Problem`] | errors as RFC 9457 problem details, with a stable `code` and every violation |
//! | [`Body`], [`Params`], [`Id`], [`Page`] | input, refused with a pointer to what is wrong |
//! | [`correlate`] | `X-Correlation-Id` and W3C `traceparent`, taken over or made, in each answer and each commit |
//! | [`authenticate`], [`SignedIn`], [`Only`], [`Anyone`] | callers by bearer token, and their roles |
//! | [`idempotent`], [`Answer`] | `Idempotency-Key`: the first answer is kept, and given again byte for byte |
//! | [`not_kept`], [`NotKept`] | answers with secrets in them, which are never kept |
//! | [`IfMatch`], [`Resource`] | entity tags: the version of what is shown, and of what is meant |
//! | [`limit_rate`], [`Quotas`] | so many requests a minute for each client |
//! | [`buffer`], [`limit_time`] | bounds of size and time |
//! | [`Readiness`] | `/livez` and `/readyz` |
//! | [`measure`] | a span and figures for each request |
//! | [`openapi`] | what these parts add to the description of an endpoint |
//!
//! Layers go around a router in this order, the innermost first: [`idempotent`], [`limit_rate`], [`authenticate`],
//! [`limit_time`], [`buffer`], [`correlate`], [`measure`].

mod answer;
mod body;
mod buffer;
mod caller;
mod correlate;
mod etag;
mod fallback;
mod health;
mod idempotency;
mod measure;
pub mod openapi;
mod page;
mod params;
mod problem;
mod proxies;
mod quota;
mod rate_limit;
mod shape;
mod stored;
mod strict;
mod text;
mod time_limit;

pub use answer::Answer;
pub use body::{Body, NoBody};
pub use buffer::{Buffering, buffer};
pub use caller::{Allowed, Anyone, Caller, Only, SignedIn, TokenFault, Tokens, authenticate};
pub use correlate::{Asked, CORRELATION_HEADER, Traceparent, correlate};
pub use etag::{IfMatch, Listing, Resource, created};
pub use fallback::{method_not_allowed, not_found};
pub use health::{Check, Readiness};
pub use idempotency::{IDEMPOTENCY_KEY, NotKept, idempotent, not_kept};
pub use measure::measure;
pub use page::{Cursor, Limit, Page};
pub use params::{Id, NoParams, Params};
pub use problem::Problem;
pub use proxies::{InvalidProxy, Proxies};
pub use quota::{MemoryQuotas, Quota, Quotas};
pub use rate_limit::{RateLimit, limit_rate, network_of};
pub use stored::REPLAYED;
pub use time_limit::limit_time;
