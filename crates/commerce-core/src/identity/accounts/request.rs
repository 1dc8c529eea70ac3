//! What is asked, as it comes from outside.

use serde::Deserialize;

use crate::id::UserId;
use crate::identity::faults::keep;
use crate::identity::{EmailAddress, Password, PersonName, Roles, SessionId, UserCommand};
use crate::value::Violation;

/// Someone wants an account. They become a customer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Where mail reaches them.
    pub email: String,
    /// The password they have chosen.
    pub password: Password,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
}

/// A user whom the installation sets up itself.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Who, under which password.
    pub account: Register,
    /// In which roles.
    pub roles: Roles,
}

/// Someone wants to sign in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The address of the account.
    pub email: String,
    /// Its password.
    pub password: Password,
}

/// A signed-in user wants another password.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// The user.
    pub user_id: UserId,
    /// The session they ask from: the only one that goes on. None goes on if none is named.
    pub session_id: Option<SessionId>,
    /// The password they have.
    pub current: Password,
    /// The password they want.
    pub new: Password,
}

impl Register {
    /// The command of a user with this id and these roles.
    pub(super) fn checked(&self, user_id: UserId, roles: Roles) -> Result<UserCommand, Vec<Violation>> {
        let mut faults = Vec::new();
        let email = keep(&mut faults, EmailAddress::parse("/email", &self.email).map_err(Some));
        keep(&mut faults, self.password.checked("/password"));
        let first_name = keep(&mut faults, PersonName::parse("/first_name", &self.first_name).map_err(Some));
        let last_name = keep(&mut faults, PersonName::parse("/last_name", &self.last_name).map_err(Some));
        match (email, first_name, last_name) {
            (Some(email), Some(first_name), Some(last_name)) if faults.is_empty() => {
                Ok(UserCommand::Register { user_id, email, first_name, last_name, roles })
            }
            _ => Err(faults),
        }
    }
}
