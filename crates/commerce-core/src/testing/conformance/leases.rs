//! Leases: rights that one holder has at a time.

use std::time::Duration;

use uuid::Uuid;

use super::fixture::{Fixture, MINUTE};
use crate::host::Host;
use crate::store::{Lease, Store};

fn holders(f: &Fixture<impl Store>) -> (Uuid, Uuid) {
    (f.host.new_id(), f.host.new_id())
}

async fn take(f: &Fixture<impl Store>, name: &str, holder: Uuid) -> Lease {
    f.acquire(name, holder, MINUTE).await.expect("a lease that no one holds can be taken")
}

pub(super) async fn one_holder_at_a_time(f: Fixture<impl Store>) {
    let (one, other) = holders(&f);
    let lease = take(&f, "l", one).await;
    assert_eq!(
        (&*lease.name, lease.expires_at),
        ("l", f.later(MINUTE)),
        "a lease says until when it is held"
    );
    assert_eq!(f.acquire("l", other, MINUTE).await, None, "a lease that is held is not given to another");
    f.host.advance(MINUTE - Duration::from_micros(1));
    assert_eq!(f.acquire("l", other, MINUTE).await, None, "a lease is held until it expires");
}

pub(super) async fn a_holder_prolongs_under_the_same_token(f: Fixture<impl Store>) {
    let (one, other) = holders(&f);
    let first = take(&f, "l", one).await;
    f.host.advance(MINUTE / 2);
    let prolonged = take(&f, "l", one).await;
    assert_eq!(prolonged.token, first.token, "who prolongs a lease keeps its token");
    assert_eq!(prolonged.expires_at, f.later(MINUTE), "a prolonged lease is held from now on");
    f.host.advance(MINUTE * 3 / 4);
    assert_eq!(f.acquire("l", other, MINUTE).await, None, "a prolonged lease outlives its first end");
    f.host.advance(MINUTE);
    let again = take(&f, "l", one).await;
    assert_eq!(again.token, first.token, "a lease that expired and no one took is prolonged all the same");
}

pub(super) async fn an_expired_lease_can_be_taken(f: Fixture<impl Store>) {
    let (one, other) = holders(&f);
    let first = take(&f, "l", one).await;
    f.host.advance(MINUTE);
    let second = f.acquire("l", other, MINUTE).await.expect("at its end a lease can be taken");
    assert!(second.token > first.token, "the token rises when a lease changes hands");
    assert_eq!(f.acquire("l", one, MINUTE).await, None, "who lost a lease waits like any other");
}

pub(super) async fn a_lease_given_back_can_be_taken(f: Fixture<impl Store>) {
    let (one, other) = holders(&f);
    let first = take(&f, "l", one).await;
    f.give_back(&first).await;
    let second = f.acquire("l", other, MINUTE).await.expect("a lease given back can be taken at once");
    assert!(second.token > first.token, "the token rises when a lease changes hands");
    f.give_back(&second).await;
    let third = take(&f, "l", other).await;
    assert!(third.token > second.token, "who takes a lease anew that it gave back gets a higher token");
}

pub(super) async fn an_old_token_gives_nothing_back(f: Fixture<impl Store>) {
    let (one, other) = holders(&f);
    let first = take(&f, "l", one).await;
    f.give_back(&Lease { name: "never taken".to_owned(), ..first.clone() }).await;
    f.host.advance(MINUTE);
    let second = take(&f, "l", other).await;
    f.give_back(&first).await;
    f.give_back(&first).await;
    let rule = "an old token gives nothing back";
    assert_eq!(f.acquire("l", one, MINUTE).await, None, "{rule}: the lease is still held");
    assert_eq!(take(&f, "l", other).await.token, second.token, "{rule}: its holder prolongs it");
    f.give_back(&second).await;
    let third = take(&f, "l", one).await;
    f.give_back(&second).await;
    assert_eq!(f.acquire("l", other, MINUTE).await, None, "{rule}, not even twice: {third:?} is held");
}

pub(super) async fn leases_are_apart(f: Fixture<impl Store>) {
    let (one, other) = holders(&f);
    let first = take(&f, "l", one).await;
    take(&f, "L", other).await;
    f.give_back(&first).await;
    assert_eq!(f.acquire("L", one, MINUTE).await, None, "each lease has its own holder");
    take(&f, "l", other).await;
}

pub(super) async fn tokens_only_rise(f: Fixture<impl Store>) {
    let (one, other) = holders(&f);
    let mut last = 0;
    for round in 0..10 {
        let lease = take(&f, "l", if round % 2 == 0 { one } else { other }).await;
        assert!(
            lease.token > last,
            "each time a lease changes hands its token rises: {} after {last}",
            lease.token
        );
        last = lease.token;
        if round % 3 == 0 {
            f.give_back(&lease).await;
        } else {
            f.host.advance(MINUTE);
        }
    }
}
