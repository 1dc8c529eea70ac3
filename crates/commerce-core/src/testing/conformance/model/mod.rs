//! Any commits, many at once, beside a store in memory that gets the same one by one.
//!
//! What a store does for speed, such as writing together what waits together, shows in combinations that no one thinks of. These
//! are drawn by chance, and the same each time.

mod draw;
mod seen;

use futures_util::future::join_all;

use super::fixture::Fixture;
use crate::commit::{Commit, CommitError, CommitId, Conflict};
use crate::memory::MemoryStore;
use crate::store::Store;
use draw::Draw;
use seen::Seen;

/// So many groups of commits are handed over, one group after the other.
const GROUPS: usize = 60;
/// After so many all that can be seen is compared.
const COMPARED: usize = 6;

/// What is the same for every store: neither positions nor how it words what is invalid.
#[derive(Debug, PartialEq)]
enum Said {
    Committed(CommitId),
    Conflict(Conflict),
    Invalid,
}

impl Said {
    async fn by(store: &impl Store, commits: &[Commit]) -> Vec<Self> {
        join_all(commits.iter().map(|commit| store.commit(commit.clone())))
            .await
            .into_iter()
            .map(Self::of)
            .collect()
    }

    fn of(answer: Result<crate::commit::Committed, CommitError>) -> Self {
        match answer {
            Ok(committed) => Self::Committed(committed.id),
            Err(CommitError::Conflict(conflict)) => Self::Conflict(conflict),
            Err(CommitError::Invalid(_)) => Self::Invalid,
            Err(error) => panic!("a commit is applied, conflicts or is invalid, but the answer was {error}"),
        }
    }
}

pub(super) async fn commits_handed_over_together_are_applied_one_by_one(f: Fixture<impl Store>) {
    let rule = "commits that are handed over together are applied as if one came after the other";
    let oracle = MemoryStore::new(f.host.clone()).with_partitions(f.store.partitions());
    let mut draw = Draw::new(f.host.clone());
    for group in 1..=GROUPS {
        let commits = draw.group(&oracle).await;
        let said = Said::by(&f.store, &commits).await;
        for (commit, said) in commits.into_iter().zip(said) {
            let expected = Said::of(oracle.commit(commit.clone()).await);
            assert_eq!(said, expected, "{rule}: group {group}, {commit:?}");
        }
        if group % COMPARED == 0 {
            let (seen, expected) = (Seen::of(&f.store, &draw).await, Seen::of(&oracle, &draw).await);
            seen.is(&expected, rule);
        }
        draw.pass_time();
    }
    f.host.advance(draw::LATEST);
    let released = f.release_due(super::fixture::ALL).await;
    assert_eq!(
        released,
        oracle.release_due(super::fixture::ALL).await.expect("release_due answers"),
        "{rule}"
    );
    Seen::of(&f.store, &draw).await.is(&Seen::of(&oracle, &draw).await, rule);
}
