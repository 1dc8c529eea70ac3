//! Many at once.

use std::cell::Cell;
use std::collections::HashSet;
use std::task::Poll;

use futures_util::future::{join, join_all};
use uuid::Uuid;

use super::fixture::{
    ALL, Fixture, MINUTE, append, claim, event, message, number, numbers, put, send, stream,
};
use crate::commit::{Claim, Commit, CommitError, Committed, Conflict, Expected};
use crate::host::Host;
use crate::store::{Lease, Prune, ReadMessages, Store, partition_of};
use crate::stream::Position;

type Answer = Result<Committed, CommitError>;

/// Lets the others go first.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Commits all of them at once, and finds the one that won.
async fn one_wins(f: &Fixture<impl Store>, what: &str, rivals: impl Iterator<Item = Commit>) -> usize {
    let answers: Vec<Answer> = join_all(rivals.map(|commit| f.store.commit(commit))).await;
    let mut winners = Vec::new();
    for (rival, answer) in answers.iter().enumerate() {
        match answer {
            Ok(_) => winners.push(rival),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => panic!("of many rivals for {what} all but one get a conflict, not {error}"),
        }
    }
    assert_eq!(winners.len(), 1, "of many rivals for {what} exactly one wins");
    winners[0]
}

/// A rival's own mark, which only the winner may leave.
fn marked(rival: usize, commit: Commit) -> Commit {
    commit.and(append(format!("mark-{rival}"), Expected::ABSENT, 1)).message(message("mark", "k", rival))
}

async fn only_the_winner_wrote(f: &Fixture<impl Store>, winner: usize) {
    let log = f.log().await;
    let marks: Vec<_> = log.iter().filter(|event| event.stream.id().starts_with("mark-")).collect();
    assert_eq!(marks.len(), 1, "a rival that lost writes nothing");
    assert_eq!(marks[0].stream, stream(format!("mark-{winner}")), "who was told to have won has won");
    assert_eq!(numbers(&f.messages().await), [winner], "a rival that lost sends nothing");
}

pub(super) async fn of_many_rivals_for_a_stream_one_wins(f: Fixture<impl Store>) {
    let rivals =
        (0..100).map(|n| marked(n, Commit::new().append(stream("a"), Expected::ABSENT, vec![event(n)])));
    let winner = one_wins(&f, "a stream", rivals).await;
    let written: Vec<_> = f.stream(&stream("a")).await.iter().map(|event| number(&event.payload)).collect();
    assert_eq!(written, [winner], "a stream holds the event of who won");
    assert_eq!(f.log().await.len(), 2, "the log has neither holes nor doubles");
    only_the_winner_wrote(&f, winner).await;
}

pub(super) async fn of_many_rivals_for_a_document_one_wins(f: Fixture<impl Store>) {
    f.ok(put("a", Expected::ABSENT, "first")).await;
    let rivals = (0..100).map(|n| marked(n, put("a", Expected::Version(1), &n.to_string())));
    let winner = one_wins(&f, "a document", rivals).await;
    let read = f.document("things", "a").await.expect("the document is there");
    assert_eq!((read.version, number(&read.body)), (2, winner), "a document is as the winner wrote it");
    only_the_winner_wrote(&f, winner).await;
}

pub(super) async fn of_many_rivals_for_a_claim_one_wins(f: Fixture<impl Store>) {
    let winner = one_wins(&f, "a claim", (0..100).map(|n| marked(n, claim("a")))).await;
    only_the_winner_wrote(&f, winner).await;
}

