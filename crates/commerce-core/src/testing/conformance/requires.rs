//! Commits that require others: what they build on has happened.

use futures_util::future::join_all;

use super::fixture::{Fixture, MINUTE, append, claim, put, send, stream};
use crate::commit::{Commit, CommitId, Conflict, Expected};
use crate::id::Tenant;
use crate::store::{CommitOutcome, Prune, Store};

/// A commit whose event shows that it was applied.
fn mark(id: impl std::fmt::Display) -> Commit {
    append(id, Expected::ABSENT, 1)
}

async fn lacks(f: &Fixture<impl Store>, rule: &str, missing: CommitId, commit: Commit) {
    let conflict = f.conflict(rule, commit).await;
    assert_eq!(
        conflict,
        Conflict::Required { commit: missing },
        "{rule}: the conflict names what is missing"
    );
}

pub(super) async fn an_applied_commit_satisfies(f: Fixture<impl Store>) {
    let applied = [
        Commit::new(),
        append("a", Expected::ABSENT, 2),
        append("a", Expected::Version(2), 0),
        put("a", Expected::Any, "1"),
        send("topic", "k", 1),
        claim("a"),
        Commit::new().checkpoint("r", 0, 1),
        Commit { tenant: Tenant::new("other"), ..append("a", Expected::ABSENT, 1) },
    ];
    // Under an id that the store has made.
    let own = f.ok(Commit::new()).await.id;
    let mut all = mark("all").requires(own);
    for (n, commit) in applied.into_iter().enumerate() {
        let id = f.commit_id();
        f.ok(commit.with_id(id)).await;
        f.ok(mark(n).requires(id)).await;
        // Twice: it is no fault to say so again.
        all = all.requires(id).requires(id);
    }
    let last = f.ok(all).await.id;
    f.ok(Commit::new().requires(last)).await;
    let written = f.stream(&stream("all")).await.len();
    assert_eq!(written, 1, "a commit is applied if all that it requires was, whatever that wrote");
}

pub(super) async fn a_commit_never_seen_is_a_conflict_that_names_it(f: Fixture<impl Store>) {
    let rule = "a commit that requires one that never was is a conflict";
    let (seen, unseen, other, id) = (f.commit_id(), f.commit_id(), f.commit_id(), f.commit_id());
    f.ok(mark("seen").with_id(seen)).await;
    lacks(&f, rule, unseen, Commit::new().requires(unseen)).await;
    lacks(&f, rule, unseen, mark("a").requires(unseen)).await;
    lacks(&f, "all that is required must have been", unseen, mark("a").requires(seen).requires(unseen)).await;
    lacks(&f, "the first is named", unseen, mark("a").requires(seen).requires(unseen).requires(other)).await;
    lacks(&f, "no commit fulfils what it requires itself", id, mark("a").requires(id).with_id(id)).await;
    let nil = CommitId(uuid::Uuid::nil());
    lacks(&f, rule, nil, mark("a").requires(nil)).await;
    assert_eq!(f.log().await.len(), 1, "{rule}: nothing is written");
    assert_eq!(f.outcome(id).await, CommitOutcome::RolledBack, "{rule}: its own id stays free");
    f.ok(mark("b").with_id(unseen)).await;
    f.ok(mark("a").requires(unseen).with_id(id)).await;
}

pub(super) async fn a_commit_that_failed_does_not_count(f: Fixture<impl Store>) {
    let rule = "a commit that failed is none that was applied";
    f.ok(claim("taken")).await;
    let (conflicted, invalid) = (f.commit_id(), f.commit_id());
    f.conflict(rule, claim("taken").and(mark("a")).with_id(conflicted)).await;
    lacks(&f, rule, conflicted, mark("b").requires(conflicted)).await;
    f.invalid(rule, mark("a").and(mark("a")).with_id(invalid)).await;
    lacks(&f, rule, invalid, mark("b").requires(invalid)).await;
    let unpolled = f.store.commit(claim("taken").with_id(conflicted));
    lacks(&f, rule, conflicted, mark("b").requires(conflicted)).await;
    unpolled.await.expect_err(rule);
    // Who tries again under the same id, and succeeds, has been applied.
    f.ok(mark("a").with_id(conflicted)).await;
    f.ok(mark("b").requires(conflicted)).await;
}

