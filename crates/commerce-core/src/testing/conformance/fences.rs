//! Fencing: a commit passes only while its lease is held.

use super::fixture::{Fixture, MINUTE, append};
use crate::commit::{Commit, Conflict, Expected};
use crate::host::Host;
use crate::store::{Lease, Store};

fn write(lease: &Lease) -> Commit {
    append("a", Expected::Any, 1).fenced_by(lease)
}

async fn is_fenced(f: &Fixture<impl Store>, rule: &str, lease: &Lease) {
    let before = f.log().await.len();
    let conflict = f.conflict(rule, write(lease)).await;
    let expected = Conflict::Fenced { name: lease.name.clone(), token: lease.token };
    assert_eq!(conflict, expected, "{rule}: the conflict names the lease and the token");
    f.conflict(rule, Commit::new().fenced_by(lease)).await;
    assert_eq!(f.log().await.len(), before, "{rule}: nothing is written");
}

pub(super) async fn a_held_lease_lets_the_commit_pass(f: Fixture<impl Store>) {
    let holder = f.host.new_id();
    let lease = f.acquire("l", holder, MINUTE).await.unwrap();
    let other = f.acquire("m", f.host.new_id(), MINUTE).await.unwrap();
    f.ok(write(&lease)).await;
    f.ok(write(&lease).fenced_by(&other)).await;
    f.host.advance(MINUTE / 2);
    f.acquire("l", holder, MINUTE).await.unwrap();
    f.ok(write(&lease)).await;
    assert_eq!(f.log().await.len(), 3, "a lease that is held, or was prolonged, lets commits pass");
}

pub(super) async fn a_lease_taken_by_another_fences_the_commit(f: Fixture<impl Store>) {
    let old = f.acquire("l", f.host.new_id(), MINUTE).await.unwrap();
    f.host.advance(MINUTE);
    let new = f.acquire("l", f.host.new_id(), MINUTE).await.unwrap();
    is_fenced(&f, "who lost a lease to another is fenced", &old).await;
    f.ok(write(&new)).await;
    let held = f.acquire("m", f.host.new_id(), MINUTE).await.unwrap();
    f.conflict("every lease of a commit must be held", write(&held).fenced_by(&old)).await;
}

pub(super) async fn a_lease_given_back_fences_the_commit(f: Fixture<impl Store>) {
    let holder = f.host.new_id();
    let lease = f.acquire("l", holder, MINUTE).await.unwrap();
    f.give_back(&lease).await;
    is_fenced(&f, "who gave a lease back is fenced", &lease).await;
    let again = f.acquire("l", holder, MINUTE).await.unwrap();
    is_fenced(&f, "a lease given back stays lost under its old token", &lease).await;
    f.ok(write(&again)).await;
}

pub(super) async fn an_unknown_lease_fences_the_commit(f: Fixture<impl Store>) {
    let lease = f.acquire("l", f.host.new_id(), MINUTE).await.unwrap();
    let unknown = Lease { name: "m".to_owned(), ..lease.clone() };
    is_fenced(&f, "a lease that no one ever took fences", &unknown).await;
    let future = Lease { token: lease.token + 1, ..lease.clone() };
    is_fenced(&f, "a token that was not given yet fences", &future).await;
    let zero = Lease { token: 0, ..lease };
    is_fenced(&f, "a token of zero fences", &zero).await;
}

pub(super) async fn an_expired_lease_that_no_one_took_still_holds(f: Fixture<impl Store>) {
    let lease = f.acquire("l", f.host.new_id(), MINUTE).await.unwrap();
    f.host.advance(MINUTE * 60);
    f.ok(write(&lease)).await;
    assert_eq!(f.log().await.len(), 1, "a lease that expired still holds until another takes it");
}
