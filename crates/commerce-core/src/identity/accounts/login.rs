//! Signing in.

use super::proof::Verified;
use super::{Accounts, IdentityError, Login, Session, TRIES};
use crate::context::Context;
use crate::identity::{EmailAddress, UserCommand};

impl Accounts {
    /// Begins a session for whoever knows the password of an account that is active.
    ///
    /// # Errors
    /// [`IdentityError::InvalidCredentials`], also when the user was deactivated;
    /// [`IdentityError::AccountLocked`] from the try after the fifth failure within fifteen minutes on, for fifteen
    /// minutes.
    pub async fn login(&self, context: &Context, request: Login) -> Result<Session, IdentityError> {
        let Ok(email) = EmailAddress::parse("/email", &request.email) else {
            // No account has it. It is not recorded: what is no address is not worth guessing at.
            self.hasher.verify(&request.password, &self.nobody).await?;
            return Err(IdentityError::InvalidCredentials);
        };
        let mut verified = Verified::default();
        for _ in 0..TRIES {
            let proof = self.prove(context, &email, &request.password, &mut verified).await?;
            let account = &proof.account;
            let (commit, user) =
                self.decide(context, account.user_id, &account.user, [UserCommand::LogIn])?;
            let epoch = account.credentials.value.epoch;
            let (session, write) = self.begin_session(context, &user.state, epoch)?;
            if self.write(proof.commit_with(commit.document(write))).await? {
                return Ok(session);
            }
        }
        Err(IdentityError::Conflict)
    }
}
