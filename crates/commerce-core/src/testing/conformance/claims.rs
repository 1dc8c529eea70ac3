//! Claims: what only one can have.

use std::time::Duration;

use super::fixture::{Fixture, MINUTE, claim};
use crate::commit::{Claim, ClaimKey, Commit, Conflict};
use crate::store::{Claimed, Store};

fn release(key: &str) -> Commit {
    Commit::new().release(ClaimKey::new("test", key))
}

pub(super) async fn a_claim_is_taken_once(f: Fixture<impl Store>) {
    let answer = Some(b"{\"order\":7}".to_vec());
    let first = Claim::new("test", "a").with_answer(b"{\"order\":7}".to_vec());
    let by = f.ok(Commit::new().claim(first)).await.id;
    for _ in 0..2 {
        let rival = claim("a").claim(Claim::new("test", "free"));
        let conflict = f.conflict("a claim is taken once", rival).await;
        let expected = Conflict::Claim { key: ClaimKey::new("test", "a"), by, answer: answer.clone() };
        assert_eq!(
            conflict, expected,
            "the conflict names the claim, who holds it, and the answer left with it"
        );
    }
    assert_eq!(f.claimed("test", "free").await, None, "a commit that conflicts takes no claim");
}

pub(super) async fn a_claim_tells_who_holds_it(f: Fixture<impl Store>) {
    assert_eq!(f.claimed("test", "a").await, None, "a claim that no one took is held by no one");
    let expires_at = Some(f.later(MINUTE));
    let with = Claim { expires_at, ..Claim::new("test", "a").with_answer(b"1".to_vec()) };
    let by = f.ok(Commit::new().claim(with).claim(Claim::new("test", "b"))).await.id;
    let expected = Claimed { by, expires_at, answer: Some(b"1".to_vec()) };
    assert_eq!(f.claimed("test", "a").await, Some(expected), "a claim tells by whom, until when, its answer");
    let expected = Claimed { by, expires_at: None, answer: None };
    assert_eq!(f.claimed("test", "b").await, Some(expected), "a claim may have neither end nor answer");
}

pub(super) async fn an_expired_claim_is_free(f: Fixture<impl Store>) {
    let until = Claim::new("test", "a").until(f.later(MINUTE)).with_answer(b"old".to_vec());
    f.ok(Commit::new().claim(until)).await;
    f.host.advance(MINUTE - Duration::from_micros(1));
    f.conflict("a claim is held until it expires", claim("a")).await;
    assert!(f.claimed("test", "a").await.is_some(), "a claim is held until it expires");
    f.host.advance(Duration::from_micros(1));
    assert_eq!(f.claimed("test", "a").await, None, "at its moment a claim is held by no one");
    let by = f.ok(claim("a")).await.id;
    let expected = Claimed { by, expires_at: None, answer: None };
    assert_eq!(f.claimed("test", "a").await, Some(expected), "who takes an expired claim holds it anew");
    f.conflict("an expired claim that was taken anew is held", claim("a")).await;
    f.ok(Commit::new().claim(Claim::new("test", "past").until(f.later(Duration::ZERO)))).await;
    assert_eq!(f.claimed("test", "past").await, None, "a claim that ends at once is free");
    f.ok(claim("past")).await;
}

pub(super) async fn a_claim_without_end_stays(f: Fixture<impl Store>) {
    f.ok(claim("a")).await;
    f.host.advance(Duration::from_secs(100 * 366 * 24 * 3_600));
    assert!(f.claimed("test", "a").await.is_some(), "a claim without end is held for good");
    f.conflict("a claim without end is held for good", claim("a")).await;
}

pub(super) async fn a_released_claim_is_free(f: Fixture<impl Store>) {
    f.ok(claim("a").claim(Claim::new("test", "b"))).await;
    f.ok(release("a")).await;
    assert_eq!(f.claimed("test", "a").await, None, "a released claim is held by no one");
    assert!(f.claimed("test", "b").await.is_some(), "a release frees the claim it names and no other");
    f.ok(claim("a")).await;
    let rule = "a release takes effect only with its commit";
    f.conflict(rule, release("a").and(claim("b"))).await;
    assert!(f.claimed("test", "a").await.is_some(), "{rule}");
}

pub(super) async fn releasing_what_no_one_holds_is_no_error(f: Fixture<impl Store>) {
    f.ok(release("a")).await;
    f.ok(release("a").and(release("a"))).await;
    f.ok(release("a").and(claim("a"))).await;
    assert!(f.claimed("test", "a").await.is_some(), "claims are given back before any is taken");
}

pub(super) async fn a_commit_may_release_and_take_the_same_claim(f: Fixture<impl Store>) {
    f.ok(Commit::new().claim(Claim::new("test", "a").with_answer(b"old".to_vec()))).await;
    let by = f.ok(claim("a").and(release("a"))).await.id;
    let expected = Claimed { by, expires_at: None, answer: None };
    let held = f.claimed("test", "a").await;
    assert_eq!(held, Some(expected), "a claim that a commit releases is free for the same commit");
    f.conflict("a claim that was taken over is held", claim("a")).await;
}

pub(super) async fn scope_and_key_are_apart(f: Fixture<impl Store>) {
    for (scope, key) in [("a", "bc"), ("ab", "c"), ("a/b", "c"), ("a", "b/c"), ("A", "bc")] {
        f.ok(Commit::new().claim(Claim::new(scope, key))).await;
    }
    assert_eq!(f.claimed("abc", "").await, None, "scope and key of a claim are apart");
    f.ok(Commit::new().release(ClaimKey::new("a", "bc"))).await;
    assert!(f.claimed("ab", "c").await.is_some(), "a release frees the claim of its scope alone");
}
