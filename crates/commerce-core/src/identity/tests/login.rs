//! Signing in.

use super::*;

#[test]
fn who_knows_the_password_gets_a_session() {
    let (bench, ada) = Bench::with_ada();
    bench.pass(1);
    let session = bench.try_login(" Ada@EXAMPLE.org ", PASSWORD).unwrap();
    assert_eq!((session.user_id, session.roles), (ada, Roles::only(Role::Customer)));
    assert_eq!(session.refresh_expires_at, bench.host.now().plus(REFRESH_TOKEN_LIFE));
    assert_eq!(bench.get(ada).last_login_at(), Some(bench.host.now()));
    assert_eq!(bench.events(), ["UserRegistered", "UserLoggedIn"]);
}

#[test]
fn wrong_password_unknown_address_and_deactivated_user_are_answered_alike() {
    let (bench, ada) = Bench::with_ada();
    let mut answers = Vec::new();
    let mut answer = |email, password| {
        let before = bench.hasher.count();
        let error = bench.try_login(email, password).unwrap_err();
        answers.push((error.code(), error.to_string(), bench.hasher.count() - before));
    };
    answer(EMAIL, OTHER);
    answer("nobody@example.org", PASSWORD);
    answer("no address", PASSWORD);
    bench.deactivate(ada);
    answer(EMAIL, PASSWORD);
    assert_eq!((answers[0].0, answers[0].2), ("invalid_credentials", 1));
    assert!(answers.iter().all(|other| *other == answers[0]), "{answers:?}");
    assert_eq!(bench.events(), ["UserRegistered", "UserDeactivated"]);
}

#[test]
fn a_user_who_signs_in_often_is_read_from_a_snapshot() {
    let (bench, ada) = Bench::with_ada();
    for _ in 0..45 {
        bench.pass(1);
        bench.login();
    }
    let tenant = crate::id::Tenant::default();
    let snapshot = block_on(bench.memory.document(&tenant, "snapshots", &format!("user/{ada}")));
    assert!(snapshot.unwrap().is_some());
    assert_eq!(bench.get(ada).last_login_at(), Some(bench.host.now()));
}
