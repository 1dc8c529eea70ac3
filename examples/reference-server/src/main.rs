//! The reference server's program.

mod cli;
mod commands;
mod exit;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

// A message is many small values, handed from thread to thread: see docs/decisions/0019-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(cli::Command::Serve(cli.serve));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::Exit::data(format!("the program can't start: {error}")).report(),
    };
    match runtime.block_on(commands::run(command)) {
        Ok(code) => ExitCode::from(code),
        Err(exit) => exit.report(),
    }
}
