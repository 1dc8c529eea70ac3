//! The ports of the commerce crates on something real, each behind a feature.
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `sqlite` | no | a store on one SQLite file, with group commit on one writer thread |
//! | `postgres` | no | a store in one schema of a PostgreSQL database, shared by as many processes as there are |
//! | `stripe` | no | payments by Stripe: PaymentIntents, refunds and signed webhooks, behind a timeout, retries and a breaker |
//! | `resilience` | no | a circuit breaker for any call |

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "resilience")]
pub mod resilience;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "stripe")]
pub mod stripe;
