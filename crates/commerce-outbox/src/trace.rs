//! How a trace goes on from service to service.
//!
//! Whoever works for a message or a request opens a `tracing` span and has it [`continue_from`] the traceparent that came
//! along; what is written meanwhile carries the [`current`] one. A program that exports its spans
//! [`install`]s what knows both ([`Tracing`]); without it, traceparents pass through unchanged.

use std::sync::{Arc, OnceLock};

use commerce_core::commit::NewMessage;
use tracing::Span;

use crate::envelope::TRACEPARENT_HEADER;

static TRACING: OnceLock<Box<dyn Tracing>> = OnceLock::new();

/// What gives spans their place in traces that span processes.
pub trait Tracing: Send + Sync + 'static {
    /// Makes a span that was not entered yet a child of the one that this W3C traceparent names. One that can't be read
    /// leaves the span where it is.
    fn set_parent(&self, span: &Span, traceparent: &str);

    /// The W3C traceparent of a span; none for one that is not exported.
    fn traceparent(&self, span: &Span) -> Option<Arc<str>>;
}

/// Something was installed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("traces are continued by something that was installed before")]
pub struct AlreadyInstalled;

/// Has traces continued by this from now on, in the whole process.
///
/// # Errors
/// When something was installed before: it stays.
pub fn install(tracing: impl Tracing) -> Result<(), AlreadyInstalled> {
    TRACING.set(Box::new(tracing)).map_err(|_| AlreadyInstalled)
}

/// Makes a span continue the trace that work came with. Answers the traceparent for what the work writes: the span's
/// own, or the given one where spans are not exported.
pub fn continue_from(span: &Span, traceparent: Option<&Arc<str>>) -> Option<Arc<str>> {
    let Some(tracing) = TRACING.get() else { return traceparent.cloned() };
    if let Some(traceparent) = traceparent {
        tracing.set_parent(span, traceparent);
    }
    tracing.traceparent(span).or_else(|| traceparent.cloned())
}

/// The traceparent of the span at hand; none where spans are not exported.
pub fn current() -> Option<Arc<str>> {
    TRACING.get().and_then(|tracing| tracing.traceparent(&Span::current()))
}

/// A message that goes on from the span at hand, and not, as the others of its commit, from what the commit was made
/// for. Where spans are not exported it is as it was.
pub fn carry(message: NewMessage) -> NewMessage {
    match current() {
        Some(traceparent) => message.header(TRACEPARENT_HEADER, traceparent.to_string()),
        None => message,
    }
}

/// Reads a traceparent as W3C Trace Context, level 1, has it: `00-` 32 hex digits `-` 16 hex digits `-` 2 hex digits, the
/// ids not all zero. A later version is read as far as this one goes, as the standard asks.
///
/// ```
/// # use commerce_outbox::trace::read_traceparent;
/// let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// assert_eq!(read_traceparent(trace).as_deref(), Some(trace));
/// assert_eq!(read_traceparent("my trace"), None);
/// ```
pub fn read_traceparent(text: &str) -> Option<String> {
    let hex = |part: &&str, length: usize| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        part.len() == length && part.bytes().all(digit)
    };
    let id = |part: &&str, length| hex(part, length) && part.bytes().any(|byte| byte != b'0');
    let mut parts = text.split('-');
    let version = parts.next().filter(|part| hex(part, 2) && *part != "ff")?;
    let trace = parts.next().filter(|part| id(part, 32))?;
    let span = parts.next().filter(|part| id(part, 16))?;
    let flags = parts.next().filter(|part| hex(part, 2))?;
    let ends = version != "00" || parts.next().is_none();
    ends.then(|| format!("00-{trace}-{span}-{flags}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::Span;

    use super::{continue_from, current, read_traceparent};

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn where_spans_are_not_exported_a_trace_passes_through() {
        let given: Arc<str> = Arc::from(TRACE);
        assert_eq!(continue_from(&Span::none(), Some(&given)), Some(given));
        assert_eq!(continue_from(&Span::none(), None), None);
        assert_eq!(current(), None);
    }

    #[test]
    fn a_traceparent_is_taken_only_as_the_standard_writes_it() {
        assert_eq!(read_traceparent(TRACE).as_deref(), Some(TRACE));
        let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-is-to-come";
        assert_eq!(read_traceparent(later).as_deref(), Some(TRACE));
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(read_traceparent(wrong), None, "{wrong}");
        }
    }
}
