//! Several at once. The store gives way at each read, so all of them read before the first of them writes.

use futures_util::future::{join, join_all};

use super::*;

fn at_once<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    block_on(join_all(futures))
}

#[test]
fn no_failure_is_lost_and_only_five_passwords_are_tried() {
    let (bench, _) = Bench::with_ada();
    let tries: Vec<_> = (0..40)
        // The right one comes late among the wrong ones.
        .map(|n| (bench.context(), login(EMAIL, if n == 30 { PASSWORD } else { OTHER })))
        .collect();
    let answers = at_once(tries.iter().map(|(context, login)| bench.accounts.login(context, login.clone())));
    let codes: Vec<_> = answers.into_iter().map(code).collect();
    let wrong = codes.iter().filter(|code| **code == "invalid_credentials").count();
    let locked = codes.iter().filter(|code| **code == "account_locked").count();
    assert_eq!((wrong, locked), (MAX_FAILURES, 35), "{codes:?}");
}

#[test]
fn a_password_is_verified_once_however_often_the_login_is_decided() {
    let (bench, _) = Bench::with_ada();
    let contexts: Vec<_> = (0..30).map(|_| bench.context()).collect();
    let sessions =
        at_once(contexts.iter().map(|context| bench.accounts.login(context, login(EMAIL, PASSWORD))));
    assert!(sessions.iter().all(Result::is_ok));
    assert_eq!(bench.hasher.count(), 30);
    assert!(sessions.iter().all(|session| bench.refresh(session.as_ref().unwrap()).is_ok()));
}

#[test]
fn of_two_uses_of_one_refresh_token_at_most_one_wins_and_the_session_ends() {
    let (bench, _) = Bench::with_ada();
    for users in [2, 7] {
        let session = bench.login();
        let contexts: Vec<_> = (0..users).map(|_| bench.context()).collect();
        let token = session.refresh_token.expose();
        let answers = at_once(contexts.iter().map(|context| bench.accounts.refresh(context, token)));
        let won: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(code(bench.refresh(&won[0])), "invalid_token");
    }
}

#[test]
fn a_login_during_a_deactivation_leaves_no_session_behind() {
    let (bench, ada) = Bench::with_ada();
    let (one, other) = (bench.context(), bench.context());
    let (session, deactivated) = block_on(join(
        bench.accounts.login(&one, login(EMAIL, PASSWORD)),
        bench.accounts.deactivate(&other, ada, Expected::Any),
    ));
    deactivated.unwrap();
    if let Ok(session) = session {
        assert_eq!(code(bench.refresh(&session)), "invalid_token");
    }
    assert_eq!(code(bench.try_login(EMAIL, PASSWORD)), "invalid_credentials");
}

#[test]
fn a_login_with_the_old_password_during_a_reset_leaves_no_session_behind() {
    let (bench, _) = Bench::with_ada();
    bench.forgot();
    let token = bench.last_token();
    let (one, other) = (bench.context(), bench.context());
    let new = Password::new(OTHER);
    let (session, reset) = block_on(join(
        bench.accounts.login(&one, login(EMAIL, PASSWORD)),
        bench.accounts.reset_password(&other, token.expose(), &new),
    ));
    reset.unwrap();
    if let Ok(session) = session {
        assert_eq!(code(bench.refresh(&session)), "invalid_token");
    }
}

#[test]
fn a_one_time_token_is_used_once_by_several_at_once() {
    let (bench, _) = Bench::with_ada();
    bench.forgot();
    let token = bench.last_token();
    let contexts: Vec<_> = (0..5).map(|_| bench.context()).collect();
    let new = Password::new(OTHER);
    let answers =
        at_once(contexts.iter().map(|context| bench.accounts.reset_password(context, token.expose(), &new)));
    assert_eq!(answers.into_iter().filter(Result::is_ok).count(), 1);
    let changes = bench.events().iter().filter(|event| *event == "PasswordChanged").count();
    assert_eq!(changes, 1);
}

#[test]
fn an_address_is_registered_once_by_several_at_once() {
    let bench = Bench::new();
    let contexts: Vec<_> = (0..5).map(|_| bench.context()).collect();
    let answers = at_once(contexts.iter().map(|context| bench.accounts.register(context, register(EMAIL))));
    assert_eq!(answers.into_iter().filter(Result::is_ok).count(), 1);
    assert_eq!(bench.events(), ["UserRegistered"]);
    assert_eq!(bench.mail().len(), 1);
}

/// A server runs them on whatever thread is free. This fails to compile if one of them can't be sent there.
#[test]
fn every_operation_can_move_between_threads() {
    fn sent<T: Send>(_: T) {}
    let (bench, ada) = Bench::with_ada();
    let (accounts, context, password) = (&bench.accounts, bench.context(), Password::new(OTHER));
    let change =
        ChangePassword { user_id: ada, session_id: None, current: password.clone(), new: password.clone() };
    sent(accounts.register(&context, register(EMAIL)));
    sent(accounts.ensure(&context, NewUser { account: register(EMAIL), roles: Role::Admin.into() }));
    sent(accounts.login(&context, login(EMAIL, PASSWORD)));
    sent(accounts.refresh(&context, ""));
    sent(accounts.logout(&context, ""));
    sent(accounts.change_password(&context, change));
    sent(accounts.forgot_password(&context, EMAIL));
    sent(accounts.reset_password(&context, "", &password));
    sent(accounts.confirm_email(&context, ""));
    sent(accounts.deactivate(&context, ada, Expected::Any));
    sent(accounts.set_roles(&context, ada, Role::Admin.into(), Expected::Any));
    sent(accounts.forget_expired(&context, 1));
}
