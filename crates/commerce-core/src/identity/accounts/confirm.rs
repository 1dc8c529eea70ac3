//! Showing that mail reaches a user.

use super::{Accounts, IdentityError, Purpose, TRIES};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::UserCommand;

impl Accounts {
    /// Confirms the address of the user whom the token was mailed to. The token is used up.
    ///
    /// # Errors
    /// [`IdentityError::InvalidToken`].
    pub async fn confirm_email(&self, context: &Context, token: &str) -> Result<UserId, IdentityError> {
        for _ in 0..TRIES {
            let (record, used) = self.redeem(context, token, Purpose::ConfirmEmail).await?;
            let user = self.get(context, record.user_id).await?;
            let (commit, _) = self.decide(context, record.user_id, &user, [UserCommand::ConfirmEmail])?;
            if self.write(commit.document(used)).await? {
                return Ok(record.user_id);
            }
        }
        Err(IdentityError::Conflict)
    }
}
