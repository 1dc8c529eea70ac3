//! Redis, where several processes count together.
//!
//! Tried with Redis 7.0; the script needs what Redis does since version 5. One server, or one behind an address that follows the primary:
//! the client is no cluster client.

mod quotas;

pub use quotas::{InvalidRedisUrl, RedisQuotas};
