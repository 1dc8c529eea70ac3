//! Panics of a saga's own code.
//!
//! Whatever it is called in, a reply's handler, a timer or a call's task, would take a panic for its own: the answer would
//! become a dead letter, the run be tried for ever, or a call's result be lost. So a panic is a failed attempt of the code
//! that panicked, and of nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

use crate::error::StepError;

/// What code of its own answers that has no effect unless it succeeds.
pub(super) async fn contained<T>(work: impl Future<Output = Result<T, StepError>>) -> Result<T, StepError> {
    let failed = |panic: Box<dyn Any + Send>| Err(StepError::transient("panicked", told(&*panic)));
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(failed)
}

/// What a call answers: whether it has had its effect is not known then.
pub(super) async fn contained_call<T>(
    work: impl Future<Output = Result<T, StepError>>,
) -> Result<T, StepError> {
    let unknown =
        |panic: Box<dyn Any + Send>| Err(StepError::Unknown(format!("the call panicked: {}", told(&*panic))));
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(unknown)
}

/// What a function answers.
pub(super) fn contained_in<T>(work: impl FnOnce() -> Result<T, StepError>) -> Result<T, StepError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(StepError::transient("panicked", told(&*panic))))
}

fn told(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it did not say why")
}