pub(super) async fn each_member_of_a_group_gets_its_own_answer(f: Fixture<impl Store>) {
    f.ok(claim("taken")).await;
    let commit = |n: usize| match n % 5 {
        0 => append(format!("own-{n}"), Expected::ABSENT, 2),
        1 => append(format!("own-{n}"), Expected::Version(1), 1),
        2 => append(format!("own-{n}"), Expected::ABSENT, 1).and(claim("taken")),
        3 => append(format!("own-{n}"), Expected::ABSENT, 1).and(put("shared", Expected::Version(99), "1")),
        _ => append(format!("own-{n}"), Expected::Any, 1).and(append("shared", Expected::Any, 1)),
    };
    let answers: Vec<Answer> = join_all((0..100).map(|n| f.store.commit(commit(n)))).await;
    let log = f.log().await;
    for (n, answer) in answers.iter().enumerate() {
        let events = f.stream(&stream(format!("own-{n}"))).await;
        let rule = "each member of a group gets its own answer";
        match n % 5 {
            0 | 4 => {
                let committed = answer.as_ref().unwrap_or_else(|error| panic!("{rule}, {n} got {error}"));
                let last = log.iter().rfind(|event| event.commit == committed.id);
                let position = last.map(|event| event.position);
                assert_eq!(position, Some(committed.position), "{rule}: with its own position");
                assert_eq!(events.len(), if n % 5 == 0 { 2 } else { 1 }, "{rule}: what succeeds is written");
            }
            _ => {
                let conflict = answer.as_ref().is_err_and(|error| error.conflict().is_some());
                assert!(conflict, "{rule}: {n} conflicts, but got {answer:?}");
                assert!(events.is_empty(), "{rule}: what conflicts is not written");
            }
        }
    }
    assert_eq!(f.stream(&stream("shared")).await.len(), 20, "what accepts any version never conflicts");
    assert_eq!(log.len(), 80, "the log has neither holes nor doubles");
}

/// Adds one to the stream's length as often as asked, trying anew after each conflict.
async fn count(f: &Fixture<impl Store>, times: usize) {
    for _ in 0..times {
        let mut tries = 0;
        loop {
            let version = f.stream(&stream("counter")).await.len();
            pause().await;
            let next = vec![event(version + 1)];
            let commit = Commit::new().append(stream("counter"), Expected::Version(version as u64), next);
            match f.store.commit(commit).await {
                Ok(_) => break,
                Err(CommitError::Conflict(_)) => tries += 1,
                Err(error) => panic!("a counter's increment succeeds or conflicts, it got {error}"),
            }
            assert!(tries < 10_000, "of the rivals for a version one wins, so all succeed in the end");
        }
    }
}

pub(super) async fn a_counter_loses_no_increment(f: Fixture<impl Store>) {
    join_all((0..32).map(|_| count(&f, 4))).await;
    let numbers: Vec<_> = f.stream(&stream("counter")).await.iter().map(|e| number(&e.payload)).collect();
    let expected: Vec<_> = (1..=128).collect();
    assert_eq!(numbers, expected, "a counter of 32 writers loses no increment and counts none twice");
}

async fn write(f: &Fixture<impl Store>, writer: usize) {
    for n in 0..10 {
        let commit =
            append(writer, Expected::Version(n), 1).message(message("topic", &writer.to_string(), 1));
        f.ok(commit).await;
        pause().await;
    }
}

/// Reads on as a follower would, and remembers what it saw.
#[derive(Default)]
struct Follower {
    events: Vec<Position>,
    messages: Vec<Vec<Position>>,
}

impl Follower {
    /// Whether there was anything new.
    async fn look(&mut self, f: &Fixture<impl Store>) -> bool {
        let after = self.events.last().copied().unwrap_or(0);
        let page = f.store.read_log(after, 7).await.unwrap();
        let mut new = !page.is_empty();
        self.events.extend(page.iter().map(|event| event.position));
        self.messages.resize_with(f.store.partitions() as usize, Vec::new);
        for (partition, seen) in (0..).zip(&mut self.messages) {
            let after = seen.last().copied().unwrap_or(0);
            let request = ReadMessages { partition, after, topics: &[], limit: 7 };
            let batch = f.store.read_messages(request).await.unwrap();
            new |= !batch.messages.is_empty();
            seen.extend(batch.messages.iter().map(|message| message.position));
        }
        new
    }
}

