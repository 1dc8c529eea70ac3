//! What an administrator decides: whether a user may sign in, and as what.

use super::documents::Credentials;
use super::{Account, Accounts, IdentityError, TRIES};
use crate::commit::{Commit, Expected};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::{Roles, User, UserCommand};
use crate::repository::Loaded;

impl Accounts {
    /// Lets a user sign in again. One who may is left as they are. Answers the user after it.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`]; [`IdentityError::VersionMismatch`] when the user is not at the expected
    /// version.
    pub async fn activate(
        &self,
        context: &Context,
        user_id: UserId,
        expected: Expected,
    ) -> Result<Loaded<User>, IdentityError> {
        self.command(context, user_id, expected, UserCommand::Activate, |_, commit| Ok(commit)).await
    }

    /// Keeps a user from signing in, and ends all their sessions. An access token that was signed before is good
    /// until it expires. Answers the user after it.
    ///
    /// # Errors
    /// See [`activate`](Self::activate).
    pub async fn deactivate(
        &self,
        context: &Context,
        user_id: UserId,
        expected: Expected,
    ) -> Result<Loaded<User>, IdentityError> {
        self.command(context, user_id, expected, UserCommand::Deactivate, end_sessions).await
    }

    /// Gives a user these roles, and takes all others from them. Answers the user after it.
    ///
    /// # Errors
    /// See [`activate`](Self::activate).
    pub async fn set_roles(
        &self,
        context: &Context,
        user_id: UserId,
        roles: Roles,
        expected: Expected,
    ) -> Result<Loaded<User>, IdentityError> {
        self.command(context, user_id, expected, UserCommand::SetRoles(roles), |_, commit| Ok(commit)).await
    }

    async fn command(
        &self,
        context: &Context,
        user_id: UserId,
        expected: Expected,
        command: UserCommand,
        finish: fn(&Account, Commit) -> Result<Commit, IdentityError>,
    ) -> Result<Loaded<User>, IdentityError> {
        for _ in 0..TRIES {
            let account = self.account(context, user_id).await?;
            check(expected, &account.user)?;
            let (commit, after) = self.decide(context, user_id, &account.user, [command.clone()])?;
            if after.version == account.user.version || self.write(finish(&account, commit)?).await? {
                return Ok(after);
            }
        }
        Err(IdentityError::Conflict)
    }
}

fn check(expected: Expected, user: &Loaded<User>) -> Result<(), IdentityError> {
    match expected {
        Expected::Version(version) if version != user.version => {
            Err(IdentityError::VersionMismatch { expected: version, actual: user.version })
        }
        _ => Ok(()),
    }
}

fn end_sessions(account: &Account, commit: Commit) -> Result<Commit, IdentityError> {
    let Account { user_id, credentials, .. } = account;
    let hash = credentials.value.hash.clone();
    let ended = Credentials { hash, epoch: credentials.value.epoch + 1 };
    Ok(commit.document(ended.write(*user_id, credentials.version)?))
}
