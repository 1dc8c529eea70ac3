//! Which of several conflicts is answered.

use super::fixture::{Fixture, MINUTE, append, claim, put};
use crate::commit::{Commit, Conflict, Expected};
use crate::host::Host;
use crate::store::Store;

fn name(conflict: &Conflict) -> String {
    match conflict {
        Conflict::Fenced { token, .. } => format!("fence {token}"),
        Conflict::Stream { stream, .. } => stream.to_string(),
        Conflict::Document { id, .. } => format!("document {id}"),
        Conflict::Claim { key, .. } => format!("claim {}", key.key),
        Conflict::Checkpoint { reader, .. } => format!("reader {reader}"),
        Conflict::Required { commit } => format!("required {commit}"),
    }
}

pub(super) async fn the_first_conflict_is_answered(f: Fixture<impl Store>) {
    let lost = f.acquire("lease", f.host.new_id(), MINUTE).await.unwrap();
    f.give_back(&lost).await;
    f.ok(claim("a").and(claim("b"))).await;
    let wrong = Expected::Version(7);
    let (one, other) = (f.commit_id(), f.commit_id());
    let rule =
        "fences, required commits, streams, documents, claims, checkpoints: the first conflict is answered";
    let parts = [
        (format!("fence {}", lost.token), Commit::new().fenced_by(&lost)),
        (format!("required {one}"), Commit::new().requires(one)),
        (format!("required {other}"), Commit::new().requires(other)),
        ("test/a".to_owned(), append("a", wrong, 1)),
        ("test/b".to_owned(), append("b", wrong, 1)),
        ("document a".to_owned(), put("a", wrong, "1")),
        ("document b".to_owned(), put("b", wrong, "1")),
        ("claim a".to_owned(), claim("a")),
        ("claim b".to_owned(), claim("b")),
        ("reader a".to_owned(), Commit::new().checkpoint("a", 7, 8)),
        ("reader b".to_owned(), Commit::new().checkpoint("b", 7, 8)),
    ];
    for first in 0..parts.len() {
        let commit = parts[first..].iter().fold(Commit::new(), |commit, (_, part)| commit.and(part.clone()));
        let conflict = f.conflict(rule, commit).await;
        assert_eq!(name(&conflict), parts[first].0, "{rule}");
    }
    let twice = claim("c").and(claim("c")).fenced_by(&lost);
    f.invalid("a commit that no store can apply is Invalid, whatever it conflicts with", twice).await;
    let id = f.ok(Commit::new()).await.id;
    let used = Commit::new().with_id(id).fenced_by(&lost);
    f.invalid("a used id is Invalid, whatever the commit conflicts with", used).await;
}
