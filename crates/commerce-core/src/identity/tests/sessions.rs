//! Refresh tokens: used once, and watched.

use super::*;

#[test]
fn a_refresh_gives_another_token_of_the_same_session() {
    let (bench, ada) = Bench::with_ada();
    let first = bench.login();
    let second = bench.refresh(&first).unwrap();
    let third = bench.refresh(&second).unwrap();
    assert_eq!((third.user_id, third.session_id), (ada, first.session_id));
    assert!(first.refresh_token != second.refresh_token && second.refresh_token != third.refresh_token);
}

#[test]
fn reuse_of_any_earlier_token_ends_the_session() {
    for reused in 0..3 {
        let (bench, _) = Bench::with_ada();
        let mut tokens = vec![bench.login()];
        for _ in 0..3 {
            let next = bench.refresh(tokens.last().unwrap()).unwrap();
            tokens.push(next);
        }
        let other = bench.login();
        assert_eq!(code(bench.refresh(&tokens[reused])), "invalid_token");
        assert_eq!(code(bench.refresh(&tokens[3])), "invalid_token", "the family is revoked");
        assert!(bench.refresh(&other).is_ok(), "another session goes on");
    }
}

#[test]
fn a_token_is_good_for_thirty_days_each() {
    let (bench, _) = Bench::with_ada();
    let first = bench.login();
    bench.pass(29 * 24 * 60);
    let second = bench.refresh(&first).unwrap();
    bench.pass(29 * 24 * 60);
    let third = bench.refresh(&second).unwrap();
    bench.pass(30 * 24 * 60);
    assert_eq!(code(bench.refresh(&third)), "invalid_token");
}

#[test]
fn a_forged_token_is_refused_and_harms_no_one() {
    let (bench, _) = Bench::with_ada();
    let session = bench.login();
    let token = session.refresh_token.expose().to_owned();
    let (id, rest) = token.split_once('.').unwrap();
    let (secret, current) = rest.split_once('.').unwrap();
    let forged = [
        String::new(),
        "..".to_owned(),
        id.to_owned(),
        format!("{id}.{secret}"),
        format!("{id}.guess.{current}"),
        format!("{id}.guess.guess"),
        format!("{token}."),
        format!("{}.{secret}.{current}", uuid::Uuid::nil()),
    ];
    for token in forged {
        assert_eq!(code(block_on(bench.accounts.refresh(&bench.context(), &token))), "invalid_token");
        block_on(bench.accounts.logout(&bench.context(), &token)).unwrap();
    }
    assert!(bench.refresh(&session).is_ok());
}

#[test]
fn a_logout_ends_one_session_also_by_a_used_token_and_twice() {
    let (bench, _) = Bench::with_ada();
    let (first, other) = (bench.login(), bench.login());
    let second = bench.refresh(&first).unwrap();
    for _ in 0..2 {
        block_on(bench.accounts.logout(&bench.context(), first.refresh_token.expose())).unwrap();
    }
    assert_eq!(code(bench.refresh(&second)), "invalid_token");
    assert!(bench.refresh(&other).is_ok());
}

#[test]
fn a_refresh_takes_the_roles_of_today() {
    let (bench, ada) = Bench::with_ada();
    let session = bench.login();
    let roles = Roles::new("/roles", [Role::Warehouse, Role::Customer]).unwrap();
    let context = bench.context();
    let after = block_on(bench.accounts.set_roles(&context, ada, roles.clone(), Expected::Any)).unwrap();
    assert_eq!(after.state.roles(), Some(&roles));
    assert_eq!(bench.refresh(&session).unwrap().roles, roles);
}
