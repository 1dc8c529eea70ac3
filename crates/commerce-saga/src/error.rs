use std::error::Error;

use commerce_core::commit::CommitError;
use commerce_core::error::Kind;
use commerce_core::event::CodecError;
use commerce_core::repository;
use commerce_core::store::StoreError;
use commerce_outbox::HandleError;

/// The code of a step whose answer can't be read.
pub(crate) const UNREADABLE: &str = "unreadable";

/// How a step's own code ends when it is not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// For certain it has no effect, and will not have one: what was done before is undone.
    #[error("{code}: {detail}")]
    Failed {
        /// Stable, for programs.
        code: String,
        /// A sentence, for people.
        detail: String,
    },
    /// For certain it has no effect, but may succeed when it is tried again.
    #[error("{code}: {detail}")]
    Transient {
        /// Stable, for programs.
        code: String,
        /// A sentence, for people.
        detail: String,
    },
    /// Nothing is known: it may or may not have had its effect.
    #[error("{0}")]
    Unknown(String),
    /// The store failed: the whole transition is decided anew later. Or another was faster: at once, until that counts
    /// as a failed attempt of a local step, or of what takes an [answer](crate::SagaBuilder::then). If that, or what
    /// records the [end](crate::SagaBuilder::when_undone), says that something else is wrong, it has made a failed
    /// attempt.
    #[error(transparent)]
    Handle(#[from] HandleError),
}

impl StepError {
    /// Failed for certain.
    pub fn failed(code: impl Into<String>, detail: impl ToString) -> Self {
        Self::Failed { code: code.into(), detail: detail.to_string() }
    }

    /// Not done, may be tried again.
    pub fn transient(code: impl Into<String>, detail: impl ToString) -> Self {
        Self::Transient { code: code.into(), detail: detail.to_string() }
    }

    /// A code, and a sentence.
    pub(crate) fn told(self) -> (String, String) {
        match self {
            Self::Failed { code, detail } | Self::Transient { code, detail } => (code, detail),
            Self::Unknown(detail) => ("unknown".to_owned(), detail),
            Self::Handle(error) => ("error".to_owned(), error.to_string()),
        }
    }

    /// Of code that is to blame where neither a store nor a rival is: it may do better at another attempt.
    pub(crate) fn blamed(self) -> Self {
        match self {
            Self::Handle(error) if !matches!(error.kind(), Kind::Retryable | Kind::Conflict) => {
                Self::transient("error", error)
            }
            error => error,
        }
    }
}

impl From<CodecError> for StepError {
    fn from(error: CodecError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<CommitError> for StepError {
    fn from(error: CommitError) -> Self {
        Self::Handle(error.into())
    }
}

/// As [`HandleError`] has it. Whoever wants a rejection to undo the saga says [`failed`](StepError::failed).
impl<R: Error + Send + Sync + 'static> From<repository::Error<R>> for StepError {
    fn from(error: repository::Error<R>) -> Self {
        Self::Handle(error.into())
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Handle(error.into())
    }
}

/// Why a saga could not be begun, carried on, or changed by an operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SagaError {
    /// There is no such instance. Check the id.
    #[error("there is no saga instance {id}")]
    NotFound {
        /// The id that was asked for.
        id: String,
    },
    /// No definition of that name and version is registered. Deploy the program that knows it: the run waits for it, and
    /// answers that come to others meanwhile are asked for again.
    #[error("no definition of saga {name} in version {version} is registered")]
    Unregistered {
        /// The saga.
        name: String,
        /// Its version.
        version: u32,
    },
    /// The definition's steps are others than those the instance began with, under the same version. Raise the version
    /// of the new one, and keep the old one registered.
    #[error("saga {name} has other steps in version {version} than those instance {id} began with")]
    Changed {
        /// The saga.
        name: String,
        /// Its version.
        version: u32,
        /// The instance.
        id: String,
    },
    /// The definition's state has another shape than that of the instance, under the same version: a newer program has
    /// written it perhaps. Raise the version of the new one, and keep the old one registered. The run waits for a program
    /// that can read it.
    #[error("saga {name} in version {version} can't read the state of instance {id}: {fault}")]
    Unreadable {
        /// The saga.
        name: String,
        /// Its version.
        version: u32,
        /// The instance.
        id: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The instance's status does not allow what was asked. Look at it first.
    #[error("instance {id} is {status}: it can't be {asked}")]
    WrongStatus {
        /// The instance.
        id: String,
        /// What it is.
        status: &'static str,
        /// What was asked: `retried`, `skipped`, `abandoned`, `paused`, `resumed`, `aborted`.
        asked: &'static str,
    },
    /// The instance can't be aborted any more: what this step does, or may have done, can't be undone. Let it end.
    #[error("instance {id} can't be aborted: there is no way back from step {step}")]
    NoWayBack {
        /// The instance.
        id: String,
        /// The step: it decides, or is under way and has no compensation.
        step: String,
    },
    /// The store, the bus or a step's code failed.
    #[error(transparent)]
    Handle(#[from] HandleError),
}

impl SagaError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } => Kind::NotFound,
            // Another process may know it.
            Self::Unregistered { .. } => Kind::Retryable,
            Self::Changed { .. } | Self::Unreadable { .. } => Kind::Bug,
            Self::WrongStatus { .. } | Self::NoWayBack { .. } => Kind::Conflict,
            Self::Handle(error) => error.kind(),
        }
    }
}

impl From<StoreError> for SagaError {
    fn from(error: StoreError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<CommitError> for SagaError {
    fn from(error: CommitError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<CodecError> for SagaError {
    fn from(error: CodecError) -> Self {
        Self::Handle(error.into())
    }
}

impl From<SagaError> for HandleError {
    fn from(error: SagaError) -> Self {
        match error {
            SagaError::Handle(error) => error,
            other => HandleError::new(other.kind(), other),
        }
    }
}
