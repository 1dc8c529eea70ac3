//! All or nothing.

use super::dump::{Dump, Names};
use super::fixture::{Fixture, MINUTE, append, event, message, put, stream};
use crate::commit::{Claim, ClaimKey, Commit, CommitError, CommitId, DocumentWrite, Expected};
use crate::host::Host;
use crate::store::{Lease, Store};

/// A store in which there is something of each kind, and what can be done with it.
struct World {
    used: CommitId,
    unused: CommitId,
    held: Lease,
    lost: Lease,
    /// A commit with parts of each kind that conflicts with nothing.
    work: Commit,
}

fn thing(id: &str, expected: Expected, size: i64) -> DocumentWrite {
    DocumentWrite::put("things", id, expected, b"{}".to_vec()).field("size", size)
}

async fn world(f: &Fixture<impl Store>) -> World {
    let lost = f.acquire("lease", f.host.new_id(), MINUTE).await.unwrap();
    f.host.advance(MINUTE);
    let held = f.acquire("lease", f.host.new_id(), MINUTE * 60).await.unwrap();
    let used = f.commit_id();
    let there = append("there", Expected::ABSENT, 2)
        .with_id(used)
        .document(thing("there", Expected::ABSENT, 5))
        .document(thing("doomed", Expected::ABSENT, 6))
        .message(message("topic", "k", 1))
        .message(message("topic", "k", 2).not_before(f.later(MINUTE * 10)))
        .claim(Claim::new("test", "there"))
        .claim(Claim::new("test", "doomed"))
        .checkpoint("there", 0, 5);
    f.ok(there).await;
    let work = Commit::new()
        .append(stream("fresh"), Expected::ABSENT, vec![event(1), event(2)])
        .append(stream("there"), Expected::Version(2), vec![event(3)])
        .document(thing("fresh", Expected::ABSENT, 1))
        .document(thing("there", Expected::Version(1), 9))
        .document(DocumentWrite::delete("things", "doomed", Expected::Version(1)))
        .message(message("topic", "k", 3))
        .message(message("topic", "other", 4))
        .message(message("topic", "k", 5).not_before(f.later(MINUTE * 5)))
        .claim(Claim::new("test", "fresh").with_answer(b"1".to_vec()))
        .release(ClaimKey::new("test", "doomed"))
        .checkpoint("fresh", 0, 9)
        .fenced_by(&held);
    World { used, unused: f.commit_id(), held, lost, work }
}

impl World {
    async fn dump(&self, f: &Fixture<impl Store>) -> Dump {
        let names = Names {
            collections: &["things", "others"],
            fields: &["size"],
            claims: &[("test", "there"), ("test", "doomed"), ("test", "fresh"), ("test", "last")],
            readers: &["there", "fresh", "last"],
            commits: &[self.used, self.unused],
        };
        Dump::of(f, &names).await
    }

    /// The work with one part more, which conflicts: once as the last of its kind, once as the first.
    fn with(&self, part: Commit) -> [Commit; 2] {
        [self.work.clone().and(part.clone()), part.and(self.work.clone())].map(|c| c.with_id(self.unused))
    }
}

/// One conflicting part of each kind.
fn conflicting(world: &World) -> Vec<(&'static str, Commit)> {
    let wrong = Expected::Version(7);
    let delete = DocumentWrite::delete("others", "last", wrong);
    let vanished = Lease { name: "never taken".to_owned(), ..world.held.clone() };
    vec![
        ("a lost lease", Commit::new().fenced_by(&world.lost)),
        ("an unknown lease", Commit::new().fenced_by(&vanished)),
        ("a required commit", Commit::new().requires(world.used).requires(world.unused)),
        ("a stream", append("last", wrong, 1)),
        ("a stream without events", append("last", wrong, 0)),
        ("a document", put("last", wrong, "1")),
        ("a deletion", Commit::new().document(delete)),
        ("a claim", Commit::new().claim(Claim::new("test", "last")).claim(Claim::new("test", "there"))),
        ("a checkpoint", Commit::new().checkpoint("last", 0, 1).checkpoint("there", 4, 6)),
    ]
}

pub(super) async fn each_conflict_leaves_the_store_as_it_was(f: Fixture<impl Store>) {
    let world = world(&f).await;
    let before = world.dump(&f).await;
    for (what, part) in conflicting(&world) {
        for commit in world.with(part) {
            let answer = f.store.commit(commit).await;
            let rule = "a commit is applied as a whole or not at all";
            assert!(
                matches!(answer, Err(CommitError::Conflict(_))),
                "{rule}: {what} conflicts, but the answer was {answer:?}"
            );
            let after = world.dump(&f).await;
            assert_eq!(before, after, "{rule}: {what} conflicts, so nothing may change");
        }
    }
    // Had the work itself been at fault, the above would prove nothing.
    f.ok(world.work.clone().with_id(world.unused)).await;
    world.dump(&f).await.differs_in_every_part(&before);
}

pub(super) async fn an_invalid_commit_leaves_the_store_as_it_was(f: Fixture<impl Store>) {
    let world = world(&f).await;
    let before = world.dump(&f).await;
    let twice = put("twice", Expected::Any, "1").and(put("twice", Expected::Any, "2"));
    let invalid =
        [world.work.clone().with_id(world.used), world.work.clone().and(twice).with_id(world.unused)];
    for commit in invalid {
        f.invalid("a commit that no store can apply is refused", commit).await;
        assert_eq!(before, world.dump(&f).await, "an invalid commit changes nothing");
    }
    f.ok(world.work.clone().with_id(world.unused)).await;
    world.dump(&f).await.differs_in_every_part(&before);
}
