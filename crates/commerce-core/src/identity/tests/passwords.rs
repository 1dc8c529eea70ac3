//! Changing and resetting passwords.

use super::*;

#[test]
fn a_change_ends_all_sessions_but_the_one_it_came_from() {
    let (bench, ada) = Bench::with_ada();
    let (mine, other) = (bench.login(), bench.login());
    bench.change(ada, Some(mine.session_id), PASSWORD).unwrap();
    let mine = bench.refresh(&mine).unwrap();
    assert_eq!(code(bench.refresh(&other)), "invalid_token");
    assert!(bench.refresh(&mine).is_ok(), "it goes on after that too");
    assert_eq!(code(bench.try_login(EMAIL, PASSWORD)), "invalid_credentials");
    assert!(bench.try_login(EMAIL, OTHER).is_ok());
}

#[test]
fn a_change_that_names_no_session_ends_all() {
    let (bench, ada) = Bench::with_ada();
    let session = bench.login();
    bench.change(ada, None, PASSWORD).unwrap();
    assert_eq!(code(bench.refresh(&session)), "invalid_token");
}

#[test]
fn a_change_spares_no_session_of_another_user_and_none_that_was_ended() {
    let (bench, ada) = Bench::with_ada();
    block_on(bench.accounts.register(&bench.context(), register("bob@example.org"))).unwrap();
    let bobs = bench.try_login("bob@example.org", PASSWORD).unwrap();
    bench.change(ada, Some(bobs.session_id), PASSWORD).unwrap();
    assert!(bench.refresh(&bobs).is_ok(), "it is as it was");

    let ended = bench.try_login(EMAIL, OTHER).unwrap();
    bench.deactivate(ada);
    bench.activate(ada);
    bench.change(ada, Some(ended.session_id), OTHER).unwrap();
    assert_eq!(code(bench.refresh(&ended)), "invalid_token");
}

#[test]
fn a_new_password_keeps_the_rules() {
    let (bench, ada) = Bench::with_ada();
    let (current, new) = (Password::new(PASSWORD), Password::new("no"));
    let request = ChangePassword { user_id: ada, session_id: None, current, new };
    let error = block_on(bench.accounts.change_password(&bench.context(), request)).unwrap_err();
    assert_eq!(error.violations().len(), 4);
    assert!(error.violations().iter().all(|fault| fault.pointer == "/new_password"));
}

#[test]
fn a_reset_ends_every_session_and_is_good_once() {
    let (bench, _) = Bench::with_ada();
    let session = bench.login();
    bench.forgot();
    let token = bench.last_token();
    assert!(bench.refresh(&session).is_ok(), "asking alone changes nothing");
    let session = bench.login();
    bench.reset(&token, OTHER).unwrap();
    assert_eq!(code(bench.refresh(&session)), "invalid_token");
    assert_eq!(code(bench.reset(&token, PASSWORD)), "invalid_token");
    assert_eq!(code(bench.try_login(EMAIL, PASSWORD)), "invalid_credentials");
    assert!(bench.try_login(EMAIL, OTHER).is_ok());
}

#[test]
fn a_reset_comes_within_an_hour() {
    let (bench, _) = Bench::with_ada();
    bench.forgot();
    assert_eq!(bench.mail()[1].expires_at, bench.host.now().plus(Duration::from_secs(3_600)));
    bench.pass(60);
    assert_eq!(code(bench.reset(&bench.last_token(), OTHER)), "invalid_token");
}

#[test]
fn a_weak_password_leaves_the_token_good() {
    let (bench, _) = Bench::with_ada();
    bench.forgot();
    assert_eq!(code(bench.reset(&bench.last_token(), "weak")), "invalid");
    bench.reset(&bench.last_token(), OTHER).unwrap();
}

#[test]
fn another_password_makes_reset_tokens_void() {
    let (bench, ada) = Bench::with_ada();
    bench.forgot();
    let first = bench.last_token();
    bench.pass(1);
    bench.forgot();
    let second = bench.last_token();
    bench.reset(&second, OTHER).unwrap();
    assert_eq!(code(bench.reset(&first, PASSWORD)), "invalid_token");
    bench.pass(1);
    bench.forgot();
    bench.change(ada, None, OTHER).unwrap();
    assert_eq!(code(bench.reset(&bench.last_token(), PASSWORD)), "invalid_token");
}

#[test]
fn asking_for_a_reset_tells_nothing_about_the_address() {
    let (bench, ada) = Bench::with_ada();
    for email in ["nobody@example.org", "no address", ""] {
        block_on(bench.accounts.forgot_password(&bench.context(), email)).unwrap();
    }
    bench.deactivate(ada);
    bench.forgot();
    assert_eq!(bench.mail().len(), 1, "the one of the registration");
    assert_eq!(bench.events(), ["UserRegistered", "UserDeactivated"]);
}

#[test]
fn a_user_is_mailed_one_reset_a_minute_however_often_it_is_asked_for() {
    let (bench, _) = Bench::with_ada();
    for _ in 0..3 {
        bench.forgot();
    }
    assert_eq!(bench.mail().len(), 2, "that of the registration, and one");
    assert_eq!(bench.events(), ["UserRegistered", "PasswordResetRequested"]);
    bench.reset(&bench.last_token(), OTHER).unwrap();
    bench.pass(1);
    bench.forgot();
    assert_eq!(bench.mail().len(), 3);
}

#[test]
fn asking_for_a_reset_never_tells_that_others_were_faster() {
    let (bench, _) = Bench::with_ada();
    let accounts = &bench.accounts;
    let asking = (0..100).map(|_| async { accounts.forgot_password(&bench.context(), EMAIL).await });
    for asked in block_on(futures_util::future::join_all(asking)) {
        asked.unwrap();
    }
    assert_eq!(bench.mail().len(), 2);
}

#[test]
fn a_deactivated_user_resets_no_password() {
    let (bench, ada) = Bench::with_ada();
    bench.forgot();
    bench.deactivate(ada);
    assert_eq!(code(bench.reset(&bench.last_token(), OTHER)), "invalid_token");
    bench.activate(ada);
    assert_eq!(code(bench.reset(&bench.last_token(), OTHER)), "invalid_token");
}
