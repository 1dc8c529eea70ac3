//! Making accounts, and confirming their addresses.

use super::*;

#[test]
fn a_registration_is_one_commit_with_a_token_in_the_mail() {
    let (bench, ada) = Bench::with_ada();
    let user = bench.get(ada);
    assert_eq!(user.email().unwrap().as_str(), EMAIL);
    assert_eq!(user.roles(), Some(&Roles::only(Role::Customer)));
    assert!(user.is_active() && !user.is_email_confirmed());
    assert_eq!(bench.events(), ["UserRegistered"]);
    let mail = bench.mail();
    assert_eq!(mail.len(), 1);
    assert_eq!((mail[0].user_id, mail[0].purpose), (ada, Purpose::ConfirmEmail));
    assert_eq!(mail[0].expires_at, bench.host.now().plus(Duration::from_secs(24 * 3_600)));
}

#[test]
fn an_address_is_taken_in_any_spelling() {
    let (bench, _) = Bench::with_ada();
    let again = block_on(bench.accounts.register(&bench.context(), register("  ADA@Example.ORG ")));
    assert_eq!(code(again), "email_taken");
    assert_eq!(bench.events(), ["UserRegistered"]);
    assert_eq!(bench.mail().len(), 1, "who was refused gets no mail");
}

#[test]
fn every_fault_is_told_at_once() {
    let bench = Bench::new();
    let request = Register {
        email: "ada".to_owned(),
        password: Password::new("short"),
        first_name: " ".to_owned(),
        last_name: "x".repeat(101),
    };
    let error = block_on(bench.accounts.register(&bench.context(), request)).unwrap_err();
    let faults: Vec<_> = error.violations().iter().map(|fault| (&*fault.pointer, fault.code)).collect();
    assert_eq!(
        faults,
        [
            ("/email", "invalid_email"),
            ("/password", "too_short"),
            ("/password", "needs_upper_case"),
            ("/password", "needs_digit"),
            ("/password", "needs_other"),
            ("/first_name", "required"),
            ("/last_name", "too_long"),
        ]
    );
    assert!(bench.events().is_empty());
}

#[test]
fn a_misspelt_field_is_refused() {
    let json = r#"{"email":"a@b.c","password":"x","first_name":"A","last_name":"B","role":"admin"}"#;
    assert!(serde_json::from_str::<Register>(json).is_err());
}

#[test]
fn the_mailed_token_confirms_the_address_once() {
    let (bench, ada) = Bench::with_ada();
    let token = bench.last_token();
    assert_eq!(bench.confirm(&token).unwrap(), ada);
    assert!(bench.get(ada).is_email_confirmed());
    assert_eq!(code(bench.confirm(&token)), "invalid_token");
    assert_eq!(bench.events(), ["UserRegistered", "EmailConfirmed"]);
}

#[test]
fn a_confirmation_comes_within_a_day() {
    let (bench, ada) = Bench::with_ada();
    bench.pass(24 * 60);
    assert_eq!(code(bench.confirm(&bench.last_token())), "invalid_token");
    assert!(!bench.get(ada).is_email_confirmed());
}

#[test]
fn a_token_serves_its_own_purpose_only() {
    let (bench, _) = Bench::with_ada();
    assert_eq!(code(bench.reset(&bench.last_token(), OTHER)), "invalid_token");
    bench.forgot();
    assert_eq!(code(bench.confirm(&bench.last_token())), "invalid_token");
}

#[test]
fn a_user_is_ensured_once_and_then_left_alone() {
    let bench = Bench::new();
    let admin = |password: &str| NewUser {
        account: Register { password: Password::new(password), ..register("root@example.org") },
        roles: Roles::new("/roles", [Role::Admin, Role::Analyst]).unwrap(),
    };
    let ensure = |password| block_on(bench.accounts.ensure(&bench.context(), admin(password))).unwrap();
    let made = ensure(PASSWORD);
    assert!(matches!(made, Ensured::Created(_)));
    assert_eq!(ensure(OTHER), Ensured::Present(made.user_id()));
    let user = bench.get(made.user_id());
    assert!(user.is_email_confirmed() && user.roles().unwrap().contains(Role::Admin));
    assert_eq!(bench.events(), ["UserRegistered", "EmailConfirmed"]);
    assert!(bench.mail().is_empty());
    assert!(bench.try_login("root@example.org", PASSWORD).is_ok());
}

#[test]
fn who_is_ensured_by_several_at_once_is_made_once() {
    let bench = Bench::new();
    let request = || NewUser { account: register(EMAIL), roles: Role::Admin.into() };
    let (one, other) = (bench.context(), bench.context());
    let (one, other) = block_on(futures_util::future::join(
        bench.accounts.ensure(&one, request()),
        bench.accounts.ensure(&other, request()),
    ));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.user_id(), other.user_id());
    assert_eq!(bench.events(), ["UserRegistered", "EmailConfirmed"]);
}
