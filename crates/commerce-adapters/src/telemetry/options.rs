use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::TelemetryError;

/// How a log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A JSON object a line: `timestamp`, `level`, `target`, `fields`, and the `spans` around it.
    Json,
    /// For people.
    #[default]
    Pretty,
}

impl FromStr for LogFormat {
    type Err = TelemetryError;

    /// `json` or `pretty`.
    fn from_str(text: &str) -> Result<Self, TelemetryError> {
        match text {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            other => Err(TelemetryError::Format(other.to_owned())),
        }
    }
}

/// What a program tells of itself, and where to.
pub struct TelemetryOptions {
    pub(super) service: String,
    pub(super) format: LogFormat,
    pub(super) filter: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) flush_within: Duration,
    pub(super) writer: BoxMakeWriter,
    /// Whether what is written for people comes in colours.
    pub(super) colours: bool,
}

impl TelemetryOptions {
    /// Of a program or service of this name: errors to standard error, for people; no traces.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            format: LogFormat::default(),
            filter: None,
            endpoint: None,
            flush_within: Duration::from_secs(5),
            writer: BoxMakeWriter::new(std::io::stderr),
            colours: std::io::stderr().is_terminal(),
        }
    }

    /// Writes the log so.
    pub fn format(mut self, format: LogFormat) -> Self {
        self.format = format;
        self
    }

    /// Logs this, such as `info,commerce_saga=debug`; only errors unless set.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// Sends traces to this OpenTelemetry collector, by OTLP over gRPC: `http://collector:4317`, or `https://…`.
    pub fn otlp(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// How long the end of the program may wait for the last spans to be sent. Five seconds unless set.
    pub fn flush_within(mut self, patience: Duration) -> Self {
        self.flush_within = patience;
        self
    }

    /// Writes the log elsewhere than to standard error, without colours.
    pub fn log_to(mut self, writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) -> Self {
        self.writer = BoxMakeWriter::new(writer);
        self.colours = false;
        self
    }
}

impl fmt::Debug for TelemetryOptions {
    /// Without the endpoint, in which there may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryOptions")
            .field("service", &self.service)
            .field("format", &self.format)
            .field("filter", &self.filter)
            .field("traces", &self.endpoint.is_some())
            .finish_non_exhaustive()
    }
}
