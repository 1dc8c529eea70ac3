//! What became of a commit, and its id.

use std::collections::HashSet;

use super::fixture::{Fixture, MINUTE, append, claim, event, events, message, put, send, stream};
use crate::commit::{ClaimKey, Commit, CommitId, DocumentWrite, Expected};
use crate::store::{CommitOutcome, Store};

pub(super) async fn an_unknown_commit_was_rolled_back(f: Fixture<impl Store>) {
    f.ok(append("a", Expected::ABSENT, 1)).await;
    for id in [f.commit_id(), CommitId(uuid::Uuid::nil())] {
        let outcome = f.outcome(id).await;
        assert_eq!(outcome, CommitOutcome::RolledBack, "a commit that never happened was rolled back");
    }
}

pub(super) async fn a_commit_is_found_whatever_it_wrote(f: Fixture<impl Store>) {
    let commits = [
        Commit::new(),
        append("a", Expected::ABSENT, 1),
        append("a", Expected::Version(1), 0),
        put("a", Expected::Any, "1"),
        Commit::new().document(DocumentWrite::delete("things", "a", Expected::Any)),
        send("topic", "k", 1),
        Commit::new().message(message("topic", "k", 1).not_before(f.later(MINUTE))),
        claim("a"),
        Commit::new().release(ClaimKey::new("test", "a")),
        Commit::new().checkpoint("r", 0, 1),
    ];
    for commit in commits {
        is_found(&f, commit, Commit::with_id).await;
    }
    let commits =
        [append("b", Expected::ABSENT, 1), append("b", Expected::Version(1), 0), send("topic", "k", 1)];
    for commit in commits {
        is_found(&f, commit, Commit::with_new_id).await;
    }
}

async fn is_found(f: &Fixture<impl Store>, commit: Commit, under: fn(Commit, CommitId) -> Commit) {
    let id = f.commit_id();
    let shown = format!("{commit:?}");
    let committed = f.ok(under(commit, id)).await;
    assert_eq!(committed.id, id, "a commit keeps the id it came with");
    let outcome = f.outcome(id).await;
    assert_eq!(outcome, CommitOutcome::Committed, "a commit is found whatever it wrote: {shown}");
    f.ok(append("found", Expected::Any, 1).requires(id)).await;
}

pub(super) async fn a_conflict_leaves_the_id_free(f: Fixture<impl Store>) {
    let id = f.commit_id();
    f.conflict("a wrong version conflicts", append("a", Expected::Version(7), 1).with_id(id)).await;
    let outcome = f.outcome(id).await;
    assert_eq!(outcome, CommitOutcome::RolledBack, "a commit that conflicted was rolled back");
    f.ok(append("a", Expected::ABSENT, 1).with_id(id)).await;
    let outcome = f.outcome(id).await;
    assert_eq!(outcome, CommitOutcome::Committed, "a conflict leaves the id free for another try");
}

pub(super) async fn a_used_id_is_invalid(f: Fixture<impl Store>) {
    let firsts = [Commit::new(), append("a", Expected::ABSENT, 1), claim("a"), send("topic", "k", 1)];
    for first in firsts {
        let id = f.commit_id();
        f.ok(first.clone().with_id(id)).await;
        let new = f.commit_id();
        f.ok(append("new", Expected::Any, 1).with_new_id(new)).await;
        for again in [first, append("b", Expected::Any, 1), Commit::new()] {
            for used in [id, new] {
                f.invalid("a commit id is used once", again.clone().with_id(used)).await;
            }
        }
    }
    assert!(f.stream(&stream("b")).await.is_empty(), "a commit under a used id writes nothing");
    assert_eq!(f.messages().await.len(), 1, "a commit under a used id sends nothing");
}

pub(super) async fn a_commit_without_id_gets_its_own(f: Fixture<impl Store>) {
    let mut ids = HashSet::new();
    for n in 0..50 {
        let id = f.ok(append(n, Expected::ABSENT, 1)).await.id;
        assert!(ids.insert(id), "the store makes an id of its own for each commit without one");
        assert_eq!(f.outcome(id).await, CommitOutcome::Committed, "the id that the store made is found");
        assert_eq!(f.stream(&stream(n)).await[0].commit, id, "events name the commit they came with");
    }
}

pub(super) async fn what_can_not_be_applied_is_invalid(f: Fixture<impl Store>) {
    let delete = || Commit::new().document(DocumentWrite::delete("things", "a", Expected::Any));
    let many = Commit::new().append(stream("a"), Expected::Any, events(usize::from(u16::MAX)));
    let sized = DocumentWrite::put("things", "a", Expected::Any, b"1".to_vec());
    let invalid = [
        append("a", Expected::Any, 1).and(append("a", Expected::Any, 1)),
        append("a", Expected::Any, 0).and(append("a", Expected::Any, 1)),
        put("a", Expected::Any, "1").and(put("a", Expected::Any, "2")),
        put("a", Expected::Any, "1").and(delete()),
        claim("a").and(claim("a")),
        Commit::new().checkpoint("r", 0, 1).checkpoint("r", 1, 2),
        Commit::new().document(sized.field("size", 1).field("size", 2)),
        many.message(message("topic", "k", 1)),
    ];
    for commit in invalid {
        let id = f.commit_id();
        f.invalid("what no store can apply is Invalid", commit.with_id(id)).await;
        let outcome = f.outcome(id).await;
        assert_eq!(outcome, CommitOutcome::RolledBack, "what is invalid was never committed");
    }
    assert!(f.log().await.is_empty(), "what is invalid writes nothing");
    f.ok(Commit::new().append(stream("a"), Expected::ABSENT, vec![event(1)])).await;
}

pub(super) async fn a_handed_over_commit_is_waited_for(f: Fixture<impl Store>) {
    for n in 0..10 {
        let id = f.commit_id();
        let unpolled = f.store.commit(append(n, Expected::ABSENT, 1).with_id(id));
        let outcome = f.outcome(id).await;
        let rule = "a commit that was handed over before can't be rolled back and happen afterwards";
        assert_eq!(outcome, CommitOutcome::Committed, "{rule}");
        unpolled.await.expect("a commit that conflicts with nothing succeeds");
    }
}
