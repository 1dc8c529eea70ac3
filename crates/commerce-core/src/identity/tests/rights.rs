//! What an administrator decides.

use super::*;

#[test]
fn a_deactivation_ends_every_session_for_good() {
    let (bench, ada) = Bench::with_ada();
    let sessions = [bench.login(), bench.login()];
    bench.deactivate(ada);
    assert_eq!(code(bench.try_login(EMAIL, PASSWORD)), "invalid_credentials");
    for session in &sessions {
        assert_eq!(code(bench.refresh(session)), "invalid_token");
    }
    bench.activate(ada);
    for session in &sessions {
        assert_eq!(code(bench.refresh(session)), "invalid_token");
    }
    bench.login();
}

#[test]
fn what_is_so_already_changes_nothing() {
    let (bench, ada) = Bench::with_ada();
    let session = bench.login();
    bench.activate(ada);
    let customer = Roles::only(Role::Customer);
    block_on(bench.accounts.set_roles(&bench.context(), ada, customer, Expected::Any)).unwrap();
    assert!(bench.refresh(&session).is_ok());
    bench.deactivate(ada);
    bench.deactivate(ada);
    assert_eq!(bench.events(), ["UserRegistered", "UserLoggedIn", "UserDeactivated"]);
}

#[test]
fn whoever_has_seen_an_older_version_is_told() {
    let (bench, ada) = Bench::with_ada();
    bench.login();
    let stale = block_on(bench.accounts.deactivate(&bench.context(), ada, Expected::Version(1)));
    assert!(matches!(stale, Err(IdentityError::VersionMismatch { expected: 1, actual: 2 })));
    let after = block_on(bench.accounts.deactivate(&bench.context(), ada, Expected::Version(2))).unwrap();
    assert_eq!((after.version, after.state.is_active()), (3, false));
}

#[test]
fn nobody_has_no_rights() {
    let bench = Bench::new();
    let nobody = UserId(bench.host.new_id());
    assert_eq!(code(block_on(bench.accounts.get(&bench.context(), nobody))), "user_not_found");
    let answer = block_on(bench.accounts.activate(&bench.context(), nobody, Expected::Any));
    assert_eq!(code(answer), "user_not_found");
    assert_eq!(code(bench.change(nobody, None, PASSWORD)), "user_not_found");
}

#[test]
fn tenants_do_not_see_each_other() {
    let (bench, ada) = Bench::with_ada();
    let elsewhere = || bench.context().with_tenant(crate::id::Tenant::new("elsewhere"));
    assert_eq!(code(block_on(bench.accounts.get(&elsewhere(), ada))), "user_not_found");
    let session = bench.login();
    let token = session.refresh_token.expose();
    assert_eq!(code(block_on(bench.accounts.refresh(&elsewhere(), token))), "invalid_token");
    block_on(bench.accounts.register(&elsewhere(), register(EMAIL))).unwrap();
}
