use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use commerce_core::commit::NewMessage;
use commerce_core::event::CodecError;
use commerce_outbox::{RetryPolicy, Scope};
use serde_json::value::RawValue;

use crate::error::StepError;
use crate::instance::{Failure, Note};

pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Makes a request of the state, and of the wish for which the run turns back, if it does for one.
pub(crate) type Ask<S> = Box<dyn Fn(&S, Option<&Note>) -> Result<NewMessage, CodecError> + Send + Sync>;
/// Takes an answer into the state.
pub(crate) type Then<S> =
    Box<dyn Fn(S, Box<RawValue>, Scope) -> Boxed<Result<(S, Scope), StepError>> + Send + Sync>;
/// Changes the saga's own service.
pub(crate) type Local<S> = Box<dyn Fn(S, Scope) -> Boxed<Result<(S, Scope), StepError>> + Send + Sync>;
/// Does something outside, under an idempotency key.
pub(crate) type Call<S> = Box<dyn Fn(S, String) -> Boxed<Result<Box<RawValue>, StepError>> + Send + Sync>;
/// Finds out whether a call under that key had its effect.
pub(crate) type Verify<S> =
    Box<dyn Fn(S, String) -> Boxed<Result<Option<Box<RawValue>>, StepError>> + Send + Sync>;
/// Records in the saga's own service that all is undone.
pub(crate) type Undone<S> =
    Box<dyn Fn(S, Failure, Scope) -> Boxed<Result<(S, Scope), StepError>> + Send + Sync>;

/// Records in the saga's own service that all is undone because someone wished it.
pub(crate) type Aborted<S> =
    Box<dyn Fn(S, Note, Scope) -> Boxed<Result<(S, Scope), StepError>> + Send + Sync>;

/// What is recorded once all is undone.
pub(crate) struct Endings<S> {
    pub(crate) undone: Option<Undone<S>>,
    pub(crate) aborted: Option<Aborted<S>>,
}

/// How an action or a compensation is done.
pub(crate) enum Work<S> {
    Request(Ask<S>),
    Local(Local<S>),
    Call { call: Call<S>, verify: Option<Verify<S>> },
}

pub(crate) struct Step<S> {
    pub(crate) name: String,
    pub(crate) action: Work<S>,
    pub(crate) then: Option<Then<S>>,
    pub(crate) undo: Option<Work<S>>,
    /// The step whose compensation undoes this one too.
    pub(crate) undone_with: Option<String>,
    pub(crate) within: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) undo_retry: RetryPolicy,
    pub(crate) alongside: bool,
    /// Once it may have had its effect, there is no way back.
    pub(crate) decisive: bool,
}

impl<S> Step<S> {
    pub(crate) fn new(name: &str, action: Work<S>) -> Self {
        Self {
            name: name.to_owned(),
            action,
            then: None,
            undo: None,
            undone_with: None,
            within: Duration::from_secs(30),
            retry: RetryPolicy { attempts: 3, ..RetryPolicy::default() },
            undo_retry: RetryPolicy::default(),
            alongside: false,
            decisive: false,
        }
    }
}
