//! Other passwords: changed by who knows the old one, reset by who can read the mail.

use super::documents::{
    ATTEMPTS, Credentials, Kept, OneTime, RESET_EVERY, RESETS, ResetMailed, SESSIONS, SessionRecord,
};
use super::proof::Verified;
use super::{Account, Accounts, ChangePassword, IdentityError, Purpose, TRIES};
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::{EmailAddress, Password, PasswordHash, SessionId, UserCommand};

impl Accounts {
    /// Sets another password for a user who knows the one they have. All their sessions end but the one they name,
    /// and tokens to reset the password become void.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] with every fault of the new password, at `/new_password`;
    /// [`IdentityError::InvalidCredentials`] when the current one is wrong, which counts as a failed login, and
    /// [`IdentityError::AccountLocked`] after too many; [`IdentityError::UserNotFound`].
    pub async fn change_password(
        &self,
        context: &Context,
        request: ChangePassword,
    ) -> Result<(), IdentityError> {
        let hash = self.hash_new(&request.new).await?;
        let email = self.account(context, request.user_id).await?.email;
        let mut verified = Verified::default();
        for _ in 0..TRIES {
            let proof = self.prove(context, &email, &request.current, &mut verified).await?;
            let mut commit = self.replace_password(context, &proof.account, &hash)?;
            if let Some(session_id) = request.session_id
                && let Some(write) = self.spare(context, session_id, &proof.account).await?
            {
                commit = commit.document(write);
            }
            if self.write(proof.commit_with(commit)).await? {
                return Ok(());
            }
        }
        Err(IdentityError::Conflict)
    }

    /// Has a token mailed by which the password can be reset, if an active user has this address. The answer is the
    /// same if none has. A user is mailed one a minute at most: who asks again sooner has nothing done.
    ///
    /// # Errors
    /// What the store said, and [`IdentityError::NoRandomness`]; nothing about the address.
    pub async fn forgot_password(&self, context: &Context, email: &str) -> Result<(), IdentityError> {
        let Ok(email) = EmailAddress::parse("/email", email) else { return Ok(()) };
        for _ in 0..TRIES {
            let account = self.account_of(context, &email).await?;
            let commit = match account.filter(|account| account.user.state.is_active()) {
                Some(account) => self.forgotten(context, &account).await?,
                None => self.decoy(context)?,
            };
            if self.write(commit).await? {
                return Ok(());
            }
        }
        // That others are always faster tells of an account: nobody is, where there is none.
        Ok(())
    }

    /// Sets another password for whoever holds a token to do so. All sessions of the user end, other such tokens
    /// become void, and an account that was locked is open again.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] with every fault of the password, at `/new_password`, the token staying good;
    /// [`IdentityError::InvalidToken`].
    pub async fn reset_password(
        &self,
        context: &Context,
        token: &str,
        new: &Password,
    ) -> Result<(), IdentityError> {
        new.checked("/new_password").map_err(IdentityError::Invalid)?;
        // Looked at before the password is hashed, so that a wrong token costs little.
        self.redeem(context, token, Purpose::ResetPassword).await?;
        let hash = self.hash_new(new).await?;
        for _ in 0..TRIES {
            let (record, used) = self.redeem(context, token, Purpose::ResetPassword).await?;
            let account = self.account(context, record.user_id).await?;
            if !account.user.state.is_active() || account.credentials.value.epoch != record.epoch {
                return Err(IdentityError::InvalidToken);
            }
            let address = self.secrets.digest(account.email.as_str());
            let unlock = DocumentWrite::delete(ATTEMPTS, address.as_str(), Expected::Any);
            let commit = self.replace_password(context, &account, &hash)?.document(used).document(unlock);
            if self.write(commit).await? {
                return Ok(());
            }
        }
        Err(IdentityError::Conflict)
    }

    async fn hash_new(&self, password: &Password) -> Result<PasswordHash, IdentityError> {
        let password = password.checked("/new_password").map_err(IdentityError::Invalid)?;
        Ok(self.hasher.hash(password).await?)
    }

    /// Another hash, and an end to all that was handed out under the old one.
    fn replace_password(
        &self,
        context: &Context,
        account: &Account,
        hash: &PasswordHash,
    ) -> Result<Commit, IdentityError> {
        let Account { user_id, user, credentials, .. } = account;
        let (commit, _) = self.decide(context, *user_id, user, [UserCommand::ChangePassword])?;
        let renewed = Credentials { hash: hash.clone(), epoch: credentials.value.epoch + 1 };
        Ok(commit.document(renewed.write(*user_id, credentials.version)?))
    }

    /// Takes a session that goes on into the epoch that begins.
    async fn spare(
        &self,
        context: &Context,
        session_id: SessionId,
        account: &Account,
    ) -> Result<Option<DocumentWrite>, IdentityError> {
        let (id, epoch) = (session_id.to_string(), account.credentials.value.epoch);
        let kept: Option<Kept<SessionRecord>> = self.kept(context, SESSIONS, &id).await?;
        let goes_on =
            |kept: &Kept<SessionRecord>| kept.value.user_id == account.user_id && kept.value.epoch == epoch;
        let Some(Kept { value, version }) = kept.filter(goes_on) else { return Ok(None) };
        Ok(Some(SessionRecord { epoch: epoch + 1, ..value }.write(&id, version)?))
    }

    async fn forgotten(&self, context: &Context, account: &Account) -> Result<Commit, IdentityError> {
        let Account { user_id, user, credentials, .. } = account;
        let mailed: Option<Kept<ResetMailed>> = self.kept(context, RESETS, &user_id.to_string()).await?;
        if mailed.as_ref().is_some_and(|mailed| mailed.value.expires_at > context.now()) {
            return self.decoy(context);
        }
        let version = mailed.map_or(0, |mailed| mailed.version);
        let mailed = ResetMailed { expires_at: context.now().plus(RESET_EVERY) };
        let (commit, user) = self.decide(context, *user_id, user, [UserCommand::RequestPasswordReset])?;
        let commit = commit.document(mailed.write(*user_id, version)?);
        self.issue(context, commit, &user.state, Purpose::ResetPassword, credentials.value.epoch)
    }

    /// A token that no one gets and that has expired: without it, an address that no one has, or whose user was mailed a
    /// token just now, would be answered without a write, and so in less time.
    fn decoy(&self, context: &Context) -> Result<Commit, IdentityError> {
        let record = OneTime {
            user_id: UserId(uuid::Uuid::nil()),
            purpose: Purpose::ResetPassword,
            epoch: 0,
            expires_at: context.now(),
        };
        let digest = self.secrets.digest(self.secrets.fresh()?.expose());
        Ok(Commit::within(context).document(record.write(&digest)?))
    }
}