pub(super) async fn a_reader_beside_writers_misses_nothing(f: Fixture<impl Store>) {
    let (done, mut follower) = (Cell::new(false), Follower::default());
    let writers = async {
        join_all((0..20).map(|writer| write(&f, writer))).await;
        done.set(true);
    };
    let reader = async {
        while !done.get() {
            follower.look(&f).await;
            pause().await;
        }
    };
    join(writers, reader).await;
    f.caught_up().await;
    while follower.look(&f).await {}
    let rule = "a reader beside writers sees everything exactly once, and nothing appears behind it";
    let log: Vec<_> = f.log().await.iter().map(|event| event.position).collect();
    assert_eq!(log.len(), 200, "every commit's event is in the log");
    assert_eq!(follower.events, log, "{rule}: events");
    assert_eq!(log.iter().collect::<HashSet<_>>().len(), 200, "{rule}: no position is given twice");
    for (partition, seen) in (0..).zip(&follower.messages) {
        let messages = f.batch(partition, 0, &[], 1_000).await.messages;
        let positions: Vec<_> = messages.iter().map(|message| message.position).collect();
        assert_eq!(*seen, positions, "{rule}: messages");
        let home = |message: &str| partition_of(message, f.store.partitions()) == partition;
        let expected = (0..20).filter(|writer| home(&writer.to_string())).count() * 10;
        assert_eq!(positions.len(), expected, "every commit's message is in its partition");
    }
}

const RIVALS: usize = 10;

/// Rivals ask for a lease at once. Answers who was given it.
async fn compete(f: &Fixture<impl Store>, name: &str, rivals: &[Uuid]) -> (Uuid, Lease) {
    let answers = join_all(rivals.iter().map(|rival| f.acquire(name, *rival, MINUTE))).await;
    let mut given = rivals.iter().zip(answers).filter_map(|(rival, lease)| Some((*rival, lease?)));
    let winner = given.next().expect("of many rivals for a lease one is given it");
    let others: Vec<_> = given.collect();
    assert!(
        others.is_empty(),
        "of many rivals for a lease exactly one is given it: {winner:?} and {others:?}"
    );
    winner
}

pub(super) async fn of_many_rivals_for_a_lease_one_wins(f: Fixture<impl Store>) {
    let rivals: Vec<Uuid> = (0..RIVALS).map(|_| f.host.new_id()).collect();
    for round in 0..5 {
        let name = format!("l{round}");
        let (_, mut last) = compete(&f, &name, &rivals).await;
        f.give_back(&last).await;
        for _ in 0..4 {
            let (holder, free) = compete(&f, &name, &rivals).await;
            assert!(free.token > last.token, "the token of a lease that was given back rises: {free:?}");
            f.ok(append("a", Expected::Any, 1).fenced_by(&free)).await;
            f.host.advance(MINUTE);
            let others: Vec<Uuid> = rivals.iter().copied().filter(|rival| *rival != holder).collect();
            let (_, expired) = compete(&f, &name, &others).await;
            assert!(expired.token > free.token, "the token of a lease that expired rises: {expired:?}");
            f.ok(append("a", Expected::Any, 1).fenced_by(&expired)).await;
            f.conflict("who lost a lease to a rival is fenced", Commit::new().fenced_by(&free)).await;
            f.host.advance(MINUTE);
            // Its last holder is one of the rivals now.
            (_, last) = compete(&f, &name, &rivals).await;
            assert!(last.token >= expired.token, "a token never falls: {last:?}");
            f.give_back(&last).await;
        }
    }
}

/// Writes under a lease until it is fenced, some times at most. Answers how often it wrote.
async fn write_until_fenced(f: &Fixture<impl Store>, lease: &Lease) -> usize {
    for written in 0..20 {
        match f.store.commit(append("a", Expected::Any, 1).fenced_by(lease)).await {
            Ok(_) => pause().await,
            Err(CommitError::Conflict(Conflict::Fenced { .. })) => return written,
            Err(error) => panic!("who lost a lease is fenced, but got {error}"),
        }
    }
    20
}

/// Takes an expired lease over, and relies on its last holder's writing no more.
async fn take_over(f: &Fixture<impl Store>, name: &str, pauses: usize) -> usize {
    for _ in 0..pauses {
        pause().await;
    }
    let lease = f.acquire(name, f.host.new_id(), MINUTE).await.expect("an expired lease can be taken");
    let seen = f.stream(&stream("a")).await.len();
    for _ in 0..4 {
        pause().await;
    }
    let next = append("a", Expected::Version(seen as u64), 1).fenced_by(&lease);
    if let Err(error) = f.store.commit(next).await {
        panic!("once a lease was taken over, its last holder writes nothing more: {error}");
    }
    seen
}

