//! What the identity service says when a person needs a secret.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::CustomerId;
use crate::time::Timestamp;

/// A secret that must reach a person, as the identity service's message
/// [`SecretIssued`](crate::identity::SecretIssued) says it. `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretNotice {
    /// Whose secret it is.
    pub user_id: CustomerId,
    /// Where it must go.
    pub email: String,
    /// What the person is called.
    pub first_name: String,
    /// What it is for.
    pub purpose: SecretPurpose,
    /// The secret.
    pub token: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl fmt::Debug for SecretNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretNotice")
            .field("user_id", &self.user_id)
            .field("purpose", &self.purpose)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a secret is for. Written in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretPurpose {
    /// To confirm an e-mail address, after UserRegistered.
    ConfirmEmail,
    /// To choose a new password, after PasswordResetRequested.
    ResetPassword,
}

impl SecretPurpose {
    /// The name of the template that tells the person.
    pub const fn template(self) -> &'static str {
        match self {
            Self::ConfirmEmail => "confirm_email",
            Self::ResetPassword => "reset_password",
        }
    }
}
