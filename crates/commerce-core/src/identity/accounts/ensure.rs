//! Users whom the installation sets up itself.

use super::{Accounts, IdentityError, NewUser};
use crate::context::Context;
use crate::id::UserId;
use crate::identity::{EmailAddress, UserCommand};
use crate::value::Violation;

/// Whether the user was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// It was made now.
    Created(UserId),
    /// Someone has the address already. They were left as they are, whatever their password and roles.
    Present(UserId),
}

impl Ensured {
    /// Who has the address.
    pub fn user_id(self) -> UserId {
        match self {
            Self::Created(user_id) | Self::Present(user_id) => user_id,
        }
    }
}

impl Accounts {
    /// Makes a user whose address counts as confirmed, unless someone has the address.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] with every fault.
    pub async fn ensure(&self, context: &Context, request: NewUser) -> Result<Ensured, IdentityError> {
        let invalid = |violation: Violation| IdentityError::Invalid(vec![violation]);
        let NewUser { account, roles } = request;
        let user_id = UserId(context.new_id(0));
        let register = account.checked(user_id, roles).map_err(IdentityError::Invalid)?;
        let email = EmailAddress::parse("/email", &account.email).map_err(invalid)?;
        if let Some(present) = self.user_of(context, &email).await? {
            return Ok(Ensured::Present(present));
        }
        let hash = self.hasher.hash(&account.password).await?;
        let (commit, _) = self.open(context, user_id, hash, [register, UserCommand::ConfirmEmail])?;
        match self.write_new(commit).await {
            Ok(()) => Ok(Ensured::Created(user_id)),
            Err(IdentityError::EmailTaken) => {
                let present = self.user_of(context, &email).await?;
                present.map(Ensured::Present).ok_or(IdentityError::Conflict)
            }
            Err(error) => Err(error),
        }
    }
}
