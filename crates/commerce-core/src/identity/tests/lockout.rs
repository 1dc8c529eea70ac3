//! Five failures in fifteen minutes lock for fifteen minutes.

use super::*;

fn fail(bench: &Bench, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(code(bench.try_login(email, OTHER)), "invalid_credentials");
    }
}

#[test]
fn the_fifth_failure_locks_even_for_the_right_password() {
    let (bench, _) = Bench::with_ada();
    fail(&bench, EMAIL, 4);
    bench.login();
    fail(&bench, EMAIL, 5);
    let before = bench.hasher.count();
    let error = bench.try_login(EMAIL, PASSWORD).unwrap_err();
    let until = bench.host.now().plus(LOCK_DURATION);
    assert!(matches!(error, IdentityError::AccountLocked { until: told } if told == until), "{error}");
    assert_eq!(bench.hasher.count(), before, "a locked account costs no verification");
}

#[test]
fn a_lock_ends_by_itself_and_the_count_begins_anew() {
    let (bench, _) = Bench::with_ada();
    fail(&bench, EMAIL, MAX_FAILURES);
    bench.pass(14);
    assert_eq!(code(bench.try_login(EMAIL, PASSWORD)), "account_locked");
    bench.pass(1);
    fail(&bench, EMAIL, 4);
    bench.login();
}

#[test]
fn failures_that_lie_apart_do_not_lock() {
    let (bench, _) = Bench::with_ada();
    for _ in 0..20 {
        fail(&bench, EMAIL, 1);
        bench.pass(4);
    }
    bench.login();
}

#[test]
fn an_address_that_no_one_has_is_locked_as_well() {
    let (bench, _) = Bench::with_ada();
    fail(&bench, "nobody@example.org", MAX_FAILURES);
    assert_eq!(code(bench.try_login("nobody@example.org", PASSWORD)), "account_locked");
    bench.login();
}

#[test]
fn a_login_forgets_the_failures_before_it() {
    let (bench, _) = Bench::with_ada();
    for _ in 0..3 {
        fail(&bench, EMAIL, 4);
        bench.login();
    }
}

#[test]
fn a_wrong_current_password_counts_too() {
    let (bench, ada) = Bench::with_ada();
    for _ in 0..MAX_FAILURES {
        assert_eq!(code(bench.change(ada, None, OTHER)), "invalid_credentials");
    }
    assert_eq!(code(bench.change(ada, None, PASSWORD)), "account_locked");
    assert_eq!(code(bench.try_login(EMAIL, PASSWORD)), "account_locked");
}

#[test]
fn a_reset_opens_a_locked_account() {
    let (bench, _) = Bench::with_ada();
    fail(&bench, EMAIL, MAX_FAILURES);
    bench.forgot();
    bench.reset(&bench.last_token(), OTHER).unwrap();
    assert!(bench.try_login(EMAIL, OTHER).is_ok());
}

#[test]
fn what_has_expired_is_forgotten_and_nothing_else() {
    let (bench, _) = Bench::with_ada();
    bench.login();
    fail(&bench, EMAIL, 2);
    fail(&bench, "nobody@example.org", 2);
    let forget = || block_on(bench.accounts.forget_expired(&bench.context(), 100)).unwrap();
    assert_eq!(forget(), 0);
    bench.pass(15);
    assert_eq!(forget(), 2, "the failures of two addresses");
    bench.pass(24 * 60);
    assert_eq!(forget(), 1, "the token that was never used");
    bench.pass(30 * 24 * 60);
    assert_eq!((forget(), forget()), (1, 0), "the session");
    bench.login();
}
