use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::commit::CommitId;

/// A commit as those know it that build on it: they require it for as long as it may yet fail.
#[derive(Clone)]
pub(super) struct Link(Arc<Shared>);

struct Shared {
    commit: CommitId,
    durable: AtomicBool,
}

impl Link {
    pub(super) fn new(commit: CommitId) -> Self {
        Self(Arc::new(Shared { commit, durable: AtomicBool::new(false) }))
    }

    pub(super) fn commit(&self) -> CommitId {
        self.0.commit
    }

    /// The log has it for certain: from now on versions alone tell whether to build on it.
    pub(super) fn settle(&self) {
        self.0.durable.store(true, Ordering::Release);
    }

    pub(super) fn is_durable(&self) -> bool {
        self.0.durable.load(Ordering::Acquire)
    }
}