pub(super) async fn a_takeover_ends_what_the_last_holder_writes(f: Fixture<impl Store>) {
    let mut before = 0;
    for round in 0..16 {
        let name = format!("l{round}");
        let lease = f.acquire(&name, f.host.new_id(), MINUTE).await.expect("a free lease can be taken");
        f.host.advance(MINUTE);
        let both = join(write_until_fenced(&f, &lease), take_over(&f, &name, round % 5));
        let (written, seen) = both.await;
        let rule = "who takes a lease over sees all that was written under it, and nothing follows";
        assert_eq!(seen - before, written, "{rule}");
        before = f.stream(&stream("a")).await.len();
        assert_eq!(before, seen + 1, "{rule}");
    }
}

pub(super) async fn rivals_release_a_message_once(f: Fixture<impl Store>) {
    let mut sent = 0;
    for limit in [1, 3, 7, ALL] {
        let due = f.later(MINUTE);
        let timers = (sent..sent + 20).map(|body| message("timers", &body.to_string(), body).not_before(due));
        f.ok(timers.fold(Commit::new(), Commit::message)).await;
        sent += 20;
        f.host.advance(MINUTE);
        let mut released = 0;
        loop {
            let answers = join_all((0..RIVALS).map(|_| f.release_due(limit))).await;
            let count: usize = answers.iter().map(|answer| answer.count).sum();
            released += count;
            if count == 0 {
                break;
            }
        }
        assert_eq!(released, 20, "rivals that release {limit} at a time count each message once");
        let mut bodies = numbers(&f.messages().await);
        bodies.sort_unstable();
        assert_eq!(bodies, (0..sent).collect::<Vec<_>>(), "of rivals one releases a due message");
    }
}

/// Rivals prune the same at once, until nothing more goes. Answers how many rows they counted.
async fn prune_together(f: &Fixture<impl Store>, what: &Prune) -> u64 {
    let mut gone = 0;
    loop {
        let answers = join_all((0..RIVALS).map(|_| f.store.prune(what.clone()))).await;
        let count: u64 = answers.into_iter().map(|answer| answer.expect("prune answers")).sum();
        gone += count;
        if count == 0 {
            return gone;
        }
    }
}

pub(super) async fn rivals_that_prune_count_each_row_once(f: Fixture<impl Store>) {
    for body in 0..20 {
        let until = Claim::new("test", body.to_string()).until(f.later(MINUTE));
        f.ok(send("topic", &body.to_string(), body).claim(until)).await;
    }
    let messages = f.messages().await;
    let up_to = messages[14].position;
    let rule = "rivals that prune count each row once";
    assert_eq!(prune_together(&f, &Prune::Messages { up_to }).await, 15, "{rule}: messages");
    assert_eq!(f.messages().await, messages[15..], "rivals that prune leave what is to stay");
    f.host.advance(MINUTE);
    assert_eq!(prune_together(&f, &Prune::ExpiredClaims).await, 20, "{rule}: claims");
    let commits = Prune::CommitsBefore(f.host.now());
    assert_eq!(prune_together(&f, &commits).await, 15, "{rule}: commits");
}

pub(super) async fn a_claim_taken_anew_is_not_pruned(f: Fixture<impl Store>) {
    for round in 0..10 {
        let key = |n: usize| format!("{round}-{n}");
        let take =
            |n: usize, until| Commit::new().claim(Claim { expires_at: until, ..Claim::new("test", key(n)) });
        let end = Some(f.later(MINUTE));
        join_all((0..RIVALS).map(|n| f.ok(take(n, end)))).await;
        f.host.advance(MINUTE);
        let anew = async {
            for _ in 0..round % 3 {
                pause().await;
            }
            join_all((0..RIVALS).map(|n| f.ok(take(n, None)))).await
        };
        let (_, taken) = join(prune_together(&f, &Prune::ExpiredClaims), anew).await;
        for (n, committed) in taken.iter().enumerate() {
            let held = f.claimed("test", &key(n)).await.map(|claimed| claimed.by);
            assert_eq!(held, Some(committed.id), "a claim that was taken anew is not pruned");
        }
    }
}
