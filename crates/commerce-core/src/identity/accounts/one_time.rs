//! Tokens that are sent by mail, and are good once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::documents::{Kept, ONE_TIME, OneTime};
use super::{Accounts, IdentityError};
use crate::commit::{Commit, DocumentWrite, Expected, NewMessage};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::{EmailAddress, PersonName, Secret, User, UserRejection};
use crate::time::Timestamp;

/// The topic of the messages that carry a token to whoever mails it. Keep it from everyone else.
pub const SECRETS_TOPIC: &str = "identity.secrets";
/// The type of these messages. The body is a [`SecretIssued`], the key is the user's id.
pub const SECRET_ISSUED: &str = "identity.secret-issued";

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Shows that mail reaches its holder. Good for 24 hours.
    ConfirmEmail,
    /// Allows its holder to set a password. Good for one hour.
    ResetPassword,
}

impl Purpose {
    /// How long a token of this purpose is good for.
    pub const fn life(self) -> Duration {
        match self {
            Self::ConfirmEmail => Duration::from_secs(24 * 60 * 60),
            Self::ResetPassword => Duration::from_secs(60 * 60),
        }
    }
}

/// A token for a user: to be mailed to them, and kept nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecretIssued {
    /// Whose it is.
    pub user_id: UserId,
    /// Where to send it.
    pub email: EmailAddress,
    /// How to address them.
    pub first_name: PersonName,
    /// What it is good for.
    pub purpose: Purpose,
    /// The token itself.
    pub token: Secret,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl Accounts {
    /// Adds a fresh token to the commit: its digest to keep, itself to mail.
    pub(super) fn issue(
        &self,
        context: &Context,
        commit: Commit,
        user: &User,
        purpose: Purpose,
        epoch: u64,
    ) -> Result<Commit, IdentityError> {
        let (Some(user_id), Some(email), Some(first_name)) =
            (user.user_id(), user.email().cloned(), user.first_name().cloned())
        else {
            return Err(UserRejection::NotFound.into());
        };
        let (token, expires_at) = (self.secrets.fresh()?, context.now().plus(purpose.life()));
        let record = OneTime { user_id, purpose, epoch, expires_at };
        let write = record.write(&self.secrets.digest(token.expose()))?;
        let body = SecretIssued { user_id, email, first_name, purpose, token, expires_at };
        let message = NewMessage::new(SECRETS_TOPIC, user_id.to_string()).of_type(SECRET_ISSUED);
        Ok(commit.document(write).message(message.json(&body)?))
    }

    /// What the token stands for, and the write that uses it up.
    pub(super) async fn redeem(
        &self,
        context: &Context,
        token: &str,
        purpose: Purpose,
    ) -> Result<(OneTime, DocumentWrite), IdentityError> {
        let digest = self.secrets.digest(token);
        let kept: Option<Kept<OneTime>> = self.kept(context, ONE_TIME, digest.as_str()).await?;
        let Kept { value, version } = kept
            .filter(|kept| kept.value.purpose == purpose && kept.value.expires_at > context.now())
            .ok_or(IdentityError::InvalidToken)?;
        Ok((value, DocumentWrite::delete(ONE_TIME, digest.as_str(), Expected::Version(version))))
    }
}
