use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use uuid::Uuid;

use crate::commit::{CheckpointMove, CommitError};
use crate::stream::Position;

/// By which a commit is known to those that build on it: a checkpoint that it moves. Whoever states that the
/// checkpoint stands there can only succeed if this commit has.
pub(super) struct Link {
    reader: usize,
    from: Position,
    to: Position,
    durable: AtomicBool,
}

impl Link {
    /// Whether the log has it for certain, so that versions alone tell whether to build on it.
    pub(super) fn is_durable(&self) -> bool {
        self.durable.load(Ordering::Acquire)
    }
}

/// The checkpoints of one [`Owned`](super::Owned). One of them serves one commit in flight at a time, so there are as
/// many as commits were ever in flight at once.
#[derive(Default)]
pub(super) struct Chain {
    prefix: Option<String>,
    free: Vec<(usize, Position)>,
    readers: usize,
    last: Position,
}

impl Chain {
    /// A link for a commit. `operation` is unique among all programs that share the store, and the counter within
    /// this one: so no two ever share a checkpoint.
    pub(super) fn link(&mut self, kind: &str, operation: Uuid) -> Arc<Link> {
        static INSTANCES: AtomicU64 = AtomicU64::new(0);
        self.prefix.get_or_insert_with(|| {
            let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
            format!("owned/{kind}/{operation}/{instance}")
        });
        let (reader, from) = self.free.pop().unwrap_or_else(|| {
            self.readers += 1;
            (self.readers, 0)
        });
        self.last += 1;
        Arc::new(Link { reader, from, to: self.last, durable: AtomicBool::new(false) })
    }

    /// What the commit itself writes.
    pub(super) fn made(&self, link: &Link) -> CheckpointMove {
        CheckpointMove { reader: self.reader(link), from: link.from, to: link.to }
    }

    /// What a commit that builds on it states.
    pub(super) fn stands(&self, link: &Link) -> CheckpointMove {
        CheckpointMove { reader: self.reader(link), from: link.to, to: link.to }
    }

    /// Whether a reader is one of these checkpoints.
    pub(super) fn owns(&self, reader: &str) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| reader.starts_with(prefix.as_str()))
    }

    /// The commit was answered. Where the answer is not known, the checkpoint's place isn't either: it is given up.
    pub(super) fn settle<T>(&mut self, link: &Link, answer: &Result<T, CommitError>) {
        match answer {
            Ok(_) => {
                link.durable.store(true, Ordering::Release);
                self.free.push((link.reader, link.to));
            }
            Err(CommitError::Unknown { .. }) => {}
            Err(_) => self.free.push((link.reader, link.from)),
        }
    }

    fn reader(&self, link: &Link) -> String {
        format!("{}/{}", self.prefix.as_deref().unwrap_or_default(), link.reader)
    }
}
