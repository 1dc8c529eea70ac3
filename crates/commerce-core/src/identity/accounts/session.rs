//! Sessions, and the refresh tokens that keep them going.

use std::time::Duration;

use uuid::Uuid;

use super::documents::{Kept, SESSIONS, SessionRecord};
use super::{Accounts, IdentityError, TRIES};
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::{Roles, Secret, SessionId, User, UserRejection};
use crate::time::Timestamp;

/// How long a refresh token is good for, unless it is used.
pub const REFRESH_TOKEN_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a login or a refresh gives: whom to sign an access token for, and how to come back.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id, the same over all its refresh tokens.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// What they may do, as of now.
    pub roles: Roles,
    /// To be used once, by [`Accounts::refresh`].
    pub refresh_token: Secret,
    /// Until when it is good.
    pub refresh_expires_at: Timestamp,
}

/// A refresh token taken apart: `session.secret.current`.
struct Presented<'a> {
    session_id: SessionId,
    secret: &'a str,
    current: &'a str,
}

impl<'a> Presented<'a> {
    fn parse(token: &'a str) -> Option<Self> {
        let mut parts = token.split('.');
        let (id, secret, current) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self { session_id: SessionId(Uuid::try_parse(id).ok()?), secret, current })
    }
}

fn token(session_id: SessionId, secret: &str, current: &str) -> Secret {
    Secret::new(format!("{}.{secret}.{current}", session_id.0.simple()))
}

impl Accounts {
    /// The next refresh token of the session, and the roles the user has by now. The token that was given is used up.
    ///
    /// If it was used before, the session ends. That includes two uses at once: at most one succeeds, and what it
    /// gave can't be refreshed once the other was seen.
    ///
    /// # Errors
    /// [`IdentityError::InvalidToken`]: sign in again.
    pub async fn refresh(&self, context: &Context, refresh_token: &str) -> Result<Session, IdentityError> {
        let presented = Presented::parse(refresh_token).ok_or(IdentityError::InvalidToken)?;
        for _ in 0..TRIES {
            let kept = self.session(context, &presented).await?.ok_or(IdentityError::InvalidToken)?;
            if self.secrets.digest(presented.current) != kept.value.current {
                if self.write(end(context, presented.session_id, Expected::Version(kept.version))).await? {
                    return Err(IdentityError::InvalidToken);
                }
                continue;
            }
            let user = self.holder(context, &kept.value).await?;
            let (session, write) = self.continue_session(context, &presented, &kept, &user)?;
            if self.write(Commit::within(context).document(write)).await? {
                return Ok(session);
            }
        }
        Err(IdentityError::Conflict)
    }

    /// Ends the session of a refresh token, used or not. A token that is no one's any more is no error.
    ///
    /// # Errors
    /// What the store said.
    pub async fn logout(&self, context: &Context, refresh_token: &str) -> Result<(), IdentityError> {
        let Some(presented) = Presented::parse(refresh_token) else { return Ok(()) };
        if self.session(context, &presented).await?.is_some() {
            self.store.commit(end(context, presented.session_id, Expected::Any)).await?;
        }
        Ok(())
    }

    /// The session, if it goes on and the token was once one of its own. Digests are compared, so how long it takes
    /// tells nothing about the secret.
    async fn session(
        &self,
        context: &Context,
        presented: &Presented<'_>,
    ) -> Result<Option<Kept<SessionRecord>>, IdentityError> {
        let kept: Option<Kept<SessionRecord>> =
            self.kept(context, SESSIONS, &presented.session_id.to_string()).await?;
        let secret = self.secrets.digest(presented.secret);
        Ok(kept.filter(|kept| kept.value.secret == secret && kept.value.expires_at > context.now()))
    }

    /// The user, if the session was not made void.
    async fn holder(&self, context: &Context, session: &SessionRecord) -> Result<User, IdentityError> {
        let account = self.account(context, session.user_id).await?;
        if !account.user.state.is_active() || account.credentials.value.epoch != session.epoch {
            return Err(IdentityError::InvalidToken);
        }
        Ok(account.user.state)
    }

    pub(super) fn begin_session(
        &self,
        context: &Context,
        user: &User,
        epoch: u64,
    ) -> Result<(Session, DocumentWrite), IdentityError> {
        let session_id = SessionId(context.new_id(1));
        let (secret, current) = (self.secrets.fresh()?, self.secrets.fresh()?);
        let token = token(session_id, secret.expose(), current.expose());
        let session = session_of(context, session_id, user, token)?;
        let record = SessionRecord {
            user_id: session.user_id,
            epoch,
            secret: self.secrets.digest(secret.expose()),
            current: self.secrets.digest(current.expose()),
            expires_at: session.refresh_expires_at,
        };
        Ok((session, record.write(&session_id.to_string(), 0)?))
    }

    fn continue_session(
        &self,
        context: &Context,
        presented: &Presented<'_>,
        kept: &Kept<SessionRecord>,
        user: &User,
    ) -> Result<(Session, DocumentWrite), IdentityError> {
        let current = self.secrets.fresh()?;
        let token = token(presented.session_id, presented.secret, current.expose());
        let session = session_of(context, presented.session_id, user, token)?;
        let record = SessionRecord {
            current: self.secrets.digest(current.expose()),
            expires_at: session.refresh_expires_at,
            ..kept.value.clone()
        };
        let write = record.write(&presented.session_id.to_string(), kept.version)?;
        Ok((session, write))
    }
}

fn session_of(
    context: &Context,
    session_id: SessionId,
    user: &User,
    refresh_token: Secret,
) -> Result<Session, IdentityError> {
    let (user_id, roles) = user.user_id().zip(user.roles().cloned()).ok_or(UserRejection::NotFound)?;
    let refresh_expires_at = context.now().plus(REFRESH_TOKEN_LIFE);
    Ok(Session { session_id, user_id, roles, refresh_token, refresh_expires_at })
}

fn end(context: &Context, session_id: SessionId, expected: Expected) -> Commit {
    Commit::within(context).document(DocumentWrite::delete(SESSIONS, session_id.to_string(), expected))
}
