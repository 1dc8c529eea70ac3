use commerce_core::error::Kind;

/// Why telemetry could not be installed, or not be flushed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The log filter can't be read. It is at fault.
    #[error("the log filter {filter:?} can't be read: {reason}; it must be such as info,commerce_saga=debug")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The format of the log is none. It is at fault.
    #[error("the log format must be json or pretty, not {0:?}")]
    Format(String),
    /// The collector's address can't be used. It is at fault. It is not repeated: there may be a password in it.
    #[error("the OTLP endpoint must be such as http://collector:4317: {reason}")]
    Endpoint {
        /// What is wrong with it.
        reason: String,
    },
    /// Traces are sent on the threads of a tokio runtime, and none runs here. The caller is at fault.
    #[error("traces can be sent only within a tokio runtime")]
    NoRuntime,
    /// Something was installed before, by this or by another library; there can be only one in a process.
    #[error("{what} can't be installed: the process has them installed already")]
    Installed {
        /// What.
        what: &'static str,
    },
    /// Some of the last spans could not be sent: the collector did not take them in time.
    #[error("the last spans could not be sent: {reason}")]
    Unsent {
        /// What was in the way.
        reason: String,
    },
}

impl TelemetryError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Filter { .. } => "invalid_log_filter",
            Self::Format(_) => "invalid_log_format",
            Self::Endpoint { .. } => "invalid_otlp_endpoint",
            Self::NoRuntime => "no_runtime",
            Self::Installed { .. } => "telemetry_installed",
            Self::Unsent { .. } => "spans_unsent",
        }
    }

    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unsent { .. } => Kind::Retryable,
            Self::NoRuntime | Self::Installed { .. } => Kind::Bug,
            _ => Kind::Invalid,
        }
    }
}
