//! Deleting what has served its time.

use super::fixture::{ALL, Fixture, MINUTE, append, claim, message, numbers, put, send};
use crate::commit::{Claim, Commit, CommitId, Expected};
use crate::host::Host;
use crate::id;
use crate::store::{CommitOutcome, Prune, Store};
use crate::time::Timestamp;

async fn prune(f: &Fixture<impl Store>, what: Prune) -> u64 {
    f.store.prune(what).await.expect("prune answers")
}

async fn send_ten(f: &Fixture<impl Store>) {
    for body in 0..10 {
        f.ok(send("topic", &format!("k{body}"), body)).await;
    }
}

pub(super) async fn messages_go_up_to_a_position(f: Fixture<impl Store>) {
    assert_eq!(prune(&f, Prune::Messages { up_to: 99 }).await, 0, "an empty outbox has nothing to prune");
    f.ok(append("a", Expected::ABSENT, 5)).await;
    send_ten(&f).await;
    let positions: Vec<_> = f.messages().await.iter().map(|message| message.position).collect();
    let rule = "messages up to a position go, and no others";
    assert_eq!(prune(&f, Prune::Messages { up_to: 0 }).await, 0, "{rule}");
    assert_eq!(prune(&f, Prune::Messages { up_to: positions[3] }).await, 4, "{rule}");
    assert_eq!(prune(&f, Prune::Messages { up_to: positions[3] }).await, 0, "what went is not counted again");
    let left = f.messages().await;
    assert_eq!(numbers(&left), [4, 5, 6, 7, 8, 9], "{rule}");
    let kept: Vec<_> = left.iter().map(|message| message.position).collect();
    assert_eq!(kept, positions[4..], "what stays keeps its position");
    assert_eq!(f.log().await.len(), 5, "pruning messages deletes no events");
}

pub(super) async fn positions_are_never_used_again(f: Fixture<impl Store>) {
    send_ten(&f).await;
    let last = f.last_message().await;
    assert_eq!(prune(&f, Prune::Messages { up_to: last }).await, 10, "all messages may go");
    assert!(f.messages().await.is_empty(), "all messages may go");
    assert_eq!(f.last_message().await, last, "the log still ends where its last message was");
    f.ok(send("topic", "k", 10)).await;
    let next = f.messages().await[0].position;
    assert!(next > last, "a position is never used again: {next} after {last}");
    assert_eq!(prune(&f, Prune::Messages { up_to: u64::MAX }).await, 1, "all messages may go");
    f.ok(Commit::new().message(message("topic", "k", 11).not_before(f.later(MINUTE)))).await;
    f.host.advance(MINUTE);
    f.release_due(ALL).await;
    assert!(f.messages().await[0].position > next, "a released message gets no used position either");
}

pub(super) async fn scheduled_messages_stay(f: Fixture<impl Store>) {
    f.ok(Commit::new().message(message("topic", "k", 1).not_before(f.later(MINUTE)))).await;
    assert_eq!(prune(&f, Prune::Messages { up_to: u64::MAX }).await, 0, "what waits has no position yet");
    f.host.advance(MINUTE);
    assert_eq!(prune(&f, Prune::Messages { up_to: u64::MAX }).await, 0, "what waits for release stays");
    assert_eq!(f.release_due(ALL).await.count, 1, "pruning the log deletes no message that waits");
}

pub(super) async fn expired_claims_go(f: Fixture<impl Store>) {
    let ends = |key: &str, minutes: u32| Claim::new("test", key).until(f.later(MINUTE * minutes));
    let commit = Commit::new().claim(ends("a", 1)).claim(ends("b", 2)).claim(ends("c", 3));
    f.ok(commit.claim(Claim::new("test", "forever"))).await;
    assert_eq!(prune(&f, Prune::ExpiredClaims).await, 0, "claims that hold stay");
    f.host.advance(MINUTE * 2);
    assert_eq!(prune(&f, Prune::ExpiredClaims).await, 2, "expired claims go, also at their very moment");
    assert_eq!(prune(&f, Prune::ExpiredClaims).await, 0, "what went is not counted again");
    assert!(f.claimed("test", "c").await.is_some(), "a claim that holds stays");
    assert!(f.claimed("test", "forever").await.is_some(), "a claim without end stays");
    f.ok(claim("a")).await;
}

pub(super) async fn commits_go_that_left_nothing(f: Fixture<impl Store>) {
    let waits = message("topic", "k", 1).not_before(f.later(MINUTE * 5));
    let stay = [
        append("a", Expected::ABSENT, 1),
        append("b", Expected::ABSENT, 1).and(put("b", Expected::Any, "1")),
        send("topic", "k", 1),
        Commit::new().message(waits),
    ];
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for commit in stay {
        kept.push(f.ok(commit).await.id);
    }
    for commit in
        [put("a", Expected::Any, "1"), claim("a"), Commit::new(), Commit::new().checkpoint("r", 0, 1)]
    {
        gone.push(f.ok(commit).await.id);
    }
    f.host.advance(MINUTE);
    let young = f.ok(put("young", Expected::Any, "1")).await.id;
    // Its id says 1970, but it was used a moment ago.
    let aged = CommitId(id::v7(Timestamp::default(), &[7; 10]));
    f.ok(put("aged", Expected::Any, "1").with_id(aged)).await;
    let moment = f.host.now();
    let rule = "commits before a moment go if they wrote no event and their messages are gone";
    assert_eq!(prune(&f, Prune::CommitsBefore(moment.minus(MINUTE))).await, 0, "{rule}: none before");
    assert_eq!(prune(&f, Prune::CommitsBefore(moment)).await, 4, "{rule}");
    for id in kept.iter().chain([&young, &aged]) {
        assert_eq!(f.outcome(*id).await, CommitOutcome::Committed, "{rule}: the others stay");
    }
    for id in gone {
        assert_eq!(f.outcome(id).await, CommitOutcome::RolledBack, "a commit that was pruned is not known");
    }
    assert!(f.document("things", "a").await.is_some(), "what a pruned commit wrote stays: documents");
    assert!(f.claimed("test", "a").await.is_some(), "what a pruned commit wrote stays: claims");
    assert_eq!(f.checkpoint("r").await, 1, "what a pruned commit wrote stays: checkpoints");
    f.host.advance(MINUTE * 5);
    f.release_due(ALL).await;
    assert_eq!(prune(&f, Prune::CommitsBefore(moment)).await, 0, "{rule}: a released message is not gone");
    prune(&f, Prune::Messages { up_to: u64::MAX }).await;
    assert_eq!(prune(&f, Prune::CommitsBefore(moment)).await, 2, "{rule}: now their messages are gone");
    assert_eq!(f.outcome(kept[0]).await, CommitOutcome::Committed, "{rule}: events keep their commit");
}
