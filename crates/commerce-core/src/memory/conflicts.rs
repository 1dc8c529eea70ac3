use super::state::State;
use crate::commit::{Claim, Commit, CommitError, CommitId, Conflict, Expected};
use crate::stream::Version;
use crate::time::Timestamp;

impl State {
    /// Looks for whatever keeps the commit from being applied, without writing anything: first its id, then fences,
    /// required commits, streams, documents, claims, checkpoints.
    pub(super) fn look_for_conflicts(
        &self,
        commit: &Commit,
        id: CommitId,
        now: Timestamp,
    ) -> Result<(), CommitError> {
        if self.commits.contains_key(&id) {
            return Err(CommitError::Invalid(format!("commit id {id} was used already")));
        }
        self.check_fences(commit)?;
        self.check_required(commit)?;
        self.check_streams(commit)?;
        self.check_documents(commit)?;
        self.check_claims(commit, now)?;
        self.check_checkpoints(commit)?;
        Ok(())
    }

    fn check_fences(&self, commit: &Commit) -> Result<(), Conflict> {
        match commit.fences.iter().find(|lease| !self.leases.is_held(lease)) {
            Some(lost) => Err(Conflict::Fenced { name: lost.name.clone(), token: lost.token }),
            None => Ok(()),
        }
    }

    fn check_required(&self, commit: &Commit) -> Result<(), Conflict> {
        match commit.requires.iter().find(|id| !self.commits.contains_key(id)) {
            Some(missing) => Err(Conflict::Required { commit: *missing }),
            None => Ok(()),
        }
    }

    fn check_streams(&self, commit: &Commit) -> Result<(), Conflict> {
        commit.appends.iter().try_for_each(|append| {
            let actual = self.stream_version(&commit.tenant, &append.stream);
            expect(append.expected, actual, |expected| Conflict::Stream {
                stream: append.stream.clone(),
                expected,
                actual,
            })
        })
    }

    fn check_documents(&self, commit: &Commit) -> Result<(), Conflict> {
        commit.documents.iter().try_for_each(|write| {
            let actual = self.documents.version(&commit.tenant, &write.collection, &write.id);
            expect(write.expected, actual, |expected| Conflict::Document {
                collection: write.collection.clone().into_owned(),
                id: write.id.clone(),
                expected,
                actual,
            })
        })
    }

    fn check_claims(&self, commit: &Commit, now: Timestamp) -> Result<(), Conflict> {
        let given_back = |claim: &Claim| commit.releases.contains(&claim.key);
        commit.claims.iter().filter(|claim| !given_back(claim)).try_for_each(|claim| {
            match self.holder(&commit.tenant, &claim.key, now) {
                Some(held) => {
                    let answer = held.answer.clone();
                    Err(Conflict::Claim { key: claim.key.clone(), by: held.by, answer })
                }
                None => Ok(()),
            }
        })
    }

    fn check_checkpoints(&self, commit: &Commit) -> Result<(), Conflict> {
        commit.checkpoints.iter().try_for_each(|moved| {
            let actual = self.checkpoint(&moved.reader);
            expect(Expected::Version(moved.from), actual, |expected| Conflict::Checkpoint {
                reader: moved.reader.clone(),
                expected,
                actual,
            })
        })
    }
}

fn expect(
    expected: Expected,
    actual: Version,
    conflict: impl FnOnce(Version) -> Conflict,
) -> Result<(), Conflict> {
    match expected {
        Expected::Version(version) if version != actual => Err(conflict(version)),
        Expected::Any | Expected::Version(_) => Ok(()),
    }
}
