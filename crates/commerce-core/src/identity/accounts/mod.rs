//! The work around a user: passwords, sessions, and tokens that are sent by mail.

mod confirm;
mod documents;
mod ensure;
mod error;
mod expired;
mod login;
mod one_time;
mod password;
mod proof;
mod register;
mod request;
mod rights;
mod session;

use std::fmt;
use std::sync::Arc;

pub use documents::{LOCK_DURATION, MAX_FAILURES};
pub use ensure::Ensured;
pub use error::IdentityError;
pub use one_time::{Purpose, SECRET_ISSUED, SECRETS_TOPIC, SecretIssued};
pub use request::{ChangePassword, Login, NewUser, Register};
pub use session::{REFRESH_TOKEN_LIFE, Session};

use super::{EmailAddress, PasswordHash, PasswordHasher, SecretSource, User, UserCommand};
use crate::aggregate::Aggregate;
use crate::commit::{Commit, CommitError, Conflict, Expected, NewEvent};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::Password;
use crate::repository::{Loaded, Repository};
use crate::store::{Store, StoreError};
use crate::stream::StreamId;
use documents::{CREDENTIALS, Credentials, Kept};

/// How often an operation is decided at most before it answers [`IdentityError::Conflict`]. High, because the same
/// user may sign in from many places at once, and cheap, because a password is not verified again.
const TRIES: u32 = 50;
/// A user's state is kept so often: each login is an event, and there are many.
const SNAPSHOT_EVERY: u64 = 20;
/// Raise it whenever the shape of [`User`] changes.
const SNAPSHOT_SCHEMA: u32 = 1;
/// The claim of an e-mail address. Its answer is the user's id.
const EMAIL_CLAIM: &str = "email";

/// The accounts of an installation: everything that changes who may sign in, and how.
///
/// Each method reads, decides and writes one commit; if another was faster it does so again. What it answers is
/// durable. A caller that is dropped leaves nothing half done.
///
/// Time and ids come from the [`Context`]: give each call one of its own.
pub struct Accounts {
    store: Arc<dyn Store>,
    users: Repository<User>,
    hasher: Arc<dyn PasswordHasher>,
    secrets: Arc<dyn SecretSource>,
    /// What a password is compared with where there is no user.
    nobody: PasswordHash,
}

/// A user and what proves that it is them.
struct Account {
    user_id: UserId,
    email: EmailAddress,
    user: Loaded<User>,
    credentials: Kept<Credentials>,
}

impl Accounts {
    /// The accounts in this store.
    ///
    /// # Errors
    /// When no hash can be made: one is, for addresses that no one has.
    pub async fn new(
        store: Arc<dyn Store>,
        hasher: Arc<dyn PasswordHasher>,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Self, IdentityError> {
        let nobody = hasher.hash(&Password::new(secrets.fresh()?.expose())).await?;
        let users = Repository::new(store.clone()).with_snapshots(SNAPSHOT_EVERY, SNAPSHOT_SCHEMA);
        Ok(Self { store, users, hasher, secrets, nobody })
    }

    /// A user as they are, and their version.
    ///
    /// # Errors
    /// [`IdentityError::UserNotFound`], or what the store said.
    pub async fn get(&self, context: &Context, user_id: UserId) -> Result<Loaded<User>, IdentityError> {
        let loaded = self.users.load(context.tenant(), &user_id).await?;
        if loaded.version == 0 { Err(IdentityError::UserNotFound) } else { Ok(loaded) }
    }

    /// The user is read before the credentials: whoever changes these appends to the user as well, so what was read
    /// too late is found out when the commit expects the user's version.
    async fn account(&self, context: &Context, user_id: UserId) -> Result<Account, IdentityError> {
        let user = self.get(context, user_id).await?;
        let id = user_id.to_string();
        let credentials = self.kept(context, CREDENTIALS, &id).await?;
        match (user.state.email().cloned(), credentials) {
            (Some(email), Some(credentials)) => Ok(Account { user_id, email, user, credentials }),
            _ => Err(IdentityError::Store(StoreError::Damaged {
                what: format!("document {CREDENTIALS}/{id}"),
                source: "a user has none".into(),
            })),
        }
    }

    async fn account_of(
        &self,
        context: &Context,
        email: &EmailAddress,
    ) -> Result<Option<Account>, IdentityError> {
        match self.user_of(context, email).await? {
            Some(user_id) => self.account(context, user_id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Who has this address, if anyone.
    ///
    /// # Errors
    /// What the store said.
    pub async fn user_of(
        &self,
        context: &Context,
        email: &EmailAddress,
    ) -> Result<Option<UserId>, IdentityError> {
        let claimed = self.store.claimed(context.tenant(), EMAIL_CLAIM, email.as_str()).await?;
        let Some(claimed) = claimed else { return Ok(None) };
        let answer = claimed.answer.unwrap_or_default();
        let user_id = serde_json::from_slice(&answer).map_err(|source| StoreError::Damaged {
            what: format!("the answer of a claim of {EMAIL_CLAIM}"),
            source: source.into(),
        })?;
        Ok(Some(user_id))
    }

    /// What these commands lead to, one after the other, at the end of the user's stream, and the user after it.
    fn decide(
        &self,
        context: &Context,
        user_id: UserId,
        user: &Loaded<User>,
        commands: impl IntoIterator<Item = UserCommand>,
    ) -> Result<(Commit, Loaded<User>), IdentityError> {
        let (stream, before) = (StreamId::of::<User>(&user_id), user.version);
        let mut after = user.clone();
        let mut events = Vec::new();
        for command in commands {
            for event in after.state.decide(command, context)? {
                after.state.apply(&event);
                after.version += 1;
                events.push(NewEvent::encode(&event)?);
            }
        }
        let mut commit = Commit::within(context);
        if events.is_empty() {
            return Ok((commit, after));
        }
        if let Some(snapshots) = self.users.snapshots()
            && let Some(write) = snapshots.due(&stream, &after.state, after.version, &mut after.kept)
        {
            commit = commit.document(write);
        }
        Ok((commit.append(stream, Expected::Version(before), events), after))
    }

    /// Whether it was written; not, if another was faster.
    async fn write(&self, commit: Commit) -> Result<bool, IdentityError> {
        match self.store.commit(commit).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict(Conflict::Stream { .. } | Conflict::Document { .. })) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}
