//! Values that can't be wrong.

mod email;
mod name;
mod password;
mod role;

pub use email::EmailAddress;
pub use name::PersonName;
pub use password::Password;
pub use role::{Role, Roles};

crate::uuid_id!(
    /// A session: what one login began. Its refresh tokens follow each other.
    pub SessionId
);
