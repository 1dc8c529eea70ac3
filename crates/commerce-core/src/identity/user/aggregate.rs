//! The rules of one user.

use serde::{Deserialize, Serialize};

use super::{UserCommand, UserEvent, UserRejection};
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::UserId;
use crate::identity::{EmailAddress, PersonName, Roles};
use crate::time::Timestamp;

/// Someone who can sign in. Before the registration every getter answers `None` or `false`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct User {
    registered: Option<Registered>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Registered {
    user_id: UserId,
    email: EmailAddress,
    first_name: PersonName,
    last_name: PersonName,
    roles: Roles,
    active: bool,
    email_confirmed: bool,
    last_login_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl Aggregate for User {
    const KIND: &'static str = "user";
    type Id = UserId;
    type Command = UserCommand;
    type Event = UserEvent;
    type Rejection = UserRejection;

    fn decide(&self, command: UserCommand, context: &Context) -> Result<Vec<UserEvent>, UserRejection> {
        let at = context.now();
        match (&self.registered, command) {
            (None, UserCommand::Register { user_id, email, first_name, last_name, roles }) => {
                Ok(vec![UserEvent::UserRegistered { user_id, email, first_name, last_name, roles, at }])
            }
            (Some(_), UserCommand::Register { .. }) => Err(UserRejection::AlreadyExists),
            (None, _) => Err(UserRejection::NotFound),
            (Some(user), command) => user.decide(command, at),
        }
    }

    fn apply(&mut self, event: &UserEvent) {
        match (&mut self.registered, event) {
            (registered @ None, event) => *registered = Registered::from_first(event),
            (Some(user), event) => user.apply(event),
        }
    }
}

impl Registered {
    fn decide(&self, command: UserCommand, at: Timestamp) -> Result<Vec<UserEvent>, UserRejection> {
        let event = match command {
            UserCommand::Register { .. } => return Err(UserRejection::AlreadyExists),
            UserCommand::LogIn | UserCommand::RequestPasswordReset | UserCommand::ChangePassword
                if !self.active =>
            {
                return Err(UserRejection::Deactivated);
            }
            UserCommand::LogIn => UserEvent::UserLoggedIn { at },
            UserCommand::ChangePassword => UserEvent::PasswordChanged { at },
            UserCommand::RequestPasswordReset => UserEvent::PasswordResetRequested { at },
            UserCommand::ConfirmEmail if !self.email_confirmed => UserEvent::EmailConfirmed { at },
            UserCommand::Deactivate if self.active => UserEvent::UserDeactivated { at },
            UserCommand::Activate if !self.active => UserEvent::UserActivated { at },
            UserCommand::SetRoles(roles) if roles != self.roles => UserEvent::RolesChanged { roles, at },
            UserCommand::ConfirmEmail
            | UserCommand::Deactivate
            | UserCommand::Activate
            | UserCommand::SetRoles(_) => return Ok(vec![]),
        };
        Ok(vec![event])
    }

    fn from_first(event: &UserEvent) -> Option<Self> {
        let UserEvent::UserRegistered { user_id, email, first_name, last_name, roles, at } = event else {
            return None;
        };
        Some(Self {
            user_id: *user_id,
            email: email.clone(),
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            roles: roles.clone(),
            active: true,
            email_confirmed: false,
            last_login_at: None,
            created_at: *at,
        })
    }

    fn apply(&mut self, event: &UserEvent) {
        match event {
            UserEvent::UserRegistered { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordResetRequested { .. } => {}
            UserEvent::UserLoggedIn { at } => self.last_login_at = Some(*at),
            UserEvent::EmailConfirmed { .. } => self.email_confirmed = true,
            UserEvent::UserDeactivated { .. } => self.active = false,
            UserEvent::UserActivated { .. } => self.active = true,
            UserEvent::RolesChanged { roles, .. } => self.roles = roles.clone(),
        }
    }
}

impl User {
    /// Its id.
    pub fn user_id(&self) -> Option<UserId> {
        self.registered.as_ref().map(|user| user.user_id)
    }

    /// Where mail reaches them.
    pub fn email(&self) -> Option<&EmailAddress> {
        self.registered.as_ref().map(|user| &user.email)
    }

    /// The first name.
    pub fn first_name(&self) -> Option<&PersonName> {
        self.registered.as_ref().map(|user| &user.first_name)
    }

    /// The last name.
    pub fn last_name(&self) -> Option<&PersonName> {
        self.registered.as_ref().map(|user| &user.last_name)
    }

    /// What they may do.
    pub fn roles(&self) -> Option<&Roles> {
        self.registered.as_ref().map(|user| &user.roles)
    }

    /// Whether they may sign in.
    pub fn is_active(&self) -> bool {
        self.registered.as_ref().is_some_and(|user| user.active)
    }

    /// Whether they have shown that mail reaches them.
    pub fn is_email_confirmed(&self) -> bool {
        self.registered.as_ref().is_some_and(|user| user.email_confirmed)
    }

    /// When they last signed in, if they ever have.
    pub fn last_login_at(&self) -> Option<Timestamp> {
        self.registered.as_ref().and_then(|user| user.last_login_at)
    }

    /// When they were registered.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.registered.as_ref().map(|user| user.created_at)
    }
}
