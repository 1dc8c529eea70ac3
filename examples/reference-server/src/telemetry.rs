//! What the program tells of itself.

use commerce_adapters::telemetry::{Telemetry, TelemetryError, TelemetryOptions};

use crate::exit::Exit;

/// Errors go to standard error, as a saga that is stuck; `RUST_LOG` says what else does, and `COMMERCE__LOG__FORMAT` how.
/// Traces go to `COMMERCE__OTLP__ENDPOINT`, if there is one.
pub(crate) fn install() -> Result<Telemetry, Exit> {
    let options = options().map_err(Exit::input)?;
    Telemetry::install(options).map_err(Exit::input)
}

fn options() -> Result<TelemetryOptions, TelemetryError> {
    let mut options = TelemetryOptions::new("commerce");
    if let Some(filter) = variable("RUST_LOG") {
        options = options.filter(filter);
    }
    if let Some(format) = variable("COMMERCE__LOG__FORMAT") {
        options = options.format(format.parse()?);
    }
    if let Some(endpoint) = variable("COMMERCE__OTLP__ENDPOINT") {
        options = options.otlp(endpoint);
    }
    Ok(options)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
