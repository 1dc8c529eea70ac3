//! The ports of the commerce crates on something real, each behind a feature.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `http` | no | problem details, callers and roles, idempotency keys, entity tags, rate limits, health and figures for axum |
//! | `jwt` | no | access tokens: a ring of signing keys that rotates, its JWKS, and a verifier |
//! | `password` | no | Argon2id password hashes, and opaque tokens from the operating system's randomness |
//! | `postgres` | no | a store in one schema of a PostgreSQL database, shared by as many processes as there are |
//! | `redis` | no | counters of rate limits in Redis, for all processes together |
//! | `resilience` | no | a circuit breaker for any call |
//! | `smtp` | no | a channel that sends notifications as mail, over SMTP with TLS |
//! | `sqlite` | no | a store on one SQLite file, with group commit on one writer thread |
//! | `stripe` | no | payments by Stripe: PaymentIntents, refunds and signed webhooks, behind a timeout, retries and a breaker |
//! | `telemetry` | no | logs, traces by OTLP and figures for Prometheus, installed in one call |
//! | `templates` | no | a renderer of notification templates: minijinja, strict and bounded |
//! | `webhook-channel` | no | a channel that POSTs notifications, signed after Standard Webhooks, and the check for receivers |

#![warn(missing_debug_implementations)]

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "password")]
pub mod password;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "resilience")]
pub mod resilience;
#[cfg(feature = "smtp")]
pub mod smtp;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "stripe")]
pub mod stripe;
#[cfg(feature = "telemetry")]
pub mod telemetry;
#[cfg(feature = "templates")]
pub mod templates;
#[cfg(feature = "webhook-channel")]
pub mod webhook_channel;
