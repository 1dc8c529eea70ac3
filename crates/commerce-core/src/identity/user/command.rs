//! What can be asked of a user.

use crate::id::UserId;
use crate::identity::{EmailAddress, PersonName, Roles};

/// What can be asked of a user. [`Accounts`](crate::identity::Accounts) asks it, once passwords and tokens are proven.
#[derive(Clone, Debug, PartialEq)]
pub enum UserCommand {
    /// Makes the user known.
    Register {
        /// Its own id, the same as its stream's.
        user_id: UserId,
        /// Where mail reaches them. That no one else has it, a claim in the same commit sees to.
        email: EmailAddress,
        /// The first name.
        first_name: PersonName,
        /// The last name.
        last_name: PersonName,
        /// What they may do.
        roles: Roles,
    },
    /// They have signed in.
    LogIn,
    /// They have another password from now on.
    ChangePassword,
    /// They have forgotten their password.
    RequestPasswordReset,
    /// They have shown that mail reaches them.
    ConfirmEmail,
    /// They may not sign in any more.
    Deactivate,
    /// They may sign in again.
    Activate,
    /// They have these roles from now on.
    SetRoles(Roles),
}