pub(super) async fn one_handed_over_before_counts_one_after_does_not(f: Fixture<impl Store>) {
    for n in 0..20 {
        let (before, after) = (f.commit_id(), f.commit_id());
        let first = f.store.commit(mark(format!("before-{n}")).with_id(before));
        let built = f.store.commit(mark(format!("built-{n}")).requires(before));
        let early = f.store.commit(mark(format!("early-{n}")).requires(after));
        let last = f.store.commit(mark(format!("after-{n}")).with_id(after));
        let rule = "what was handed over before counts, whether or not anyone has asked for its answer";
        let answer = built.await;
        assert!(answer.is_ok(), "{rule}: {answer:?}");
        let rule = "what is handed over after does not count";
        let answer = early.await;
        let missing = Conflict::Required { commit: after };
        assert_eq!(answer.as_ref().err().and_then(|error| error.conflict()), Some(&missing), "{rule}");
        first.await.expect("a commit that conflicts with nothing succeeds");
        last.await.expect("a commit that conflicts with nothing succeeds");
        // A commit whose caller has gone away.
        let gone = f.commit_id();
        drop(f.store.commit(mark(format!("gone-{n}")).with_id(gone)));
        f.ok(mark(format!("alone-{n}")).requires(gone)).await;
    }
    assert_eq!(f.log().await.len(), 100, "what requires a commit is written if that one is");
}

/// A chain of a hundred, each requiring the one before it, with strangers between them.
pub(super) async fn a_chain_ends_where_one_fails(f: Fixture<impl Store>) {
    const BROKEN: usize = 50;
    f.ok(claim("taken")).await;
    let ids: Vec<_> = (0..100).map(|_| f.commit_id()).collect();
    let link = |n: usize| {
        let link = mark(format!("link-{n}")).with_id(ids[n]);
        let link = if n == BROKEN { link.and(claim("taken")) } else { link };
        if n == 0 { link } else { link.requires(ids[n - 1]) }
    };
    let calls = (0..100).flat_map(|n| [link(n), mark(format!("stranger-{n}"))]);
    let futures: Vec<_> = calls.map(|commit| f.store.commit(commit)).collect();
    let answers = join_all(futures).await;
    for (n, pair) in answers.chunks(2).enumerate() {
        assert!(pair[1].is_ok(), "what is not of the chain is not affected: {n} got {:?}", pair[1]);
        let written = f.stream(&stream(format!("link-{n}"))).await.len();
        if n < BROKEN {
            assert!(pair[0].is_ok(), "a chain holds up to the link that fails: {n} got {:?}", pair[0]);
            assert_eq!(written, 1, "what was answered to be committed is written");
            continue;
        }
        let conflict = pair[0].as_ref().err().and_then(|error| error.conflict());
        let rule = "of a chain everything after the link that fails is a conflict";
        match conflict {
            Some(Conflict::Claim { .. }) if n == BROKEN => {}
            Some(Conflict::Required { commit }) if n > BROKEN => assert_eq!(*commit, ids[n - 1], "{rule}"),
            _ => panic!("{rule}: {n} got {:?}", pair[0]),
        }
        assert_eq!(written, 0, "{rule}, and not written");
    }
}

pub(super) async fn a_pruned_commit_no_longer_satisfies(f: Fixture<impl Store>) {
    let (pruned, kept) = (f.commit_id(), f.commit_id());
    f.ok(put("a", Expected::Any, "1").with_id(pruned)).await;
    f.ok(mark("a").with_id(kept)).await;
    f.host.advance(MINUTE);
    f.ok(Commit::new().requires(pruned).requires(kept)).await;
    f.host.advance(MINUTE);
    let now = f.store.now().await.expect("now answers");
    f.store.prune(Prune::CommitsBefore(now)).await.expect("prune answers");
    lacks(&f, "a commit that was pruned is taken for none", pruned, Commit::new().requires(pruned)).await;
    f.ok(Commit::new().requires(kept)).await;
}
