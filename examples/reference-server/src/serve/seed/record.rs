//! How far the demo has come.

use std::sync::Arc;

use commerce_core::commit::{Commit, CommitError, Conflict, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::identity::Secret;
use commerce_core::store::Store;
use serde::{Deserialize, Serialize};

use super::SeedError;

const COLLECTION: &str = "reference-server.demo";
const ID: &str = "demo";

/// How far the demo has come. A password that was made up is in it until the operator has seen it: a start that is
/// killed half way has made users whom no one could sign in as otherwise.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    complete: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<Secret>,
}

impl Record {
    pub(super) fn begun(password: Option<Secret>) -> Self {
        Self { complete: false, password }
    }

    pub(super) fn complete() -> Self {
        Self { complete: true, password: None }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }
}

pub(super) async fn read(store: &Arc<dyn Store>) -> Result<Option<(Record, u64)>, SeedError> {
    let document = store.document(&Tenant::default(), COLLECTION, ID).await?;
    document.map(|document| Ok((document.json()?, document.version))).transpose()
}

/// Answers whether it was written; not, if another process was faster.
pub(super) async fn write(store: &Arc<dyn Store>, record: &Record, version: u64) -> Result<bool, SeedError> {
    let body = serde_json::to_vec(record)?;
    let write = DocumentWrite::put(COLLECTION, ID, Expected::Version(version), body);
    match store.commit(Commit::new().document(write)).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict(Conflict::Document { .. })) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
