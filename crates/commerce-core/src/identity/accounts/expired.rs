//! Deleting what has served its time.

use super::documents::{ATTEMPTS, EXPIRES_AT, ONE_TIME, RESETS, SESSIONS};
use super::{Accounts, IdentityError};
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::context::Context;
use crate::store::Query;

impl Accounts {
    /// Deletes sessions, one-time tokens, failed logins and notes of mailed resets of the context's tenant that have
    /// expired, `limit` of each at most, those that expired first, and answers how many went. Nothing depends on it but the size
    /// of the store: call it now and then, until it answers zero.
    ///
    /// # Errors
    /// What the store said.
    pub async fn forget_expired(&self, context: &Context, limit: usize) -> Result<usize, IdentityError> {
        let mut commit = Commit::within(context);
        for collection in [SESSIONS, ONE_TIME, ATTEMPTS, RESETS] {
            let expired = Query::of(context.tenant(), collection).at_most(EXPIRES_AT, context.now());
            for document in self.store.documents(&expired.ascending(EXPIRES_AT).limit(limit)).await? {
                let unchanged = Expected::Version(document.version);
                commit = commit.document(DocumentWrite::delete(collection, document.id, unchanged));
            }
        }
        let count = commit.documents.len();
        // What was changed in the meantime has come back to life: the next call sees.
        Ok(if count > 0 && self.write(commit).await? { count } else { 0 })
    }
}
