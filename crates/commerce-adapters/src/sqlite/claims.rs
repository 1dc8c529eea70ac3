//! A commit's claims: whether they are free is seen by taking them.

use commerce_core::Timestamp;
use commerce_core::commit::{Claim, ClaimKey, Commit, CommitId, Conflict};
use rusqlite::{OptionalExtension, params};

use super::apply::ApplyError;
use super::statements::Statements;

/// All claims, or none.
pub(super) fn take(
    commit: &Commit,
    id: CommitId,
    statements: &mut Statements<'_>,
    now: Timestamp,
) -> Result<(), ApplyError> {
    for (taken, claim) in fresh(commit).enumerate() {
        if take_one(commit, id, claim, statements, now)? {
            continue;
        }
        for earlier in fresh(commit).take(taken) {
            release(commit, &earlier.key, statements)?;
        }
        look_at(commit, statements, now)?;
        unreachable!("a claim that can't be taken is held, and no one else writes meanwhile");
    }
    Ok(())
}

/// Those that the commit does not give back before.
fn fresh(commit: &Commit) -> impl Iterator<Item = &Claim> {
    commit.claims.iter().filter(|claim| !commit.releases.contains(&claim.key))
}

/// Answers whether it was free.
fn take_one(
    commit: &Commit,
    id: CommitId,
    claim: &Claim,
    statements: &mut Statements<'_>,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let Claim { key, expires_at, answer } = claim;
    let (expires_at, now) = (expires_at.map(Timestamp::as_micros), now.as_micros());
    let row = params![commit.tenant.as_str(), key.scope, key.key, expires_at, id.0, answer, now];
    Ok(statements.take_claim.execute(row)? > 0)
}

fn release(commit: &Commit, key: &ClaimKey, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
    statements.release_claim.execute(params![commit.tenant.as_str(), key.scope, key.key]).map(|_| ())
}

/// Those to be given back, and those to be taken again, whoever held them.
pub(super) fn release_and_retake(
    commit: &Commit,
    id: CommitId,
    statements: &mut Statements<'_>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for key in &commit.releases {
        release(commit, key, statements)?;
    }
    for claim in commit.claims.iter().filter(|claim| commit.releases.contains(&claim.key)) {
        take_one(commit, id, claim, statements, now)?;
    }
    Ok(())
}

/// By whom the first is held that is.
pub(super) fn look_at(
    commit: &Commit,
    statements: &mut Statements<'_>,
    now: Timestamp,
) -> Result<(), ApplyError> {
    for claim in fresh(commit) {
        let holder = statements
            .find_claim
            .query_row(params![commit.tenant.as_str(), claim.key.scope, claim.key.key], |row| {
                let expires_at: Option<i64> = row.get(0)?;
                Ok((expires_at, CommitId(row.get(1)?), row.get::<_, Option<Vec<u8>>>(2)?))
            })
            .optional()?;
        if let Some((expires_at, by, answer)) = holder
            && expires_at.is_none_or(|moment| moment > now.as_micros())
        {
            return Err(Conflict::Claim { key: claim.key.clone(), by, answer }.into());
        }
    }
    Ok(())
}
