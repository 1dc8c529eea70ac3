//! Runs a command with a private PostgreSQL server, whose address it finds in `DATABASE_URL` and on stdout. The server
//! is gone afterwards, and the command's exit code is passed on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test's helper fails as loudly as tests

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use commerce_test_postgres::Cluster;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: postgres-for-tests COMMAND [ARGUMENT...]");
        return ExitCode::from(2);
    };
    let cluster = Cluster::start().await;
    let url = cluster.url("postgres");
    println!("{url}");
    let status = Command::new(&program).args(arguments).env("DATABASE_URL", url).status();
    match status {
        Ok(status) => {
            // As a shell does: 128 and the signal's number.
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
            ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
        }
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            ExitCode::from(127)
        }
    }
}
