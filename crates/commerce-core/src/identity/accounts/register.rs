//! Making an account.

use super::documents::Credentials;
use super::{Accounts, EMAIL_CLAIM, IdentityError, Purpose};
use crate::commit::{Claim, Commit, CommitError, Conflict};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::{PasswordHash, Role, User, UserCommand};
use crate::repository::Loaded;

use super::Register;

impl Accounts {
    /// Makes an account in the role of a customer, and has a token mailed that confirms the address. Its id is the
    /// context's [first](Context::new_id).
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] with every fault, [`IdentityError::EmailTaken`].
    pub async fn register(&self, context: &Context, request: Register) -> Result<UserId, IdentityError> {
        let user_id = UserId(context.new_id(0));
        let command = request.checked(user_id, Role::Customer.into()).map_err(IdentityError::Invalid)?;
        let hash = self.hasher.hash(&request.password).await?;
        let (commit, user) = self.open(context, user_id, hash, [command])?;
        let commit = self.issue(context, commit, &user.state, Purpose::ConfirmEmail, 0)?;
        self.write_new(commit).await?;
        Ok(user_id)
    }

    /// The commit of a new account: the first of the commands registers it.
    pub(super) fn open(
        &self,
        context: &Context,
        user_id: UserId,
        hash: PasswordHash,
        commands: impl IntoIterator<Item = UserCommand>,
    ) -> Result<(Commit, Loaded<User>), IdentityError> {
        let nobody = Loaded::new(User::default(), 0);
        let (commit, user) = self.decide(context, user_id, &nobody, commands)?;
        let email = user.state.email().map(ToString::to_string).unwrap_or_default();
        let claim = Claim::new(EMAIL_CLAIM, email).with_answer(format!("\"{user_id}\"").into_bytes());
        let credentials = Credentials { hash, epoch: 0 }.write(user_id, 0)?;
        Ok((commit.claim(claim).document(credentials), user))
    }

    pub(super) async fn write_new(&self, commit: Commit) -> Result<(), IdentityError> {
        match self.store.commit(commit).await {
            Ok(_) => Ok(()),
            Err(CommitError::Conflict(Conflict::Claim { .. })) => Err(IdentityError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }
}
