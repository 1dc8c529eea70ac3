//! Identifiers, each its own type.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// A UUIDv7 (RFC 9562) from a moment and eighty random bits. The last sixteen bits are left free for [`derive()`].
pub fn v7(now: Timestamp, random: &[u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid();
    derive(id, 0)
}

/// The `ordinal`th id below `base`: the same with its last sixteen bits replaced. It stays a valid UUIDv7.
pub fn derive(base: Uuid, ordinal: u16) -> Uuid {
    let mut bytes = base.into_bytes();
    bytes[14..].copy_from_slice(&ordinal.to_be_bytes());
    Uuid::from_bytes(bytes)
}

/// The UUIDv7 that a name has in every installation: of the year 1970, and made of a digest (UUIDv5) of the name within its
/// name space.
pub fn named(namespace: &Uuid, name: &[u8]) -> Uuid {
    let digest = Uuid::new_v5(namespace, name);
    let mut random = [0; 10];
    random.copy_from_slice(&digest.as_bytes()[..10]);
    v7(Timestamp::default(), &random)
}

/// Declares a newtype over a UUID: `uuid_id!(/// An order. pub OrderId);`. serde writes it as that UUID.
#[macro_export]
macro_rules! uuid_id {
    ($(#[$meta:meta])* $visibility:vis $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name(pub $crate::of_macros::uuid::Uuid);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl ::std::convert::From<$crate::of_macros::uuid::Uuid> for $name {
            fn from(id: $crate::of_macros::uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::of_macros::uuid::Error;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                $crate::of_macros::uuid::Uuid::parse_str(text).map(Self)
            }
        }

        // By hand: a derive would have to be told by which name the caller's crate knows serde.
        impl $crate::of_macros::serde::Serialize for $name {
            fn serialize<S: $crate::of_macros::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::of_macros::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> $crate::of_macros::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::of_macros::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::of_macros::serde::Deserialize::deserialize(deserializer).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A customer. Kept by the identity service.
    pub CustomerId
);
uuid_id!(
    /// A user: someone who can sign in, in whatever roles.
    pub UserId
);
uuid_id!(
    /// A product, the same in every service.
    pub ProductId
);
uuid_id!(
    /// An order.
    pub OrderId
);
uuid_id!(
    /// A payment.
    pub PaymentId
);
uuid_id!(
    /// A shipment.
    pub ShipmentId
);
uuid_id!(
    /// A category of the catalog.
    pub CategoryId
);
uuid_id!(
    /// A notification.
    pub NotificationId
);
uuid_id!(
    /// A template of notifications.
    pub TemplateId
);

impl From<UserId> for CustomerId {
    /// A customer is a user, under the same UUID.
    fn from(id: UserId) -> Self {
        Self(id.0)
    }
}

/// Whose data it is. Part of every key: two tenants never see each other's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// A tenant of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    /// The one tenant of an installation that has no more.
    fn default() -> Self {
        static DEFAULT: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| Arc::from("default"));
        Self(DEFAULT.clone())
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in a crate that depends on neither serde nor uuid.
    mod elsewhere {
        mod serde {}
        mod std {}
        mod uuid {}

        crate::uuid_id!(
            /// A shelf.
            pub(super) ShelfId
        );
    }

    #[test]
    fn a_newtype_can_be_declared_anywhere_and_is_written_as_its_uuid() {
        let shelf = elsewhere::ShelfId::from(Uuid::from_u128(7));
        let text = serde_json::to_string(&shelf).unwrap();
        assert_eq!(text, format!("{:?}", shelf.to_string()));
        assert_eq!(serde_json::from_str::<elsewhere::ShelfId>(&text).unwrap(), shelf);
        assert_eq!(shelf.to_string().parse(), Ok(shelf));
    }

    #[test]
    fn derived_ids_are_distinct_valid_v7_and_keep_the_time() {
        let base = v7(Timestamp::from_micros(1_700_000_000_123_000), &[7; 10]);
        assert_eq!(base.get_version_num(), 7);
        assert_eq!(derive(base, 5).get_version_num(), 7);
        assert_ne!(derive(base, 5), derive(base, 6));
        assert_eq!(derive(base, 5).as_bytes()[..6], base.as_bytes()[..6]);
    }

    #[test]
    fn a_name_has_one_id_in_a_name_space() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(named(&one, b"a").get_version_num(), 7);
        assert_eq!(named(&one, b"a"), named(&one, b"a"));
        assert_ne!(named(&one, b"a"), named(&one, b"b"));
        assert_ne!(named(&one, b"a"), named(&other, b"a"));
    }
}
