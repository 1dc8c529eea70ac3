//! The rules of one user.

use proptest::prelude::*;

use super::*;
use crate::aggregate::Aggregate;
use crate::error::Kind;
use crate::event;
use crate::testing::{given, test_context};
use crate::time::Timestamp;

fn now() -> Timestamp {
    test_context().now()
}

fn ada() -> UserId {
    UserId(uuid::Uuid::from_u128(7))
}

fn registration() -> UserCommand {
    UserCommand::Register {
        user_id: ada(),
        email: EmailAddress::parse("/email", EMAIL).unwrap(),
        first_name: PersonName::parse("/first_name", "Ada").unwrap(),
        last_name: PersonName::parse("/last_name", "Lovelace").unwrap(),
        roles: Role::Customer.into(),
    }
}

fn registered() -> UserEvent {
    given::<User>([]).when(registration()).events().remove(0)
}

fn deactivated() -> UserEvent {
    UserEvent::UserDeactivated { at: now() }
}

fn commands() -> [UserCommand; 7] {
    [
        UserCommand::LogIn,
        UserCommand::ChangePassword,
        UserCommand::RequestPasswordReset,
        UserCommand::ConfirmEmail,
        UserCommand::Deactivate,
        UserCommand::Activate,
        UserCommand::SetRoles(Role::Admin.into()),
    ]
}

#[test]
fn a_registration_makes_an_active_user() {
    given::<User>([]).when(registration()).then_state(|user| {
        assert_eq!((user.user_id(), user.created_at()), (Some(ada()), Some(now())));
        assert!(user.is_active() && !user.is_email_confirmed() && user.last_login_at().is_none());
    });
    given::<User>([registered()]).when(registration()).then_rejected(UserRejection::AlreadyExists);
}

#[test]
fn nobody_can_be_asked_nothing() {
    for command in commands() {
        given::<User>([]).when(command).then_rejected(UserRejection::NotFound);
    }
}

#[test]
fn an_active_user_does_everything() {
    let events = |command| given::<User>([registered()]).when(command).events();
    assert_eq!(events(UserCommand::LogIn), [UserEvent::UserLoggedIn { at: now() }]);
    assert_eq!(events(UserCommand::ChangePassword), [UserEvent::PasswordChanged { at: now() }]);
    assert_eq!(events(UserCommand::RequestPasswordReset), [UserEvent::PasswordResetRequested { at: now() }]);
    assert_eq!(events(UserCommand::ConfirmEmail), [UserEvent::EmailConfirmed { at: now() }]);
    assert_eq!(events(UserCommand::Deactivate), [deactivated()]);
}

#[test]
fn a_deactivated_user_does_not_sign_in() {
    for command in [UserCommand::LogIn, UserCommand::ChangePassword, UserCommand::RequestPasswordReset] {
        given::<User>([registered(), deactivated()]).when(command).then_rejected(UserRejection::Deactivated);
    }
    given::<User>([registered(), deactivated()])
        .when(UserCommand::Activate)
        .then([UserEvent::UserActivated { at: now() }])
        .then_state(|user| assert!(user.is_active()));
}

#[test]
fn roles_are_replaced() {
    given::<User>([registered()])
        .when(UserCommand::SetRoles(Role::Admin.into()))
        .then([UserEvent::RolesChanged { roles: Role::Admin.into(), at: now() }])
        .then_state(|user| assert_eq!(user.roles(), Some(&Roles::only(Role::Admin))));
}

#[test]
fn the_types_of_event_are_those_of_the_contract() {
    let roles = Roles::only(Role::Admin);
    let at = now();
    let events = [
        registered(),
        UserEvent::UserLoggedIn { at },
        UserEvent::PasswordChanged { at },
        UserEvent::PasswordResetRequested { at },
        UserEvent::EmailConfirmed { at },
        deactivated(),
        UserEvent::UserActivated { at },
        UserEvent::RolesChanged { roles, at },
    ];
    let types: Vec<_> = events
        .iter()
        .map(|event| {
            let encoded = event::encode(event).unwrap();
            assert_eq!(&event::decode::<UserEvent>(encoded.event_type, &encoded.payload).unwrap(), event);
            encoded.event_type
        })
        .collect();
    assert_eq!(
        types,
        [
            "UserRegistered",
            "UserLoggedIn",
            "PasswordChanged",
            "PasswordResetRequested",
            "EmailConfirmed",
            "UserDeactivated",
            "UserActivated",
            "RolesChanged"
        ]
    );
}

#[test]
fn rejections_have_codes() {
    let told = [UserRejection::NotFound, UserRejection::AlreadyExists, UserRejection::Deactivated]
        .map(|rejection| (rejection.code(), rejection.kind()));
    assert_eq!(
        told,
        [
            ("user_not_found", Kind::NotFound),
            ("already_exists", Kind::Conflict),
            ("user_deactivated", Kind::Conflict)
        ]
    );
}

proptest! {
    /// Levels are asked for, not edges: each of these commands twice has the effect of once.
    #[test]
    fn asking_twice_is_asking_once(before in prop::collection::vec(0..7_usize, 0..12), last in 3..7_usize) {
        let mut user = given::<User>([registered()]).state();
        let mut ask = |command: UserCommand| {
            let events = user.decide(command, &test_context()).unwrap_or_default();
            events.iter().for_each(|event| user.apply(event));
            events.len()
        };
        for index in before {
            ask(commands()[index].clone());
        }
        ask(commands()[last].clone());
        prop_assert_eq!(ask(commands()[last].clone()), 0);
    }

    /// The state survives being kept as a snapshot.
    #[test]
    fn a_state_is_read_as_it_was_written(before in prop::collection::vec(0..7_usize, 0..12)) {
        let mut user = given::<User>([registered()]).state();
        for index in before {
            for event in user.decide(commands()[index].clone(), &test_context()).unwrap_or_default() {
                user.apply(&event);
            }
        }
        let json = serde_json::to_string(&user).unwrap();
        prop_assert_eq!(serde_json::from_str::<User>(&json).unwrap(), user);
    }
}
