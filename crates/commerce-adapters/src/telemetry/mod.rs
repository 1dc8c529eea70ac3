//! Logs, traces and figures of a program, installed in one call.
//!
//! | what | where to |
//! |---|---|
//! | logs | standard error, a JSON object a line or for people: errors only, or what [`filter`](TelemetryOptions::filter) says |
//! | spans of level INFO and above | an OpenTelemetry collector, by OTLP over gRPC, where an endpoint is given |
//! | figures (`metrics`) | [`render`], in the text format of Prometheus |
//!
//! `RUST_LOG` is not read: a program that wants it hands it to `filter`, which takes the same directives.
//!
//! With an endpoint, spans of requests, messages and sagas are one trace from the client's `traceparent` to the last
//! compensation ([`commerce_outbox::trace`]); without one, traceparents pass through unchanged. The variables of
//! OpenTelemetry's SDK apply (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_RESOURCE_ATTRIBUTES`).
//!
//! Limits: spans wait in a bounded queue (2,048 unless set); what comes faster than the collector takes it is dropped, and
//! work never waits for it.

mod error;
mod figures;
mod logs;
mod options;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
mod traces;

use std::fmt;
use std::time::Duration;

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use error::TelemetryError;
pub use figures::render;
pub use options::{LogFormat, TelemetryOptions};

/// What was installed. Keep it until the program ends: it flushes what is left when it is dropped.
#[must_use = "what is left is flushed when it is dropped"]
pub struct Telemetry {
    flush_within: Duration,
    provider: Option<SdkTracerProvider>,
    figures: figures::Upkeep,
}

impl Telemetry {
    /// Installs logs, traces and figures for the whole process. With an endpoint for traces it must be called within a
    /// tokio runtime, on whose threads they are sent; that the collector answers is not waited for.
    ///
    /// # Errors
    /// When an option makes no sense, or something was installed before. Before a logger was installed nothing has
    /// changed.
    pub fn install(options: TelemetryOptions) -> Result<Self, TelemetryError> {
        let filter = logs::filter(options.filter.as_deref())?;
        let provider = options.endpoint.as_deref().map(|endpoint| traces::provider(endpoint, &options));
        let provider = provider.transpose()?;
        let traces = provider.as_ref().map(|provider| traces::layer::<Registry>(provider, &options.service));
        let logs = logs::layer(options.format, options.colours, options.writer, filter);
        let installed = tracing_subscriber::registry().with(traces).with(logs).try_init();
        installed.map_err(|_| TelemetryError::Installed { what: "logs" })?;
        if provider.is_some() {
            traces::continue_traces()?;
        }
        let figures = figures::install()?;
        Ok(Self { flush_within: options.flush_within, provider, figures })
    }

    /// The figures in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.figures.render()
    }

    /// Sends what spans are left, within the time that the options allow for it. The runtime must still run.
    ///
    /// # Errors
    /// When not all could be sent.
    pub fn shutdown(mut self) -> Result<(), TelemetryError> {
        self.flush()
    }

    /// The same within this time, if it is shorter than the options allow: for a program that has to be gone by then.
    ///
    /// # Errors
    /// When not all could be sent.
    pub fn shutdown_within(mut self, within: Duration) -> Result<(), TelemetryError> {
        self.flush_within = self.flush_within.min(within);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), TelemetryError> {
        let Some(provider) = self.provider.take() else { return Ok(()) };
        provider
            .shutdown_with_timeout(self.flush_within)
            .map_err(|error| TelemetryError::Unsent { reason: error.to_string() })
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("flush_within", &self.flush_within)
            .field("traces", &self.provider.is_some())
            .finish_non_exhaustive()
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "the last spans are lost");
        }
    }
}
