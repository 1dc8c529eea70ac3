//! Redis, where several processes count together.
//!
//! Redis 5 or newer, or a server that speaks as it does. One server, or one behind an address that follows the primary:
//! the client is no cluster client.

mod quotas;

pub use quotas::{InvalidRedisUrl, RedisQuotas};
