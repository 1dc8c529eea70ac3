//! How the program ends: a sentence on standard error and an exit code.

use std::io::Write;
use std::process::ExitCode;

use reference_server::serve::LogFormat;
use tracing_subscriber::EnvFilter;

/// The stored data breaks a rule, or an operator's wish could not be met.
pub(crate) const BREACH: u8 = 1;
/// The input or the command line is wrong. Nothing was written.
pub(crate) const INPUT: u8 = 2;
/// The store can't be used, or failed midway. What is done is kept.
pub(crate) const DATA: u8 = 3;
/// Someone stopped it (128 + SIGINT, by the shells' convention).
pub(crate) const STOPPED: u8 = 130;

/// An end that is not a success.
pub(crate) struct Exit {
    code: u8,
    sentence: String,
}

impl Exit {
    pub(crate) fn new(code: u8, sentence: impl ToString) -> Self {
        Self { code, sentence: sentence.to_string() }
    }

    pub(crate) fn input(sentence: impl ToString) -> Self {
        Self::new(INPUT, sentence)
    }

    pub(crate) fn data(sentence: impl ToString) -> Self {
        Self::new(DATA, sentence)
    }

    pub(crate) fn report(self) -> ExitCode {
        // Standard error may be closed; the code says it all the same.
        let _ = writeln!(std::io::stderr(), "error: {}", self.sentence);
        ExitCode::from(self.code)
    }
}

/// A server's log goes to standard error: warnings, and what is worth knowing of the server itself, unless `RUST_LOG` says
/// otherwise.
pub(crate) fn log_of_server(format: LogFormat) {
    let usual = || EnvFilter::new("warn,reference_server=info");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| usual());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Pretty => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}

/// Errors go to standard error, as a saga that is stuck; `RUST_LOG` says what else does.
pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
