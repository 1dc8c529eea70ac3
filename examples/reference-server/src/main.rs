//! The reference server's program.

mod cli;
mod commands;
mod exit;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::Exit::data(format!("the program can't start: {error}")).report(),
    };
    // Traces are sent on the runtime's threads.
    let telemetry = {
        let _within = runtime.enter();
        telemetry::install()
    };
    // It flushes when it is dropped: before the runtime is.
    let _telemetry = match telemetry {
        Ok(telemetry) => telemetry,
        Err(exit) => return exit.report(),
    };
    match runtime.block_on(commands::run(cli.command)) {
        Ok(code) => ExitCode::from(code),
        Err(exit) => exit.report(),
    }
}
