//! What the program tells of itself.

use commerce_adapters::telemetry::{Telemetry, TelemetryOptions};
use reference_server::serve::Settings;

use crate::exit::Exit;

/// What a server logs unless `RUST_LOG` says otherwise: warnings, each request, and what is worth knowing of the server.
const OF_SERVER: &str = "warn,reference_server=info,commerce_adapters::http=info";

/// Errors go to standard error, as a saga that is stuck; `RUST_LOG` says what else does.
pub(crate) fn of_command() -> Result<Telemetry, Exit> {
    let options = TelemetryOptions::new("commerce");
    let options = match filter() {
        Some(filter) => options.filter(filter),
        None => options,
    };
    Telemetry::install(options).map_err(Exit::input)
}

/// The log goes to standard error, traces to the collector that is set, if one is.
pub(crate) fn of_server(settings: &Settings) -> Result<Telemetry, Exit> {
    let options = TelemetryOptions::new("commerce")
        .filter(filter().unwrap_or_else(|| OF_SERVER.to_owned()))
        .format(settings.log_format);
    let options = match &settings.otlp_endpoint {
        Some(endpoint) => options.otlp(endpoint),
        None => options,
    };
    Telemetry::install(options).map_err(Exit::input)
}

fn filter() -> Option<String> {
    std::env::var("RUST_LOG").ok().filter(|value| !value.is_empty())
}
