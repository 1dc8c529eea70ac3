//! Proving that someone is who they say they are, five tries at most.

use super::documents::{ATTEMPTS, Attempts, Kept};
use super::{Account, Accounts, IdentityError, TRIES};
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::context::Context;
use crate::identity::{Digest, EmailAddress, Password, PasswordHash};
use crate::stream::Version;

/// Someone knew the password. It holds only if it is committed together with what it allows, by
/// [`Proof::commit_with`].
pub(super) struct Proof {
    pub(super) account: Account,
    address: Digest,
    attempts: Version,
}

impl Proof {
    /// Forgets the failures, and fails if another one was recorded since they were counted: else many passwords
    /// could be tried at once, and the right one be told although the others have locked the account.
    pub(super) fn commit_with(&self, commit: Commit) -> Commit {
        let expected = Expected::Version(self.attempts);
        commit.document(DocumentWrite::delete(ATTEMPTS, self.address.as_str(), expected))
    }
}

/// The last verification, so that deciding again doesn't cost another one.
#[derive(Default)]
pub(super) struct Verified(Option<(PasswordHash, bool)>);

impl Accounts {
    /// Whose address and password these are. If they are nobody's who may sign in, the failure is recorded.
    pub(super) async fn prove(
        &self,
        context: &Context,
        email: &EmailAddress,
        password: &Password,
        verified: &mut Verified,
    ) -> Result<Proof, IdentityError> {
        let address = self.secrets.digest(email.as_str());
        for _ in 0..TRIES {
            let attempts = self.attempts(context, &address).await?;
            if let Some(until) = attempts.value.locked(context.now()) {
                return Err(IdentityError::AccountLocked { until });
            }
            let account = self.account_of(context, email).await?;
            let hash = account.as_ref().map_or(&self.nobody, |account| &account.credentials.value.hash);
            let right = self.verify(password, hash, verified).await?;
            if let Some(account) = account.filter(|account| right && account.user.state.is_active()) {
                return Ok(Proof { account, address, attempts: attempts.version });
            }
            let failure = attempts.value.and_failure(context.now());
            let write = failure.write(&address, attempts.version, context.now())?;
            if self.write(Commit::within(context).document(write)).await? {
                return Err(IdentityError::InvalidCredentials);
            }
        }
        Err(IdentityError::Conflict)
    }

    async fn attempts(&self, context: &Context, address: &Digest) -> Result<Kept<Attempts>, IdentityError> {
        let kept = self.kept(context, ATTEMPTS, address.as_str()).await?;
        Ok(kept.unwrap_or(Kept { value: Attempts::default(), version: 0 }))
    }

    async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
        verified: &mut Verified,
    ) -> Result<bool, IdentityError> {
        match &verified.0 {
            Some((same, right)) if same == hash => Ok(*right),
            _ => {
                let right = self.hasher.verify(password, hash).await?;
                verified.0 = Some((hash.clone(), right));
                Ok(right)
            }
        }
    }
}
