//! By what the database finds a stream.
//!
//! An index of names is as large as they are, and compares them byte by byte; every event writes into it. A key is 16 bytes,
//! whatever the names of tenant and stream.

use commerce_core::stream::StreamId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// So much of an id that is a UUID is kept: the time of one of version 7. Streams that are made one after the other lie side by
/// side then, so that all write into the same few pages.
const KEPT: usize = 6;

/// The first 16 bytes of a SHA-256 of the tenant, a zero byte (which neither can have) and the stream; where the stream's id is
/// a UUID, its first six bytes and the first ten of that hash. Two names with the same key would be one stream: see
/// `docs/decisions/0010-postgresql.md`.
///
/// The function `commerce_stream_key` in the database is the same.
pub(super) fn stream_key(tenant: &str, stream: &StreamId) -> Uuid {
    let hash = Sha256::new().chain_update(tenant).chain_update([0]).chain_update(stream.as_str()).finalize();
    let mut key = [0; 16];
    let hashed = match uuid(stream.id()) {
        Some(id) => {
            let (kept, hashed) = key.split_at_mut(KEPT);
            kept.copy_from_slice(&id.as_bytes()[..KEPT]);
            hashed
        }
        None => &mut key[..],
    };
    hashed.copy_from_slice(&hash[..hashed.len()]);
    Uuid::from_bytes(key)
}

/// As it is written by [`Uuid`]: hyphenated, in lower case.
fn uuid(id: &str) -> Option<Uuid> {
    let is_canonical = id.len() == 36 && !id.bytes().any(|byte| byte.is_ascii_uppercase());
    is_canonical.then(|| Uuid::try_parse(id).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tenant: &str, stream: &str) -> String {
        stream_key(tenant, &stream.into()).to_string()
    }

    /// Stores hold such keys: what finds their streams must never change.
    #[test]
    fn keys_are_what_they_were() {
        assert_eq!(key("default", "stock/tea"), "d4b0b80a-6940-8fe2-6d6e-32d7a62fb618");
        assert_eq!(
            key("default", "order/0190a6f2-1c3d-7abc-8def-0123456789ab"),
            "0190a6f2-1c3d-d9b3-5a56-6089d8c9d3d2"
        );
    }
}
