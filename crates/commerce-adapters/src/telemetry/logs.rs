//! The log.

use tracing::Subscriber;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use super::{LogFormat, TelemetryError};

/// What is logged unless something is said.
const FILTER: &str = "error";

pub(super) fn filter(text: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    let text = text.unwrap_or(FILTER);
    EnvFilter::builder()
        .parse(text)
        .map_err(|error| TelemetryError::Filter { filter: text.to_owned(), reason: error.to_string() })
}

pub(super) fn layer<S>(
    format: LogFormat,
    colours: bool,
    writer: BoxMakeWriter,
    filter: EnvFilter,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => layer.json().with_current_span(false).with_filter(filter).boxed(),
        LogFormat::Pretty => layer.with_ansi(colours).with_filter(filter).boxed(),
    }
}
